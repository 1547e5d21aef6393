/* POST /onboard: verify a joiner, then seal the state to its key.
 *
 *   loop    admission, phase, challenge
 *   worker  files on disk; offline checks; collateral
 *   loop    refuse, or prepare: the state with the files as they are now (a new one if there is none)
 *   worker  our own quote over the onboard fields
 *   worker  the contract again, if there is one and more than 30 s have passed
 *   loop    the policy again if more than 30 s have passed; only now the node's own state changes:
 *           bootstrap or new file versions, receipt, signature
 *   worker  seal
 *   loop    answer, if no more than 30 s have passed since the policy was asked
 */
#include "attestation/collateral_bundle.h"
#include "server/rpc/flow.h"

#include <sodium.h>
#include <stdlib.h>

enum { RECHECK_AFTER_MS = 30000 };

static const char collateral_expired[] =
    "collateral or grace of the joiner ended while the handover was prepared: again";

typedef struct {
    rpl_flow flow;
    const Replicatoor__V1__OnboardRequest *input;
    bool admitted; /* counts among the outstanding ones */
    bool sealing;
    rpl_file_list files;
    uint64_t revision; /* of the node's state since before the files were read */
    rpl_peer_check *check;
    rpl_flow_judge judge;
    rpl_request_fields request;
    int64_t verified_ms;
    rpl_state *candidate; /* what the state will be when this call succeeds */
    rpl_snapshot snapshot;
    rpl_onboard_fields fields;
    rpl_own_quote quote;
    uint8_t signature[RPL_SIGNATURE_LEN];
    rpl_custody custody;
    rpl_chain_block mark;     /* what the joiner may take as a hint */
    rpl_collateral_set given; /* zeros when none came with the call */
    uint8_t *sealed;
    size_t sealed_len;
} onboard_call;

static void release(rpl_flow *flow)
{
    onboard_call *call = (onboard_call *)flow;
    rpl_admission *admission = flow->services->config.admission;
    if (call->sealing)
        rpl_admission_leave(admission, RPL_SLOT_SEAL);
    if (call->admitted)
        rpl_admission_leave(admission, RPL_SLOT_VERIFY);
    rpl_file_list_free(&call->files);
    rpl_peer_check_free(call->check);
    rpl_state_free(call->candidate);
    rpl_snapshot_free(&call->snapshot);
    rpl_own_quote_free(&call->quote);
    rpl_custody_free(&call->custody);
    rpl_collateral_set_free(&call->given);
    free(call->sealed);
    free(call);
}

static void answer(onboard_call *call)
{
    Replicatoor__V1__OnboardResponse r = REPLICATOOR__V1__ONBOARD_RESPONSE__INIT;
    rpl_verdict_message *verdict = rpl_verdict_message_new(
        &call->check->verdict, rpl_verification_facts(call->check->verification));
    uint8_t id[32];

    rpl_request_digest(&call->request, id);
    r.verdict = rpl_verdict_message_get(verdict);
    r.sealed = rpl_pb_bytes(call->sealed, call->sealed_len);
    r.handover_id = rpl_pb_bytes(id, sizeof(id));
    rpl_reply_message(&call->flow.reply, &r.base);
    rpl_verdict_message_free(verdict);
    release(&call->flow);
}

static void in_worker_seal(rpl_flow *flow)
{
    onboard_call *call = (onboard_call *)flow;
    RPL_AUTO(secret) rpl_secret *plaintext = NULL;

    flow->status =
        rpl_handover_encode(rpl_secret_expose(call->snapshot.state),
                            rpl_bytes_of(call->quote.with_evidence, call->quote.with_evidence_len),
                            call->signature, &call->custody, &call->mark, &plaintext);
    if (flow->status.code == RPL_OK)
        flow->status = rpl_sealed_box_seal(call->request.pubk, rpl_secret_expose(plaintext),
                                           call->snapshot.digest, &call->sealed, &call->sealed_len);
}

