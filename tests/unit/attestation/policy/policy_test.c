#include "attestation/policy/policy.h"

#include "attestation/policy/config_preimage.h"
#include "tests/support/check.h"

#define HEAD "replicatoor/v1/config\n"
#define OURS HEAD "CHAIN_ID=1\nCONTRACT=0xaa\nCONTRACT_CODE=bb\nREPLICATOOR_MIN_EPOCH=1\n"

/* Two sides of a handover, both of release 0xa0.., both with the settings OURS. */
typedef struct {
    rpl_policy policy;
    rpl_peer_identity self_id, peer_id;
    rpl_policy_party self, peer;
    rpl_verdict verdict;
} scene;

static void set_config(rpl_policy_party *party, const char *text)
{
    party->config = rpl_bytes_of_text(text);
    rpl_config_digest(party->config, party->config_digest);
}

static void set_release(rpl_peer_identity *id, int byte)
{
    memset(id->release, byte, sizeof(id->release));
}

static void open_scene(scene *s)
{
    *s = (scene){0};
    set_release(&s->self_id, 0xa0);
    set_release(&s->peer_id, 0xa0);
    memset(s->peer_id.device, 0xd1, sizeof(s->peer_id.device));
    s->self.identity = &s->self_id;
    s->peer.identity = &s->peer_id;
    set_config(&s->self, OURS);
    set_config(&s->peer, OURS);
}

static void list(rpl_policy_hashes *hashes, int byte)
{
    memset(hashes->items[hashes->count++].b, byte, 32);
}

static bool admits(scene *s, rpl_policy_direction direction)
{
    rpl_verdict_start(&s->verdict, 0);
    rpl_verdict_require(&s->verdict, RPL_CHECK_POLICY_RELEASE);
    rpl_verdict_require(&s->verdict, RPL_CHECK_POLICY_CONFIG);
    rpl_verdict_require(&s->verdict, RPL_CHECK_POLICY_DEVICE);
    rpl_policy_check(&s->policy, direction, &s->self, &s->peer, &s->verdict);
    return rpl_verdict_admits(&s->verdict);
}

static bool admits_both_ways(scene *s)
{
    const bool gives = admits(s, RPL_POLICY_GIVE), takes = admits(s, RPL_POLICY_TAKE);
    assert_int_equal(gives, takes);
    return gives;
}

static const rpl_finding *finding(const scene *s, rpl_check check)
{
    for (size_t i = 0; i < s->verdict.n_findings; i++) {
        if (s->verdict.findings[i].check == check)
            return &s->verdict.findings[i];
    }
    fail_msg("no finding of %s", "that check");
    return NULL;
}

static void assert_found(const scene *s, rpl_check check, const char *code)
{
    const rpl_finding *f = finding(s, check);
    assert_string_equal(f->code, code);
    assert_true(f->got[0] && f->want[0] && f->fix[0]);
}

static void self_admits_the_same_release_and_settings(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    assert_true(admits_both_ways(&s));
    s.self.config = s.peer.config = (rpl_bytes){0}; /* the digests say enough */
    assert_true(admits_both_ways(&s));
}

static void self_refuses_every_other_release(void **state)
{
    (void)state;
    scene s;
    for (size_t i = 0; i < 32; i++) {
        open_scene(&s);
        s.peer_id.release[i] ^= 1;
        assert_false(admits_both_ways(&s));
        assert_found(&s, RPL_CHECK_POLICY_RELEASE, "RELEASE_NOT_APPROVED");
        assert_int_equal(s.verdict.state[RPL_CHECK_POLICY_CONFIG], RPL_PASSED);
    }
}

static void self_refuses_other_settings(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    set_config(&s.peer, OURS "SECURE_FILE=/x\n");
    assert_false(admits_both_ways(&s));
    assert_found(&s, RPL_CHECK_POLICY_CONFIG, "CONFIG_DIFFERS");
    assert_int_equal(s.verdict.state[RPL_CHECK_POLICY_RELEASE], RPL_PASSED);
}

static void without_a_verified_quote_of_our_own_self_admits_nothing(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    s.self.identity = NULL;
    assert_false(admits_both_ways(&s));
    assert_int_equal(s.verdict.state[RPL_CHECK_POLICY_RELEASE], RPL_NOT_RUN);
    assert_int_equal(s.verdict.state[RPL_CHECK_POLICY_CONFIG], RPL_NOT_RUN);
    list(&s.policy.give_to, 0xa0);
    assert_true(admits(&s, RPL_POLICY_GIVE));
}

