#include "tests/support/verdicts.h"

static void a_fresh_verdict_is_refused(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_verdict_start(&v, RPL_GROUP_QUOTE);
    assert_false(rpl_verdict_admits(&v));
    assert_false(rpl_verdict_has_failure(&v));
    assert_code(rpl_verdict_status(&v), RPL_UNAVAILABLE);
    rpl_verdict_start(&v, 0);
    assert_false(rpl_verdict_admits(&v));
}

static void only_all_required_checks_together_admit(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_verdict_start(&v, RPL_GROUP_TD);
    rpl_verdict_pass(&v, RPL_CHECK_TD_ATTRIBUTES);
    rpl_verdict_pass(&v, RPL_CHECK_TD_XFAM);
    assert_false(rpl_verdict_admits(&v));
    rpl_verdict_pass(&v, RPL_CHECK_TD_SERVICETD);
    assert_true(rpl_verdict_admits(&v));
    assert_true(rpl_verdict_groups_pass(&v, RPL_GROUP_TD));
    assert_false(rpl_verdict_groups_pass(&v, RPL_GROUP_QUOTE));
    rpl_verdict_require(&v, RPL_CHECK_POLICY_EPOCH);
    assert_false(rpl_verdict_admits(&v));
}

static void a_failure_stays_and_refuses_even_when_nobody_asked(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_verdict_start(&v, 0);
    rpl_verdict_fail(&v, RPL_CHECK_POLICY_DELAY, "DELAY", NULL, NULL, NULL);
    rpl_verdict_pass(&v, RPL_CHECK_POLICY_DELAY);
    assert_false(rpl_verdict_admits(&v));
    assert_int_equal(rpl_verdict_first_failure(&v), RPL_CHECK_POLICY_DELAY);
    assert_code(rpl_verdict_status(&v), RPL_DENIED);
}

static void more_findings_than_fit_still_refuse(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_verdict_start(&v, 0);
    for (int i = 0; i < RPL_FINDINGS_MAX; i++)
        rpl_verdict_fail(&v, RPL_CHECK_TCB_INFO, "TCB_INFO_FORMAT", "a", "b", "c");
    rpl_verdict_fail(&v, RPL_CHECK_QUOTE_FORMAT, "QUOTE_FORMAT", "a", "b", "c");
    assert_int_equal(v.n_findings, RPL_FINDINGS_MAX);
    assert_int_equal(rpl_verdict_first_failure(&v), RPL_CHECK_QUOTE_FORMAT);
    assert_code(rpl_verdict_status(&v), RPL_MALFORMED);
}

static void nothing_is_admitted_where_memory_was_short(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_verdict_start(&v, 0);
    rpl_verdict_require(&v, RPL_CHECK_POLICY_EPOCH);
    rpl_verdict_pass(&v, RPL_CHECK_POLICY_EPOCH);
    assert_true(rpl_verdict_admits(&v));
    rpl_verdict_starve(&v);
    assert_false(rpl_verdict_admits(&v));
    assert_false(rpl_verdict_has_failure(&v));
    assert_code(rpl_verdict_status(&v), RPL_UNAVAILABLE);
}

static void texts_are_cut_and_printable(void **state)
{
    (void)state;
    rpl_verdict v;
    uint8_t bytes[200];
    char longer[400];
    memset(bytes, 0xab, sizeof(bytes));
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    rpl_verdict_start(&v, 0);
    rpl_verdict_fail(&v, RPL_CHECK_TCB_INFO, "X", "a\nb\xff", longer, longer);
    assert_string_equal(v.findings[0].got, "a?b?");
    assert_int_equal(strlen(v.findings[0].want), sizeof(v.findings[0].want) - 1);
    assert_false(rpl_verdict_equal(&v, RPL_CHECK_TCB_INFO, "Y", rpl_bytes_of(bytes, 200),
                                   rpl_bytes_of(bytes, 2), NULL));
    assert_string_equal(v.findings[1].want, "abab");
    assert_string_equal(v.findings[1].got + 192, "...");
}

static void every_check_has_an_id_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < RPL_CHECK_COUNT; a++) {
        for (int b = 0; b < a; b++)
            assert_string_not_equal(rpl_check_id((rpl_check)a), rpl_check_id((rpl_check)b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_verdict_is_refused),
        cmocka_unit_test(only_all_required_checks_together_admit),
        cmocka_unit_test(a_failure_stays_and_refuses_even_when_nobody_asked),
        cmocka_unit_test(more_findings_than_fit_still_refuse),
        cmocka_unit_test(nothing_is_admitted_where_memory_was_short),
        cmocka_unit_test(texts_are_cut_and_printable),
        cmocka_unit_test(every_check_has_an_id_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
