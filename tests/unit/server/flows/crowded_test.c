/* Several calls at once, few workers, callers over their rate: every call is answered, once. */
#include <sodium.h>

#include "tests/support/world/calls.h"

static const fake_server_options holder_options = {.machine = "first", .seed = 1},
                                 joiner_options = {.machine = "second", .seed = 2};
static Replicatoor__V1__RequestKeyRequest no_challenge = REPLICATOOR__V1__REQUEST_KEY_REQUEST__INIT;

static void calls_for_a_request_share_one_key(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&joiner_options, true);
    fake_call calls[3];
    for (size_t i = 0; i < 3; i++)
        fake_call_start(s, &calls[i], "RequestKey", &no_challenge.base, NULL);
    for (size_t i = 0; i < 3; i++)
        fake_call_finish(s, &calls[i]);
    for (size_t i = 1; i < 3; i++) {
        assert_memory_equal(requested(&calls[i])->pubk.data, requested(&calls[0])->pubk.data, 32);
        assert_int_equal(requested(&calls[i])->quote.len, requested(&calls[0])->quote.len);
        assert_memory_equal(requested(&calls[i])->quote.data, requested(&calls[0])->quote.data,
                            requested(&calls[0])->quote.len);
    }
    assert_int_equal(rpl_requests_count(&s->node->requests), 1);
    for (size_t i = 0; i < 3; i++)
        fake_call_free(&calls[i]);
    fake_server_free(s);
}

static void asking_again_costs_the_agent_nothing(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&joiner_options, true);
    fake_call first, second;
    call_request(s, &first, NULL);
    const unsigned quotes = atomic_load(&s->world->n_quotes);
    atomic_store(&s->world->quotes_until_failure, 0);
    call_request(s, &second, NULL);
    assert_memory_equal(requested(&first)->pubk.data, requested(&second)->pubk.data, 32);
    assert_int_equal(atomic_load(&s->world->n_quotes), quotes);
    fake_call_free(&first);
    fake_call_free(&second);
    fake_server_free(s);
}

static void a_request_that_cannot_be_quoted_is_none(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&joiner_options, true);
    const node_picture before = picture_of(s);
    fake_call call;
    atomic_store(&s->world->quotes_until_failure, 0);
    call_request(s, &call, NULL);
    (void)fake_call_error(&call, "unavailable");
    assert_unchanged(s, &before);
    fake_call_free(&call);
    fake_server_free(s);
}

static void a_starting_node_makes_no_request(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&joiner_options, false);
    fake_call call;
    call_request(s, &call, NULL);
    (void)fake_call_error(&call, "not_ready");
    assert_int_equal(rpl_requests_count(&s->node->requests), 0);
    fake_call_free(&call);
    fake_server_free(s);
}

static void a_challenge_of_another_length_is_malformed(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&joiner_options, true);
    const node_picture before = picture_of(s);
    static const uint8_t bytes[64];
    for (size_t len = 1; len <= sizeof(bytes); len++) {
        Replicatoor__V1__RequestKeyRequest input = REPLICATOOR__V1__REQUEST_KEY_REQUEST__INIT;
        fake_call call;
        if (len == 32)
            continue;
        input.challenge = pb(bytes, len);
        fake_call_start(s, &call, "RequestKey", &input.base, NULL);
        (void)fake_call_error(&call, "malformed");
        fake_call_free(&call);
    }
    assert_unchanged(s, &before);
    fake_server_free(s);
}

static void challenged_requests_are_bounded(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&joiner_options, true);
    fake_call call;
    for (unsigned i = 0; i <= RPL_REQUESTS_MAX; i++) {
        const uint8_t challenge[32] = {(uint8_t)(i + 1)};
        call_request(s, &call, challenge);
        if (i < RPL_REQUESTS_MAX)
            (void)requested(&call);
        else
            (void)fake_call_error(&call, "unavailable");
        fake_call_free(&call);
    }
    assert_int_equal(rpl_requests_count(&s->node->requests), RPL_REQUESTS_MAX);
    fake_server_free(s);
}

static void a_caller_over_its_rate_is_told_when_and_changes_nothing(void **state)
{
    (void)state;
    fake_server_options few = joiner_options;
    few.burst = 1;
    fake_server *s = fake_server_new(&few, true);
    const uint8_t one[32] = {1}, two[32] = {2};
    fake_call first, second, other;
    call_request(s, &first, one);
    (void)requested(&first);
    const node_picture before = picture_of(s);
    call_request(s, &second, two);
    const Replicatoor__V1__Error *e = fake_call_error(&second, "unavailable");
    assert_true(e->rate_limited);
    assert_true(e->retry_after_s > 0);
    assert_unchanged(s, &before);
    s->key[0] = 0x20;
    call_request(s, &other, two);
    (void)requested(&other);
    fake_call_free(&first);
    fake_call_free(&second);
    fake_call_free(&other);
    fake_server_free(s);
}

