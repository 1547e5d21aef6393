/* The holder's mark on its way to a joiner: a hint, until the joiner's own providers know it. */
#include <sodium.h>

#include "tests/support/world/fake_chain.h"

static const fake_server_options holder_options = {
    .machine = "first", .seed = 1, .chain = &fake_pin};
static const fake_server_options joiner_options = {
    .machine = "second", .seed = 2, .chain = &fake_pin};

typedef struct {
    fake_server *holder, *joiner;
    fake_call request, onboard, receive;
} scene;

/* The holder has confirmed FAKE_FINALIZED; the joiner's providers show an older final block. */
static scene a_scene(void)
{
    scene s = {.holder = a_holder_on_chain(&holder_options),
               .joiner = a_node_on_chain(&joiner_options)};
    s.joiner->world->chain_facts = s.holder->world->chain_facts;
    for (size_t i = 0; i < 3; i++)
        s.joiner->world->chain_facts.reports[i].finalized.block =
            (rpl_chain_block){FAKE_FINALIZED - 1, FAKE_NOW_S - 812, {9}};
    call_request(s.joiner, &s.request, NULL);
    call_onboard(s.holder, &s.onboard, &s.request);
    (void)onboarded(&s.onboard);
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

/* `n` of the joiner's providers know the holder's mark as final. */
static void known_to(scene *s, size_t n)
{
    rpl_chain_witnesses *w = &s->joiner->world->chain_witnesses;
    w->count = 3;
    for (size_t i = 0; i < n; i++) {
        w->witnesses[i] = (rpl_chain_witness){
            .standing = RPL_CHAIN_KNOWN, .chain_id = 1, .finalized_number = FAKE_FINALIZED};
        memcpy(w->witnesses[i].finalized_hash, s->holder->node->mark.block.hash, 32);
    }
}

static void taken(scene *s, bool is_taken)
{
    call_receive(s->joiner, &s->receive, &s->onboard);
    if (is_taken)
        assert_string_equal(received(&s->receive)->result, "installed");
    else
        assert_string_equal(fake_call_error(&s->receive, "unavailable")->check, "policy.chain");
    assert_true(!s->joiner->node->state == !is_taken);
}

static void a_mark_that_is_confirmed_binds_the_joiner(void **state)
{
    (void)state;
    scene s = a_scene();
    known_to(&s, 2);
    taken(&s, false); /* its providers went back behind what they know as final */
    end_scene(&s);
}

static void a_mark_that_too_few_confirm_is_dropped(void **state)
{
    (void)state;
    scene s = a_scene();
    known_to(&s, 1);
    taken(&s, true);
    end_scene(&s);
}

static void a_mark_that_is_not_final_there_is_dropped(void **state)
{
    (void)state;
    scene s = a_scene();
    known_to(&s, 3);
    for (size_t i = 0; i < 3; i++)
        s.joiner->world->chain_witnesses.witnesses[i].finalized_number--;
    taken(&s, true);
    end_scene(&s);
}

static void a_mark_of_another_chain_is_dropped(void **state)
{
    (void)state;
    scene s = a_scene();
    known_to(&s, 3);
    for (size_t i = 0; i < 3; i++)
        s.joiner->world->chain_witnesses.witnesses[i].finalized_hash[0] ^= 1;
    taken(&s, true);
    end_scene(&s);
}

static void a_mark_that_the_finalized_block_has_reached_is_no_hindrance(void **state)
{
    (void)state;
    scene s = a_scene();
    s.joiner->world->chain_facts = s.holder->world->chain_facts;
    known_to(&s, 3);
    taken(&s, true);
    assert_true(s.joiner->node->mark.block.number == FAKE_FINALIZED);
    assert_true(s.joiner->node->mark.block.timestamp == FAKE_NOW_S - 800);
    end_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_that_is_confirmed_binds_the_joiner),
        cmocka_unit_test(a_mark_that_too_few_confirm_is_dropped),
        cmocka_unit_test(a_mark_that_is_not_final_there_is_dropped),
        cmocka_unit_test(a_mark_of_another_chain_is_dropped),
        cmocka_unit_test(a_mark_that_the_finalized_block_has_reached_is_no_hindrance),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
