#include "attestation/collateral_document.h"

#include "tests/support/cases.h"

static const char folder[] = "dcap/real/phala-dcap-qvl/tdx_v4_b0c06f";

static test_case one;
static rpl_pcs_ask asks[RPL_PCS_KIND_COUNT];
static rpl_bytes issuers;

static int open_case(void **state)
{
    (void)state;
    char path[512];
    const rpl_roots intel = rpl_roots_intel();
    static rpl_verdict v;
    RPL_AUTO(verification) rpl_verification *verification = NULL;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    snprintf(path, sizeof(path), "%s/%s", RPL_VECTORS, folder);
    one = load_case(path, &intel);
    rpl_verdict_start(&v, RPL_GROUP_QUOTE);
    assert_ok(rpl_verification_begin(rpl_bytes_of(one.quote, one.quote_len), &intel, &policy,
                                     one.now, &v, &verification));
    const rpl_quote_facts *facts = rpl_verification_facts(verification);
    for (int i = 0; i < RPL_PCS_KIND_COUNT; i++)
        asks[i] = (rpl_pcs_ask){.kind = (rpl_pcs_kind)i};
    memcpy(asks[RPL_PCS_TCB_INFO].fmspc, facts->fmspc, 6);
    asks[RPL_PCS_PCK_CRL].processor_ca = facts->processor_ca;
    issuers = rpl_pck_issuers(facts->quote.pck_pem);
    return 0;
}

static int close_case(void **state)
{
    (void)state;
    free_case(&one);
    return 0;
}

static rpl_collateral_document *document_of(const rpl_pcs_ask *ask)
{
    rpl_collateral_document *d = NULL;
    assert_ok(rpl_collateral_document_of(ask, &one.collateral.view, issuers, &d));
    return d;
}

static rpl_status check(const rpl_collateral_document *d, int64_t now, rpl_verdict *v,
                        rpl_collateral_stamp *stamp)
{
    rpl_verdict_start(v, 0);
    return rpl_collateral_document_check(d, &one.roots, now, v, stamp);
}

static void real_documents_hold_by_themselves(void **state)
{
    (void)state;
    static rpl_verdict v;
    rpl_collateral_stamp stamp[RPL_PCS_KIND_COUNT] = {0};
    for (int i = 0; i < RPL_PCS_KIND_COUNT; i++) {
        rpl_collateral_document *d = document_of(&asks[i]);
        if (check(d, one.now, &v, &stamp[i]).code != RPL_OK) {
            print_findings(&v);
            fail_msg("%s", rpl_pcs_name(&asks[i]));
        }
        assert_true(stamp[i].issued_s <= one.now && one.now <= stamp[i].valid_until_s);
        assert_true(stamp[i].valid_until_s <= stamp[i].next_update_s);
        free(d);
    }
    const json_t *numbers = json_object_get(one.meta, "tcb_evaluation_data_number");
    assert_int_equal(stamp[RPL_PCS_TCB_INFO].number,
                     json_integer_value(json_array_get(numbers, 0)));
    assert_int_equal(stamp[RPL_PCS_QE_IDENTITY].number,
                     json_integer_value(json_array_get(numbers, 1)));
    assert_int_equal(stamp[RPL_PCS_ROOT_CRL].n_entries, 0);
    assert_in_range(stamp[RPL_PCS_PCK_CRL].n_entries, 44, 57);
    assert_int_equal(stamp[RPL_PCS_PCK_CRL].number, 1);
}

static void a_document_holds_between_its_dates_alone(void **state)
{
    (void)state;
    static rpl_verdict v;
    rpl_collateral_stamp stamp, other;
    for (int i = 0; i < RPL_PCS_KIND_COUNT; i++) {
        rpl_collateral_document *d = document_of(&asks[i]);
        assert_ok(check(d, one.now, &v, &stamp));
        assert_ok(check(d, stamp.issued_s, &v, &other));
        assert_ok(check(d, stamp.valid_until_s, &v, &other));
        assert_code(check(d, stamp.issued_s - 1, &v, &other), RPL_STALE);
        assert_code(check(d, stamp.next_update_s + 1, &v, &other), RPL_STALE);
        assert_true(v.n_findings > 0);
        free(d);
    }
}

/* Every part counts: the document, its signature, and who signed it. */
static void one_other_byte_and_it_does_not_hold(void **state)
{
    (void)state;
    static rpl_verdict v;
    rpl_collateral_stamp stamp;
    for (int i = 0; i < RPL_PCS_KIND_COUNT; i++) {
        rpl_collateral_document *d = document_of(&asks[i]);
        const size_t len = d->text.len + d->signature.len;
        for (size_t at = 0; at < len; at += 1 + len / 200) {
            d->bytes[at] ^= 1;
            if (check(d, one.now, &v, &stamp).code == RPL_OK)
                fail_msg("%s, byte %zu", rpl_pcs_name(&asks[i]), at);
            d->bytes[at] ^= 1;
        }
        d->bytes[len + d->chain.len / 2] ^= 1;
        assert_code(check(d, one.now, &v, &stamp), RPL_UNTRUSTED);
        free(d);
    }
}

