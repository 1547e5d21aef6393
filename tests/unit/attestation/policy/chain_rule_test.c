/* The rule over made-up views. Times are hours before `now` unless said. */
#include "attestation/policy/chain_rule.h"

#include "tests/support/check.h"
#include "tests/support/verdicts.h"

#define HOUR   INT64_C(3600)
#define NOW    INT64_C(1795000000)
#define NEVER  UINT64_MAX
#define DELAY  (48 * HOUR)
#define MARGIN 1000 /* seconds that the finalized block lags behind */

static rpl_chain_pin pin;
static rpl_chain_facts facts;
static rpl_chain_case peer;
static rpl_chain_mark mark;
static rpl_chain_time now;
static rpl_chain_agreement agreement;
static rpl_verdict verdict;

static rpl_contract_entry entry_of(int64_t not_before, uint64_t not_after, int64_t proposed_at)
{
    return (rpl_contract_entry){(uint64_t)not_before, not_after, (uint64_t)proposed_at, 1};
}

/* Proposed 100 hours ago, active since 52. */
static rpl_contract_entry approved(void)
{
    return entry_of(NOW - 52 * HOUR, NEVER, NOW - 100 * HOUR);
}

static rpl_chain_view view_at(uint64_t number, int64_t t)
{
    rpl_chain_view v = {.block = {number, t, {(uint8_t)number}},
                        .code_hash = {0xc0},
                        .release = approved(),
                        .any_device = approved(),
                        .identity = {.digest = {0x1d}},
                        .min_epoch = 1};
    return v;
}

static rpl_chain_report report(void)
{
    return (rpl_chain_report){RPL_CHAIN_KNOWN, 8453, view_at(90, NOW - MARGIN),
                              view_at(100, NOW - 12)};
}

static int start(void **state)
{
    (void)state;
    pin = (rpl_chain_pin){true, 8453, {0xaa}, {0xc0}, 3, 2};
    facts = (rpl_chain_facts){3, {report(), report(), report()}};
    peer = (rpl_chain_case){.direction = RPL_POLICY_GIVE,
                            .question = {{1}, {2}, {3}},
                            .is_config_settled = true,
                            .identity = {0x1d},
                            .highest_epoch = 1};
    mark = (rpl_chain_mark){0};
    now = (rpl_chain_time){true, NOW};
    return 0;
}

static bool judge(void)
{
    rpl_verdict_start(&verdict, 0);
    rpl_chain_agree(&pin, &facts, &mark, &now, &agreement);
    rpl_chain_judge(&peer, &pin, &facts, &agreement, &now, &verdict);
    return rpl_verdict_admits(&verdict);
}

/* The only failure is this one, with this code. */
static void refused_by(rpl_check check, const char *code)
{
    assert_false(judge());
    for (rpl_check c = 0; c < RPL_CHECK_COUNT; c++) {
        if ((verdict.state[c] == RPL_FAILED) != (c == check))
            fail_msg("%s, while %s was to fail", rpl_check_id(c), rpl_check_id(check));
    }
    assert_string_equal(verdict.findings[0].code, code);
}

/* The same entry in every view. */
#define everywhere(member, value)                                                                  \
    do {                                                                                           \
        for (size_t i_ = 0; i_ < facts.count; i_++) {                                              \
            facts.reports[i_].finalized.member = (value);                                          \
            facts.reports[i_].latest.member = (value);                                             \
        }                                                                                          \
    } while (0)

static void an_approved_peer_is_admitted(void **state)
{
    (void)state;
    assert_true(judge());
    assert_int_equal(agreement.n_agreeing, 3);
}

/* The finalized block's time decides, to the second. */
static void an_entry_counts_48_hours_after_its_proposal(void **state)
{
    (void)state;
    for (int64_t early = -1; early <= 1; early++) {
        const int64_t from = NOW - MARGIN + early;
        start(state);
        everywhere(release, entry_of(from, NEVER, from - DELAY));
        if (early <= 0) {
            assert_true(judge());
        } else {
            refused_by(RPL_CHECK_POLICY_DELAY, "NOT_FINAL");
        }
        /* the contract says "at once"; the node does not */
        everywhere(release, entry_of(from - DELAY, NEVER, from - DELAY));
        assert_true(judge() == (early <= 0));
    }
}

