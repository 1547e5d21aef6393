/* What the checks of the collateral say besides yes and no, over generated cases. */
#include "attestation/collateral_document.h"
#include "tests/support/cases.h"

enum { DATE_2024_01_02 = 1704153600 };

typedef struct {
    rpl_verdict verdict;
    rpl_quote_facts facts;
} answer;

static void judge(const char *name, uint32_t accepted, answer *out)
{
    char folder[1024];
    const rpl_roots roots = test_root(RPL_GENERATED "/root_ca.der");
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    policy.accepted_tcb = accepted;
    snprintf(folder, sizeof(folder), RPL_GENERATED "/%s", name);
    test_case c = load_case(folder, &roots);
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &out->verdict, &out->facts);
    free_case(&c);
}

static size_t count_of(const rpl_verdict *v, const char *code)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_findings; i++)
        n += strcmp(v->findings[i].code, code) == 0;
    return n;
}

static void the_earliest_date_counts(void **state)
{
    (void)state;
    static const char *const names[] = {"ok_date_of_platform", "ok_date_of_module",
                                        "ok_date_of_qe"};
    static answer a;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        judge(names[i], EVERY_STATUS, &a);
        assert_int_equal(a.facts.tcb_date, DATE_2024_01_02);
    }
}

static void a_refused_status_names_the_accepted_ones(void **state)
{
    (void)state;
    static answer a;
    judge("platform_OutOfDate", 1u << RPL_TCB_UP_TO_DATE | 1u << RPL_TCB_SW_HARDENING_NEEDED, &a);
    assert_int_equal(a.verdict.n_findings, 3);
    assert_int_equal(count_of(&a.verdict, "TCB_STATUS"), 3);
    assert_string_equal(a.verdict.findings[0].want, "UpToDate, SWHardeningNeeded");
    assert_string_equal(a.verdict.findings[1].got, "SGX component 0 is 12");
    assert_string_equal(a.verdict.findings[1].want, "18: level SWHardeningNeeded of 2024-03-13");
    assert_string_equal(a.verdict.findings[2].got, "advisories INTEL-SA-01036");
}

static void each_revoked_signer_is_said_once(void **state)
{
    (void)state;
    static answer a;
    judge("tcb_signing_revoked", EVERY_STATUS, &a);
    assert_int_equal(count_of(&a.verdict, "TCB_SIGNING_REVOKED"), 1);
    judge("qe_signer_revoked", EVERY_STATUS, &a);
    assert_int_equal(count_of(&a.verdict, "TCB_SIGNING_REVOKED"), 1);
    assert_int_equal(a.verdict.state[RPL_CHECK_TCB_INFO], RPL_PASSED);
    assert_int_equal(a.verdict.state[RPL_CHECK_QE_IDENTITY], RPL_NOT_RUN);
    judge("both_signers_revoked", EVERY_STATUS, &a);
    assert_int_equal(count_of(&a.verdict, "TCB_SIGNING_REVOKED"), 2);
}

/* The collateral of a quote under another root is judged as far as it goes. */
static void the_root_list_needs_no_trusted_quote(void **state)
{
    (void)state;
    static answer a;
    judge("other_root", EVERY_STATUS, &a);
    assert_int_equal(a.verdict.state[RPL_CHECK_PCK_ROOT], RPL_FAILED);
    assert_int_equal(a.verdict.state[RPL_CHECK_CRL_ROOT], RPL_PASSED);
    assert_int_equal(a.verdict.state[RPL_CHECK_TCB_INFO], RPL_PASSED);
}

static rpl_code list_of(const test_case *c, bool as_processor)
{
    static rpl_verdict v;
    rpl_collateral_stamp stamp;
    rpl_quote q;
    const char *code;
    rpl_collateral_document *d = NULL;
    const rpl_pcs_ask ask = {.kind = RPL_PCS_PCK_CRL, .processor_ca = as_processor};
    assert_ok(rpl_quote_parse(rpl_bytes_of(c->quote, c->quote_len), &q, &code));
    assert_ok(rpl_collateral_document_new(&ask, c->collateral.view.pck_crl, (rpl_bytes){0},
                                          rpl_pck_issuers(q.pck_pem), &d));
    rpl_verdict_start(&v, 0);
    const rpl_status s = rpl_collateral_document_check(d, &c->roots, c->now, &v, &stamp);
    free(d);
    return s.code;
}

static void the_processor_list_is_the_processors(void **state)
{
    (void)state;
    const rpl_roots roots = test_root(RPL_GENERATED "/root_ca.der");
    test_case processor = load_case(RPL_GENERATED "/ok_processor", &roots);
    test_case platform = load_case(RPL_GENERATED "/ok_v4", &roots);
    assert_int_equal(list_of(&processor, true), RPL_OK);
    assert_int_equal(list_of(&processor, false), RPL_UNTRUSTED);
    assert_int_equal(list_of(&platform, false), RPL_OK);
    assert_int_equal(list_of(&platform, true), RPL_UNTRUSTED);
    free_case(&processor);
    free_case(&platform);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_date_counts),
        cmocka_unit_test(a_refused_status_names_the_accepted_ones),
        cmocka_unit_test(each_revoked_signer_is_said_once),
        cmocka_unit_test(the_processor_list_is_the_processors),
        cmocka_unit_test(the_root_list_needs_no_trusted_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
