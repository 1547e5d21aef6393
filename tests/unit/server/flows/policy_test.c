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
                           .finalized_number = s.approved.header.number};
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

/* The providers give no proofs; what was pushed about this very peer stands in for them. */
static void a_handover_uses_what_was_pushed_about_its_peer(void **state)
{
    (void)state;
    static const fake_server_options holder = {.machine = "first", .seed = 1, .chain = &fake_pin},
                                     other = {.machine = "other", .seed = 3, .chain = &fake_pin};
    fake_server *h = a_holder_on_chain(&holder), *j = a_node_on_chain(&other);
    fake_call request, onboard;
    call_request(j, &request, NULL);
    call_onboard(h, &onboard, &request);
    const rpl_chain_question asked = h->world->chain_question;
    fake_call_free(&onboard);
    h->node->pushed = (rpl_node_pushed){true, asked, h->world->chain_facts};
    h->world->chain_facts = (rpl_chain_facts){.count = 3};
    call_onboard(h, &onboard, &request);
    (void)onboarded(&onboard);
    fake_call_free(&onboard);
    /* one provider that does answer, and says no */
    h->world->chain_facts.reports[1] = fake_facts().reports[1];
    h->world->chain_facts.reports[1].latest.release = fake_revoked();
    call_onboard(h, &onboard, &request);
    assert_string_equal(fake_call_error(&onboard, "denied")->check, "policy.release");
    fake_call_free(&onboard);
    /* another peer's facts are of no use */
    h->world->chain_facts = (rpl_chain_facts){.count = 3};
    h->node->pushed.question.device[0] ^= 1;
    call_onboard(h, &onboard, &request);
    assert_string_equal(fake_call_error(&onboard, "unavailable")->check, "policy.chain");
    fake_call_free(&onboard);
    /* they age like any others */
    h->node->pushed.question.device[0] ^= 1;
    atomic_fetch_add(&h->world->now_s, 121);
    call_onboard(h, &onboard, &request);
    (void)fake_call_error(&onboard, "unavailable");
    fake_call_free(&onboard);
    fake_call_free(&request);
    fake_server_free(h);
    fake_server_free(j);
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
        cmocka_unit_test(a_handover_uses_what_was_pushed_about_its_peer),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
