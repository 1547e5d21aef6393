#include <sodium.h>

#include "tests/support/world/calls.h"

static const fake_server_options holder_options = {.machine = "first", .seed = 1},
                                 joiner_options = {.machine = "second", .seed = 2};

static void assert_time_refused(const fake_call *call)
{
    const Replicatoor__V1__Error *e = fake_call_error(call, "unavailable");
    assert_string_equal(e->check, "policy.time");
    assert_non_null(strstr(e->message, "time_origins"));
    assert_true(e->retry_after_s > 0);
    assert_false(e->rate_limited);
    assert_false(e->verdict->admitted);
}

static void without_time_nothing_is_given(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    fake_call request, onboard;
    call_request(joiner, &request, NULL);
    const node_picture before = picture_of(holder);
    const unsigned asked = atomic_load(&holder->world->n_collateral);
    atomic_store(&holder->world->no_time, true);
    call_onboard(holder, &onboard, &request);
    assert_time_refused(&onboard);
    assert_unchanged(holder, &before);
    assert_int_equal(atomic_load(&holder->world->n_collateral), asked);
    assert_false(fake_world_reached(holder->world, "onboard.admitted"));
    fake_call_free(&onboard);
    atomic_store(&holder->world->no_time, false);
    call_onboard(holder, &onboard, &request);
    assert_true(onboarded(&onboard)->sealed.len > 0);
    fake_call_free(&request);
    fake_call_free(&onboard);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void without_time_nothing_is_taken_and_nothing_is_used_up(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    fake_call request, onboard, receive;
    call_request(joiner, &request, NULL);
    call_onboard(holder, &onboard, &request);
    const node_picture before = picture_of(joiner);
    atomic_store(&joiner->world->no_time, true);
    call_receive(joiner, &receive, &onboard);
    assert_time_refused(&receive);
    assert_unchanged(joiner, &before);
    fake_call_free(&receive);
    atomic_store(&joiner->world->no_time, false);
    call_receive(joiner, &receive, &onboard);
    assert_string_equal(received(&receive)->result, "installed");
    fake_call_free(&request);
    fake_call_free(&onboard);
    fake_call_free(&receive);
    fake_server_free(holder);
    fake_server_free(joiner);
}

/* The time is lost while the holder waits for its own quote. */
static void time_that_is_lost_on_the_way_stops_the_sealing(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    fake_call request, onboard;
    call_request(joiner, &request, NULL);
    const node_picture before = picture_of(holder);
    const Replicatoor__V1__OnboardRequest input = onboard_input(&request);
    atomic_store(&holder->world->hold_quotes, true);
    fake_call_start(holder, &onboard, "Onboard", &input.base, NULL);
    fake_server_until(holder, &holder->world->quotes_waiting, 1);
    atomic_store(&holder->world->no_time, true);
    atomic_store(&holder->world->hold_quotes, false);
    fake_call_finish(holder, &onboard);
    assert_time_refused(&onboard);
    assert_unchanged(holder, &before);
    fake_call_free(&request);
    fake_call_free(&onboard);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void derived_keys_are_served_without_time(void **state)
{
    (void)state;
    fake_server *s = a_holder(&holder_options);
    fake_call call;
    INPUT(GetKeyRequest, GET_KEY_REQUEST);
    char path[] = "p";
    input.path = path;
    atomic_store(&s->world->no_time, true);
    fake_call_start(s, &call, "GetKey", &input.base, "app");
    fake_call_finish(s, &call);
    const Replicatoor__V1__GetKeyResponse *key =
        fake_call_answer(&call, &replicatoor__v1__get_key_response__descriptor);
    assert_int_equal(key->key.len, 32);
    fake_call_free(&call);
    fake_server_free(s);
}

static const Replicatoor__V1__StatusResponse *status_of(fake_server *s, fake_call *call)
{
    INPUT(StatusRequest, STATUS_REQUEST);
    fake_call_start(s, call, "Status", &input.base, NULL);
    fake_call_finish(s, call);
    return fake_call_answer(call, &replicatoor__v1__status_response__descriptor);
}

static void the_own_quote_is_read_but_not_judged_without_time(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&holder_options, false);
    fake_call call;
    atomic_store(&s->world->no_time, true);
    rpl_services_start(s->services);
    fake_server_settle(s);
    const Replicatoor__V1__StatusResponse *r = status_of(s, &call);
    assert_string_equal(r->phase, "empty");
    assert_string_equal(r->time, "unknown");
    assert_false(r->time_trusted);
    assert_int_equal(r->started_at, 0);
    assert_int_equal(r->measurements->release.len, 32);
    assert_false(r->self_verdict->admitted);
    for (size_t i = 0; i < r->self_verdict->n_checks; i++) {
        const bool is_time = strcmp(r->self_verdict->checks[i]->id, "policy.time") == 0;
        assert_int_equal(r->self_verdict->checks[i]->state,
                         is_time ? REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_FAILED
                                 : REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_NOT_RUN);
    }
    assert_false(s->node->self_known);
    assert_int_equal(atomic_load(&s->world->n_collateral), 0);
    fake_call_free(&call);
    fake_server_free(s);
}

static void the_own_quote_is_judged_as_soon_as_the_time_is_known(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&holder_options, false);
    atomic_store(&s->world->no_time, true);
    rpl_services_start(s->services);
    fake_server_settle(s);
    const unsigned made = atomic_load(&s->world->n_quotes);
    rpl_services_tick(s->services);
    fake_server_settle(s);
    assert_int_equal(atomic_load(&s->world->n_quotes), made);
    atomic_store(&s->world->no_time, false);
    rpl_services_tick(s->services);
    fake_server_settle(s);
    assert_true(s->node->self_known);
    fake_server_free(s);
}

static void the_status_shows_each_origin_by_its_host(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&holder_options, true);
    fake_call call;
    atomic_fetch_add(&s->world->boot_ms, 7001);
    const Replicatoor__V1__StatusResponse *r = status_of(s, &call);
    assert_true(r->time_trusted);
    assert_int_equal(r->started_at, FAKE_NOW_S - atomic_load(&s->world->boot_ms) / 1000);
    assert_int_equal(r->n_time_origins, 2);
    assert_int_equal(r->time_agreeing, 1);
    assert_string_equal(r->time_origins[0]->host, "one.example");
    assert_string_equal(r->time_origins[0]->result, "agrees");
    assert_int_equal(r->time_origins[0]->age, (atomic_load(&s->world->boot_ms) - 1) / 1000);
    assert_int_equal(r->time_origins[0]->date, 7);
    assert_int_equal(r->time_origins[1]->age, -1);
    fake_call_free(&call);
    fake_server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_time_nothing_is_given),
        cmocka_unit_test(without_time_nothing_is_taken_and_nothing_is_used_up),
        cmocka_unit_test(time_that_is_lost_on_the_way_stops_the_sealing),
        cmocka_unit_test(derived_keys_are_served_without_time),
        cmocka_unit_test(the_own_quote_is_read_but_not_judged_without_time),
        cmocka_unit_test(the_own_quote_is_judged_as_soon_as_the_time_is_known),
        cmocka_unit_test(the_status_shows_each_origin_by_its_host),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
