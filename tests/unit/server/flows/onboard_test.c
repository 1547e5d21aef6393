#include <sodium.h>

#include "base/hex.h"
#include "tests/support/world/calls.h"

static const fake_server_options holder_options = {.machine = "first", .seed = 1},
                                 joiner_options = {.machine = "second", .seed = 2};

/* A holder, and a joiner that has asked. */
typedef struct {
    fake_server *holder, *joiner;
    fake_call request, onboard;
    node_picture before;
} scene;

static scene a_scene(const fake_server_options *holder, const fake_server_options *joiner)
{
    scene s = {.holder = a_holder(holder), .joiner = fake_server_new(joiner, true)};
    call_request(s.joiner, &s.request, NULL);
    s.before = picture_of(s.holder);
    return s;
}

static void end_scene(scene *s)
{
    fake_call_free(&s->request);
    fake_call_free(&s->onboard);
    fake_server_free(s->holder);
    fake_server_free(s->joiner);
}

/* The holder refused, and is as it was. */
static void assert_refused(scene *s, const char *code, const char *check)
{
    const Replicatoor__V1__Error *e = fake_call_error(&s->onboard, code);
    assert_string_equal(e->check, check);
    if (check[0])
        assert_non_null(e->verdict);
    assert_unchanged(s->holder, &s->before);
    assert_false(fake_world_reached(s->holder->world, "onboard.recorded"));
    assert_false(fake_world_reached(s->holder->world, "onboard.sealed"));
}

static void another_release_is_refused_by_name(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &(fake_server_options){.machine = "other", .seed = 3});
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "denied", "policy.release");
    end_scene(&s);
}

static void another_configuration_is_refused_by_name(void **state)
{
    (void)state;
    scene s = a_scene(
        &holder_options,
        &(fake_server_options){.machine = "second", .seed = 3, .config = "REPLICATOOR_X=1\n"});
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "denied", "policy.config");
    end_scene(&s);
}

static void a_listed_release_is_given_the_state(void **state)
{
    (void)state;
    fake_server *other =
        fake_server_new(&(fake_server_options){.machine = "other", .seed = 3}, true);
    char policy[128], hex[65];
    rpl_hex_encode(rpl_bytes_of(other->node->self.release, 32), hex);
    snprintf(policy, sizeof(policy), "{\"give_to\":[{\"release\":\"%s\"}]}", hex);
    fake_server *holder =
        a_holder(&(fake_server_options){.machine = "first", .seed = 1, .policy = policy});
    fake_call request, onboard, receive;
    call_request(other, &request, NULL);
    call_onboard(holder, &onboard, &request);
    assert_true(onboarded(&onboard)->verdict->admitted);
    call_receive(other, &receive, &onboard);
    assert_string_equal(fake_call_error(&receive, "denied")->check, "policy.release");
    assert_null(other->node->state);
    fake_call_free(&request);
    fake_call_free(&onboard);
    fake_call_free(&receive);
    fake_server_free(holder);
    fake_server_free(other);
}

static void a_tampered_quote_is_refused_before_any_network(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    const unsigned fetched = atomic_load(&s.holder->world->n_collateral);
    Replicatoor__V1__OnboardRequest input = onboard_input(&s.request);
    input.quote.data[300] ^= 1;
    fake_call_start(s.holder, &s.onboard, "Onboard", &input.base, NULL);
    fake_call_finish(s.holder, &s.onboard);
    assert_refused(&s, "untrusted", "quote.signature");
    assert_int_equal(atomic_load(&s.holder->world->n_collateral), fetched);
    end_scene(&s);
}

static void the_quote_of_another_key_is_refused(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    Replicatoor__V1__OnboardRequest input = onboard_input(&s.request);
    input.pubk.data[0] ^= 1;
    fake_call_start(s.holder, &s.onboard, "Onboard", &input.base, NULL);
    fake_call_finish(s.holder, &s.onboard);
    assert_refused(&s, "untrusted", "report_data");
    end_scene(&s);
}

