#include <sodium.h>

#include "tests/support/world/calls.h"

static const fake_server_options holder_options = {.machine = "first", .seed = 1},
                                 joiner_options = {.machine = "second", .seed = 2};

/* A message on its way from a holder to a joiner that asked for it. */
typedef struct {
    fake_server *holder, *joiner;
    fake_call request, onboard, receive;
    node_picture before;
} scene;

static scene a_scene(const fake_server_options *holder, const fake_server_options *joiner)
{
    scene s = {.holder = a_holder(holder), .joiner = fake_server_new(joiner, true)};
    call_request(s.joiner, &s.request, NULL);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)onboarded(&s.onboard);
    fake_world_put(s.joiner->world, "", "local");
    s.before = picture_of(s.joiner);
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

/* The joiner refused, is as it was, and the message can still be accepted. */
static void assert_refused(scene *s, const char *code, const char *check)
{
    const Replicatoor__V1__Error *e = fake_call_error(&s->receive, code);
    assert_string_equal(e->check, check);
    assert_unchanged(s->joiner, &s->before);
    assert_true(fake_world_has(s->joiner->world, "", "local"));
}

static void assert_still_accepted(scene *s)
{
    fake_call_free(&s->receive);
    call_receive(s->joiner, &s->receive, &s->onboard);
    assert_string_equal(received(&s->receive)->result, "installed");
}

static void garbage_consumes_nothing(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    const ProtobufCBinaryData sealed = onboarded(&s.onboard)->sealed;
    static uint8_t zeros[4096];
    const ProtobufCBinaryData garbage[] = {
        {0}, pb("x", 1), pb(zeros, sizeof(zeros)), pb(sealed.data, 100)};
    for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
        fake_call_free(&s.receive);
        call_receive_bytes(s.joiner, &s.receive, garbage[i]);
        assert_refused(&s, "malformed", "");
    }
    assert_still_accepted(&s);
    end_scene(&s);
}

static void a_message_cut_or_bent_anywhere_is_refused(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    const ProtobufCBinaryData sealed = onboarded(&s.onboard)->sealed;
    for (size_t at = 0; at < sealed.len; at += at < 200 ? 13 : 397) {
        sealed.data[at] ^= 0x10;
        fake_call_free(&s.receive);
        call_receive_bytes(s.joiner, &s.receive, sealed);
        sealed.data[at] ^= 0x10;
        assert_ptr_equal(s.receive.message->descriptor, &replicatoor__v1__error__descriptor);
        assert_unchanged(s.joiner, &s.before);
        fake_call_free(&s.receive);
        call_receive_bytes(s.joiner, &s.receive, pb(sealed.data, at));
        assert_ptr_equal(s.receive.message->descriptor, &replicatoor__v1__error__descriptor);
        assert_unchanged(s.joiner, &s.before);
    }
    assert_still_accepted(&s);
    end_scene(&s);
}

static void a_message_for_another_node_names_the_request(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    fake_server *third =
        fake_server_new(&(fake_server_options){.machine = "second", .seed = 9}, true);
    fake_call request, receive;
    call_request(third, &request, NULL);
    const node_picture before = picture_of(third);
    call_receive(third, &receive, &s.onboard);
    assert_string_equal(fake_call_error(&receive, "not_ready")->check, "handover.request");
    assert_unchanged(third, &before);
    fake_call_free(&request);
    fake_call_free(&receive);
    fake_server_free(third);
    end_scene(&s);
}

static void a_node_that_did_not_ask_receives_nothing(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    fake_server *third =
        fake_server_new(&(fake_server_options){.machine = "second", .seed = 9}, true);
    fake_call receive;
    call_receive(third, &receive, &s.onboard);
    (void)fake_call_error(&receive, "not_ready");
    assert_null(third->node->state);
    fake_call_free(&receive);
    fake_server_free(third);
    end_scene(&s);
}

static void an_expired_request_receives_nothing(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    atomic_fetch_add(&s.joiner->world->boot_ms, RPL_REQUEST_LIFE_S * 1000);
    call_receive(s.joiner, &s.receive, &s.onboard);
    assert_string_equal(fake_call_error(&s.receive, "not_ready")->check, "handover.request");
    assert_int_equal(s.joiner->node->phase, RPL_PHASE_EMPTY);
    assert_null(s.joiner->node->state);
    assert_true(fake_world_has(s.joiner->world, "", "local"));
    end_scene(&s);
}

