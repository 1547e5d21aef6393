/* Handovers under a contract, over a chain that is made up. */
#include <sodium.h>

#include "tests/support/world/fake_chain.h"

static const fake_server_options
    holder_options = {.machine = "first", .seed = 1, .chain = &fake_pin},
    sister_options = {.machine = "second", .seed = 2, .chain = &fake_pin},
    other_options = {.machine = "other", .seed = 3, .chain = &fake_pin};

typedef struct {
    fake_server *holder, *joiner;
    fake_call request, onboard, receive;
} scene;

/* A holder and a joiner that has asked; both see the same chain. */
static scene a_scene(const fake_server_options *joiner)
{
    scene s = {.holder = a_holder_on_chain(&holder_options), .joiner = a_node_on_chain(joiner)};
    s.joiner->world->chain_facts = s.holder->world->chain_facts;
    call_request(s.joiner, &s.request, NULL);
    return s;
}

static void end_scene(scene *s)
{
    fake_call_free(&s->request);
    fake_call_free(&s->onboard);
    fake_call_free(&s->receive);
    fake_server_free(s->holder);
    fake_server_free(s->joiner);
}

static void refused_by(const fake_call *call, const char *code, const char *check,
                       const char *finding)
{
    const Replicatoor__V1__Error *e = fake_call_error(call, code);
    bool found = false;
    assert_string_equal(e->check, check);
    for (size_t i = 0; i < e->verdict->n_checks; i++)
        found |= strcmp(e->verdict->checks[i]->code, finding) == 0;
    if (!found)
        fail_msg("no finding %s", finding);
}

static void onboard_is_refused(scene *s, const char *code, const char *check, const char *finding)
{
    call_onboard(s->holder, &s->onboard, &s->request);
    refused_by(&s->onboard, code, check, finding);
    assert_false(fake_world_reached(s->holder->world, "onboard.recorded"));
}

static void an_approved_release_is_given_the_state(void **state)
{
    (void)state;
    scene s = a_scene(&other_options);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)onboarded(&s.onboard);
    const rpl_chain_question *asked = &s.holder->world->chain_question;
    assert_memory_equal(asked->release, s.joiner->node->self.release, 32);
    assert_memory_equal(asked->device, s.joiner->node->self.device, 32);
    call_receive(s.joiner, &s.receive, &s.onboard);
    assert_string_equal(received(&s.receive)->result, "installed");
    assert_int_equal(s.joiner->node->phase, RPL_PHASE_HOLDING);
    assert_memory_equal(s.joiner->world->chain_question.release, s.holder->node->self.release, 32);
    end_scene(&s);
}

static void before_48_hours_it_is_refused(void **state)
{
    (void)state;
    scene s = a_scene(&other_options);
    fake_chain_set(s.holder->world, release, fake_entry(47));
    onboard_is_refused(&s, "denied", "policy.delay", "RELEASE_DELAY");
    end_scene(&s);
}

static void a_contract_without_delay_gains_nothing(void **state)
{
    (void)state;
    scene s = a_scene(&other_options);
    rpl_contract_entry at_once = fake_entry(47);
    at_once.not_before = at_once.proposed_at;
    fake_chain_set(s.holder->world, release, at_once);
    onboard_is_refused(&s, "denied", "policy.delay", "RELEASE_DELAY");
    end_scene(&s);
}

static void a_sister_of_one_release_need_not_wait(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    rpl_contract_entry genesis = fake_entry(1);
    genesis.not_before = genesis.proposed_at;
    fake_chain_set(s.holder->world, release, genesis);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)onboarded(&s.onboard);
    end_scene(&s);
}

static void what_was_revoked_is_refused(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    s.holder->world->chain_facts.reports[2].latest.release = fake_revoked(); /* one dissent */
    onboard_is_refused(&s, "denied", "policy.release", "RELEASE_REVOKED");
    end_scene(&s);
}

