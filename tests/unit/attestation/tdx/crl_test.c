#include "attestation/tdx/crl.h"
#include "tests/support/pki.h"

enum { CASES_MIN = 50 };

typedef struct {
    json_t *all;
    uint8_t *ca_der, *pck_der;
    rpl_certificate ca, pck;
    EVP_PKEY *key;
    int64_t now;
} setting;

static void open_setting(setting *s)
{
    size_t len;
    s->all = read_cases("pki/crls.json");
    s->ca_der = bytes_of(s->all, "ca", &len);
    assert_true(rpl_certificate_parse(rpl_bytes_of(s->ca_der, len), &s->ca));
    s->pck_der = bytes_of(s->all, "pck", &len);
    assert_true(rpl_certificate_parse(rpl_bytes_of(s->pck_der, len), &s->pck));
    s->key = rpl_certificate_key(&s->ca);
    s->now = json_integer_value(json_object_get(s->all, "now"));
    assert_non_null(s->key);
}

static void close_setting(setting *s)
{
    EVP_PKEY_free(s->key);
    free(s->ca_der);
    free(s->pck_der);
    json_decref(s->all);
}

static const json_t *case_named(const setting *s, const char *name)
{
    const json_t *cases = json_object_get(s->all, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        if (strcmp(text_of(json_array_get(cases, i), "name"), name) == 0)
            return json_array_get(cases, i);
    }
    fail_msg("no case %s", name);
    return NULL;
}

static void check_case(const setting *s, const json_t *one)
{
    static rpl_verdict v;
    RPL_AUTO(crl) rpl_crl crl = {0};
    size_t len;
    uint8_t *input = bytes_of(one, "input", &len);
    rpl_verdict_start(&v, 0);
    const bool holds = rpl_crl_verify(rpl_bytes_of(input, len), &(rpl_crl_issuer){&s->ca, s->key},
                                      s->now, RPL_CHECK_CRL_PCK, &v, &crl);
    assert_expected(one, &v);
    assert_int_equal(holds, v.n_findings == 0);
    assert_int_equal(v.state[RPL_CHECK_CRL_PCK] == RPL_PASSED, false);
    if (holds && rpl_crl_revokes(&crl, &s->pck) != json_is_true(json_object_get(one, "listed")))
        fail_msg("%s: look-up", text_of(one, "name"));
    free(input);
}

static void each_rule_accepts_and_refuses(void **state)
{
    (void)state;
    setting s;
    open_setting(&s);
    const json_t *cases = json_object_get(s.all, "cases");
    assert_true(json_array_size(cases) >= CASES_MIN);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_case(&s, json_array_get(cases, i));
    close_setting(&s);
}

static bool holds(const setting *s, const uint8_t *input, size_t len)
{
    static rpl_verdict v;
    RPL_AUTO(crl) rpl_crl crl = {0};
    rpl_verdict_start(&v, 0);
    const bool good = rpl_crl_verify(rpl_bytes_of(input, len), &(rpl_crl_issuer){&s->ca, s->key},
                                     s->now, RPL_CHECK_CRL_PCK, &v, &crl);
    assert_true(good || v.n_findings > 0);
    return good;
}

static void every_prefix_is_refused_in_each_form(void **state)
{
    (void)state;
    static const char *const forms[] = {"listed", "as_hex"};
    setting s;
    open_setting(&s);
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        size_t len;
        uint8_t *input = bytes_of(case_named(&s, forms[f]), "input", &len);
        for (size_t n = 0; n < len; n++) {
            uint8_t *exact = exact_copy(input, n);
            assert_false(holds(&s, exact, n));
            free(exact);
        }
        free(input);
    }
    close_setting(&s);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    setting s;
    open_setting(&s);
    size_t len;
    uint8_t *input = bytes_of(case_named(&s, "listed"), "input", &len);
    assert_true(holds(&s, input, len));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        input[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(holds(&s, input, len));
        input[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(input);
    close_setting(&s);
}

static void without_a_key_no_signature_holds(void **state)
{
    (void)state;
    setting s;
    open_setting(&s);
    size_t len;
    uint8_t *input = bytes_of(case_named(&s, "nothing_listed"), "input", &len);
    EVP_PKEY *key = s.key;
    s.key = NULL;
    assert_false(holds(&s, input, len));
    s.key = key;
    free(input);
    close_setting(&s);
}

static void the_findings_name_the_list(void **state)
{
    (void)state;
    static rpl_verdict v;
    setting s;
    RPL_AUTO(crl) rpl_crl crl = {0};
    open_setting(&s);
    rpl_verdict_start(&v, 0);
    assert_false(rpl_crl_verify(rpl_bytes_of("", 0), &(rpl_crl_issuer){&s.ca, s.key}, s.now,
                                RPL_CHECK_CRL_ROOT, &v, &crl));
    assert_int_equal(v.findings[0].check, RPL_CHECK_CRL_ROOT);
    assert_string_equal(v.findings[0].got, "root CRL: nothing");
    close_setting(&s);
}

static void too_long_a_list_is_refused_unread(void **state)
{
    (void)state;
    setting s;
    open_setting(&s);
    const size_t len = (2u << 20) + 1;
    uint8_t *zeros = calloc(1, len);
    assert_non_null(zeros);
    assert_false(holds(&s, zeros, len));
    free(zeros);
    close_setting(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_accepts_and_refuses),
        cmocka_unit_test(every_prefix_is_refused_in_each_form),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(without_a_key_no_signature_holds),
        cmocka_unit_test(the_findings_name_the_list),
        cmocka_unit_test(too_long_a_list_is_refused_unread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