/* Nothing that was not established may equal another thing that was not. */
static void unknown_values_never_match(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    set_release(&s.self_id, 0);
    set_release(&s.peer_id, 0);
    list(&s.policy.give_to, 0);
    list(&s.policy.take_from, 0);
    assert_false(admits_both_ways(&s));
    assert_found(&s, RPL_CHECK_POLICY_RELEASE, "RELEASE_UNKNOWN");
    open_scene(&s);
    s.peer.identity = NULL;
    assert_false(admits_both_ways(&s));
    open_scene(&s);
    memset(s.self.config_digest, 0, 32);
    memset(s.peer.config_digest, 0, 32);
    assert_false(admits_both_ways(&s));
    open_scene(&s);
    list(&s.policy.devices, 0);
    memset(s.peer_id.device, 0, 32);
    assert_false(admits_both_ways(&s));
    assert_found(&s, RPL_CHECK_POLICY_DEVICE, "DEVICE_UNKNOWN");
}

static void each_direction_has_its_list(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    set_release(&s.peer_id, 0xb0);
    list(&s.policy.give_to, 0xc0);
    list(&s.policy.give_to, 0xb0);
    assert_true(admits(&s, RPL_POLICY_GIVE));
    assert_false(admits(&s, RPL_POLICY_TAKE));
    assert_non_null(strstr(finding(&s, RPL_CHECK_POLICY_RELEASE)->fix, "in take_from"));
    list(&s.policy.take_from, 0xb0);
    s.policy.give_to.count = 1;
    assert_true(admits(&s, RPL_POLICY_TAKE));
    assert_false(admits(&s, RPL_POLICY_GIVE));
    assert_non_null(strstr(finding(&s, RPL_CHECK_POLICY_RELEASE)->fix, "in give_to"));
}

static void lists_add_to_self(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    list(&s.policy.give_to, 0xb0);
    list(&s.policy.take_from, 0xb0);
    assert_true(admits_both_ways(&s));
}

static void the_refusal_names_the_release_to_approve(void **state)
{
    (void)state;
    scene s;
    char hex[65];
    open_scene(&s);
    set_release(&s.peer_id, 0xb1);
    assert_false(admits(&s, RPL_POLICY_GIVE));
    for (size_t i = 0; i < 64; i += 2)
        memcpy(hex + i, "b1", 3);
    const rpl_finding *f = finding(&s, RPL_CHECK_POLICY_RELEASE);
    assert_non_null(strstr(f->got, hex));
    assert_non_null(strstr(f->fix, hex));
    assert_non_null(strstr(f->fix, "approve release"));
    assert_non_null(strstr(f->want, "a0a0a0a0"));
}