static bool is_old(const onboard_call *call)
{
    const rpl_ports *ports = rpl_flow_ports(&call->flow);
    return ports->time(ports->self).boot_ms - call->verified_ms > RECHECK_AFTER_MS;
}

/* The host decides when the VM runs: what is released late was sealed by an old answer. */
static rpl_status check_age(onboard_call *call)
{
    if (!is_old(call))
        return rpl_ok();
    sodium_memzero(call->sealed, call->sealed_len);
    return rpl_fail(RPL_UNAVAILABLE, "sealing took too long: what admitted the joiner is more than "
                                     "30 s old, and the message was thrown away; try again");
}

static void on_loop_sealed(rpl_flow *flow)
{
    if (flow->status.code == RPL_OK)
        flow->status = check_age((onboard_call *)flow);
    if (flow->status.code == RPL_OK)
        flow->status = rpl_node_step(rpl_flow_node(flow), RPL_EVENT_ONBOARD_SEALED);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    rpl_flow_count_handover(flow, "given", "sealed");
    answer((onboard_call *)flow);
}

static rpl_status record(onboard_call *call)
{
    rpl_node *node = rpl_flow_node(&call->flow);
    const rpl_identity *identity = rpl_state_identity(node->state);
    rpl_receipt receipt = {.kind = RPL_RECEIPT_HANDOVER,
                           .at = node->ports->time(node->ports->self).now_s};
    uint8_t message[RPL_ONBOARD_MESSAGE_MAX];

    memcpy(receipt.handover_id, call->fields.request_digest, 32);
    memcpy(receipt.state_digest, call->snapshot.digest, 32);
    memcpy(receipt.joiner_quote, rpl_verification_facts(call->check->verification)->quote_digest,
           32);
    memcpy(receipt.holder_quote, call->quote.digest, 32);
    memcpy(receipt.release, call->check->identity.release, 32);
    memcpy(receipt.config_digest, call->check->config_digest, 32);
    RPL_TRY(rpl_custody_add(rpl_state_custody_mut(node->state), identity, &receipt));
    rpl_identity_sign(identity, rpl_bytes_of(message, rpl_onboard_message(&call->fields, message)),
                      call->signature);
    RPL_TRY(rpl_custody_copy(rpl_state_custody(node->state), &call->custody));
    call->mark = node->mark.block;
    return rpl_node_step(node, RPL_EVENT_ONBOARD_RECORDED);
}

/* What was true when the joiner was verified must still be true when it is sealed to. */
static rpl_status recheck(onboard_call *call)
{
    const rpl_ports *ports = rpl_flow_ports(&call->flow);
    const rpl_time now = ports->time(ports->self);

    RPL_TRY(rpl_flow_need_time(&call->flow, &call->check->verdict));
    if (!is_old(call))
        return rpl_ok();
    if (call->judge.chain.is_set)
        return rpl_fail(RPL_UNAVAILABLE, "the chain answers too slowly: what it said of the joiner "
                                         "is more than 30 s old; try again");
    if (!rpl_facts_hold(rpl_verification_facts(call->check->verification), now.now_s))
        return rpl_fail(RPL_STALE, collateral_expired);
    rpl_peer_check_policy(call->check, &call->judge.rules);
    call->verified_ms = now.boot_ms;
    return rpl_ok();
}

static rpl_status check_no_request_waits(const onboard_call *call)
{
    rpl_node *node = rpl_flow_node(&call->flow);
    const rpl_request *own = rpl_requests_by_pubk(&node->requests, call->request.pubk);

    if (rpl_requests_count(&node->requests) > (own ? 1u : 0u))
        return rpl_fail(RPL_NOT_READY, "this node has asked for a state itself and does not make "
                                       "one while it waits");
    return rpl_ok();
}