static void a_document_must_be_the_one_that_was_asked_for(void **state)
{
    (void)state;
    static rpl_verdict v;
    rpl_collateral_stamp stamp;
    rpl_pcs_ask other = asks[RPL_PCS_TCB_INFO];
    other.fmspc[0] ^= 1;
    rpl_collateral_document *d = document_of(&other);
    assert_code(check(d, one.now, &v, &stamp), RPL_UNTRUSTED);
    assert_true(verdict_says(&v, "FMSPC_MISMATCH"));
    free(d);
    other = asks[RPL_PCS_PCK_CRL];
    other.processor_ca = !other.processor_ca;
    d = document_of(&other);
    assert_code(check(d, one.now, &v, &stamp), RPL_UNTRUSTED);
    assert_true(verdict_says(&v, "CRL_UNKNOWN_ISSUER"));
    free(d);
}

/* Document of one kind where another belongs. */
static void kinds_do_not_stand_in_for_each_other(void **state)
{
    (void)state;
    static rpl_verdict v;
    rpl_collateral_stamp stamp;
    for (int from = 0; from < RPL_PCS_KIND_COUNT; from++) {
        for (int to = 0; to < RPL_PCS_KIND_COUNT; to++) {
            rpl_collateral_document *d = document_of(&asks[from]);
            d->ask = asks[to];
            if (from != to)
                assert_code(check(d, one.now, &v, &stamp), RPL_UNTRUSTED);
            free(d);
        }
    }
}

static void another_root_is_not_believed(void **state)
{
    (void)state;
    static rpl_verdict v;
    rpl_collateral_stamp stamp;
    rpl_roots other = one.roots;
    other.key[64] ^= 1;
    for (int i = 0; i < RPL_PCS_KIND_COUNT; i++) {
        rpl_collateral_document *d = document_of(&asks[i]);
        rpl_verdict_start(&v, 0);
        assert_true(rpl_collateral_document_check(d, &other, one.now, &v, &stamp).code != RPL_OK);
        free(d);
    }
}

static void a_list_becomes_der_whatever_its_form(void **state)
{
    (void)state;
    const rpl_bytes none = {0};
    size_t len;
    rpl_collateral_document *from_hex = document_of(&asks[RPL_PCS_PCK_CRL]), *from_der, *from_pem;
    const rpl_bytes der = from_hex->text;
    char *base64 = malloc(rpl_base64_encoded_len(der.len) + 1), *pem = malloc(3 * der.len + 100);
    rpl_base64_encode(der, base64);
    len = (size_t)sprintf(pem, "-----BEGIN X509 CRL-----\n");
    for (size_t i = 0; i < strlen(base64); i += 64)
        len += (size_t)sprintf(pem + len, "%.64s\n", base64 + i);
    len += (size_t)sprintf(pem + len, "-----END X509 CRL-----\n");
    assert_ok(rpl_collateral_document_new(&asks[RPL_PCS_PCK_CRL], der, none, issuers, &from_der));
    assert_ok(rpl_collateral_document_new(&asks[RPL_PCS_PCK_CRL], rpl_bytes_of(pem, len), none,
                                          issuers, &from_pem));
    assert_memory_equal(from_der->digest, from_hex->digest, 32);
    assert_memory_equal(from_pem->digest, from_hex->digest, 32);
    free(from_hex);
    free(from_der);
    free(from_pem);
    free(base64);
    free(pem);
}

static void a_list_is_one_element_and_nothing_else(void **state)
{
    (void)state;
    const rpl_bytes none = {0};
    rpl_collateral_document *d = document_of(&asks[RPL_PCS_ROOT_CRL]), *out = NULL;
    const rpl_bytes der = d->text;
    uint8_t *longer = malloc(der.len + 1);
    memcpy(longer, der.data, der.len);
    longer[der.len] = 0;
    assert_code(rpl_collateral_document_new(&asks[RPL_PCS_ROOT_CRL],
                                            rpl_bytes_of(longer, der.len + 1), none, issuers, &out),
                RPL_MALFORMED);
    for (size_t n = 0; n < der.len; n++) {
        uint8_t *copy = exact_copy(der.data, n);
        if (rpl_collateral_document_new(&asks[RPL_PCS_ROOT_CRL], rpl_bytes_of(copy, n), none,
                                        issuers, &out)
                .code == RPL_OK)
            fail_msg("%zu bytes of %zu are a list", n, der.len);
        free(copy);
    }
    assert_null(out);
    free(longer);
    free(d);
}