static void an_unknown_chain_gives_nothing_and_says_try_again(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    s.holder->world->chain_facts.reports[0].standing = RPL_CHAIN_UNREACHABLE;
    s.holder->world->chain_facts.reports[1].standing = RPL_CHAIN_UNREACHABLE;
    onboard_is_refused(&s, "unavailable", "policy.chain", "CHAIN_UNKNOWN");
    end_scene(&s);
}

static void the_chain_is_asked_only_when_all_else_passed(void **state)
{
    (void)state;
    scene s = a_scene(&other_options);
    const unsigned before = atomic_load(&s.holder->world->n_chain);
    atomic_store(&s.holder->world->no_collateral, true);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)fake_call_error(&s.onboard, "unavailable");
    assert_int_equal(atomic_load(&s.holder->world->n_chain), before);
    end_scene(&s);
}

static void an_unlisted_device_is_refused(void **state)
{
    (void)state;
    scene s = a_scene(&other_options);
    fake_chain_set(s.holder->world, any_device, (rpl_contract_entry){0});
    onboard_is_refused(&s, "denied", "policy.device", "DEVICE_NOT_APPROVED");
    end_scene(&s);
}

/* The static policy still counts, as a restriction. */
static void a_list_restricts_what_the_contract_approves(void **state)
{
    (void)state;
    fake_server_options options = holder_options;
    char policy[128] = "{\"give_to\":[{\"release\":\"" /* nobody's */
                       "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}]}";
    options.policy = policy;
    scene s = {.holder = a_holder_on_chain(&options), .joiner = a_node_on_chain(&other_options)};
    call_request(s.joiner, &s.request, NULL);
    onboard_is_refused(&s, "denied", "policy.release", "RELEASE_NOT_APPROVED");
    end_scene(&s);
}

static void another_configuration_of_our_release_needs_an_entry(void **state)
{
    (void)state;
    fake_server_options options = sister_options;
    options.config = "REPLICATOOR_X=1\n";
    scene s = a_scene(&options);
    onboard_is_refused(&s, "denied", "policy.config", "CONFIG_NOT_APPROVED");
    fake_call_free(&s.onboard);
    fake_chain_set(s.holder->world, config, fake_entry(100));
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)onboarded(&s.onboard);
    end_scene(&s);
}

static void a_release_under_another_contract_needs_an_entry(void **state)
{
    (void)state;
    fake_server_options options = other_options;
    options.config = "CHAIN_ID=5\n";
    scene s = a_scene(&options);
    onboard_is_refused(&s, "denied", "policy.config", "CONFIG_NOT_APPROVED");
    end_scene(&s);
}

static void a_state_of_another_identity_than_the_contracts_is_not_given(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    fake_chain_set(
        s.holder->world, identity.digest[0],
        (uint8_t)(s.holder->world->chain_facts.reports[i_].latest.identity.digest[0] ^ 1));
    onboard_is_refused(&s, "denied", "policy.identity", "IDENTITY_CONTRACT");
    end_scene(&s);
}

static void a_joiner_takes_only_the_identity_of_the_contract(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)onboarded(&s.onboard);
    fake_chain_set(
        s.joiner->world, identity.digest[0],
        (uint8_t)(s.joiner->world->chain_facts.reports[i_].latest.identity.digest[0] ^ 1));
    call_receive(s.joiner, &s.receive, &s.onboard);
    refused_by(&s.receive, "denied", "policy.identity", "IDENTITY_CONTRACT");
    assert_null(s.joiner->node->state);
    end_scene(&s);
}

static void a_joiner_without_a_pin_takes_nothing(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    call_onboard(s.holder, &s.onboard, &s.request);
    fake_chain_set(s.joiner->world, identity, (rpl_contract_identity){.next_from = 0});
    call_receive(s.joiner, &s.receive, &s.onboard);
    refused_by(&s.receive, "denied", "policy.identity", "IDENTITY_UNPINNED");
    assert_null(s.joiner->node->state);
    end_scene(&s);
}

