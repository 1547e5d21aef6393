/* The policy beside a contract: it only restricts, and says when a configuration is settled. */
#include "attestation/policy/config_preimage.h"
#include "attestation/policy/policy.h"
#include "tests/support/check.h"

#define HEAD   "replicatoor/v1/config\n"
#define MORE   "REPLICATOOR_MIN_EPOCH=1\n"
#define ONE    HEAD "CHAIN_ID=1\nCONTRACT=0xaa\nCONTRACT_CODE=bb\n"
#define SECOND HEAD "CHAIN_ID=1\nCONTRACT=0xaa\nCONTRACT_CODE=cc\n"

typedef struct {
    rpl_policy policy;
    rpl_peer_identity self_id, peer_id;
    rpl_policy_party self, peer;
    rpl_verdict verdict;
    bool settled;
} scene;

static void set_config(rpl_policy_party *party, const char *text)
{
    party->config = rpl_bytes_of_text(text);
    rpl_config_digest(party->config, party->config_digest);
}

/* One release, one configuration. */
static void open_scene(scene *s)
{
    *s = (scene){0};
    memset(s->self_id.release, 0xa0, 32);
    memset(s->peer_id.release, 0xa0, 32);
    s->self.identity = &s->self_id;
    s->peer.identity = &s->peer_id;
    set_config(&s->self, ONE MORE);
    set_config(&s->peer, ONE MORE);
}

static bool allows(scene *s, rpl_policy_direction direction)
{
    rpl_verdict_start(&s->verdict, 0);
    rpl_verdict_require(&s->verdict, RPL_CHECK_POLICY_RELEASE);
    rpl_verdict_require(&s->verdict, RPL_CHECK_POLICY_DEVICE);
    s->settled = false;
    rpl_policy_restrict(&s->policy, direction, &s->self, &s->peer, &s->verdict, &s->settled);
    assert_int_equal(s->settled, s->verdict.state[RPL_CHECK_POLICY_CONFIG] == RPL_PASSED);
    assert_true(s->verdict.state[RPL_CHECK_POLICY_CONFIG] != RPL_FAILED);
    return rpl_verdict_admits(&s->verdict);
}

static void ones_own_is_allowed_and_settled(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    assert_true(rpl_policy_is_own(&s.self, &s.peer));
    assert_true(allows(&s, RPL_POLICY_GIVE) && s.settled);
}

static void own_is_both_release_and_configuration(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    s.peer_id.release[31] ^= 1;
    assert_false(rpl_policy_is_own(&s.self, &s.peer));
    open_scene(&s);
    set_config(&s.peer, ONE);
    assert_false(rpl_policy_is_own(&s.self, &s.peer));
    open_scene(&s);
    s.peer.identity = NULL;
    assert_false(rpl_policy_is_own(&s.self, &s.peer));
}

static void without_a_list_the_contract_decides_on_releases(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    s.peer_id.release[0] ^= 1;
    assert_true(allows(&s, RPL_POLICY_GIVE));
    memset(s.peer_id.release, 0, 32); /* not established */
    assert_false(allows(&s, RPL_POLICY_GIVE));
}

static void a_list_restricts_its_direction(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    memset(s.policy.give_to.items[s.policy.give_to.count++].b, 0xb0, 32);
    assert_true(allows(&s, RPL_POLICY_GIVE)); /* one's own is always listed */
    memset(s.peer_id.release, 0xc0, 32);
    assert_false(allows(&s, RPL_POLICY_GIVE));
    assert_true(allows(&s, RPL_POLICY_TAKE));
    memset(s.peer_id.release, 0xb0, 32);
    assert_true(allows(&s, RPL_POLICY_GIVE));
}

static bool is_settled(const char *ours, const char *theirs, bool same_release)
{
    scene s;
    open_scene(&s);
    set_config(&s.self, ours);
    set_config(&s.peer, theirs);
    s.peer_id.release[0] ^= !same_release;
    (void)allows(&s, RPL_POLICY_GIVE);
    return s.settled;
}

static void another_release_has_to_name_our_contract(void **state)
{
    (void)state;
    assert_true(is_settled(ONE MORE, ONE, false));
    assert_false(is_settled(ONE MORE, SECOND, false));
    assert_false(is_settled(ONE MORE, HEAD MORE, false));
    assert_false(is_settled(ONE MORE, "no configuration", false));
    assert_false(is_settled("no configuration", ONE, false));
}

static void our_own_release_has_to_have_our_own_settings(void **state)
{
    (void)state;
    assert_false(is_settled(ONE MORE, ONE, true));
}

static void a_preimage_of_another_digest_settles_nothing(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    s.peer_id.release[0] ^= 1;
    set_config(&s.peer, ONE);
    s.peer.config_digest[31] ^= 1;
    (void)allows(&s, RPL_POLICY_GIVE);
    assert_false(s.settled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ones_own_is_allowed_and_settled),
        cmocka_unit_test(own_is_both_release_and_configuration),
        cmocka_unit_test(without_a_list_the_contract_decides_on_releases),
        cmocka_unit_test(a_list_restricts_its_direction),
        cmocka_unit_test(another_release_has_to_name_our_contract),
        cmocka_unit_test(our_own_release_has_to_have_our_own_settings),
        cmocka_unit_test(a_preimage_of_another_digest_settles_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
