/* POST /policy, with a recorded block of a real chain and witnesses that are made up. */
#include <sodium.h>

#include "tests/support/evm.h"
#include "tests/support/world/fake_chain.h"

typedef struct {
    fake_server *server;
    json_t *recorded;
    evm_case approved;
    uint8_t header[RPL_BLOCK_HEADER_MAX];
    size_t header_len;
    char *proof;
    rpl_chain_pin pin;
    fake_call call;
} scene;

/* A node whose contract is the recorded one, ten seconds behind the recorded block. */
static scene a_scene(void)
{
    scene s = {.recorded = load_evm("prague")};
    s.approved = evm_case_of(s.recorded, "approved");
    assert_true(rpl_rpc_data(json_object_get(s.recorded, "header"), s.header, sizeof(s.header),
                             &s.header_len));
    assert_ok(rpl_json_dump(s.approved.answer, &s.proof));
    s.pin = fake_pin;
    s.pin.chain_id = 8453;
    memcpy(s.pin.address, s.approved.address, 20);
    evm_hex(s.approved.expected, "code_hash", s.pin.code_hash, 32);
    s.server = fake_server_new(
        &(fake_server_options){.machine = "first", .seed = 1, .chain = &s.pin}, true);
    atomic_store(&s.server->world->now_s, s.approved.header.timestamp + 10);
    rpl_chain_witness w = {.standing = RPL_CHAIN_KNOWN,
                           .chain_id = 8453,
                           .finalized_number = s.approved.header.number,
                           .latest_number = s.approved.header.number};
    memcpy(w.finalized_hash, s.approved.header.hash, 32);
    memcpy(w.latest_hash, s.approved.header.hash, 32);
    s.server->world->chain_witnesses = (rpl_chain_witnesses){3, {w, w, w}};
    return s;
}

static void end_scene(scene *s)
{
    fake_server_free(s->server);
    json_decref(s->recorded);
    free(s->proof);
}

static void push(scene *s)
{
    INPUT(PolicyRequest, POLICY_REQUEST);
    input.release = pb(s->approved.question.release, 32);
    input.config = pb(s->approved.question.config, 32);
    input.device = pb(s->approved.question.device, 32);
    input.finalized_header = input.latest_header = pb(s->header, s->header_len);
    input.finalized_proof = input.latest_proof = s->proof;
    fake_call_start(s->server, &s->call, "Policy", &input.base, NULL);
    fake_call_finish(s->server, &s->call);
}

static void is_refused(scene *s, const char *code)
{
    push(s);
    (void)fake_call_error(&s->call, code);
    fake_call_free(&s->call);
    assert_false(s->server->node->pushed.is_set);
}

static void what_a_quorum_confirms_is_kept(void **state)
{
    (void)state;
    scene s = a_scene();
    s.server->world->chain_witnesses.witnesses[0].standing = RPL_CHAIN_UNREACHABLE;
    push(&s);
    const Replicatoor__V1__PolicyResponse *r =
        fake_call_answer(&s.call, &replicatoor__v1__policy_response__descriptor);
    assert_true(r->confirmed == 2 && r->quorum == 2 && r->expires_in_s == 110);
    assert_true(r->latest_number == s.approved.header.number);
    fake_call_free(&s.call);
    assert_true(s.server->node->pushed.is_set);
    assert_true(s.server->node->mark.block.number == s.approved.header.number);
    end_scene(&s);
}

static void what_nobody_vouches_for_is_refused(void **state)
{
    (void)state;
    scene s = a_scene();
    for (size_t i = 0; i < 2; i++)
        s.server->world->chain_witnesses.witnesses[i].standing = RPL_CHAIN_UNREACHABLE;
    is_refused(&s, "unavailable");
    s.server->world->chain_witnesses = (rpl_chain_witnesses){0};
    is_refused(&s, "unavailable");
    end_scene(&s);
}

static void a_block_of_another_chain_is_refused(void **state)
{
    (void)state;
    scene s = a_scene();
    for (size_t i = 0; i < 3; i++)
        s.server->world->chain_witnesses.witnesses[i].latest_hash[5] ^= 1;
    is_refused(&s, "untrusted");
    end_scene(&s);
}

static void an_old_block_is_refused(void **state)
{
    (void)state;
    scene s = a_scene();
    atomic_store(&s.server->world->now_s, s.approved.header.timestamp + 121);
    is_refused(&s, "stale");
    end_scene(&s);
}

static void a_changed_proof_is_refused(void **state)
{
    (void)state;
    scene s = a_scene();
    char *digit = strstr(s.proof, "0xf9") + 40;
    *digit = *digit == '1' ? '2' : '1';
    is_refused(&s, "untrusted");
    s.header_len--;
    is_refused(&s, "malformed");
    end_scene(&s);
}

static void without_a_contract_there_is_nothing_to_push(void **state)
{
    (void)state;
    scene s = a_scene();
    fake_server *plain =
        fake_server_new(&(fake_server_options){.machine = "first", .seed = 2}, true);
    fake_server *with = s.server;
    s.server = plain;
    is_refused(&s, "denied");
    s.server = with;
    fake_server_free(plain);
    end_scene(&s);
}

static void a_block_that_a_provider_has_left_behind_is_refused(void **state)
{
    (void)state;
    scene s = a_scene();
    s.server->world->chain_witnesses.witnesses[2].latest_number += 3;
    is_refused(&s, "stale");
    end_scene(&s);
}

/* --- in a handover --- */

