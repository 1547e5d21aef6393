/* Every case below tests/vectors/dcap gets the answer that its meta.json demands. */
#include "tests/support/answers.h"

enum { CASES_AT_LEAST = 199 };

static void every_case_gets_its_answer(void **state)
{
    (void)state;
    static const char *const real[] = {"automata-dcap-rs",       "dstack",
                                       "google-go-tdx-guest",    "phala-dcap-qvl",
                                       "phala-dcap-qvl-history", "ruteri-dummy-tdx-dcap"};
    const rpl_roots intel = rpl_roots_intel();
    const rpl_roots test = test_root(RPL_VECTORS "/dcap/synthetic/root_ca.der");
    size_t count = 0, wrong = 0;
    for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
        char folder[1024];
        snprintf(folder, sizeof(folder), RPL_VECTORS "/dcap/real/%s", real[i]);
        run_folder(folder, &intel, &count, &wrong);
    }
    run_folder(RPL_VECTORS "/dcap/derived", &intel, &count, &wrong);
    run_folder(RPL_VECTORS "/dcap/synthetic", &test, &count, &wrong);
    print_message("%zu cases, %zu wrong\n", count, wrong);
    assert_int_equal(wrong, 0);
    assert_true(count >= CASES_AT_LEAST);
}

static void no_synthetic_quote_is_believed_under_intels_root(void **state)
{
    (void)state;
    const rpl_roots intel = rpl_roots_intel();
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote_facts facts;
    rpl_verdict v;
    test_case c = load_case(RPL_VECTORS "/dcap/synthetic/ok_v4", &intel);
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &v, &facts);
    assert_false(rpl_verdict_admits(&v));
    assert_true(verdict_says(&v, "ROOT_UNTRUSTED"));
    free_case(&c);
}

static void no_genuine_quote_is_believed_under_a_test_root(void **state)
{
    (void)state;
    const rpl_roots test = test_root(RPL_VECTORS "/dcap/synthetic/root_ca.der");
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote_facts facts;
    rpl_verdict v;
    test_case c = load_case(RPL_VECTORS "/dcap/derived/ok_control", &test);
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &v, &facts);
    assert_false(rpl_verdict_admits(&v));
    assert_true(verdict_says(&v, "ROOT_UNTRUSTED"));
    free_case(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gets_its_answer),
        cmocka_unit_test(no_synthetic_quote_is_believed_under_intels_root),
        cmocka_unit_test(no_genuine_quote_is_believed_under_a_test_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