static void a_pending_entry_says_when_it_will_count(void **state)
{
    (void)state;
    everywhere(release, entry_of(NOW + 31 * HOUR + 11 * 60 + 1, NEVER, NOW - 16 * HOUR));
    refused_by(RPL_CHECK_POLICY_DELAY, "RELEASE_DELAY");
    assert_non_null(strstr(verdict.findings[0].got, "approved from 2026-11-19 "));
    assert_non_null(strstr(verdict.findings[0].got, " UTC, 32 h 0 min to go"));
    everywhere(release, entry_of(NOW + 31 * HOUR + 11 * 60 + 1, NEVER, NOW - 17 * HOUR));
    refused_by(RPL_CHECK_POLICY_DELAY, "RELEASE_DELAY");
    assert_non_null(strstr(verdict.findings[0].got, " UTC, 31 h 12 min to go"));
}

static void a_genesis_entry_waits_like_any_other(void **state)
{
    (void)state;
    everywhere(release, entry_of(NOW - 47 * HOUR, NEVER, NOW - 47 * HOUR));
    refused_by(RPL_CHECK_POLICY_DELAY, "RELEASE_DELAY");
}

static void a_peer_of_our_own_needs_no_wait(void **state)
{
    (void)state;
    everywhere(release, entry_of(NOW - 2 * HOUR, NEVER, NOW - 2 * HOUR));
    everywhere(any_device, entry_of(NOW - 2 * HOUR, NEVER, NOW - 2 * HOUR));
    peer.is_own = true;
    assert_true(judge());
    everywhere(release, entry_of(NOW + HOUR, NEVER, NOW - 2 * HOUR));
    refused_by(RPL_CHECK_POLICY_DELAY, "RELEASE_DELAY");
    everywhere(release, entry_of(NOW - 2 * HOUR, (uint64_t)(NOW - HOUR), NOW - 2 * HOUR));
    refused_by(RPL_CHECK_POLICY_RELEASE, "RELEASE_REVOKED");
}

static void an_end_is_the_first_second_without(void **state)
{
    (void)state;
    everywhere(release, entry_of(NOW - 52 * HOUR, (uint64_t)(NOW - 12 + 1), NOW - 100 * HOUR));
    assert_true(judge());
    everywhere(release, entry_of(NOW - 52 * HOUR, (uint64_t)(NOW - 12), NOW - 100 * HOUR));
    refused_by(RPL_CHECK_POLICY_RELEASE, "RELEASE_REVOKED");
}

static void what_was_never_proposed_is_refused(void **state)
{
    (void)state;
    everywhere(release, (rpl_contract_entry){0});
    refused_by(RPL_CHECK_POLICY_RELEASE, "RELEASE_NOT_APPROVED");
    assert_non_null(strstr(verdict.findings[0].got, "release 0100"));
    assert_int_equal(rpl_verdict_status(&verdict).code, RPL_DENIED);
}

static void only_the_source_may_have_ended(void **state)
{
    (void)state;
    const rpl_contract_entry ended =
        entry_of(NOW - 52 * HOUR, (uint64_t)(NOW - HOUR), NOW - 100 * HOUR);
    everywhere(release, ended);
    peer.direction = RPL_POLICY_TAKE;
    assert_true(judge());
    /* taken back before it was ever active */
    everywhere(release, entry_of(NOW - 52 * HOUR, (uint64_t)(NOW - 60 * HOUR), NOW - 100 * HOUR));
    refused_by(RPL_CHECK_POLICY_RELEASE, "RELEASE_NOT_APPROVED");
    /* without a pin nothing is taken, and an ended release least of all */
    everywhere(release, ended);
    everywhere(identity, ((rpl_contract_identity){{0}, {0}, 0, 0}));
    assert_false(judge());
    assert_int_equal(verdict.state[RPL_CHECK_POLICY_RELEASE], RPL_FAILED);
    assert_int_equal(verdict.state[RPL_CHECK_POLICY_IDENTITY], RPL_FAILED);
}

static void a_source_may_be_taken_from_and_not_given_to(void **state)
{
    (void)state;
    everywhere(release, (rpl_contract_entry){0});
    everywhere(source, approved());
    refused_by(RPL_CHECK_POLICY_RELEASE, "RELEASE_NOT_APPROVED");
    peer.direction = RPL_POLICY_TAKE;
    assert_true(judge());
    everywhere(source, entry_of(NOW + HOUR, NEVER, NOW - 47 * HOUR));
    refused_by(RPL_CHECK_POLICY_DELAY, "RELEASE_DELAY");
}