static void the_state_of_another_identity_is_a_conflict(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    fake_server *holder_b = a_holder(&(fake_server_options){.machine = "second", .seed = 9});
    fake_call request, onboard, receive;
    const node_picture empty = picture_of(holder_b);
    call_request(holder_b, &request, NULL);
    call_onboard(s.holder, &onboard, &request);
    call_receive(holder_b, &receive, &onboard);
    assert_string_equal(fake_call_error(&receive, "conflict")->check, "policy.identity");
    node_picture after = picture_of(holder_b);
    assert_int_equal(after.requests, 1);
    after.requests = empty.requests;
    assert_memory_equal(&after, &empty, sizeof(after));
    assert_true(fake_world_has(holder_b->world, "", "the secret"));
    fake_call_free(&request);
    fake_call_free(&onboard);
    fake_call_free(&receive);
    fake_server_free(holder_b);
    end_scene(&s);
}

static void a_pin_admits_its_identity_alone(void **state)
{
    (void)state;
    uint8_t pin[32] = {1};
    fake_server_options pinned = joiner_options;
    pinned.pin = pin;
    scene wrong = a_scene(&holder_options, &pinned);
    call_receive(wrong.joiner, &wrong.receive, &wrong.onboard);
    assert_refused(&wrong, "denied", "policy.identity");
    rpl_identity_digest(rpl_identity_public(rpl_state_identity(wrong.holder->node->state)), pin);
    end_scene(&wrong);
    scene right = a_scene(&holder_options, &pinned);
    assert_still_accepted(&right);
    end_scene(&right);
}

static void a_state_below_the_lowest_epoch_is_not_taken(void **state)
{
    (void)state;
    fake_server_options high = joiner_options;
    high.min_epoch = 2;
    scene s = a_scene(&holder_options, &high);
    call_receive(s.joiner, &s.receive, &s.onboard);
    assert_refused(&s, "denied", "policy.epoch");
    end_scene(&s);
}

static void without_collateral_nothing_is_taken(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    atomic_store(&s.joiner->world->no_collateral, true);
    call_receive(s.joiner, &s.receive, &s.onboard);
    assert_refused(&s, "unavailable", "collateral.present");
    atomic_store(&s.joiner->world->no_collateral, false);
    assert_still_accepted(&s);
    end_scene(&s);
}

static void a_disk_that_cannot_be_written_leaves_the_request(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    atomic_store(&s.joiner->world->unwritable_files, true);
    call_receive(s.joiner, &s.receive, &s.onboard);
    assert_refused(&s, "unavailable", "");
    atomic_store(&s.joiner->world->unwritable_files, false);
    assert_still_accepted(&s);
    end_scene(&s);
}

static void a_disk_that_cannot_be_read_leaves_the_request(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    atomic_store(&s.joiner->world->unreadable_files, true);
    call_receive(s.joiner, &s.receive, &s.onboard);
    assert_refused(&s, "unavailable", "");
    atomic_store(&s.joiner->world->unreadable_files, false);
    assert_still_accepted(&s);
    end_scene(&s);
}

static void a_state_over_our_limit_is_refused(void **state)
{
    (void)state;
    fake_server_options small = joiner_options;
    small.max_state = 1000;
    scene s = a_scene(&holder_options, &small);
    call_receive(s.joiner, &s.receive, &s.onboard);
    assert_refused(&s, "too_large", "");
    end_scene(&s);
}

static bool was_installed(const fake_call *call)
{
    return call->message->descriptor == &replicatoor__v1__receive_key_response__descriptor &&
           strcmp(received(call)->result, "installed") == 0;
}

/* Both are started before the loop turns: whichever comes first, the other does not install. */
static void two_receives_at_once_install_once(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    fake_call second;
    Replicatoor__V1__ReceiveKeyRequest input = REPLICATOOR__V1__RECEIVE_KEY_REQUEST__INIT;
    input.sealed = onboarded(&s.onboard)->sealed;
    fake_call_start(s.joiner, &s.receive, "ReceiveKey", &input.base, NULL);
    fake_call_start(s.joiner, &second, "ReceiveKey", &input.base, NULL);
    fake_call_finish(s.joiner, &s.receive);
    fake_call_finish(s.joiner, &second);
    const bool first_won = was_installed(&s.receive);
    const fake_call *other = first_won ? &second : &s.receive;
    assert_true(first_won || was_installed(&second));
    if (other->message->descriptor == &replicatoor__v1__error__descriptor)
        (void)fake_call_error(other, "unavailable");
    else
        assert_string_equal(received(other)->result, "unchanged");
    assert_int_equal(atomic_load(&s.joiner->world->n_writes), 1);
    fake_call_free(&second);
    end_scene(&s);
}