typedef struct {
    fake_server *holder, *joiner;
    fake_call request;
} handover;

static rpl_chain_witness fake_witness(const rpl_chain_report *r)
{
    rpl_chain_witness w = {.standing = RPL_CHAIN_KNOWN,
                           .chain_id = 1,
                           .finalized_number = FAKE_FINALIZED,
                           .latest_number = FAKE_LATEST};
    memcpy(w.finalized_hash, r->finalized.block.hash, 32);
    memcpy(w.latest_hash, r->latest.block.hash, 32);
    return w;
}

/* The providers give no proofs; the host has pushed what is true about the joiner. */
static handover a_handover(void)
{
    static const fake_server_options holder = {.machine = "first", .seed = 1, .chain = &fake_pin},
                                     other = {.machine = "other", .seed = 3, .chain = &fake_pin};
    handover h = {.holder = a_holder_on_chain(&holder), .joiner = a_node_on_chain(&other)};
    fake_world *w = h.holder->world;
    fake_call onboard;
    call_request(h.joiner, &h.request, NULL);
    call_onboard(h.holder, &onboard, &h.request);
    const rpl_chain_report *r = &w->chain_facts.reports[0];
    const rpl_chain_witness knows = fake_witness(r);
    h.holder->node->pushed = (rpl_node_pushed){true, {w->chain_question, r->finalized, r->latest}};
    w->chain_witnesses = (rpl_chain_witnesses){3, {knows, knows, knows}};
    w->chain_facts = (rpl_chain_facts){.count = 3};
    fake_call_free(&onboard);
    return h;
}

static void end_handover(handover *h)
{
    fake_call_free(&h->request);
    fake_server_free(h->holder);
    fake_server_free(h->joiner);
}

static void is_given(handover *h)
{
    fake_call onboard;
    call_onboard(h->holder, &onboard, &h->request);
    (void)onboarded(&onboard);
    fake_call_free(&onboard);
}

static void is_not_given(handover *h, const char *code, const char *check)
{
    fake_call onboard;
    call_onboard(h->holder, &onboard, &h->request);
    assert_string_equal(fake_call_error(&onboard, code)->check, check);
    fake_call_free(&onboard);
}

static void a_handover_uses_what_was_pushed_about_its_peer(void **state)
{
    (void)state;
    handover h = a_handover();
    rpl_node_pushed *pushed = &h.holder->node->pushed;
    is_given(&h);
    /* another peer's facts are of no use */
    pushed->views.question.device[0] ^= 1;
    is_not_given(&h, "unavailable", "policy.chain");
    /* they age like any others */
    pushed->views.question.device[0] ^= 1;
    atomic_fetch_add(&h.holder->world->now_s, 121);
    is_not_given(&h, "unavailable", "policy.chain");
    end_handover(&h);
}

static void a_provider_that_answers_for_itself_can_refuse(void **state)
{
    (void)state;
    handover h = a_handover();
    h.holder->world->chain_facts.reports[1] = fake_facts().reports[1];
    h.holder->world->chain_facts.reports[1].latest.release = fake_revoked();
    is_not_given(&h, "denied", "policy.release");
    end_handover(&h);
}

/* The host pushes, then cuts the providers off: nothing that they said is kept. */
static void without_witnesses_now_what_was_pushed_is_unknown(void **state)
{
    (void)state;
    handover h = a_handover();
    is_given(&h);
    h.holder->world->chain_witnesses.witnesses[0].standing = RPL_CHAIN_UNREACHABLE;
    is_given(&h);
    h.holder->world->chain_witnesses.witnesses[1].standing = RPL_CHAIN_UNREACHABLE;
    is_not_given(&h, "unavailable", "policy.chain");
    h.holder->world->chain_witnesses = (rpl_chain_witnesses){0};
    is_not_given(&h, "unavailable", "policy.chain");
    end_handover(&h);
}

static void what_was_pushed_ends_where_a_witness_is_ahead(void **state)
{
    (void)state;
    handover h = a_handover();
    h.holder->world->chain_witnesses.witnesses[2].latest_number += 2;
    is_given(&h);
    h.holder->world->chain_witnesses.witnesses[2].latest_number++;
    is_not_given(&h, "unavailable", "policy.chain");
    end_handover(&h);
}

static void each_hearing_asks_the_witnesses_anew(void **state)
{
    (void)state;
    handover h = a_handover();
    const unsigned before = atomic_load(&h.holder->world->n_witness);
    is_given(&h);
    is_given(&h);
    assert_int_equal(atomic_load(&h.holder->world->n_witness), before + 2);
    end_handover(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_quorum_confirms_is_kept),
        cmocka_unit_test(what_nobody_vouches_for_is_refused),
        cmocka_unit_test(a_block_of_another_chain_is_refused),
        cmocka_unit_test(an_old_block_is_refused),
        cmocka_unit_test(a_changed_proof_is_refused),
        cmocka_unit_test(without_a_contract_there_is_nothing_to_push),
        cmocka_unit_test(a_block_that_a_provider_has_left_behind_is_refused),
        cmocka_unit_test(a_handover_uses_what_was_pushed_about_its_peer),
        cmocka_unit_test(a_provider_that_answers_for_itself_can_refuse),
        cmocka_unit_test(without_witnesses_now_what_was_pushed_is_unknown),
        cmocka_unit_test(what_was_pushed_ends_where_a_witness_is_ahead),
        cmocka_unit_test(each_hearing_asks_the_witnesses_anew),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