static void another_configuration_needs_an_entry(void **state)
{
    (void)state;
    peer.is_config_settled = false;
    refused_by(RPL_CHECK_POLICY_CONFIG, "CONFIG_NOT_APPROVED");
    everywhere(config, entry_of(NOW - HOUR, NEVER, NOW - HOUR));
    refused_by(RPL_CHECK_POLICY_DELAY, "CONFIG_DELAY");
    everywhere(config, approved());
    assert_true(judge());
}

static void a_device_is_listed_or_any_is(void **state)
{
    (void)state;
    everywhere(any_device, (rpl_contract_entry){0});
    refused_by(RPL_CHECK_POLICY_DEVICE, "DEVICE_NOT_APPROVED");
    everywhere(device, approved());
    assert_true(judge());
    everywhere(device, entry_of(NOW - HOUR, NEVER, NOW - HOUR));
    refused_by(RPL_CHECK_POLICY_DELAY, "DEVICE_DELAY");
}

static void the_identity_is_that_of_the_contract(void **state)
{
    (void)state;
    peer.identity[0] = 0x1e;
    refused_by(RPL_CHECK_POLICY_IDENTITY, "IDENTITY_CONTRACT");
    peer.has_pin = true; /* the configuration does not overrule the contract */
    peer.pin[0] = 0x1e;
    refused_by(RPL_CHECK_POLICY_IDENTITY, "IDENTITY_CONTRACT");
}

static void without_a_pin_nothing_passes(void **state)
{
    (void)state;
    everywhere(identity, ((rpl_contract_identity){{0}, {0}, 0, 0}));
    refused_by(RPL_CHECK_POLICY_IDENTITY, "IDENTITY_UNPINNED");
    peer.has_pin = true;
    peer.pin[0] = 0x1d;
    assert_true(judge());
    peer.pin[0] = 0x1e;
    refused_by(RPL_CHECK_POLICY_IDENTITY, "IDENTITY_CONTRACT");
}

static void a_changed_identity_counts_where_it_is_final(void **state)
{
    (void)state;
    const rpl_contract_identity changed = {
        {0x1d}, {0x2e}, (uint64_t)(NOW - HOUR), (uint64_t)(NOW - HOUR - DELAY)};
    everywhere(identity, changed);
    refused_by(RPL_CHECK_POLICY_IDENTITY, "IDENTITY_CONTRACT");
    peer.identity[0] = 0x2e;
    assert_true(judge());
    /* in force since the latest block only: neither identity passes */
    everywhere(identity,
               ((rpl_contract_identity){
                   {0x1d}, {0x2e}, (uint64_t)(NOW - 100), (uint64_t)(NOW - 100 - DELAY)}));
    assert_false(judge());
    peer.identity[0] = 0x1d;
    assert_false(judge());
    /* a contract with another delay: no pin at all, also not the configuration's */
    everywhere(identity, ((rpl_contract_identity){
                             {0x1d}, {0x2e}, (uint64_t)(NOW - HOUR), (uint64_t)(NOW - HOUR)}));
    peer.has_pin = true;
    peer.pin[0] = 0x1d;
    refused_by(RPL_CHECK_POLICY_IDENTITY, "IDENTITY_UNPINNED");
}

static void the_epoch_is_not_below_the_contracts(void **state)
{
    (void)state;
    everywhere(min_epoch, UINT64_C(4));
    refused_by(RPL_CHECK_POLICY_EPOCH, "EPOCH_CONTRACT");
    peer.highest_epoch = 4;
    assert_true(judge());
    facts.reports[2].latest.min_epoch = 5; /* it only rises: the newest word binds */
    refused_by(RPL_CHECK_POLICY_EPOCH, "EPOCH_CONTRACT");
}

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