static void a_joiner_takes_from_a_revoked_holder_and_not_from_a_stranger(void **state)
{
    (void)state;
    scene s = a_scene(&other_options);
    call_onboard(s.holder, &s.onboard, &s.request);
    fake_chain_set(s.joiner->world, release, (rpl_contract_entry){0});
    call_receive(s.joiner, &s.receive, &s.onboard);
    refused_by(&s.receive, "denied", "policy.release", "RELEASE_NOT_APPROVED");
    fake_call_free(&s.receive);
    fake_chain_set(s.joiner->world, release, fake_revoked());
    call_receive(s.joiner, &s.receive, &s.onboard);
    assert_string_equal(received(&s.receive)->result, "installed");
    end_scene(&s);
}

static void a_slow_quote_means_asking_again(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    const unsigned before = atomic_load(&s.holder->world->n_chain);
    const Replicatoor__V1__OnboardRequest input = onboard_input(&s.request);
    atomic_store(&s.holder->world->hold_quotes, true);
    fake_call_start(s.holder, &s.onboard, "Onboard", &input.base, NULL);
    fake_server_until(s.holder, &s.holder->world->quotes_waiting, 1);
    assert_int_equal(atomic_load(&s.holder->world->n_chain), before + 1);
    atomic_fetch_add(&s.holder->world->boot_ms, 30001);
    fake_chain_set(s.holder->world, release, fake_revoked());
    atomic_store(&s.holder->world->hold_quotes, false);
    fake_call_finish(s.holder, &s.onboard);
    assert_int_equal(atomic_load(&s.holder->world->n_chain), before + 2);
    refused_by(&s.onboard, "denied", "policy.release", "RELEASE_REVOKED");
    assert_false(fake_world_reached(s.holder->world, "onboard.recorded"));
    end_scene(&s);
}

static void a_quick_quote_does_not(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    const unsigned before = atomic_load(&s.holder->world->n_chain);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)onboarded(&s.onboard);
    assert_int_equal(atomic_load(&s.holder->world->n_chain), before + 1);
    end_scene(&s);
}

/* The answer's age counts from before it was asked for. */
static void a_chain_that_is_too_slow_gives_nothing(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    atomic_store(&s.holder->world->chain_takes_ms, 30001);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)fake_call_error(&s.onboard, "unavailable");
    assert_false(fake_world_reached(s.holder->world, "onboard.recorded"));
    end_scene(&s);
}

/* The host may let the VM stand still between the last question and the release of the message. */
static void what_is_sealed_too_late_is_not_given(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    atomic_store(&s.holder->world->seal_takes_ms, 30001);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)fake_call_error(&s.onboard, "unavailable");
    assert_true(fake_world_reached(s.holder->world, "onboard.recorded"));
    assert_false(fake_world_reached(s.holder->world, "onboard.sealed"));
    fake_call_free(&s.onboard);
    atomic_store(&s.holder->world->seal_takes_ms, 30000);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)onboarded(&s.onboard);
    end_scene(&s);
}

/* One of two is behind or lies; the other is asked at its own newest block, too. */
static void a_revocation_that_one_has_heard_of_refuses(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    rpl_chain_report *r = &s.holder->world->chain_facts.reports[1];
    r->has_newest = true;
    r->newest = r->latest;
    r->newest.block.number++;
    r->newest.release = fake_revoked();
    onboard_is_refused(&s, "denied", "policy.release", "RELEASE_REVOKED");
    end_scene(&s);
}

static void what_a_quorum_confirmed_is_remembered(void **state)
{
    (void)state;
    scene s = a_scene(&sister_options);
    assert_true(s.holder->node->mark.block.number == FAKE_FINALIZED);
    assert_true(s.holder->world->chain_confirmed.number == FAKE_FINALIZED);
    fake_chain_set(s.holder->world, block.number, (uint64_t)(i_ + 500));
    onboard_is_refused(&s, "unavailable", "policy.chain", "CHAIN_UNKNOWN");
    assert_true(s.holder->node->mark.block.number == FAKE_FINALIZED);
    end_scene(&s);
}

/* --- bootstrap --- */

