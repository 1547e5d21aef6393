#include "server/core/node.h"

#include <stdlib.h>

rpl_node *rpl_node_new(const rpl_node_settings *settings, const rpl_ports *ports)
{
    RPL_AUTO(scratch) rpl_scratch key = {0};
    rpl_node *node = calloc(1, sizeof(*node));
    if (!node)
        return NULL;
    node->settings = *settings;
    node->ports = ports;
    ports->random(ports->self, key.b, 32);
    ports->random(ports->self, node->replica_id, sizeof(node->replica_id));
    node->challenges = rpl_challenges_new(key.b, ports->time(ports->self).boot_ms);
    if (!node->challenges) {
        rpl_node_free(node);
        return NULL;
    }
    return node;
}

void rpl_node_free(rpl_node *node)
{
    if (!node)
        return;
    rpl_state_free(node->state);
    rpl_requests_free(&node->requests);
    rpl_challenges_free(node->challenges);
    free(node->self_verdict);
    free(node);
}

rpl_status rpl_node_may(const rpl_node *node, rpl_event_kind event)
{
    const rpl_phase_row *row;
    return rpl_phase_step(node->phase, event, &row);
}

rpl_status rpl_node_step(rpl_node *node, rpl_event_kind event)
{
    const rpl_phase_row *row;
    RPL_TRY(rpl_phase_step(node->phase, event, &row));
    node->phase = row->to;
    node->ports->reached(node->ports->self, row->name);
    return rpl_ok();
}

static rpl_status sign_genesis(const rpl_node *node, rpl_state *state)
{
    rpl_receipt receipt = {.kind = RPL_RECEIPT_GENESIS};

    receipt.at = node->ports->time(node->ports->self).now_s;
    memcpy(receipt.release, node->self.release, sizeof(receipt.release));
    memcpy(receipt.config_digest, node->settings.config_digest, sizeof(receipt.config_digest));
    memcpy(receipt.holder_quote, node->self_quote_digest, sizeof(receipt.holder_quote));
    RPL_TRY(rpl_state_digest(state, receipt.state_digest));
    return rpl_custody_add(rpl_state_custody_mut(state), rpl_state_identity(state), &receipt);
}

rpl_status rpl_node_genesis(const rpl_node *node, const rpl_file_list *files, rpl_state **out)
{
    RPL_AUTO(scratch) rpl_scratch secret = {0};
    RPL_AUTO(state) rpl_state *state = NULL;
    bool changed;

    RPL_TRY(rpl_node_may(node, RPL_EVENT_BOOTSTRAPPED));
    if (node->installing)
        return rpl_fail(RPL_UNAVAILABLE, "a received state is being installed: try again");
    if (node->settings.has_pin)
        return rpl_fail(RPL_CONFLICT,
                        "REPLICATOOR_IDENTITY pins an identity, and a bootstrap would "
                        "make another: let this node receive the pinned one");
    if (!node->self_known)
        return rpl_fail(RPL_NOT_READY,
                        "this node's own quote is not verified yet: see self_verdict "
                        "in /status");
    node->ports->random(node->ports->self, secret.b, sizeof(secret.b));
    RPL_TRY(rpl_state_genesis(secret.b, secret.b + RPL_SEED_LEN, &state));
    if (files)
        RPL_TRY(rpl_state_take_files(state, files, node->replica_id, &changed));
    RPL_TRY(sign_genesis(node, state));
    *out = RPL_TAKE(state);
    return rpl_ok();
}

rpl_status rpl_node_bootstrap(rpl_node *node, rpl_state **genesis)
{
    if (node->installing)
        return rpl_fail(RPL_UNAVAILABLE, "a received state is being installed: try again");
    RPL_TRY(rpl_node_step(node, node->settings.chain.is_set ? RPL_EVENT_BOOTSTRAPPED_UNPINNED
                                                            : RPL_EVENT_BOOTSTRAPPED));
    node->state = RPL_TAKE(*genesis);
    node->revision++;
    return rpl_ok();
}

static void step_if_last(rpl_node *node)
{
    if (rpl_requests_count(&node->requests) == 0 &&
        rpl_node_may(node, RPL_EVENT_REQUESTS_GONE).code == RPL_OK)
        (void)!rpl_node_step(node, RPL_EVENT_REQUESTS_GONE).code;
}

void rpl_node_expire(rpl_node *node)
{
    const size_t before = rpl_requests_count(&node->requests);
    const int64_t boot_ms = node->ports->time(node->ports->self).boot_ms;
    if (node->installing)
        return;
    if (before && rpl_requests_expire(&node->requests, boot_ms) == 0)
        step_if_last(node);
}

void rpl_node_request_used(rpl_node *node, rpl_request *request)
{
    rpl_requests_remove(request);
    if (node->phase != RPL_PHASE_HOLDING)
        step_if_last(node);
}

rpl_policy_party rpl_node_party(const rpl_node *node, const rpl_peer_identity *identity)
{
    rpl_policy_party party = {.identity = node->self_known ? identity : NULL,
                              .config = node->settings.config_preimage};
    memcpy(party.config_digest, node->settings.config_digest, sizeof(party.config_digest));
    return party;
}

rpl_status rpl_node_epoch_allowed(const rpl_node *node, uint64_t highest_epoch)
{
    if (highest_epoch < node->settings.min_epoch)
        return rpl_fail(RPL_DENIED,
                        "the state's highest epoch is below REPLICATOOR_MIN_EPOCH: it is "
                        "neither given nor taken");
    return rpl_ok();
}

rpl_status rpl_snapshot_make(const rpl_state *state, rpl_snapshot *out)
{
    rpl_snapshot s = {0};
    s.identity = *rpl_identity_public(rpl_state_identity(state));
    s.highest_epoch = rpl_state_highest_epoch(state);
    RPL_TRY(rpl_state_digest(state, s.digest));
    RPL_TRY(rpl_state_encode(state, &s.state));
    *out = s;
    return rpl_ok();
}

void rpl_snapshot_free(rpl_snapshot *snapshot)
{
    rpl_secret_free(snapshot->state);
    *snapshot = (rpl_snapshot){0};
}