/* The files are on their way to disk: until the state follows them, no other is made. */
static void no_bootstrap_slips_between_files_and_state(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    fake_call bootstrap;
    Replicatoor__V1__ReceiveKeyRequest input = REPLICATOOR__V1__RECEIVE_KEY_REQUEST__INIT;
    Replicatoor__V1__BootstrapRequest nothing = REPLICATOOR__V1__BOOTSTRAP_REQUEST__INIT;
    input.sealed = onboarded(&s.onboard)->sealed;
    atomic_store(&s.joiner->world->hold_writes, true);
    fake_call_start(s.joiner, &s.receive, "ReceiveKey", &input.base, NULL);
    fake_server_until(s.joiner, &s.joiner->world->writes_waiting, 1);
    fake_call_start(s.joiner, &bootstrap, "Bootstrap", &nothing.base, NULL);
    while (!bootstrap.answers)
        rpl_loop_once(s.joiner->loop, 1000);
    (void)fake_call_error(&bootstrap, "unavailable");
    atomic_store(&s.joiner->world->hold_writes, false);
    fake_call_finish(s.joiner, &s.receive);
    assert_string_equal(received(&s.receive)->result, "installed");
    fake_call_free(&bootstrap);
    end_scene(&s);
}

static void an_installation_under_way_outlives_its_request(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    Replicatoor__V1__ReceiveKeyRequest input = REPLICATOOR__V1__RECEIVE_KEY_REQUEST__INIT;
    input.sealed = onboarded(&s.onboard)->sealed;
    atomic_store(&s.joiner->world->hold_writes, true);
    fake_call_start(s.joiner, &s.receive, "ReceiveKey", &input.base, NULL);
    fake_server_until(s.joiner, &s.joiner->world->writes_waiting, 1);
    atomic_fetch_add(&s.joiner->world->boot_ms, RPL_REQUEST_LIFE_S * 1000);
    rpl_services_tick(s.joiner->services);
    atomic_store(&s.joiner->world->hold_writes, false);
    fake_call_finish(s.joiner, &s.receive);
    assert_string_equal(received(&s.receive)->result, "installed");
    assert_int_equal(s.joiner->node->phase, RPL_PHASE_HOLDING);
    end_scene(&s);
}

static void a_request_that_expires_under_verification_receives_nothing(void **state)
{
    (void)state;
    scene s = a_scene(&holder_options, &joiner_options);
    Replicatoor__V1__ReceiveKeyRequest input = REPLICATOOR__V1__RECEIVE_KEY_REQUEST__INIT;
    input.sealed = onboarded(&s.onboard)->sealed;
    fake_call_start(s.joiner, &s.receive, "ReceiveKey", &input.base, NULL);
    atomic_fetch_add(&s.joiner->world->boot_ms, RPL_REQUEST_LIFE_S * 1000);
    rpl_node_expire(s.joiner->node);
    fake_call_finish(s.joiner, &s.receive);
    (void)fake_call_error(&s.receive, "not_ready");
    assert_int_equal(s.joiner->node->phase, RPL_PHASE_EMPTY);
    assert_true(fake_world_has(s.joiner->world, "", "local"));
    end_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_consumes_nothing),
        cmocka_unit_test(a_message_cut_or_bent_anywhere_is_refused),
        cmocka_unit_test(a_message_for_another_node_names_the_request),
        cmocka_unit_test(a_node_that_did_not_ask_receives_nothing),
        cmocka_unit_test(an_expired_request_receives_nothing),
        cmocka_unit_test(the_state_of_another_identity_is_a_conflict),
        cmocka_unit_test(a_pin_admits_its_identity_alone),
        cmocka_unit_test(a_state_below_the_lowest_epoch_is_not_taken),
        cmocka_unit_test(without_collateral_nothing_is_taken),
        cmocka_unit_test(a_disk_that_cannot_be_written_leaves_the_request),
        cmocka_unit_test(a_disk_that_cannot_be_read_leaves_the_request),
        cmocka_unit_test(a_state_over_our_limit_is_refused),
        cmocka_unit_test(two_receives_at_once_install_once),
        cmocka_unit_test(no_bootstrap_slips_between_files_and_state),
        cmocka_unit_test(an_installation_under_way_outlives_its_request),
        cmocka_unit_test(a_request_that_expires_under_verification_receives_nothing),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