static void bootstrap_code(fake_server *s, const char *code)
{
    fake_call call;
    call_bootstrap(s, &call);
    (void)fake_call_error(&call, code);
    fake_call_free(&call);
    assert_null(s->node->state);
}

static void a_bootstrapped_node_waits_for_its_pin(void **state)
{
    (void)state;
    fake_call call;
    fake_server *s = a_node_on_chain(&holder_options), *joiner = a_node_on_chain(&sister_options);
    fake_call request;
    call_request(joiner, &request, NULL);
    call_bootstrap(s, &call);
    const Replicatoor__V1__BootstrapResponse *r =
        fake_call_answer(&call, &replicatoor__v1__bootstrap_response__descriptor);
    assert_string_equal(r->phase, "awaiting_pin");
    fake_call_free(&call);
    call_onboard(s, &call, &request);
    (void)fake_call_error(&call, "not_ready");
    fake_call_free(&call);
    /* another one is named: it waits for ever */
    fake_chain_set(s->world, identity.digest[0], 1);
    fake_chain_tick(s);
    assert_int_equal(s->node->phase, RPL_PHASE_AWAITING_PIN);
    /* at the latest block only */
    const rpl_identity_pub *pub = rpl_identity_public(rpl_state_identity(s->node->state));
    for (size_t i = 0; i < 3; i++)
        rpl_identity_digest(pub, s->world->chain_facts.reports[i].latest.identity.digest);
    fake_chain_tick(s);
    assert_int_equal(s->node->phase, RPL_PHASE_AWAITING_PIN);
    fake_chain_name(s->world, pub);
    /* one whose word counts names another one, at the agreed block or at a newer one */
    rpl_chain_report *dissent = &s->world->chain_facts.reports[2];
    dissent->latest.identity.digest[0] ^= 1;
    fake_chain_tick(s);
    assert_int_equal(s->node->phase, RPL_PHASE_AWAITING_PIN);
    dissent->has_newest = true;
    dissent->newest = dissent->latest;
    dissent->newest.block.number++;
    dissent->latest.identity.digest[0] ^= 1;
    fake_chain_tick(s);
    assert_int_equal(s->node->phase, RPL_PHASE_AWAITING_PIN);
    dissent->has_newest = false;
    fake_chain_tick(s);
    assert_int_equal(s->node->phase, RPL_PHASE_HOLDING);
    fake_call_free(&request);
    fake_server_free(s);
    fake_server_free(joiner);
}

static void a_bootstrap_beside_a_named_identity_is_a_conflict(void **state)
{
    (void)state;
    fake_server *s = a_node_on_chain(&holder_options);
    s->world->chain_facts.reports[1].latest.identity.digest[0] = 1;
    bootstrap_code(s, "conflict");
    s->world->chain_facts = fake_facts();
    s->world->chain_facts.reports[1].has_newest = true;
    s->world->chain_facts.reports[1].newest = fake_view(FAKE_LATEST + 1, FAKE_NOW_S);
    s->world->chain_facts.reports[1].newest.identity.next[0] = 1;
    bootstrap_code(s, "conflict");
    s->world->chain_facts = (rpl_chain_facts){.count = 3};
    bootstrap_code(s, "unavailable");
    fake_server_free(s);
}

static void onboard_makes_no_state_from_files_under_a_contract(void **state)
{
    (void)state;
    fake_server *s = a_node_on_chain(&holder_options), *joiner = a_node_on_chain(&sister_options);
    fake_call request, onboard;
    fake_world_put(s->world, "", "the secret");
    call_request(joiner, &request, NULL);
    call_onboard(s, &onboard, &request);
    (void)fake_call_error(&onboard, "not_ready");
    assert_null(s->node->state);
    fake_call_free(&request);
    fake_call_free(&onboard);
    fake_server_free(s);
    fake_server_free(joiner);
}

/* --- /configure --- */

