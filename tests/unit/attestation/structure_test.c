/* Hostile headers and lengths, through the whole verifier: the code that each must be refused by. */
#include "tests/support/cases.h"

typedef struct {
    size_t at, len;
    uint32_t value; /* little-endian */
    const char *code;
} poke;

static test_case v4, v5;

static int load(void **state)
{
    (void)state;
    const rpl_roots intel = rpl_roots_intel();
    v4 = load_case(RPL_VECTORS "/dcap/real/phala-dcap-qvl/tdx_v4_b0c06f", &intel);
    v5 = load_case(RPL_VECTORS "/dcap/real/google-go-tdx-guest/tdx_v5_90c06f", &intel);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    free_case(&v4);
    free_case(&v5);
    return 0;
}

static bool refused_by(const test_case *c, rpl_bytes quote, const char *code)
{
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote_facts facts;
    rpl_verdict v;
    uint8_t *copy = exact_copy(quote.data, quote.len);
    judge_case(c, rpl_bytes_of(copy, quote.len), &policy, &v, &facts);
    free(copy);
    const bool right = !rpl_verdict_admits(&v) && verdict_says(&v, code);
    if (!right)
        print_findings(&v);
    return right;
}

static void check_pokes(const test_case *c, const poke *pokes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t *quote = exact_copy(c->quote, c->quote_len);
        for (size_t b = 0; b < pokes[i].len; b++)
            quote[pokes[i].at + b] = (uint8_t)(pokes[i].value >> 8 * b);
        if (!refused_by(c, rpl_bytes_of(quote, c->quote_len), pokes[i].code))
            fail_msg("%zu bytes at %zu = %x: wanted %s", pokes[i].len, pokes[i].at, pokes[i].value,
                     pokes[i].code);
        free(quote);
    }
}

#define CHECK_POKES(c, pokes) check_pokes(c, pokes, sizeof(pokes) / sizeof((pokes)[0]))

static void headers_are_exact(void **state)
{
    (void)state;
    static const poke pokes[] = {
        {0, 2, 0, "QUOTE_VERSION"},
        {0, 2, 1, "QUOTE_VERSION"},
        {0, 2, 2, "QUOTE_VERSION"},
        {0, 2, 3, "QUOTE_VERSION"},
        {0, 2, 6, "QUOTE_VERSION"},
        {0, 2, 260, "QUOTE_VERSION"},
        {2, 2, 0, "ATT_KEY_TYPE"},
        {2, 2, 1, "ATT_KEY_TYPE"},
        {2, 2, 3, "ATT_KEY_TYPE"},
        {4, 4, 0, "TEE_TYPE"},
        {4, 4, 1, "TEE_TYPE"},
        {4, 4, 0x81000000, "TEE_TYPE"},
        {8, 4, 1, "HEADER_RESERVED"},
        {8, 4, 1u << 31, "HEADER_RESERVED"},
        {12, 1, 0, "QE_VENDOR"},
        {27, 1, 8, "QE_VENDOR"},
        {28, 1, 0xff, "QUOTE_SIGNATURE"},
    };
    CHECK_POKES(&v4, pokes);
    CHECK_POKES(&v5, pokes);
}