static void what_is_no_request_is_malformed(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    for (int i = 0; i < 5; i++) {
        Replicatoor__V1__OnboardRequest input = onboard_input(&s.request);
        input.pubk.len = i == 0 ? 0 : i == 1 ? 31 : 32;
        if (i == 2)
            input.quote.len = 0;
        if (i == 3)
            input.quote.len--;
        if (i == 4)
            input.quote.len = 100;
        fake_call_free(&s.onboard);
        fake_call_start(s.holder, &s.onboard, "Onboard", &input.base, NULL);
        fake_call_finish(s.holder, &s.onboard);
        assert_refused(&s, "malformed", i == 4 ? "quote.format" : "");
    }
    end_scene(&s);
}

static void without_collateral_nothing_is_given(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    atomic_store(&s.holder->world->no_collateral, true);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "unavailable", "collateral.present");
    end_scene(&s);
}

/* Also where the verifier has kept what these documents say. */
static void collateral_older_than_what_was_seen_is_refused(void **state)
{
    (void)state;
    static const rpl_evaluation_floor newer = {.tcb_evaluation = 1000000};
    scene s = a_scene(&holder_options, &joiner_options);
    s.holder->world->seen = &newer;
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "stale", "tcb.evaluation");
    assert_false(s.holder->world->last_outcome_verified);
    end_scene(&s);
}

static void stale_collateral_is_refused_and_not_called_verified(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    assert_true(s.holder->world->last_outcome_verified);
    atomic_store(&s.holder->world->now_s, FAKE_NOW_S + 40 * 86400);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "stale", "crl.validity");
    assert_false(s.holder->world->last_outcome_verified);
    end_scene(&s);
}

static void a_dry_run_seals_nothing_and_records_nothing(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    const unsigned quotes = atomic_load(&s.holder->world->n_quotes);
    Replicatoor__V1__OnboardRequest input = onboard_input(&s.request);
    input.dry_run = 1;
    fake_call_start(s.holder, &s.onboard, "Onboard", &input.base, NULL);
    fake_call_finish(s.holder, &s.onboard);
    assert_true(onboarded(&s.onboard)->verdict->admitted);
    assert_int_equal(onboarded(&s.onboard)->sealed.len, 0);
    assert_unchanged(s.holder, &s.before);
    assert_int_equal(atomic_load(&s.holder->world->n_quotes), quotes);
    end_scene(&s);
}

static void a_dry_run_does_not_bootstrap_or_use_a_challenge(void **state)
{
    (void)state;
    fake_server *empty = fake_server_new(&holder_options, true),
                *joiner = fake_server_new(&joiner_options, true);
    fake_call request, dry;
    uint8_t challenge[32], other_request[32] = {1};
    fake_world_put(empty->world, "", "x");
    take_challenge(empty, challenge);
    call_request(joiner, &request, challenge);
    Replicatoor__V1__OnboardRequest input = onboard_input(&request);
    input.dry_run = 1;
    fake_call_start(empty, &dry, "Onboard", &input.base, NULL);
    fake_call_finish(empty, &dry);
    assert_true(onboarded(&dry)->verdict->admitted);
    assert_null(empty->node->state);
    assert_int_equal(empty->node->phase, RPL_PHASE_EMPTY);
    assert_ok(rpl_challenge_check(empty->node->challenges, atomic_load(&empty->world->boot_ms),
                                  challenge, other_request));
    fake_call_free(&request);
    fake_call_free(&dry);
    fake_server_free(empty);
    fake_server_free(joiner);
}

static void a_failure_of_the_own_quote_changes_nothing(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    fake_world_put(s.holder->world, "", "changed meanwhile");
    s.before = picture_of(s.holder);
    atomic_store(&s.holder->world->quotes_until_failure, 0);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "unavailable", "");
    end_scene(&s);
}

static void a_bootstrap_that_cannot_quote_leaves_the_node_empty(void **state)
{
    (void)state;
    scene s = {.holder = fake_server_new(&holder_options, true),
               .joiner = fake_server_new(&joiner_options, true)};
    fake_world_put(s.holder->world, "", "x");
    call_request(s.joiner, &s.request, NULL);
    s.before = picture_of(s.holder);
    atomic_store(&s.holder->world->quotes_until_failure, 0);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "unavailable", "");
    assert_null(s.holder->node->state);
    end_scene(&s);
}