static void keys_come_into_force_only_when_all_is_well(void **state)
{
    (void)state;
    fake_server *s = a_node_on_chain(&holder_options);
    fake_call call;
    call_configure(s, &call, "ETH_RPC_URL=https://a.example/first,https://c.example/v2/third\n");
    (void)fake_call_answer(&call, &replicatoor__v1__configure_response__descriptor);
    fake_call_free(&call);
    assert_string_equal(s->world->chain_keys.text[0], "first");
    assert_string_equal(s->world->chain_keys.text[1], "");
    assert_string_equal(s->world->chain_keys.text[2], "third");
    static const char *const refused[] = {
        "ETH_RPC_URL=https://a.example/hunter2,https://evil.example/hunter2\n",
        "ETH_RPC_URL=https://a.example/hunter2/more\n",
        "ETH_RPC_URL=https://a.example/hunter2\nPATH=/x\n",
        "ETH_RPC_URL=\n",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        call_configure(s, &call, refused[i]);
        assert_ptr_equal(call.message->descriptor, &replicatoor__v1__error__descriptor);
        const Replicatoor__V1__Error *e = (const void *)call.message;
        assert_null(strstr(e->message, "hunter2"));
        assert_null(strstr(e->message, "evil"));
        fake_call_free(&call);
        assert_string_equal(s->world->chain_keys.text[0], "first");
    }
    atomic_store(&s->world->unwritable_files, true);
    call_configure(s, &call, "ETH_RPC_URL=https://a.example/second\n");
    (void)fake_call_error(&call, "unavailable");
    fake_call_free(&call);
    assert_string_equal(s->world->chain_keys.text[0], "first");
    fake_server_free(s);
}

static void without_a_contract_the_url_is_the_apps_own(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&(fake_server_options){.machine = "first", .seed = 1}, true);
    fake_call call;
    call_configure(s, &call, "ETH_RPC_URL=http://anything\n");
    (void)fake_call_answer(&call, &replicatoor__v1__configure_response__descriptor);
    fake_call_free(&call);
    fake_chain_tick(s);
    assert_int_equal(atomic_load(&s->world->n_chain), 0);
    fake_server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_approved_release_is_given_the_state),
        cmocka_unit_test(before_48_hours_it_is_refused),
        cmocka_unit_test(a_contract_without_delay_gains_nothing),
        cmocka_unit_test(a_sister_of_one_release_need_not_wait),
        cmocka_unit_test(what_was_revoked_is_refused),
        cmocka_unit_test(an_unknown_chain_gives_nothing_and_says_try_again),
        cmocka_unit_test(the_chain_is_asked_only_when_all_else_passed),
        cmocka_unit_test(an_unlisted_device_is_refused),
        cmocka_unit_test(a_list_restricts_what_the_contract_approves),
        cmocka_unit_test(another_configuration_of_our_release_needs_an_entry),
        cmocka_unit_test(a_release_under_another_contract_needs_an_entry),
        cmocka_unit_test(a_state_of_another_identity_than_the_contracts_is_not_given),
        cmocka_unit_test(a_joiner_takes_only_the_identity_of_the_contract),
        cmocka_unit_test(a_joiner_without_a_pin_takes_nothing),
        cmocka_unit_test(a_joiner_takes_from_a_revoked_holder_and_not_from_a_stranger),
        cmocka_unit_test(a_slow_quote_means_asking_again),
        cmocka_unit_test(a_quick_quote_does_not),
        cmocka_unit_test(a_chain_that_is_too_slow_gives_nothing),
        cmocka_unit_test(what_is_sealed_too_late_is_not_given),
        cmocka_unit_test(a_revocation_that_one_has_heard_of_refuses),
        cmocka_unit_test(what_a_quorum_confirmed_is_remembered),
        cmocka_unit_test(a_bootstrapped_node_waits_for_its_pin),
        cmocka_unit_test(a_bootstrap_beside_a_named_identity_is_a_conflict),
        cmocka_unit_test(onboard_makes_no_state_from_files_under_a_contract),
        cmocka_unit_test(keys_come_into_force_only_when_all_is_well),
        cmocka_unit_test(without_a_contract_the_url_is_the_apps_own),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