static void lengths_and_types_are_exact(void **state)
{
    (void)state;
    /* outer size 4166, inner size 3678, both as the known answers say */
    static const poke pokes[] = {
        {632, 4, 0, "QUOTE_FORMAT"},
        {632, 4, 590, "QUOTE_FORMAT"},
        {632, 4, 4299, "QUOTE_FORMAT"},
        {632, 4, 4301, "QUOTE_FORMAT"},
        {632, 4, UINT32_MAX, "QUOTE_FORMAT"},
        {632, 4, 0xfffffffc, "QUOTE_FORMAT"},
        {764, 2, 5, "CERT_TYPE_OUTER"},
        {764, 2, 0, "CERT_TYPE_OUTER"},
        {764, 2, 7, "CERT_TYPE_OUTER"},
        {764, 2, 7, "QUOTE_FORMAT"},
        {766, 4, 0, "QUOTE_FORMAT"},
        {766, 4, 4165, "QUOTE_FORMAT"},
        {766, 4, 4167, "QUOTE_FORMAT"},
        {766, 4, 0x7fffffff, "QUOTE_FORMAT"},
        {766, 4, UINT32_MAX, "QUOTE_FORMAT"},
        {1252, 2, 1, "CERT_TYPE_INNER"},
        {1252, 2, 2, "CERT_TYPE_INNER"},
        {1252, 2, 3, "CERT_TYPE_INNER"},
        {1252, 2, 6, "CERT_TYPE_INNER"},
        {1252, 2, 6, "QUOTE_FORMAT"},
        {1254, 4, 3677, "INNER_TRAILING"},
        {1254, 4, 3677, "QUOTE_FORMAT"},
        {1254, 4, 3679, "QUOTE_FORMAT"},
        {1254, 4, UINT32_MAX, "QUOTE_FORMAT"},
        {1218, 2, 65535, "QUOTE_FORMAT"},
        {1218, 2, 33, "QUOTE_FORMAT"},
        {4936, 1, 1, "TRAILING"},
        {5005, 1, 0x80, "TRAILING"},
    };
    static const poke of_v5[] = {
        {48, 2, 0, "BODY_TYPE"}, {48, 2, 1, "BODY_TYPE"},   {48, 2, 4, "BODY_TYPE"},
        {48, 2, 5, "BODY_TYPE"}, {0, 2, 4, "QUOTE_FORMAT"},
    };
    CHECK_POKES(&v4, pokes);
    CHECK_POKES(&v5, of_v5);
}

static void a_v4_quote_relabelled_v5_is_refused(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote_facts facts;
    rpl_verdict v;
    uint8_t *quote = exact_copy(v4.quote, v4.quote_len);
    quote[0] = 5;
    judge_case(&v4, rpl_bytes_of(quote, v4.quote_len), &policy, &v, &facts);
    assert_false(rpl_verdict_admits(&v));
    assert_true(verdict_says(&v, "BODY_TYPE") && verdict_says(&v, "QUOTE_FORMAT"));
    free(quote);
}

static void what_is_too_long_is_refused(void **state)
{
    (void)state;
    uint8_t *quote = calloc(1, RPL_QUOTE_MAX + 1);
    memcpy(quote, v4.quote, v4.quote_len);
    assert_true(refused_by(&v4, rpl_bytes_of(quote, RPL_QUOTE_MAX + 1), "QUOTE_FORMAT"));
    free(quote);
    assert_true(refused_by(&v4, rpl_bytes_of("", 0), "QUOTE_FORMAT"));
    assert_true(refused_by(&v4, rpl_bytes_of("\4", 1), "QUOTE_FORMAT"));
}

static void without_a_quote_the_documents_are_judged_all_the_same(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote_facts facts;
    rpl_verdict v;
    judge_case(&v4, rpl_bytes_of("", 0), &policy, &v, &facts);
    assert_int_equal(v.state[RPL_CHECK_TCB_INFO], RPL_PASSED);
    assert_int_equal(v.state[RPL_CHECK_QE_IDENTITY], RPL_PASSED);
    assert_int_equal(v.state[RPL_CHECK_TCB_SIGNER], RPL_PASSED);
    assert_int_equal(v.state[RPL_CHECK_CRL_ROOT], RPL_PASSED);
    assert_int_equal(v.state[RPL_CHECK_CRL_PCK], RPL_NOT_RUN);
    assert_int_equal(v.state[RPL_CHECK_TCB_STATUS], RPL_NOT_RUN);
    assert_int_equal(v.state[RPL_CHECK_TD_ATTRIBUTES], RPL_NOT_RUN);
    assert_int_equal(facts.tcb_status, RPL_TCB_UNKNOWN);
}

