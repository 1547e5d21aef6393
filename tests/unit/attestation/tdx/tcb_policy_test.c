#include "attestation/tdx/tcb_policy.h"
#include "tests/support/verdicts.h"

enum { DAY = 86400 };

static rpl_verdict evaluation(const rpl_verifier_policy *policy, const rpl_evaluation_floor *seen,
                              const rpl_document_head *info, const rpl_document_head *identity)
{
    rpl_verdict v;
    rpl_verdict_start(&v, 0);
    rpl_verdict_require(&v, RPL_CHECK_TCB_EVALUATION);
    rpl_tcb_evaluation_check(policy, seen, info, identity, &v);
    return v;
}

static bool current(const rpl_verifier_policy *policy, const rpl_evaluation_floor *seen,
                    uint32_t info_number, uint32_t identity_number)
{
    const rpl_document_head info = {.evaluation_number = info_number, .issue_date = 1000};
    const rpl_document_head identity = {.evaluation_number = identity_number, .issue_date = 2000};
    const rpl_verdict v = evaluation(policy, seen, &info, &identity);
    assert_int_equal(verdict_says(&v, "TCB_EVAL_NUMBER"), !rpl_verdict_admits(&v));
    return rpl_verdict_admits(&v);
}

static void both_documents_have_at_least_the_configured_number(void **state)
{
    (void)state;
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    assert_true(current(&policy, NULL, 0, 0));
    policy.min_evaluation = 18;
    assert_true(current(&policy, NULL, 18, 19));
    assert_false(current(&policy, NULL, 17, 18));
    assert_false(current(&policy, NULL, 18, 17));
}

static void one_number_for_both_where_it_is_wanted(void **state)
{
    (void)state;
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    assert_true(current(&policy, NULL, 17, 18));
    policy.same_evaluation = true;
    assert_true(current(&policy, NULL, 18, 18));
    assert_false(current(&policy, NULL, 17, 18));
}

static void nothing_older_than_what_was_verified_before(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_evaluation_floor seen = {18, 18, 1000, 2000};
    assert_true(current(&policy, &seen, 18, 18));
    assert_true(current(&policy, &seen, 19, 19));
    assert_false(current(&policy, &seen, 17, 18));
    assert_false(current(&policy, &seen, 18, 17));
    seen.tcb_issued++;
    assert_false(current(&policy, &seen, 18, 18));
    assert_true(current(&policy, &seen, 19, 18));
    seen.tcb_issued--;
    seen.qe_issued++;
    assert_false(current(&policy, &seen, 18, 18));
    assert_true(current(&policy, &seen, 18, 19));
}

static void a_document_that_was_not_read_passes_nothing(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    const rpl_document_head head = {.evaluation_number = 18};
    rpl_verdict v = evaluation(&policy, NULL, &head, NULL);
    assert_int_equal(v.state[RPL_CHECK_TCB_EVALUATION], RPL_NOT_RUN);
    v = evaluation(&policy, NULL, NULL, &head);
    assert_int_equal(v.state[RPL_CHECK_TCB_EVALUATION], RPL_NOT_RUN);
    assert_false(rpl_verdict_admits(&v));
}

static void every_advisory_must_be_listed(void **state)
{
    (void)state;
    static const char advisories[2][RPL_ADVISORY_LEN_MAX + 1] = {"INTEL-SA-1", "INTEL-SA-2"};
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    for (size_t listed = 0; listed <= 3; listed++) {
        rpl_verdict v;
        rpl_verdict_start(&v, 0);
        policy.limits_advisories = listed < 3;
        policy.n_advisories = listed < 3 ? listed : 0;
        snprintf(policy.advisories[0], sizeof(policy.advisories[0]), "INTEL-SA-2");
        snprintf(policy.advisories[1], sizeof(policy.advisories[1]), "INTEL-SA-1");
        rpl_tcb_advisories_check(&policy, advisories, 2, &v);
        assert_int_equal(v.n_findings, listed < 2);
        assert_int_equal(v.state[RPL_CHECK_TCB_ADVISORIES], v.n_findings ? RPL_FAILED : RPL_PASSED);
        if (listed < 2)
            assert_string_equal(v.findings[0].got,
                                listed == 1 ? "INTEL-SA-1" : "INTEL-SA-1, INTEL-SA-2");
    }
}

static void many_advisories_leave_room_for_other_reasons(void **state)
{
    (void)state;
    static char advisories[64][RPL_ADVISORY_LEN_MAX + 1];
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_verdict v;
    policy.limits_advisories = true;
    for (int len = 4; len <= RPL_ADVISORY_LEN_MAX; len++) {
        for (int i = 0; i < 64; i++)
            snprintf(advisories[i], sizeof(advisories[i]), "%0*d", len, i);
        rpl_verdict_start(&v, 0);
        rpl_tcb_advisories_check(&policy, (const char(*)[RPL_ADVISORY_LEN_MAX + 1]) advisories, 64,
                                 &v);
        assert_int_equal(v.n_findings, 1);
        const char *more = strstr(v.findings[0].got, " and ");
        size_t said = 0;
        assert_non_null(more);
        for (const char *c = v.findings[0].got; c < more; c++)
            said += *c == ',';
        assert_int_equal(strtol(more + strlen(" and "), NULL, 10), 64 - (said + 1));
        assert_string_equal(more + strlen(more) - strlen(" more"), " more");
    }
}

/* A platform OutOfDate since `date`, with module and QE of a status each. */
typedef struct {
    rpl_tcb_info info;
    rpl_quote quote;
    rpl_pck pck;
    rpl_svn_level module, qe;
    rpl_tcb_result result;
    rpl_verifier_policy policy;
} scene;