static void one_dissent_refuses(void **state)
{
    (void)state;
    const rpl_contract_entry revoked =
        entry_of(NOW - 52 * HOUR, (uint64_t)(NOW - 30), NOW - 100 * HOUR);
    facts.reports[2].latest.release = revoked;
    facts.reports[2].latest.block.number = 101; /* it knows of a newer block */
    refused_by(RPL_CHECK_POLICY_RELEASE, "RELEASE_REVOKED");
    /* also when nobody else answers at all */
    facts.reports[0].standing = facts.reports[1].standing = RPL_CHAIN_UNREACHABLE;
    assert_false(judge());
    assert_int_equal(rpl_verdict_status(&verdict).code, RPL_DENIED);
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

static void nothing_is_known_by_default(void **state)
{
    (void)state;
    facts = (rpl_chain_facts){.count = 3};
    refused_by(RPL_CHECK_POLICY_CHAIN, "CHAIN_UNKNOWN");
    rpl_verdict_start(&verdict, 0);
    rpl_chain_require(&verdict);
    assert_false(rpl_verdict_admits(&verdict));
}

/* All combinations of one entry's times, against the two sentences of the rule. */
static void an_entry_counts_exactly_by_the_rule(void **state)
{
    (void)state;
    static const int64_t points[] = {0,           NOW - 100 * HOUR, NOW - DELAY - MARGIN,
                                     NOW - DELAY, NOW - MARGIN,     NOW - 12,
                                     NOW,         NOW + HOUR};
    enum { N = sizeof(points) / sizeof(*points) };
    for (size_t i = 0; i < N * N * N; i++) {
        const rpl_contract_entry e =
            entry_of(points[i % N], (uint64_t)points[i / N % N], points[i / N / N]);
        bool want = true;
        const int64_t ts[] = {NOW - MARGIN, NOW - 12};
        for (size_t v = 0; v < 2; v++) {
            const uint64_t t = (uint64_t)ts[v];
            want &= e.not_before <= t && t < e.not_after && e.proposed_at + DELAY <= t;
        }
        assert_true((rpl_chain_entry_counts(&e, ts[0], &e, ts[1]) == RPL_CHAIN_APPROVED) == want);
        everywhere(release, e);
        assert_true(judge() == want);
    }
}

static void a_view_names_one_identity(void **state)
{
    (void)state;
    uint8_t digest[32] = {0x1d};
    rpl_chain_view v = view_at(100, NOW);
    assert_true(rpl_chain_names_identity(&v, digest));
    digest[31] = 1;
    assert_false(rpl_chain_names_identity(&v, digest));
    memset(digest, 0, sizeof(digest));
    memset(&v.identity, 0, sizeof(v.identity));
    assert_false(rpl_chain_names_identity(&v, digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_approved_peer_is_admitted, start),
        cmocka_unit_test_setup(an_entry_counts_48_hours_after_its_proposal, start),
        cmocka_unit_test_setup(a_pending_entry_says_when_it_will_count, start),
        cmocka_unit_test_setup(a_genesis_entry_waits_like_any_other, start),
        cmocka_unit_test_setup(a_peer_of_our_own_needs_no_wait, start),
        cmocka_unit_test_setup(an_end_is_the_first_second_without, start),
        cmocka_unit_test_setup(what_was_never_proposed_is_refused, start),
        cmocka_unit_test_setup(only_the_source_may_have_ended, start),
        cmocka_unit_test_setup(a_source_may_be_taken_from_and_not_given_to, start),
        cmocka_unit_test_setup(another_configuration_needs_an_entry, start),
        cmocka_unit_test_setup(a_device_is_listed_or_any_is, start),
        cmocka_unit_test_setup(the_identity_is_that_of_the_contract, start),
        cmocka_unit_test_setup(without_a_pin_nothing_passes, start),
        cmocka_unit_test_setup(a_changed_identity_counts_where_it_is_final, start),
        cmocka_unit_test_setup(the_epoch_is_not_below_the_contracts, start),
        cmocka_unit_test_setup(approval_takes_the_quorum, start),
        cmocka_unit_test_setup(one_dissent_refuses, start),
        cmocka_unit_test_setup(a_lone_approval_beside_two_that_agree_otherwise_is_nothing, start),
        cmocka_unit_test_setup(words_that_do_not_count_are_unknown, start),
        cmocka_unit_test_setup(a_stale_dissent_is_unknown_and_not_a_no, start),
        cmocka_unit_test_setup(the_mark_only_rises, start),
        cmocka_unit_test_setup(nothing_is_known_by_default, start),
        cmocka_unit_test_setup(an_entry_counts_exactly_by_the_rule, start),
        cmocka_unit_test_setup(a_view_names_one_identity, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