/* What is wrong with a quote that can be read does not hide what else is. */
static void every_reason_is_named(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    uint8_t *quote = exact_copy(v4.quote, v4.quote_len);
    rpl_quote_facts facts;
    rpl_verdict v;
    quote[8] = quote[12] = quote[v4.quote_len - 1] = 1;
    quote[48 + 120] = 1; /* DEBUG */
    judge_case(&v4, rpl_bytes_of(quote, v4.quote_len), &policy, &v, &facts);
    static const char *const codes[] = {"HEADER_RESERVED", "QE_VENDOR", "TRAILING",
                                        "QUOTE_SIGNATURE", "TD_DEBUG"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_true(verdict_says(&v, codes[i]));
    assert_int_equal(v.state[RPL_CHECK_QUOTE_HEADER], RPL_FAILED);
    assert_int_equal(v.state[RPL_CHECK_QUOTE_FORMAT], RPL_FAILED);
    assert_int_equal(v.state[RPL_CHECK_QE_SIGNATURE], RPL_PASSED);
    assert_int_equal(v.state[RPL_CHECK_TCB_STATUS], RPL_PASSED);
    free(quote);
}

static rpl_verification *begin(const test_case *c, const rpl_verifier_policy *policy,
                               rpl_verdict *verdict)
{
    rpl_verification *v = NULL;
    assert_ok(rpl_verification_begin(rpl_bytes_of(c->quote, c->quote_len), &c->roots, policy,
                                     c->now, verdict, &v));
    return v;
}

static void nothing_that_another_quote_passed_counts(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_verdict v;
    rpl_verdict_start(&v, RPL_GROUP_QUOTE | RPL_GROUP_TD | RPL_GROUP_COLLATERAL);
    rpl_verdict_require(&v, RPL_CHECK_POLICY_EPOCH);
    rpl_verdict_pass(&v, RPL_CHECK_POLICY_EPOCH);
    RPL_AUTO(verification) rpl_verification *first = begin(&v4, &policy, &v);
    assert_ok(rpl_verification_collateral(first, &v4.collateral.view, &v));
    assert_true(rpl_verdict_admits(&v));
    RPL_AUTO(verification) rpl_verification *second = begin(&v5, &policy, &v);
    assert_false(rpl_verdict_admits(&v));
    assert_int_equal(v.state[RPL_CHECK_POLICY_EPOCH], RPL_PASSED);
    for (int i = 0; i < RPL_CHECK_COUNT; i++) {
        if (rpl_check_groups((rpl_check)i) & RPL_GROUP_COLLATERAL)
            assert_int_equal(v.state[i], RPL_NOT_RUN);
    }
    assert_ok(rpl_verification_collateral(second, &v5.collateral.view, &v));
    assert_true(rpl_verdict_admits(&v));
    v5.quote[0] = 9; /* what fails stays so */
    RPL_AUTO(verification) rpl_verification *third = begin(&v5, &policy, &v);
    v5.quote[0] = 5;
    RPL_AUTO(verification) rpl_verification *fourth = begin(&v5, &policy, &v);
    assert_int_equal(v.state[RPL_CHECK_QUOTE_HEADER], RPL_FAILED);
    assert_int_equal(v.state[RPL_CHECK_QUOTE_SIGNATURE], RPL_PASSED);
}

static void facts_hold_until_their_window_or_the_grace_ends(void **state)
{
    (void)state;
    rpl_quote_facts f = {.valid_from = 100, .valid_until = 200};
    assert_false(rpl_facts_hold(&f, 99));
    assert_true(rpl_facts_hold(&f, 100));
    assert_true(rpl_facts_hold(&f, 200));
    assert_false(rpl_facts_hold(&f, 201));
    f.grace_until = 150; /* no longer inside */
    assert_true(rpl_facts_hold(&f, 149));
    assert_false(rpl_facts_hold(&f, 150));
    f.grace_until = 300;
    assert_true(rpl_facts_hold(&f, 200));
    assert_false(rpl_facts_hold(&f, 201));
}

static void a_status_must_be_in_the_accepted_set(void **state)
{
    (void)state;
    const rpl_roots test = test_root(RPL_VECTORS "/dcap/synthetic/root_ca.der");
    test_case c = load_case(RPL_VECTORS "/dcap/synthetic/plat_OutOfDate", &test);
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote_facts facts;
    rpl_verdict v;
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &v, &facts);
    assert_false(rpl_verdict_admits(&v));
    assert_true(verdict_says(&v, "TCB_STATUS") && v.n_findings == 1);
    assert_int_equal(facts.tcb_status, RPL_TCB_OUT_OF_DATE);
    policy.accepted_tcb = 1u << RPL_TCB_OUT_OF_DATE;
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &v, &facts);
    assert_true(rpl_verdict_admits(&v));
    policy.accepted_tcb = 0;
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &v, &facts);
    assert_false(rpl_verdict_admits(&v));
    free_case(&c);
}