/* With the receipt that is yet to be written; before anything is changed. */
static rpl_status check_size(const onboard_call *call)
{
    const rpl_node *node = rpl_flow_node(&call->flow);
    const rpl_state *state = node->state ? node->state : call->candidate;
    const size_t len =
        rpl_handover_len_max(rpl_secret_len(call->snapshot.state), call->quote.with_evidence_len,
                             rpl_state_custody(state)->count + 1);
    if (len > node->settings.max_state)
        return rpl_fail(RPL_TOO_LARGE, "the state and its custody log are larger than "
                                       "REPLICATOOR_MAX_STATE allows to be handed over");
    return rpl_ok();
}

/* Files that were read before another call changed the state must not count as newer than it. */
static rpl_status check_unchanged(const onboard_call *call)
{
    const rpl_node *node = rpl_flow_node(&call->flow);
    if (node->installing || node->revision != call->revision)
        return rpl_fail(RPL_UNAVAILABLE, "the state changed while the handover was prepared: try "
                                         "again");
    return rpl_ok();
}

static bool is_quoted(const onboard_call *call)
{
    const rpl_state *state = rpl_flow_node(&call->flow)->state;
    uint8_t digest[32];
    return state && rpl_state_digest(state, digest).code == RPL_OK &&
           memcmp(digest, call->snapshot.digest, sizeof(digest)) == 0;
}

/* The node's state becomes what the quote speaks of; if it changed meanwhile, the quote is void. */
static rpl_status commit(onboard_call *call)
{
    rpl_node *node = rpl_flow_node(&call->flow);
    bool changed = false;

    RPL_TRY(check_size(call));
    if (is_quoted(call))
        return rpl_ok();
    RPL_TRY(check_unchanged(call));
    if (!node->state) {
        RPL_TRY(check_no_request_waits(call));
        RPL_TRY(rpl_node_bootstrap(node, &call->candidate));
        rpl_services_state_changed(call->flow.services);
        return rpl_ok();
    }
    RPL_TRY(rpl_state_take_files(node->state, &call->files, node->replica_id, &changed));
    node->revision += changed;
    return rpl_ok();
}

static void on_loop_ready(rpl_flow *flow)
{
    onboard_call *call = (onboard_call *)flow;

    rpl_chain_hearing_keep(&call->judge.chain, rpl_flow_node(flow));
    if (flow->status.code == RPL_OK)
        flow->status = recheck(call);
    if (!rpl_verdict_admits(&call->check->verdict)) {
        rpl_flow_stop(flow, flow->status, call->check);
        return;
    }
    if (flow->status.code == RPL_OK)
        flow->status = commit(call);
    if (flow->status.code == RPL_OK)
        flow->status = rpl_node_step(rpl_flow_node(flow), RPL_EVENT_ONBOARD_QUOTED);
    if (flow->status.code == RPL_OK)
        flow->status = record(call);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    rpl_flow_work(flow, in_worker_seal, on_loop_sealed);
}

static void in_worker_ask_again(rpl_flow *flow)
{
    onboard_call *call = (onboard_call *)flow;
    const rpl_ports *ports = rpl_flow_ports(flow);

    if (!rpl_facts_hold(rpl_verification_facts(call->check->verification),
                        ports->time(ports->self).now_s)) {
        flow->status = rpl_fail(RPL_STALE, collateral_expired);
        return;
    }
    rpl_chain_hearing_run(&call->judge.chain, ports, call->check);
    call->verified_ms = call->judge.chain.asked_ms;
}

static void on_loop_quoted(rpl_flow *flow)
{
    onboard_call *call = (onboard_call *)flow;

    rpl_flow_count_quote(flow, flow->status.code);
    if (flow->status.code == RPL_OK && call->judge.chain.is_set && is_old(call))
        rpl_flow_work(flow, in_worker_ask_again, on_loop_ready);
    else
        on_loop_ready(flow);
}

static void in_worker_quote(rpl_flow *flow)
{
    onboard_call *call = (onboard_call *)flow;
    rpl_report_data report_data;
    rpl_transcript_onboard(&call->fields, &report_data);
    flow->status = rpl_own_quote_make(flow, &report_data, NULL, &call->quote);
}

/* A node that never had a state makes one from its secure file, as the original did, but not while
 * it waits for somebody else's. */