static void unreadable_files_stop_it(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    atomic_store(&s.holder->world->unreadable_files, true);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "unavailable", "");
    end_scene(&s);
}

static void a_node_without_state_and_file_has_nothing_to_give(void **state)
{
    (void)state;
    scene s = {.holder = fake_server_new(&holder_options, true),
               .joiner = fake_server_new(&joiner_options, true)};
    call_request(s.joiner, &s.request, NULL);
    s.before = picture_of(s.holder);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "not_ready", "");
    end_scene(&s);
}

static void a_node_that_waits_for_a_state_makes_none(void **state)
{
    (void)state;
    fake_call own;
    scene s = {.holder = fake_server_new(&holder_options, true),
               .joiner = fake_server_new(&joiner_options, true)};
    fake_world_put(s.holder->world, "", "x");
    call_request(s.holder, &own, NULL);
    call_request(s.joiner, &s.request, NULL);
    s.before = picture_of(s.holder);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "not_ready", "");
    assert_null(s.holder->node->state);
    fake_call_free(&own);
    end_scene(&s);
}

static void a_required_challenge_must_be_there(void **state)
{
    (void)state;
    fake_server_options strict = holder_options;
    strict.challenge_required = true;
    scene s = a_scene(&strict, &joiner_options);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "stale", "policy.challenge");
    end_scene(&s);
}

static void a_challenge_that_is_not_ours_is_refused_even_if_optional(void **state)
{
    (void)state;
    uint8_t challenge[32];
    scene s = a_scene(&holder_options, &joiner_options);
    take_challenge(s.joiner, challenge);
    fake_call_free(&s.request);
    call_request(s.joiner, &s.request, challenge);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "stale", "policy.challenge");
    end_scene(&s);
}

static void a_state_over_the_limit_is_not_sealed(void **state)
{
    (void)state;
    fake_server_options small = holder_options;
    small.max_state = 1000;
    scene s = a_scene(&small, &joiner_options);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)fake_call_error(&s.onboard, "too_large");
    assert_int_equal(s.holder->node->phase, RPL_PHASE_HOLDING);
    assert_false(fake_world_reached(s.holder->world, "onboard.sealed"));
    end_scene(&s);
}

static void a_state_below_the_lowest_epoch_is_not_given(void **state)
{
    (void)state;
    fake_server_options high = holder_options;
    high.min_epoch = 2;
    scene s = a_scene(&high, &joiner_options);
    call_onboard(s.holder, &s.onboard, &s.request);
    assert_refused(&s, "denied", "");
    end_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_release_is_refused_by_name),
        cmocka_unit_test(another_configuration_is_refused_by_name),
        cmocka_unit_test(a_listed_release_is_given_the_state),
        cmocka_unit_test(a_tampered_quote_is_refused_before_any_network),
        cmocka_unit_test(the_quote_of_another_key_is_refused),
        cmocka_unit_test(what_is_no_request_is_malformed),
        cmocka_unit_test(without_collateral_nothing_is_given),
        cmocka_unit_test(collateral_older_than_what_was_seen_is_refused),
        cmocka_unit_test(stale_collateral_is_refused_and_not_called_verified),
        cmocka_unit_test(a_dry_run_seals_nothing_and_records_nothing),
        cmocka_unit_test(a_dry_run_does_not_bootstrap_or_use_a_challenge),
        cmocka_unit_test(a_failure_of_the_own_quote_changes_nothing),
        cmocka_unit_test(a_bootstrap_that_cannot_quote_leaves_the_node_empty),
        cmocka_unit_test(unreadable_files_stop_it),
        cmocka_unit_test(a_node_without_state_and_file_has_nothing_to_give),
        cmocka_unit_test(a_node_that_waits_for_a_state_makes_none),
        cmocka_unit_test(a_required_challenge_must_be_there),
        cmocka_unit_test(a_challenge_that_is_not_ours_is_refused_even_if_optional),
        cmocka_unit_test(a_state_over_the_limit_is_not_sealed),
        cmocka_unit_test(a_state_below_the_lowest_epoch_is_not_given),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
