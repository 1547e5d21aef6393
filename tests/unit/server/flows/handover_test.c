#include <sodium.h>

#include "tests/support/world/calls.h"

static const fake_server_options holder_options = {.machine = "first", .seed = 1},
                                 joiner_options = {.machine = "second", .seed = 2};

/* All three calls; the answers are the caller's to free. */
typedef struct {
    fake_call request, onboard, receive;
} handover;

static handover hand_over(fake_server *holder, fake_server *joiner)
{
    handover h;
    call_request(joiner, &h.request, NULL);
    call_onboard(holder, &h.onboard, &h.request);
    call_receive(joiner, &h.receive, &h.onboard);
    return h;
}

static void free_handover(handover *h)
{
    fake_call_free(&h->request);
    fake_call_free(&h->onboard);
    fake_call_free(&h->receive);
}

static void assert_same_state(fake_server *a, fake_server *b)
{
    uint8_t left[32], right[32];
    assert_ok(rpl_state_digest(a->node->state, left));
    assert_ok(rpl_state_digest(b->node->state, right));
    assert_memory_equal(left, right, 32);
}

static void a_secret_moves_from_one_node_to_another(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    handover h = hand_over(holder, joiner);
    assert_string_equal(received(&h.receive)->result, "installed");
    assert_int_equal(received(&h.receive)->files_written, 1);
    assert_int_equal(joiner->node->phase, RPL_PHASE_HOLDING);
    assert_true(fake_world_has(joiner->world, "", "the secret"));
    assert_true(joiner->world->last_set_aside);
    assert_same_state(holder, joiner);
    assert_int_equal(rpl_requests_count(&joiner->node->requests), 0);
    assert_true(onboarded(&h.onboard)->verdict->admitted);
    assert_memory_equal(onboarded(&h.onboard)->handover_id.data,
                        received(&h.receive)->handover_id.data, 32);
    free_handover(&h);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void both_sides_have_the_receipt(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    handover h = hand_over(holder, joiner);
    const uint8_t *id = onboarded(&h.onboard)->handover_id.data;
    const rpl_receipt *given = rpl_custody_find(rpl_state_custody(holder->node->state), id),
                      *taken = rpl_custody_find(rpl_state_custody(joiner->node->state), id);
    assert_non_null(given);
    assert_non_null(taken);
    assert_memory_equal(given, taken, sizeof(*given));
    assert_memory_equal(given->release, joiner->node->self.release, 32);
    assert_int_equal(rpl_state_custody(joiner->node->state)->count, 2);
    free_handover(&h);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void the_rows_are_passed_in_the_order_of_the_table(void **state)
{
    (void)state;
    static const char *const gives[] = {"onboard.admitted", "onboard.verified", "onboard.quoted",
                                        "onboard.recorded", "onboard.sealed"},
                             *const takes[] = {"request.first", "receive.opened",
                                               "receive.verified", "receive.written",
                                               "receive.installed"};
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    const size_t before = holder->world->n_rows, none = joiner->world->n_rows;
    handover h = hand_over(holder, joiner);
    assert_int_equal(holder->world->n_rows, before + 5);
    assert_true(joiner->world->n_rows >= none + 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(holder->world->rows[before + i], gives[i]);
        assert_string_equal(joiner->world->rows[none + i], takes[i]);
    }
    free_handover(&h);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void one_request_makes_one_receipt_however_often_it_is_onboarded(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    fake_call again;
    handover h = hand_over(holder, joiner);
    const size_t receipts = rpl_state_custody(holder->node->state)->count;
    call_onboard(holder, &again, &h.request);
    assert_true(onboarded(&again)->sealed.len > 0);
    assert_int_equal(rpl_state_custody(holder->node->state)->count, receipts);
    fake_call_free(&again);
    free_handover(&h);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void the_same_message_twice_is_no_error_and_changes_nothing(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    fake_call again;
    handover h = hand_over(holder, joiner);
    const node_picture before = picture_of(joiner);
    call_receive(joiner, &again, &h.onboard);
    assert_string_equal(received(&again)->result, "unchanged");
    assert_int_equal(received(&again)->state_digest.len, 32);
    assert_unchanged(joiner, &before);
    fake_call_free(&again);
    free_handover(&h);
    fake_server_free(holder);
    fake_server_free(joiner);
}

/* The documented flow may send a node its own state. */
static void a_node_gives_itself_its_state_and_nothing_changes(void **state)
{
    (void)state;
    fake_server *node = a_holder(&holder_options);
    uint8_t before[32], after[32];
    assert_ok(rpl_state_digest(node->node->state, before));
    handover h = hand_over(node, node);
    assert_ok(rpl_state_digest(node->node->state, after));
    assert_memory_equal(before, after, 32);
    assert_int_equal(node->node->phase, RPL_PHASE_HOLDING);
    assert_true(fake_world_has(node->world, "", "the secret"));
    free_handover(&h);
    fake_server_free(node);
}

static void an_onboard_bootstraps_a_node_that_has_a_secure_file(void **state)
{
    (void)state;
    fake_server *holder = fake_server_new(&holder_options, true),
                *joiner = fake_server_new(&joiner_options, true);
    fake_world_put(holder->world, "", "never bootstrapped");
    handover h = hand_over(holder, joiner);
    assert_int_equal(holder->node->phase, RPL_PHASE_HOLDING);
    assert_true(fake_world_has(joiner->world, "", "never bootstrapped"));
    assert_same_state(holder, joiner);
    assert_int_equal(rpl_state_custody(holder->node->state)->count, 2);
    free_handover(&h);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void one_node_does_the_whole_flow_with_itself(void **state)
{
    (void)state;
    fake_server *node = fake_server_new(&holder_options, true);
    fake_world_put(node->world, "", "alone");
    handover h = hand_over(node, node);
    assert_int_equal(node->node->phase, RPL_PHASE_HOLDING);
    assert_true(fake_world_has(node->world, "", "alone"));
    assert_int_equal(rpl_requests_count(&node->node->requests), 0);
    free_handover(&h);
    fake_server_free(node);
}

static void a_second_handover_merges_what_is_newer(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    handover first = hand_over(holder, joiner);
    fake_world_put(holder->world, "", "a later secret");
    handover second = hand_over(holder, joiner);
    assert_string_equal(received(&second.receive)->result, "merged");
    assert_false(joiner->world->last_set_aside);
    assert_true(fake_world_has(joiner->world, "", "a later secret"));
    assert_same_state(holder, joiner);
    free_handover(&first);
    free_handover(&second);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void a_local_file_of_a_first_install_never_enters_the_state(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    fake_world_put(joiner->world, "", "of the joiner");
    handover h = hand_over(holder, joiner);
    assert_true(fake_world_has(joiner->world, "", "the secret"));
    assert_true(joiner->world->last_set_aside);
    assert_same_state(holder, joiner);
    free_handover(&h);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void a_challenge_of_the_holder_goes_the_whole_way(void **state)
{
    (void)state;
    fake_server_options options = holder_options;
    options.challenge_required = true;
    fake_server *holder = a_holder(&options), *joiner = fake_server_new(&joiner_options, true);
    fake_call request, onboard, receive;
    uint8_t challenge[32];
    take_challenge(holder, challenge);
    call_request(joiner, &request, challenge);
    assert_memory_equal(requested(&request)->challenge.data, challenge, 32);
    call_onboard(holder, &onboard, &request);
    call_receive(joiner, &receive, &onboard);
    assert_string_equal(received(&receive)->result, "installed");
    fake_call_free(&request);
    fake_call_free(&onboard);
    fake_call_free(&receive);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void a_bare_quote_does_with_the_fields_beside_it(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    fake_call request, onboard, receive;
    call_request(joiner, &request, NULL);
    Replicatoor__V1__OnboardRequest input = onboard_input(&request);
    input.quote = requested(&request)->quote_raw;
    input.event_log = requested(&request)->event_log;
    input.config = requested(&request)->config;
    fake_call_start(holder, &onboard, "Onboard", &input.base, NULL);
    fake_call_finish(holder, &onboard);
    call_receive(joiner, &receive, &onboard);
    assert_string_equal(received(&receive)->result, "installed");
    fake_call_free(&request);
    fake_call_free(&onboard);
    fake_call_free(&receive);
    fake_server_free(holder);
    fake_server_free(joiner);
}

static void a_message_for_one_request_leaves_the_others(void **state)
{
    (void)state;
    fake_server *holder = a_holder(&holder_options),
                *joiner = fake_server_new(&joiner_options, true);
    fake_call request, other, onboard, receive;
    uint8_t challenge[32];
    take_challenge(holder, challenge);
    call_request(joiner, &request, NULL);
    call_request(joiner, &other, challenge);
    call_onboard(holder, &onboard, &request);
    call_receive(joiner, &receive, &onboard);
    assert_int_equal(rpl_requests_count(&joiner->node->requests), 1);
    assert_int_equal(joiner->node->phase, RPL_PHASE_HOLDING);
    fake_call_free(&request);
    fake_call_free(&other);
    fake_call_free(&onboard);
    fake_call_free(&receive);
    fake_server_free(holder);
    fake_server_free(joiner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_moves_from_one_node_to_another),
        cmocka_unit_test(both_sides_have_the_receipt),
        cmocka_unit_test(the_rows_are_passed_in_the_order_of_the_table),
        cmocka_unit_test(one_request_makes_one_receipt_however_often_it_is_onboarded),
        cmocka_unit_test(the_same_message_twice_is_no_error_and_changes_nothing),
        cmocka_unit_test(a_node_gives_itself_its_state_and_nothing_changes),
        cmocka_unit_test(an_onboard_bootstraps_a_node_that_has_a_secure_file),
        cmocka_unit_test(one_node_does_the_whole_flow_with_itself),
        cmocka_unit_test(a_second_handover_merges_what_is_newer),
        cmocka_unit_test(a_local_file_of_a_first_install_never_enters_the_state),
        cmocka_unit_test(a_challenge_of_the_holder_goes_the_whole_way),
        cmocka_unit_test(a_bare_quote_does_with_the_fields_beside_it),
        cmocka_unit_test(a_message_for_one_request_leaves_the_others),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
