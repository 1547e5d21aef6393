#include "tests/support/cases.h"

typedef struct {
    test_case one;
    rpl_verdict verdict, before;
    rpl_verification *verification;
} fixture;

static int begin(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    char path[512];
    const rpl_roots intel = rpl_roots_intel();
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    if (!f)
        return -1;
    snprintf(path, sizeof(path), "%s/dcap/real/phala-dcap-qvl/tdx_v4_b0c06f", RPL_VECTORS);
    f->one = load_case(path, &intel);
    rpl_verdict_start(&f->verdict, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    assert_ok(rpl_verification_begin(rpl_bytes_of(f->one.quote, f->one.quote_len), &f->one.roots,
                                     &policy, f->one.now, &f->verdict, &f->verification));
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

#define OVER_A_QUOTE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_A_QUOTE(a_forecast_is_the_status_by_the_early_document),
        OVER_A_QUOTE(it_touches_neither_verdict_nor_other_facts),
        OVER_A_QUOTE(what_does_not_verify_is_no_forecast),
        OVER_A_QUOTE(facts_start_over_with_other_collateral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