/* Not a byte of it is parsed for a caller over the rate. */
static void a_bundle_is_read_after_admission(void **state)
{
    (void)state;
    fake_server_options few = holder_options;
    few.burst = 2;
    fake_server *joiner = fake_server_new(&joiner_options, true), *holder = a_holder(&few);
    fake_call request, first, second, other;
    char no_bundle[] = "{}";
    holder->key[0] = 0x20;
    call_request(joiner, &request, NULL);
    call_onboard(holder, &first, &request);
    assert_true(onboarded(&first)->verdict->admitted);
    Replicatoor__V1__OnboardRequest input = onboard_input(&request);
    input.collateral = no_bundle;
    fake_call_start(holder, &second, "Onboard", &input.base, NULL);
    fake_call_finish(holder, &second);
    assert_true(fake_call_error(&second, "unavailable")->rate_limited);
    holder->key[0] = 0x21;
    fake_call_start(holder, &other, "Onboard", &input.base, NULL);
    fake_call_finish(holder, &other);
    (void)fake_call_error(&other, "malformed");
    fake_call_free(&request);
    fake_call_free(&first);
    fake_call_free(&second);
    fake_call_free(&other);
    fake_server_free(holder);
    fake_server_free(joiner);
}

/* One worker, one place in the queue: the third call has to go, and leaves nothing behind. */
static void a_full_queue_answers_at_once_and_changes_nothing(void **state)
{
    (void)state;
    fake_server_options narrow = joiner_options;
    narrow.threads = 1;
    narrow.queue_max = 1;
    fake_server *s = fake_server_new(&narrow, true);
    fake_call first, second, third;
    const uint8_t one[32] = {1}, two[32] = {2}, three[32] = {3};
    Replicatoor__V1__RequestKeyRequest a = no_challenge, b = no_challenge, c = no_challenge;
    a.challenge = pb(one, 32);
    b.challenge = pb(two, 32);
    c.challenge = pb(three, 32);
    atomic_store(&s->world->hold_quotes, true);
    fake_call_start(s, &first, "RequestKey", &a.base, NULL);
    fake_server_until(s, &s->world->quotes_waiting, 1);
    fake_call_start(s, &second, "RequestKey", &b.base, NULL);
    const node_picture before = picture_of(s);
    fake_call_start(s, &third, "RequestKey", &c.base, NULL);
    (void)fake_call_error(&third, "unavailable");
    assert_unchanged(s, &before);
    atomic_store(&s->world->hold_quotes, false);
    fake_call_finish(s, &first);
    fake_call_finish(s, &second);
    (void)requested(&first);
    (void)requested(&second);
    fake_call_free(&first);
    fake_call_free(&second);
    fake_call_free(&third);
    fake_server_free(s);
}

static void a_request_that_expires_while_it_is_quoted_is_asked_again(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&joiner_options, true);
    fake_call call;
    atomic_store(&s->world->hold_quotes, true);
    fake_call_start(s, &call, "RequestKey", &no_challenge.base, NULL);
    fake_server_until(s, &s->world->quotes_waiting, 1);
    atomic_fetch_add(&s->world->boot_ms, RPL_REQUEST_LIFE_S * 1000);
    rpl_node_expire(s->node);
    atomic_store(&s->world->hold_quotes, false);
    fake_call_finish(s, &call);
    (void)fake_call_error(&call, "stale");
    assert_int_equal(s->node->phase, RPL_PHASE_EMPTY);
    fake_call_free(&call);
    fake_server_free(s);
}

static void two_onboards_at_once_both_give(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true),
                *third =
                    fake_server_new(&(fake_server_options){.machine = "second", .seed = 3}, true);
    fake_call requests[2], onboards[2], receives[2];
    call_request(joiner, &requests[0], NULL);
    call_request(third, &requests[1], NULL);
    fake_world_put(holder->world, "", "new for both");
    const Replicatoor__V1__OnboardRequest inputs[2] = {onboard_input(&requests[0]),
                                                       onboard_input(&requests[1])};
    for (size_t i = 0; i < 2; i++)
        fake_call_start(holder, &onboards[i], "Onboard", &inputs[i].base, NULL);
    for (size_t i = 0; i < 2; i++)
        fake_call_finish(holder, &onboards[i]);
    call_receive(joiner, &receives[0], &onboards[0]);
    call_receive(third, &receives[1], &onboards[1]);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(received(&receives[i])->result, "installed");
    assert_true(fake_world_has(joiner->world, "", "new for both"));
    assert_true(fake_world_has(third->world, "", "new for both"));
    assert_int_equal(rpl_state_custody(holder->node->state)->count, 3);
    for (size_t i = 0; i < 2; i++) {
        fake_call_free(&requests[i]);
        fake_call_free(&onboards[i]);
        fake_call_free(&receives[i]);
    }
    fake_server_free(holder);
    fake_server_free(joiner);
    fake_server_free(third);
}