/* As the services answer: Intel's own bytes, the chain in a header. */
static void an_answer_becomes_a_document(void **state)
{
    (void)state;
    static const char sig[] = "00000000000000000000000000000000000000000000000000000000000000000000"
                              "000000000000000000000000000000000000000000000000000000000000";
    const rpl_pcs_ask qe = {.kind = RPL_PCS_QE_IDENTITY};
    const rpl_bytes none = {0}, header = rpl_bytes_of_text("a%0Ab");
    rpl_collateral_document *d = NULL;
    char body[256];
    snprintf(body, sizeof(body), "{\"enclaveIdentity\":{\"a\": 1},\"signature\":\"%s\"}", sig);
    assert_ok(rpl_collateral_document_take(&qe, rpl_bytes_of_text(body), header, none, &d));
    assert_true(rpl_bytes_equal(d->text, rpl_bytes_of_text("{\"a\": 1}")));
    assert_true(rpl_bytes_equal(d->signature, rpl_bytes_of_text(sig)));
    assert_true(rpl_bytes_equal(d->chain, rpl_bytes_of_text("a\nb")));
    free(d);
    assert_code(rpl_collateral_document_take(&qe, rpl_bytes_of_text(body), none, none, &d),
                RPL_MALFORMED);
    assert_code(rpl_collateral_document_take(&qe, rpl_bytes_of_text(body), rpl_bytes_of_text("%g0"),
                                             none, &d),
                RPL_MALFORMED);
    assert_code(rpl_collateral_document_take(&asks[RPL_PCS_TCB_INFO], rpl_bytes_of_text(body),
                                             header, none, &d),
                RPL_MALFORMED);
    assert_code(rpl_collateral_document_take(&asks[RPL_PCS_PCK_CRL], rpl_bytes_of_text("3000"),
                                             none, none, &d),
                RPL_MALFORMED);
    assert_ok(rpl_collateral_document_take(&asks[RPL_PCS_PCK_CRL], rpl_bytes_of_text("3000"),
                                           header, issuers, &d));
    assert_true(rpl_bytes_equal(d->chain, issuers));
    free(d);
}

static void older_is_earlier_or_lower(void **state)
{
    (void)state;
    const rpl_collateral_stamp kept = {.issued_s = 100, .number = 5};
    static const struct {
        rpl_collateral_stamp stamp;
        bool older;
    } rows[] = {{{.issued_s = 100, .number = 5}, false}, {{.issued_s = 99, .number = 5}, true},
                {{.issued_s = 101, .number = 5}, false}, {{.issued_s = 100, .number = 4}, true},
                {{.issued_s = 101, .number = 4}, true},  {{.issued_s = 99, .number = 6}, true},
                {{.issued_s = 101, .number = 6}, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(rpl_collateral_is_older(&rows[i].stamp, &kept), rows[i].older);
}

static void issuers_stand_behind_the_leaf(void **state)
{
    (void)state;
    static const char pem[] = "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\r\nB\n\0";
    assert_true(rpl_bytes_equal(rpl_pck_issuers(rpl_bytes_of(pem, sizeof(pem) - 1)),
                                rpl_bytes_of_text("B\n")));
    assert_int_equal(rpl_pck_issuers(rpl_bytes_of_text("no certificate")).len, 0);
    assert_int_equal(rpl_pck_issuers((rpl_bytes){0}).len, 0);
    for (size_t n = 0; n < sizeof(pem); n++) {
        uint8_t *copy = exact_copy(pem, n);
        assert_true(rpl_pck_issuers(rpl_bytes_of(copy, n)).len < sizeof(pem));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_documents_hold_by_themselves),
        cmocka_unit_test(a_document_holds_between_its_dates_alone),
        cmocka_unit_test(one_other_byte_and_it_does_not_hold),
        cmocka_unit_test(a_document_must_be_the_one_that_was_asked_for),
        cmocka_unit_test(kinds_do_not_stand_in_for_each_other),
        cmocka_unit_test(another_root_is_not_believed),
        cmocka_unit_test(a_list_becomes_der_whatever_its_form),
        cmocka_unit_test(a_list_is_one_element_and_nothing_else),
        cmocka_unit_test(an_answer_becomes_a_document),
        cmocka_unit_test(older_is_earlier_or_lower),
        cmocka_unit_test(issuers_stand_behind_the_leaf),
    };
    return cmocka_run_group_tests(tests, open_case, close_case);
}