static void make_scene(scene *s)
{
    *s = (scene){
        .info.n_levels = 1,
        .info.levels[0] = {.status = RPL_TCB_OUT_OF_DATE, .date = 10 * DAY},
        .quote.body_type = 2,
        .module = {.status = RPL_TCB_UP_TO_DATE, .date = 5 * DAY},
        .qe = {.status = RPL_TCB_UP_TO_DATE, .date = 5 * DAY},
        .policy = rpl_verifier_policy_default(),
    };
    s->result.status = RPL_TCB_OUT_OF_DATE;
    s->result.launch = (rpl_tcb_evaluation){RPL_TCB_OUT_OF_DATE, &s->info.levels[0], &s->module};
}

static int64_t judge(const scene *s, int64_t now, bool admits)
{
    const rpl_tcb_subject subject = {
        .quote = &s->quote,
        .pck = &s->pck,
        .info = &s->info,
        .accepted_tcb = s->policy.accepted_tcb,
    };
    rpl_verdict v;
    rpl_verdict_start(&v, 0);
    const int64_t until = rpl_tcb_status_check(&s->policy, &subject, &s->result, &s->qe, now, &v);
    assert_int_equal(v.state[RPL_CHECK_TCB_STATUS], admits ? RPL_PASSED : RPL_FAILED);
    assert_true(admits || until == 0);
    return until;
}

static void grace_counts_from_the_level_that_is_out_of_date(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    (void)judge(&s, 10 * DAY, false);
    (void)judge(&s, -1, false);
    s.policy.grace_days = 7;
    assert_int_equal(judge(&s, 17 * DAY - 1, true), 17 * DAY);
    (void)judge(&s, 17 * DAY, false);
    s.module.status = RPL_TCB_OUT_OF_DATE;
    (void)judge(&s, 17 * DAY - 1, false);
    assert_int_equal(judge(&s, 12 * DAY - 1, true), 12 * DAY);
    s.module.status = RPL_TCB_UP_TO_DATE;
    s.qe.status = RPL_TCB_OUT_OF_DATE;
    (void)judge(&s, 12 * DAY, false);
}

static void grace_is_for_out_of_date_alone(void **state)
{
    (void)state;
    scene s;
    for (int status = RPL_TCB_UP_TO_DATE; status < RPL_TCB_STATUS_COUNT; status++) {
        make_scene(&s);
        s.policy.grace_days = 7;
        s.result.status = (rpl_tcb_status)status;
        assert_int_equal(
            judge(&s, 11 * DAY, status == RPL_TCB_UP_TO_DATE || status == RPL_TCB_OUT_OF_DATE) != 0,
            status == RPL_TCB_OUT_OF_DATE);
    }
}

/* What together is OutOfDate because of an old module or QE, on a platform of `status`. */
static void an_old_module_or_qe_hides_nothing(void **state)
{
    (void)state;
    for (int status = RPL_TCB_UP_TO_DATE; status < RPL_TCB_STATUS_COUNT; status++) {
        scene s;
        make_scene(&s);
        const bool good = status == RPL_TCB_UP_TO_DATE || status == RPL_TCB_OUT_OF_DATE;
        s.policy.grace_days = 7;
        s.info.levels[0].status = (rpl_tcb_status)status;
        s.module.status = RPL_TCB_OUT_OF_DATE;
        (void)judge(&s, 11 * DAY, good);
        s.module.status = RPL_TCB_UP_TO_DATE;
        s.qe.status = RPL_TCB_OUT_OF_DATE;
        (void)judge(&s, 11 * DAY, good);
        if (status < RPL_TCB_OUT_OF_DATE)
            s.policy.accepted_tcb |= 1u << status;
        (void)judge(&s, 11 * DAY, status <= RPL_TCB_OUT_OF_DATE);
    }
}

static void grace_looks_at_what_the_td_runs_on_now(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    const rpl_tcb_level hardening = {.status = RPL_TCB_SW_HARDENING_NEEDED, .date = 10 * DAY};
    s.policy.grace_days = 7;
    s.qe.status = RPL_TCB_OUT_OF_DATE;
    s.result.current = s.result.launch;
    (void)judge(&s, 11 * DAY, true);
    s.result.current.platform = &hardening;
    (void)judge(&s, 11 * DAY, false);
    s.policy.accepted_tcb |= 1u << RPL_TCB_SW_HARDENING_NEEDED;
    (void)judge(&s, 11 * DAY, true);
}

static void an_accepted_status_needs_no_grace(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    s.policy.grace_days = 7;
    s.policy.accepted_tcb |= 1u << RPL_TCB_OUT_OF_DATE;
    assert_int_equal(judge(&s, 11 * DAY, true), 0);
    s.policy.accepted_tcb = UINT32_MAX;
    s.result.status = RPL_TCB_REVOKED;
    (void)judge(&s, 11 * DAY, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_documents_have_at_least_the_configured_number),
        cmocka_unit_test(one_number_for_both_where_it_is_wanted),
        cmocka_unit_test(nothing_older_than_what_was_verified_before),
        cmocka_unit_test(a_document_that_was_not_read_passes_nothing),
        cmocka_unit_test(every_advisory_must_be_listed),
        cmocka_unit_test(many_advisories_leave_room_for_other_reasons),
        cmocka_unit_test(grace_counts_from_the_level_that_is_out_of_date),
        cmocka_unit_test(grace_is_for_out_of_date_alone),
        cmocka_unit_test(an_old_module_or_qe_hides_nothing),
        cmocka_unit_test(grace_looks_at_what_the_td_runs_on_now),
        cmocka_unit_test(an_accepted_status_needs_no_grace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
