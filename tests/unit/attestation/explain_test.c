/* What a refusal says to an operator, on real quotes of platforms that are not up to date: versions
 * and names are those of Intel's own documents. */
#include "tests/support/answers.h"

static rpl_verdict judge_under(const char *folder, const rpl_roots *roots,
                               const rpl_verifier_policy *policy)
{
    char path[512];
    rpl_quote_facts facts;
    rpl_verdict v;
    snprintf(path, sizeof(path), RPL_VECTORS "/dcap/%s", folder);
    test_case c = load_case(path, roots);
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), policy, &v, &facts);
    free_case(&c);
    return v;
}

static rpl_verdict judge(const char *folder)
{
    const rpl_roots intel = rpl_roots_intel();
    const rpl_roots test = test_root(RPL_VECTORS "/dcap/synthetic/root_ca.der");
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    return judge_under(folder, strncmp(folder, "real", 4) == 0 ? &intel : &test, &policy);
}

static void assert_says(const rpl_verdict *v, const char *code, const char *got, const char *want,
                        const char *fix)
{
    for (size_t i = 0; i < v->n_findings; i++) {
        const rpl_finding *f = &v->findings[i];
        if (strcmp(f->code, code) == 0 && strcmp(f->got, got) == 0 && strcmp(f->want, want) == 0 &&
            strcmp(f->fix, fix) == 0)
            return;
    }
    print_findings(v);
    fail_msg("nothing says: %s: got %s, want %s, fix %s", code, got, want, fix);
}

static void a_platform_out_of_date_is_told_each_component(void **state)
{
    (void)state;
    const rpl_verdict v = judge("real/automata-dcap-rs/tdx_v4_00806f_feb2025");
    assert_says(&v, "TCB_STATUS",
                "OutOfDate: platform OutOfDate of 2023-08-09, TDX module UpToDate of 2024-03-13, "
                "QE UpToDate of 2024-03-13",
                "UpToDate",
                "update the host: the next findings say what; or accept this status in the "
                "configuration");
    assert_says(&v, "TCB_STATUS", "SGX component 0 (Early Microcode Update) is 6",
                "7: level UpToDate of 2024-03-13",
                "BIOS: SGX component 0 (Early Microcode Update) is 6, level UpToDate of "
                "2024-03-13 wants 7");
    assert_says(&v, "TCB_STATUS", "SGX component 1 (SGX Late Microcode Update) is 6",
                "7: level UpToDate of 2024-03-13",
                "OS/VMM: SGX component 1 (SGX Late Microcode Update) is 6, level UpToDate of "
                "2024-03-13 wants 7");
    assert_says(&v, "TCB_STATUS", "advisories INTEL-SA-00960, INTEL-SA-00982, INTEL-SA-00986",
                "none that is open",
                "read them: they say what this level is exposed to, and what mends it");
    assert_int_equal(v.n_findings, 4);
}

static void a_platform_below_every_level_is_told_what_the_next_wants(void **state)
{
    (void)state;
    static const char *const folders[] = {"real/phala-dcap-qvl/tdx_v5_90c06f_unsupported_tcb",
                                          "real/phala-dcap-qvl/tdx_v4_b0c06f_tappd"};
    static const char *const dates[] = {"2024-11-13", "2024-03-13"};
    for (size_t i = 0; i < 2; i++) {
        const rpl_verdict v = judge(folders[i]);
        char want[80], fix[160];
        snprintf(want, sizeof(want), "5: level UpToDate of %s", dates[i]);
        snprintf(fix, sizeof(fix),
                 "OS/VMM: SGX component 7 (SEAMLDR ACM) is 3, level UpToDate of %s wants 5",
                 dates[i]);
        assert_says(&v, "TCB_NOT_SUPPORTED", "SGX component 7 (SEAMLDR ACM) is 3", want, fix);
        assert_int_equal(v.n_findings, 2);
        assert_int_equal(v.state[RPL_CHECK_TCB_STATUS], RPL_NOT_RUN);
    }
}

static void an_old_module_and_an_old_quoting_enclave_are_named(void **state)
{
    (void)state;
    rpl_verdict v = judge("synthetic/module_outofdate");
    assert_says(&v, "TCB_STATUS", "SVN of the module of line 1 is 4",
                "6: level UpToDate of 2024-11-13",
                "TDX module: SVN of the module of line 1 is 4, level UpToDate of 2024-11-13 "
                "wants 6");
    v = judge("synthetic/qe_outofdate");
    assert_says(&v, "TCB_STATUS", "isvsvn of the quoting enclave is 7",
                "9: level UpToDate of 2024-03-13",
                "SGX platform software: isvsvn of the quoting enclave is 7, level UpToDate of "
                "2024-03-13 wants 9");
    v = judge("synthetic/relaunch");
    assert_says(&v, "TCB_STATUS",
                "TDRelaunchAdvised: platform UpToDate of 2024-11-13, TDX module OutOfDate of "
                "2024-11-13, QE UpToDate of 2024-03-13",
                "UpToDate",
                "the host has been updated since this TD was launched: launch the TD again");
}

static void the_next_level_is_one_that_the_policy_accepts(void **state)
{
    (void)state;
    const rpl_roots intel = rpl_roots_intel();
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    policy.accepted_tcb = 1u << RPL_TCB_OUT_OF_DATE;
    const rpl_verdict v = judge_under("real/phala-dcap-qvl/tdx_v4_b0c06f_tappd", &intel, &policy);
    assert_true(verdict_says(&v, "TCB_NOT_SUPPORTED"));
    assert_true(v.n_findings >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_platform_out_of_date_is_told_each_component),
        cmocka_unit_test(a_platform_below_every_level_is_told_what_the_next_wants),
        cmocka_unit_test(an_old_module_and_an_old_quoting_enclave_are_named),
        cmocka_unit_test(the_next_level_is_one_that_the_policy_accepts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
