#include "tests/support/cases.h"

typedef struct {
    test_case one;
    rpl_verifier_policy policy;
    rpl_verdict verdict, before;
    rpl_verification *verification;
} fixture;

static int begin(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    char path[512];
    const rpl_roots intel = rpl_roots_intel();
    if (!f)
        return -1;
    f->policy = rpl_verifier_policy_default();
    snprintf(path, sizeof(path), "%s/dcap/real/phala-dcap-qvl/tdx_v4_b0c06f", RPL_VECTORS);
    f->one = load_case(path, &intel);
    rpl_verdict_start(&f->verdict, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    assert_ok(rpl_verification_begin(rpl_bytes_of(f->one.quote, f->one.quote_len), &f->one.roots,
                                     &f->policy, f->one.now, &f->verdict, &f->verification));
    assert_ok(rpl_verification_collateral(f->verification, &f->one.collateral.view, &f->verdict));
    f->before = f->verdict;
    *state = f;
    return 0;
}

static int end(void **state)
{
    fixture *f = *state;
    rpl_verification_free(f->verification);
    free_case(&f->one);
    free(f);
    return 0;
}

static const rpl_quote_facts *facts_of(const fixture *f)
{
    return rpl_verification_facts(f->verification);
}

/* The same documents, as if the early view said nothing new. */
static void a_forecast_is_the_status_by_the_early_document(void **state)
{
    fixture *f = *state;
    assert_false(facts_of(f)->forecast.known);
    assert_ok(rpl_verification_forecast(f->verification, &f->one.collateral.view));
    const rpl_tcb_forecast *forecast = &facts_of(f)->forecast;
    assert_true(forecast->known);
    assert_int_equal(forecast->status, facts_of(f)->tcb_status);
    assert_true(forecast->accepted);
    assert_int_equal(forecast->eval_number, 17);
    assert_int_equal(forecast->issued, 1750328163); /* 2025-06-19T10:16:03Z */
}

static void it_touches_neither_verdict_nor_other_facts(void **state)
{
    fixture *f = *state;
    const rpl_quote_facts facts = *facts_of(f);
    rpl_collateral early = f->one.collateral.view;
    early.qe_identity_signature =
        early.tcb_info_signature; /* not its own: the QE level is missing */
    assert_ok(rpl_verification_forecast(f->verification, &early));
    assert_memory_equal(&f->verdict, &f->before, sizeof(f->verdict));
    assert_int_equal(facts_of(f)->tcb_status, facts.tcb_status);
    assert_int_equal(facts_of(f)->tcb_eval_number, facts.tcb_eval_number);
    assert_int_equal(facts_of(f)->valid_from, facts.valid_from);
    assert_int_equal(facts_of(f)->valid_until, facts.valid_until);
    assert_int_equal(facts_of(f)->n_advisories, facts.n_advisories);
}

static void what_does_not_verify_is_no_forecast(void **state)
{
    fixture *f = *state;
    const rpl_collateral good = f->one.collateral.view;
    rpl_collateral early = good;
    early.tcb_info_signature = good.qe_identity_signature;
    assert_ok(rpl_verification_forecast(f->verification, &early));
    assert_false(facts_of(f)->forecast.known);
    early = good;
    early.tcb_info = (rpl_bytes){0};
    assert_ok(rpl_verification_forecast(f->verification, &early));
    assert_false(facts_of(f)->forecast.known);
    early = good;
    early.tcb_info_chain = (rpl_bytes){0};
    assert_ok(rpl_verification_forecast(f->verification, &early));
    assert_false(facts_of(f)->forecast.known);
}

/* Collateral once more: what was forecast is forgotten with everything else. */
static void facts_start_over_with_other_collateral(void **state)
{
    fixture *f = *state;
    const size_t n_advisories = facts_of(f)->n_advisories;
    assert_ok(rpl_verification_forecast(f->verification, &f->one.collateral.view));
    assert_ok(rpl_verification_collateral(f->verification, &f->one.collateral.view, &f->verdict));
    assert_false(facts_of(f)->forecast.known);
    assert_int_equal(facts_of(f)->n_advisories, n_advisories);
}

/* One quote and its collateral of today; TCB info or QE identity of another case as the early one. */
static rpl_tcb_forecast forecast_by(const char *tcb_info_of, const char *qe_identity_of)
{
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    const rpl_roots roots = test_root(RPL_VECTORS "/dcap/synthetic/root_ca.der");
    char path[512];
    snprintf(path, sizeof(path), "%s/dcap/synthetic/%s", RPL_VECTORS, "ok_v4");
    test_case today = load_case(path, &roots);
    snprintf(path, sizeof(path), "%s/dcap/synthetic/%s", RPL_VECTORS, tcb_info_of);
    test_case tcb = load_case(path, &roots);
    snprintf(path, sizeof(path), "%s/dcap/synthetic/%s", RPL_VECTORS, qe_identity_of);
    test_case qe = load_case(path, &roots);
    rpl_collateral early = today.collateral.view;
    early.tcb_info = tcb.collateral.view.tcb_info;
    early.tcb_info_signature = tcb.collateral.view.tcb_info_signature;
    early.qe_identity = qe.collateral.view.qe_identity;
    early.qe_identity_signature = qe.collateral.view.qe_identity_signature;
    rpl_verdict *verdict = calloc(1, sizeof(*verdict));
    rpl_verification *v = NULL;
    assert_non_null(verdict);
    rpl_verdict_start(verdict, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    assert_ok(rpl_verification_begin(rpl_bytes_of(today.quote, today.quote_len), &today.roots,
                                     &policy, today.now, verdict, &v));
    assert_ok(rpl_verification_collateral(v, &today.collateral.view, verdict));
    assert_ok(rpl_verification_forecast(v, &early));
    const rpl_quote_facts *facts = rpl_verification_facts(v);
    assert_int_equal(facts->tcb_status, RPL_TCB_UP_TO_DATE);
    assert_true(rpl_verdict_admits(verdict));
    const rpl_tcb_forecast forecast = facts->forecast;
    rpl_verification_free(v);
    free(verdict);
    free_case(&today);
    free_case(&tcb);
    free_case(&qe);
    return forecast;
}

static void the_early_view_may_say_something_else(void **state)
{
    (void)state;
    rpl_tcb_forecast forecast = forecast_by("plat_OutOfDate", "ok_v4");
    assert_true(forecast.known);
    assert_false(forecast.accepted);
    assert_int_equal(forecast.status, RPL_TCB_OUT_OF_DATE);
    assert_int_equal(forecast.issued, 1779840000);               /* 2026-05-27T00:00:00Z */
    forecast = forecast_by("match_tdx_last_component", "ok_v4"); /* no level any more */
    assert_true(forecast.known);
    assert_false(forecast.accepted);
    assert_int_equal(forecast.status, RPL_TCB_UNKNOWN);
    forecast = forecast_by("levels_unsorted_ok", "ok_v4");
    assert_true(forecast.known && forecast.accepted);
}

/* The quoting enclave has its own level. */
static void so_may_the_early_identity(void **state)
{
    (void)state;
    const rpl_tcb_forecast forecast = forecast_by("ok_v4", "plat_SWHardeningNeeded_qe_ood");
    assert_true(forecast.known);
    assert_false(forecast.accepted);
    assert_int_equal(forecast.status, RPL_TCB_OUT_OF_DATE);
}

/* Of TCB info that holds, beside an identity that does not, nothing follows. */
static void without_an_identity_that_holds_nothing_is_forecast(void **state)
{
    (void)state;
    static const char *const spoiled[] = {"qe_identity_expired", "qe_identity_future", "qe_id_QE",
                                          "qe_bad_hexlen"};
    for (size_t i = 0; i < sizeof(spoiled) / sizeof(spoiled[0]); i++)
        assert_false(forecast_by("ok_v4", spoiled[i]).known);
    assert_false(forecast_by("tcb_fmspc_other", "ok_v4").known);
    assert_false(forecast_by("tcb_expired", "ok_v4").known);
}

#define OVER_A_QUOTE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_A_QUOTE(a_forecast_is_the_status_by_the_early_document),
        OVER_A_QUOTE(it_touches_neither_verdict_nor_other_facts),
        OVER_A_QUOTE(what_does_not_verify_is_no_forecast),
        OVER_A_QUOTE(facts_start_over_with_other_collateral),
        cmocka_unit_test(the_early_view_may_say_something_else),
        cmocka_unit_test(so_may_the_early_identity),
        cmocka_unit_test(without_an_identity_that_holds_nothing_is_forecast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
