/* The rule over made-up views. */
#include "tests/support/made_up_chain.h"

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
    /* by a contract without delay: ended before its 48 hours were over, it never counted */
    everywhere(release, entry_of(NOW - 52 * HOUR, (uint64_t)(NOW - 4 * HOUR), NOW - 52 * HOUR));
    refused_by(RPL_CHECK_POLICY_RELEASE, "RELEASE_REVOKED");
    everywhere(release, entry_of(NOW - 52 * HOUR, (uint64_t)(NOW - 4 * HOUR + 1), NOW - 52 * HOUR));
    assert_true(judge());
    everywhere(release, entry_of(NOW - 2 * HOUR, (uint64_t)(NOW - HOUR), NOW - 2 * HOUR));
    peer.is_own = true;
    assert_true(judge());
    peer.is_own = false;
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

static void what_is_said_at_a_newer_block_can_refuse(void **state)
{
    assert_true((ahead(), judge()));
    ahead()->release.not_after = (uint64_t)(NOW - 1);
    refused_by(RPL_CHECK_POLICY_RELEASE, "RELEASE_REVOKED");
    ahead()->release = entry_of(NOW + 48 * HOUR, NEVER, NOW - 1); /* revoked and proposed again */
    refused_by(RPL_CHECK_POLICY_DELAY, "RELEASE_DELAY");
    ahead()->any_device = (rpl_contract_entry){0};
    refused_by(RPL_CHECK_POLICY_DEVICE, "DEVICE_NOT_APPROVED");
    ahead()->identity.digest[0] ^= 1;
    refused_by(RPL_CHECK_POLICY_IDENTITY, "IDENTITY_CONTRACT");
    ahead()->min_epoch = 2;
    refused_by(RPL_CHECK_POLICY_EPOCH, "EPOCH_CONTRACT");
    /* also when that provider is the only one that answers */
    start(state);
    ahead()->release = (rpl_contract_entry){0};
    facts.reports[0].standing = facts.reports[1].standing = RPL_CHAIN_UNREACHABLE;
    assert_false(judge());
    assert_int_equal(rpl_verdict_status(&verdict).code, RPL_DENIED);
}

static void what_is_said_at_a_newer_block_approves_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        facts.reports[i].latest.release = (rpl_contract_entry){0};
    for (size_t i = 0; i < 3; i++) {
        facts.reports[i].has_newest = true;
        facts.reports[i].newest = view_at(103, NOW - 1);
    }
    refused_by(RPL_CHECK_POLICY_RELEASE, "RELEASE_NOT_APPROVED");
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
        cmocka_unit_test_setup(one_dissent_refuses, start),
        cmocka_unit_test_setup(what_is_said_at_a_newer_block_can_refuse, start),
        cmocka_unit_test_setup(what_is_said_at_a_newer_block_approves_nothing, start),
        cmocka_unit_test_setup(nothing_is_known_by_default, start),
        cmocka_unit_test_setup(an_entry_counts_exactly_by_the_rule, start),
        cmocka_unit_test_setup(a_view_names_one_identity, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