static rpl_status genesis_from_files(onboard_call *call)
{
    const rpl_node *node = rpl_flow_node(&call->flow);

    if (call->files.count == 0)
        return rpl_fail(RPL_NOT_READY,
                        "this node has no state and no secure file: POST /bootstrap, "
                        "or let it receive a state");
    RPL_TRY(check_no_request_waits(call));
    return rpl_node_genesis(node, &call->files, &call->candidate);
}

static rpl_status prepare(onboard_call *call)
{
    const rpl_node *node = rpl_flow_node(&call->flow);
    bool changed = false;

    if (!node->state)
        RPL_TRY(genesis_from_files(call));
    else {
        RPL_TRY(rpl_state_clone(node->state, &call->candidate));
        RPL_TRY(rpl_state_take_files(call->candidate, &call->files, node->replica_id, &changed));
    }
    if (changed)
        RPL_TRY(check_unchanged(call));
    RPL_TRY(rpl_snapshot_make(call->candidate, &call->snapshot));
    RPL_TRY(rpl_node_epoch_allowed(node, call->snapshot.highest_epoch));
    memcpy(call->fields.state_digest, call->snapshot.digest, 32);
    call->fields.identity = call->snapshot.identity;
    call->fields.highest_epoch = call->snapshot.highest_epoch;
    memcpy(call->fields.config_digest, node->settings.config_digest, 32);
    return rpl_ok();
}

static void on_loop_verified(rpl_flow *flow)
{
    onboard_call *call = (onboard_call *)flow;
    rpl_node *node = rpl_flow_node(flow);
    const rpl_ports *ports = rpl_flow_ports(flow);

    rpl_chain_hearing_keep(&call->judge.chain, node);
    rpl_flow_count_verification(flow, &call->check->verdict);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    if (!rpl_verdict_admits(&call->check->verdict)) {
        rpl_flow_refuse(flow, rpl_ok(), call->check);
        return;
    }
    if (call->input->dry_run) {
        answer(call);
        return;
    }
    flow->status = rpl_node_step(node, RPL_EVENT_ONBOARD_VERIFIED);
    if (flow->status.code == RPL_OK && call->check->evidence.has_challenge)
        flow->status = rpl_challenge_use(node->challenges, ports->time(ports->self).boot_ms,
                                         call->request.challenge, call->fields.request_digest);
    if (flow->status.code == RPL_OK)
        flow->status = prepare(call);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    flow->status = rpl_admission_enter(flow->services->config.admission, RPL_SLOT_SEAL);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    call->sealing = true;
    rpl_flow_work(flow, in_worker_quote, on_loop_quoted);
}

static rpl_status read_given(onboard_call *call)
{
    if (!call->input->collateral[0])
        return rpl_ok();
    RPL_TRY(rpl_collateral_bundle_read(rpl_bytes_of_text(call->input->collateral), &call->given));
    call->check->given = &call->given.view;
    return rpl_ok();
}

static void in_worker_verify(rpl_flow *flow)
{
    onboard_call *call = (onboard_call *)flow;
    const rpl_ports *ports = rpl_flow_ports(flow);
    rpl_report_data expected;

    flow->status = read_given(call);
    if (flow->status.code == RPL_OK)
        flow->status = ports->read_files(ports->self, &call->files);
    if (flow->status.code != RPL_OK)
        return;
    rpl_transcript_request(&call->request, &expected);
    flow->status = rpl_flow_verify(flow, call->check, &expected, &call->judge);
    call->verified_ms =
        call->judge.chain.was_asked ? call->judge.chain.asked_ms : ports->time(ports->self).boot_ms;
}

