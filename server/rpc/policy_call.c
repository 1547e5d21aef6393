/* POST /policy: the host brings headers and proofs about one peer.
 *
 *   loop    copies of what the node knows
 *   worker  headers and proofs; the pinned providers are asked whether they know the blocks
 *   loop    kept for the next handover of that peer, if the rule trusts the blocks; it asks them again
 */
#include <stdlib.h>

#include "server/rpc/chain_watch.h"
#include "server/rpc/flow.h"

typedef struct {
    rpl_flow flow;
    const Replicatoor__V1__PolicyRequest *input;
    bool admitted; /* counts among the outstanding ones */
    rpl_chain_hearing chain;
    rpl_chain_pushed pushed;
} policy_call;

static void release(rpl_flow *flow)
{
    policy_call *call = (policy_call *)flow;
    if (call->admitted)
        rpl_admission_leave(flow->services->config.admission, RPL_SLOT_VERIFY);
    free(call);
}

/* Why no rule trusts these blocks. */
static rpl_status refusal(const rpl_chain_agreement *agreement)
{
    static const struct {
        rpl_chain_standing standing;
        rpl_code code;
        const char *why;
    } rows[] = {
        {RPL_CHAIN_OVERTAKEN, RPL_STALE,
         "a pinned provider is more than two blocks ahead of the latest block: bring newer ones"},
        {RPL_CHAIN_DISAGREES, RPL_UNTRUSTED,
         "the pinned providers know other blocks by these numbers, or do not call the first final"},
        {RPL_CHAIN_STALE, RPL_STALE,
         "the latest block is more than two minutes old: bring newer "
         "ones"},
        {RPL_CHAIN_FINALIZED_STALE, RPL_STALE,
         "the finalized block is more than an hour old: bring newer ones"},
        {RPL_CHAIN_FUTURE, RPL_STALE, "the latest block is from the future"},
        {RPL_CHAIN_BACKWARDS, RPL_STALE,
         "the finalized block is below one that was confirmed before: bring newer ones"},
        {RPL_CHAIN_ORDER, RPL_MALFORMED, "the finalized block is above the latest"},
        {RPL_CHAIN_OTHER_CODE, RPL_UNTRUSTED,
         "the proofs show other code than CONTRACT_CODE at CONTRACT"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        for (size_t p = 0; p < agreement->n_providers; p++) {
            if (agreement->standing[p] == rows[i].standing)
                return rpl_fail(rows[i].code, rows[i].why);
        }
    }
    return rpl_fail(RPL_UNAVAILABLE,
                    "no configured rule trusts these blocks: fewer than REPLICATOOR_RPC_QUORUM of "
                    "the pinned providers confirm them, and this version has no light client");
}

static rpl_pushed_view view_of(ProtobufCBinaryData header, const char *proof)
{
    return (rpl_pushed_view){rpl_bytes_of(header.data, header.len), rpl_bytes_of_text(proof)};
}

static void in_worker_check(rpl_flow *flow)
{
    policy_call *call = (policy_call *)flow;
    const rpl_ports *ports = rpl_flow_ports(flow);
    const Replicatoor__V1__PolicyRequest *in = call->input;
    const rpl_pushed_view finalized = view_of(in->finalized_header, in->finalized_proof),
                          latest = view_of(in->latest_header, in->latest_proof);

    flow->status = rpl_chain_push_read(&call->chain.peer.question, call->chain.pin.address,
                                       &finalized, &latest, &call->pushed);
    if (flow->status.code != RPL_OK)
        return;
    rpl_chain_hearing_pushed(&call->chain, ports, &call->pushed);
    if (!call->chain.agreement.is_reached)
        flow->status = refusal(&call->chain.agreement);
}

static void on_loop_checked(rpl_flow *flow)
{
    policy_call *call = (policy_call *)flow;
    rpl_node *node = rpl_flow_node(flow);
    Replicatoor__V1__PolicyResponse r = REPLICATOOR__V1__POLICY_RESPONSE__INIT;

    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    rpl_chain_hearing_keep(&call->chain, node);
    node->pushed = (rpl_node_pushed){true, call->pushed};
    r.confirmed = (uint32_t)call->chain.agreement.n_agreeing;
    r.quorum = (uint32_t)call->chain.pin.quorum;
    r.finalized_number = call->pushed.finalized.block.number;
    r.latest_number = call->pushed.latest.block.number;
    r.expires_in_s = (uint32_t)(call->pushed.latest.block.timestamp + RPL_CHAIN_AGE_MAX_S -
                                call->chain.time.now_s);
    rpl_flow_end(flow, &r.base);
}

static rpl_status on_loop_begin(policy_call *call)
{
    const rpl_node *node = rpl_flow_node(&call->flow);
    const Replicatoor__V1__PolicyRequest *in = call->input;
    rpl_chain_question *q = &call->chain.peer.question;

    if (!node->settings.chain.is_set)
        return rpl_fail(RPL_DENIED, "this node has no contract (CONTRACT): nothing is decided by "
                                    "proofs");
    if (in->release.len != 32 || in->config.len != 32 || in->device.len != 32)
        return rpl_fail(RPL_MALFORMED, "expected release, config and device of the peer, 64 hex "
                                       "digits each");
    RPL_TRY(rpl_flow_take_tokens(&call->flow, 2));
    RPL_TRY(rpl_admission_enter(call->flow.services->config.admission, RPL_SLOT_VERIFY));
    call->admitted = true;
    rpl_chain_hearing_begin(node, RPL_POLICY_GIVE, &call->chain);
    memcpy(q->release, in->release.data, sizeof(q->release));
    memcpy(q->config, in->config.data, sizeof(q->config));
    memcpy(q->device, in->device.data, sizeof(q->device));
    return rpl_ok();
}

void rpl_policy_call(rpl_services *s, const Replicatoor__V1__PolicyRequest *input, rpl_reply reply)
{
    policy_call *call = rpl_flow_new(s, sizeof(*call), reply, release);
    if (!call)
        return;
    call->input = input;
    const rpl_status began = on_loop_begin(call);
    if (began.code != RPL_OK) {
        rpl_flow_fail(&call->flow, began);
        return;
    }
    rpl_flow_work(&call->flow, in_worker_check, on_loop_checked);
}