/* A listed release may have other settings, but must be governed by the same contract. */
static void a_listed_release_is_governed_as_we_are(void **state)
{
    (void)state;
    static const struct {
        const char *config, *code;
    } cases[] = {
        {OURS "SECURE_FILE=/x\n", NULL},
        {HEAD "CHAIN_ID=1\nCONTRACT=0xaa\nCONTRACT_CODE=bb\n", NULL},
        {HEAD "CHAIN_ID=1\nCONTRACT=0xab\nCONTRACT_CODE=bb\n", "CONFIG_GOVERNANCE"},
        {HEAD "CHAIN_ID=2\nCONTRACT=0xaa\nCONTRACT_CODE=bb\n", "CONFIG_GOVERNANCE"},
        {HEAD "CHAIN_ID=1\nCONTRACT=0xaa\nCONTRACT_CODE=bc\n", "CONFIG_GOVERNANCE"},
        {HEAD "CHAIN_ID=1\nCONTRACT=0xaa\nCONTRACT_CODE=\n", "CONFIG_GOVERNANCE"},
        {HEAD "CHAIN_ID=1\nCONTRACT=0xaa\n", "CONFIG_GOVERNANCE"},
        {HEAD, "CONFIG_GOVERNANCE"},
        {HEAD "CONTRACT=0xaa\nCHAIN_ID=1\nCONTRACT_CODE=bb\n", "CONFIG_FORMAT"},
        {"replicatoor/v2/config\n", "CONFIG_FORMAT"},
        {"", "CONFIG_MISSING"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        scene s;
        open_scene(&s);
        set_release(&s.peer_id, i % 2 ? 0xb0 : 0xa0);
        list(&s.policy.give_to, i % 2 ? 0xb0 : 0xa0);
        set_config(&s.peer, cases[i].config);
        assert_int_equal(admits(&s, RPL_POLICY_GIVE), cases[i].code == NULL);
        if (cases[i].code)
            assert_found(&s, RPL_CHECK_POLICY_CONFIG, cases[i].code);
    }
}

static void unset_is_the_same_as_not_there(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    set_release(&s.peer_id, 0xb0);
    list(&s.policy.give_to, 0xb0);
    set_config(&s.self, HEAD "CHAIN_ID=\nCONTRACT=\nCONTRACT_CODE=\n");
    set_config(&s.peer, HEAD "SECURE_FILE=/x\n");
    assert_true(admits(&s, RPL_POLICY_GIVE));
    set_config(&s.peer, HEAD "CONTRACT=0xaa\n");
    assert_false(admits(&s, RPL_POLICY_GIVE));
    assert_non_null(strstr(finding(&s, RPL_CHECK_POLICY_CONFIG)->fix, "set CONTRACT of"));
    assert_string_equal(finding(&s, RPL_CHECK_POLICY_CONFIG)->got, "CONTRACT=0xaa");
    assert_string_equal(finding(&s, RPL_CHECK_POLICY_CONFIG)->want, "CONTRACT=");
}

static void a_foreign_setting_is_shown_cut_and_in_ascii(void **state)
{
    (void)state;
    scene s;
    static char text[2000] = HEAD "CONTRACT=\xc3\xa9";
    open_scene(&s);
    set_release(&s.peer_id, 0xb0);
    list(&s.policy.give_to, 0xb0);
    memset(text + strlen(text), 'x', 1000);
    text[strlen(text)] = '\n';
    set_config(&s.peer, text);
    assert_false(admits(&s, RPL_POLICY_GIVE));
    const rpl_finding *f = &s.verdict.findings[0];
    assert_int_equal(strncmp(f->got, "CONTRACT=\?\?xxx", 14), 0);
    assert_true(strlen(f->got) < sizeof(f->got) - 1);
}

static void settings_that_the_quote_does_not_bind_are_refused(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    set_release(&s.peer_id, 0xb0);
    list(&s.policy.give_to, 0xb0);
    s.peer.config_digest[31] ^= 1;
    assert_false(admits(&s, RPL_POLICY_GIVE));
    assert_found(&s, RPL_CHECK_POLICY_CONFIG, "CONFIG_DIGEST");
}

static void only_listed_devices_are_admitted(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    list(&s.policy.devices, 0xd0);
    assert_false(admits_both_ways(&s));
    assert_found(&s, RPL_CHECK_POLICY_DEVICE, "DEVICE_NOT_APPROVED");
    assert_non_null(strstr(finding(&s, RPL_CHECK_POLICY_DEVICE)->fix, "d1d1d1d1"));
    list(&s.policy.devices, 0xd1);
    assert_true(admits_both_ways(&s));
    s.peer_id.device[31] ^= 1;
    assert_false(admits_both_ways(&s));
}

static void every_reason_is_found_at_once(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    set_release(&s.peer_id, 0xb0);
    set_config(&s.peer, HEAD);
    list(&s.policy.devices, 0xd0);
    assert_false(admits_both_ways(&s));
    assert_found(&s, RPL_CHECK_POLICY_RELEASE, "RELEASE_NOT_APPROVED");
    assert_found(&s, RPL_CHECK_POLICY_CONFIG, "CONFIG_GOVERNANCE");
    assert_found(&s, RPL_CHECK_POLICY_DEVICE, "DEVICE_NOT_APPROVED");
    assert_int_equal(s.verdict.n_findings, 5); /* three lines of the settings */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(self_admits_the_same_release_and_settings),
        cmocka_unit_test(self_refuses_every_other_release),
        cmocka_unit_test(self_refuses_other_settings),
        cmocka_unit_test(without_a_verified_quote_of_our_own_self_admits_nothing),
        cmocka_unit_test(unknown_values_never_match),
        cmocka_unit_test(each_direction_has_its_list),
        cmocka_unit_test(lists_add_to_self),
        cmocka_unit_test(the_refusal_names_the_release_to_approve),
        cmocka_unit_test(a_listed_release_is_governed_as_we_are),
        cmocka_unit_test(unset_is_the_same_as_not_there),
        cmocka_unit_test(a_foreign_setting_is_shown_cut_and_in_ascii),
        cmocka_unit_test(settings_that_the_quote_does_not_bind_are_refused),
        cmocka_unit_test(only_listed_devices_are_admitted),
        cmocka_unit_test(every_reason_is_found_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
