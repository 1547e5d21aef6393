/* Whose word counts, and whether enough agree, over made-up views. */
#include "tests/support/made_up_chain.h"

static void approval_takes_the_quorum(void **state)
{
    (void)state;
    facts.reports[0].standing = RPL_CHAIN_UNREACHABLE;
    assert_true(judge());
    facts.reports[1].standing = RPL_CHAIN_MALFORMED;
    refused_by(RPL_CHECK_POLICY_CHAIN, "CHAIN_UNKNOWN");
    assert_string_equal(verdict.findings[0].got,
                        "1 of 3 agree; provider 1 did not answer in time; provider 2 gave an "
                        "answer of the wrong form");
    assert_int_equal(rpl_verdict_status(&verdict).code, RPL_UNAVAILABLE);
    facts.count = 0;
    refused_by(RPL_CHECK_POLICY_CHAIN, "CHAIN_UNKNOWN");
    pin.quorum = 0; /* a broken pin admits nobody */
    refused_by(RPL_CHECK_POLICY_CHAIN, "CHAIN_UNKNOWN");
}

static void a_newer_block_that_cannot_be_makes_the_report_unknown(void **state)
{
    (void)state;
    ahead()->code_hash[0] ^= 1;
    assert_true(judge());
    assert_int_equal(agreement.standing[2], RPL_CHAIN_OTHER_CODE);
    ahead()->block.number = 99;
    assert_true(judge());
    assert_int_equal(agreement.standing[2], RPL_CHAIN_ORDER);
    ahead()->block.timestamp = NOW - 13;
    assert_true(judge());
    assert_int_equal(agreement.standing[2], RPL_CHAIN_ORDER);
    ahead()->block.timestamp = NOW + 61;
    assert_true(judge());
    assert_int_equal(agreement.standing[2], RPL_CHAIN_FUTURE);
}

static void a_finalized_block_is_at_most_an_hour_old(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        facts.reports[i].finalized.block.timestamp = NOW - 3600;
    assert_true(judge());
    for (size_t i = 0; i < 3; i++)
        facts.reports[i].finalized.block.timestamp = NOW - 3601;
    refused_by(RPL_CHECK_POLICY_CHAIN, "CHAIN_UNKNOWN");
    assert_int_equal(agreement.standing[0], RPL_CHAIN_FINALIZED_STALE);
    assert_int_equal(rpl_verdict_status(&verdict).code, RPL_UNAVAILABLE);
}

static void a_lone_approval_beside_two_that_agree_otherwise_is_nothing(void **state)
{
    (void)state;
    facts.reports[0].finalized.block.hash[0] ^= 1; /* another chain of its own making */
    assert_true(judge());
    assert_int_equal(agreement.standing[0], RPL_CHAIN_DISAGREES);
    facts.reports[1].finalized.block.hash[0] ^= 2;
    refused_by(RPL_CHECK_POLICY_CHAIN, "CHAIN_UNKNOWN");
}

/* Each way in which all three are not to be used. */
static void words_that_do_not_count_are_unknown(void **state)
{
    static const struct {
        rpl_chain_standing standing;
        int64_t latest_age;
        uint64_t chain_id, finalized_number, latest_number, mark_number;
        uint8_t code, mark_hash;
        bool no_time;
    } cases[] = {
        {RPL_CHAIN_KNOWN, 120, 8453, 90, 100, 90, 0xc0, 90, false},
        {RPL_CHAIN_STALE, 121, 8453, 90, 100, 0, 0xc0, 0, false},
        {RPL_CHAIN_KNOWN, -60, 8453, 90, 100, 89, 0xc0, 1, false},
        {RPL_CHAIN_FUTURE, -61, 8453, 90, 100, 0, 0xc0, 0, false},
        {RPL_CHAIN_OTHER_CHAIN, 12, 1, 90, 100, 0, 0xc0, 0, false},
        {RPL_CHAIN_OTHER_CODE, 12, 8453, 90, 100, 0, 0xc1, 0, false},
        {RPL_CHAIN_ORDER, 12, 8453, 101, 100, 0, 0xc0, 0, false},
        {RPL_CHAIN_BACKWARDS, 12, 8453, 90, 100, 91, 0xc0, 91, false},
        {RPL_CHAIN_BACKWARDS, 12, 8453, 90, 100, 90, 0xc0, 1, false},
        {RPL_CHAIN_NO_TIME, 12, 8453, 90, 100, 0, 0xc0, 0, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        start(state);
        everywhere(code_hash[0], cases[i].code);
        for (size_t r = 0; r < 3; r++) {
            rpl_chain_report *of = &facts.reports[r];
            of->chain_id = cases[i].chain_id;
            of->latest.block.timestamp = NOW - cases[i].latest_age;
            of->latest.block.number = cases[i].latest_number;
            of->finalized.block.number = cases[i].finalized_number;
        }
        mark.block = (rpl_chain_block){cases[i].mark_number, NOW - MARGIN, {cases[i].mark_hash}};
        now.is_known = !cases[i].no_time;
        const bool admitted = judge();
        if (admitted != (cases[i].standing == RPL_CHAIN_KNOWN) ||
            agreement.standing[1] != cases[i].standing)
            fail_msg("case %zu: standing %u", i, (unsigned)agreement.standing[1]);
        if (!admitted)
            refused_by(RPL_CHECK_POLICY_CHAIN, "CHAIN_UNKNOWN");
    }
}

/* A provider that is behind is not asked: what it says was true once. */
static void a_stale_dissent_is_unknown_and_not_a_no(void **state)
{
    (void)state;
    facts.reports[0].latest.release = (rpl_contract_entry){0};
    facts.reports[0].latest.block.timestamp = NOW - 900;
    assert_true(judge());
    assert_int_equal(agreement.standing[0], RPL_CHAIN_STALE);
}

static void the_mark_only_rises(void **state)
{
    (void)state;
    rpl_chain_agree(&pin, &facts, &mark, &now, &agreement);
    assert_true(rpl_chain_mark_raise(&mark, &facts, &agreement));
    assert_true(mark.block.number == 90);
    assert_false(rpl_chain_mark_raise(&mark, &facts, &agreement));
    mark.block.number = 95;
    assert_false(rpl_chain_mark_raise(&mark, &facts, &agreement));
    assert_true(mark.block.number == 95);
    facts.reports[0].standing = facts.reports[1].standing = RPL_CHAIN_UNASKED;
    mark.block.number = 0;
    rpl_chain_agree(&pin, &facts, &mark, &now, &agreement);
    assert_false(rpl_chain_mark_raise(&mark, &facts, &agreement));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(approval_takes_the_quorum, start),
        cmocka_unit_test_setup(a_newer_block_that_cannot_be_makes_the_report_unknown, start),
        cmocka_unit_test_setup(a_finalized_block_is_at_most_an_hour_old, start),
        cmocka_unit_test_setup(a_lone_approval_beside_two_that_agree_otherwise_is_nothing, start),
        cmocka_unit_test_setup(words_that_do_not_count_are_unknown, start),
        cmocka_unit_test_setup(a_stale_dissent_is_unknown_and_not_a_no, start),
        cmocka_unit_test_setup(the_mark_only_rises, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