/* The challenge is judged before anything costs: it is ours, in time, and this request's. */
static void check_challenge(onboard_call *call)
{
    rpl_node *node = rpl_flow_node(&call->flow);
    rpl_verdict *v = &call->check->verdict;
    const rpl_ports *ports = node->ports;

    rpl_verdict_require(v, RPL_CHECK_POLICY_CHALLENGE);
    if (!call->check->evidence.has_challenge) {
        if (node->settings.challenge_required)
            rpl_verdict_fail(v, RPL_CHECK_POLICY_CHALLENGE, "CHALLENGE_MISSING", "no challenge",
                             "a challenge of this node",
                             "GET /challenge here, then POST {\"challenge\": ..} to /requestKey");
        else
            rpl_verdict_pass(v, RPL_CHECK_POLICY_CHALLENGE);
        return;
    }
    const rpl_status s = rpl_challenge_check(node->challenges, ports->time(ports->self).boot_ms,
                                             call->request.challenge, call->fields.request_digest);
    if (s.code == RPL_OK)
        rpl_verdict_pass(v, RPL_CHECK_POLICY_CHALLENGE);
    else
        rpl_verdict_fail(v, RPL_CHECK_POLICY_CHALLENGE, "CHALLENGE", "a challenge", "a live one",
                         s.what);
}

static rpl_status open_request(onboard_call *call)
{
    const Replicatoor__V1__OnboardRequest *in = call->input;
    const rpl_peer_input peer = {
        .quote = rpl_bytes_of(in->quote.data, in->quote.len),
        .event_log = rpl_bytes_of_text(in->event_log),
        .challenge = rpl_bytes_of(in->challenge.data, in->challenge.len),
        .config = rpl_bytes_of_text(in->config),
    };
    if (in->pubk.len != sizeof(call->request.pubk))
        return rpl_fail(RPL_MALFORMED, "pubk: expected 64 hex digits, as POST /requestKey on the "
                                       "joiner answers");
    if (in->quote.len == 0)
        return rpl_fail(RPL_MALFORMED, "quote: expected hex, as POST /requestKey on the joiner "
                                       "answers");
    RPL_TRY(rpl_peer_check_open(call->check, &peer,
                                RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD |
                                    RPL_GROUP_BINDING | RPL_GROUP_POLICY));
    call->check->want_forecast = in->dry_run;
    memcpy(call->request.pubk, in->pubk.data, sizeof(call->request.pubk));
    if (call->check->evidence.has_challenge)
        memcpy(call->request.challenge, call->check->evidence.challenge, 32);
    memcpy(call->request.config_digest, call->check->config_digest, 32);
    rpl_request_digest(&call->request, call->fields.request_digest);
    return rpl_ok();
}

static rpl_status on_loop_begin(onboard_call *call)
{
    rpl_node *node = rpl_flow_node(&call->flow);

    rpl_node_expire(node);
    call->check = rpl_peer_check_new();
    if (!call->check)
        return rpl_fail(RPL_INTERNAL, "no memory");
    RPL_TRY(open_request(call));
    RPL_TRY(rpl_flow_take_tokens(&call->flow, 2));
    RPL_TRY(rpl_flow_need_time(&call->flow, &call->check->verdict));
    RPL_TRY(rpl_admission_enter(call->flow.services->config.admission, RPL_SLOT_VERIFY));
    call->admitted = true;
    if (!call->input->dry_run && !node->state &&
        (!node->settings.has_secure_files || node->settings.chain.is_set))
        return rpl_fail(RPL_NOT_READY, "this node has no state: POST /bootstrap, or let it receive "
                                       "one");
    RPL_TRY(rpl_node_step(node, RPL_EVENT_ONBOARD_ADMITTED));
    check_challenge(call);
    rpl_flow_judge_by(&call->flow, RPL_POLICY_GIVE, &call->judge);
    call->revision = node->revision;
    return rpl_ok();
}

void rpl_onboard_call(rpl_services *s, const Replicatoor__V1__OnboardRequest *input,
                      rpl_reply reply)
{
    onboard_call *call = rpl_flow_new(s, sizeof(*call), reply, release);
    if (!call)
        return;
    call->input = input;
    const rpl_status began = on_loop_begin(call);
    if (began.code != RPL_OK) {
        rpl_flow_stop(&call->flow, began, call->check);
        return;
    }
    rpl_flow_work(&call->flow, in_worker_verify, on_loop_verified);
}