static void revoked_is_refused_even_when_accepted(void **state)
{
    (void)state;
    const rpl_roots test = test_root(RPL_VECTORS "/dcap/synthetic/root_ca.der");
    test_case c = load_case(RPL_VECTORS "/dcap/synthetic/qe_revoked", &test);
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote_facts facts;
    rpl_verdict v;
    policy.accepted_tcb = EVERY_STATUS;
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &v, &facts);
    assert_false(rpl_verdict_admits(&v));
    assert_true(verdict_says(&v, "TCB_REVOKED"));
    assert_int_equal(v.state[RPL_CHECK_TCB_STATUS], RPL_FAILED);
    free_case(&c);
}

static rpl_check check_that_says(rpl_bytes quote, const char *code)
{
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    static rpl_quote_facts facts;
    static rpl_verdict v;
    judge_case(&v4, quote, &policy, &v, &facts);
    for (size_t i = 0; i < v.n_findings; i++) {
        if (strcmp(v.findings[i].code, code) == 0)
            return v.findings[i].check;
    }
    print_findings(&v);
    fail_msg("nothing says %s", code);
    return RPL_CHECK_COUNT;
}

static void each_code_is_said_by_its_check(void **state)
{
    (void)state;
    uint8_t *quote = exact_copy(v4.quote, v4.quote_len);
    const rpl_bytes whole = rpl_bytes_of(quote, v4.quote_len);
    assert_int_equal(check_that_says(rpl_bytes_of(quote, 100), "QUOTE_FORMAT"),
                     RPL_CHECK_QUOTE_FORMAT);
    quote[764] ^= 1; /* type of the outer certification data */
    assert_int_equal(check_that_says(whole, "CERT_TYPE_OUTER"), RPL_CHECK_QUOTE_CERTIFICATION);
    quote[764] ^= 1;
    quote[12] ^= 1; /* vendor of the quoting enclave */
    assert_int_equal(check_that_says(whole, "QE_VENDOR"), RPL_CHECK_QUOTE_HEADER);
    free(quote);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_exact),
        cmocka_unit_test(lengths_and_types_are_exact),
        cmocka_unit_test(a_v4_quote_relabelled_v5_is_refused),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(without_a_quote_the_documents_are_judged_all_the_same),
        cmocka_unit_test(every_reason_is_named),
        cmocka_unit_test(nothing_that_another_quote_passed_counts),
        cmocka_unit_test(facts_hold_until_their_window_or_the_grace_ends),
        cmocka_unit_test(a_status_must_be_in_the_accepted_set),
        cmocka_unit_test(revoked_is_refused_even_when_accepted),
        cmocka_unit_test(each_code_is_said_by_its_check),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