/* Both would make an identity; only one may, and what the other sealed is never answered. */
static void two_onboards_of_an_empty_node_make_one_identity(void **state)
{
    (void)state;
    fake_server *holder = fake_server_new(&holder_options, true),
                *joiner = fake_server_new(&joiner_options, true),
                *third =
                    fake_server_new(&(fake_server_options){.machine = "second", .seed = 3}, true);
    fake_call requests[2], onboards[2];
    fake_world_put(holder->world, "", "x");
    call_request(joiner, &requests[0], NULL);
    call_request(third, &requests[1], NULL);
    const Replicatoor__V1__OnboardRequest inputs[2] = {onboard_input(&requests[0]),
                                                       onboard_input(&requests[1])};
    atomic_store(&holder->world->hold_quotes, true);
    for (size_t i = 0; i < 2; i++)
        fake_call_start(holder, &onboards[i], "Onboard", &inputs[i].base, NULL);
    fake_server_until(holder, &holder->world->quotes_waiting, 2);
    atomic_store(&holder->world->hold_quotes, false);
    unsigned given = 0;
    for (size_t i = 0; i < 2; i++) {
        fake_call_finish(holder, &onboards[i]);
        if (onboards[i].message->descriptor == &replicatoor__v1__onboard_response__descriptor)
            given++;
        else
            (void)fake_call_error(&onboards[i], "unavailable");
    }
    assert_int_equal(given, 1);
    assert_int_equal(rpl_state_custody(holder->node->state)->count, 2);
    for (size_t i = 0; i < 2; i++) {
        fake_call_free(&requests[i]);
        fake_call_free(&onboards[i]);
    }
    fake_server_free(holder);
    fake_server_free(joiner);
    fake_server_free(third);
}

static void of_two_requests_with_one_challenge_one_is_given(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true),
                *third =
                    fake_server_new(&(fake_server_options){.machine = "second", .seed = 3}, true);
    fake_call requests[2], onboards[2];
    uint8_t challenge[32];
    take_challenge(holder, challenge);
    call_request(joiner, &requests[0], challenge);
    call_request(third, &requests[1], challenge);
    const Replicatoor__V1__OnboardRequest inputs[2] = {onboard_input(&requests[0]),
                                                       onboard_input(&requests[1])};
    for (size_t i = 0; i < 2; i++)
        fake_call_start(holder, &onboards[i], "Onboard", &inputs[i].base, NULL);
    unsigned given = 0;
    for (size_t i = 0; i < 2; i++) {
        fake_call_finish(holder, &onboards[i]);
        if (onboards[i].message->descriptor == &replicatoor__v1__onboard_response__descriptor)
            given++;
        else
            (void)fake_call_error(&onboards[i], "stale");
    }
    assert_int_equal(given, 1);
    assert_int_equal(rpl_state_custody(holder->node->state)->count, 2);
    for (size_t i = 0; i < 2; i++) {
        fake_call_free(&requests[i]);
        fake_call_free(&onboards[i]);
    }
    fake_server_free(holder);
    fake_server_free(joiner);
    fake_server_free(third);
}

/* Slots are given back on every path: as many refusals as there are slots, and one that works. */
static void refusals_give_their_slots_back(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    fake_call request, onboard;
    call_request(joiner, &request, NULL);
    for (int i = 0; i < 2 * RPL_ADMISSION_OUTSTANDING; i++) {
        atomic_store(&holder->world->no_collateral, i % 3 == 0);
        atomic_store(&holder->world->unreadable_files, i % 3 == 1);
        atomic_store(&holder->world->quotes_until_failure, 0);
        call_onboard(holder, &onboard, &request);
        (void)fake_call_error(&onboard, "unavailable");
        fake_call_free(&onboard);
    }
    atomic_store(&holder->world->no_collateral, false);
    atomic_store(&holder->world->unreadable_files, false);
    atomic_store(&holder->world->quotes_until_failure, -1);
    call_onboard(holder, &onboard, &request);
    assert_true(onboarded(&onboard)->sealed.len > 0);
    assert_int_equal(holder->admission.outstanding[RPL_SLOT_VERIFY], 0);
    assert_int_equal(holder->admission.outstanding[RPL_SLOT_SEAL], 0);
    fake_call_free(&request);
    fake_call_free(&onboard);
    fake_server_free(holder);
    fake_server_free(joiner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_for_a_request_share_one_key),
        cmocka_unit_test(asking_again_costs_the_agent_nothing),
        cmocka_unit_test(a_request_that_cannot_be_quoted_is_none),
        cmocka_unit_test(a_starting_node_makes_no_request),
        cmocka_unit_test(a_challenge_of_another_length_is_malformed),
        cmocka_unit_test(challenged_requests_are_bounded),
        cmocka_unit_test(a_caller_over_its_rate_is_told_when_and_changes_nothing),
        cmocka_unit_test(a_bundle_is_read_after_admission),
        cmocka_unit_test(a_full_queue_answers_at_once_and_changes_nothing),
        cmocka_unit_test(a_request_that_expires_while_it_is_quoted_is_asked_again),
        cmocka_unit_test(two_onboards_at_once_both_give),
        cmocka_unit_test(two_onboards_of_an_empty_node_make_one_identity),
        cmocka_unit_test(of_two_requests_with_one_challenge_one_is_given),
        cmocka_unit_test(refusals_give_their_slots_back),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
