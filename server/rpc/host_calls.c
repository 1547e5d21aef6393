/* The short calls of the host listener: /configure, /challenge, /bootstrap, /custody. */
#include <stdio.h>
#include <stdlib.h>

#include "server/core/env_file.h"
#include "server/rpc/chain_watch.h"
#include "server/rpc/flow.h"

/* --- /configure --- */

typedef struct {
    rpl_flow flow;
    rpl_env_file env;
    rpl_secret *text;
    bool has_keys;
    rpl_rpc_keys keys;
    char *names[RPL_ENV_NAMES_MAX];
    char names_storage[RPL_ENV_NAMES_MAX][RPL_ENV_NAME_LEN_MAX + 1];
} configure_call;

static void release_configure(rpl_flow *flow)
{
    configure_call *call = (configure_call *)flow;
    rpl_env_file_clear(&call->env);
    rpl_secret_free(call->text);
    free(call);
}

static void in_worker_write_env(rpl_flow *flow)
{
    configure_call *call = (configure_call *)flow;
    const rpl_ports *ports = rpl_flow_ports(flow);
    flow->status = ports->write_untrusted_env(ports->self, rpl_secret_expose(call->text));
}

static void on_loop_env_written(rpl_flow *flow)
{
    configure_call *call = (configure_call *)flow;
    Replicatoor__V1__ConfigureResponse r = REPLICATOOR__V1__CONFIGURE_RESPONSE__INIT;

    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    if (call->has_keys) {
        rpl_flow_ports(flow)->chain_keys(rpl_flow_ports(flow)->self, &call->keys);
        rpl_chain_watch_soon(flow->services->chain_watch);
    }
    for (size_t i = 0; i < call->env.count; i++) {
        memcpy(call->names_storage[i], call->env.entries[i].name.data,
               call->env.entries[i].name.len);
        call->names[i] = call->names_storage[i];
    }
    r.n_accepted = call->env.count;
    r.accepted = call->names;
    rpl_flow_end(flow, &r.base);
}

/* ETH_RPC_URL is looked at only where there is a contract; else it is the app's alone. What is
 * refused here leaves what is in force as it is. */
static rpl_status read_keys(configure_call *call, rpl_env_fault *fault)
{
    const rpl_node *node = rpl_flow_node(&call->flow);
    rpl_bytes urls;
    size_t place;

    if (!node->settings.chain.is_set || !rpl_env_file_get(&call->env, "ETH_RPC_URL", &urls))
        return rpl_ok();
    const rpl_status s = rpl_rpc_keys_parse(node->settings.rpc_prefixes, urls, &call->keys, &place);
    if (s.code != RPL_OK)
        snprintf(fault->name, sizeof(fault->name), "ETH_RPC_URL, entry %zu", place);
    call->has_keys = s.code == RPL_OK;
    return s;
}

/* The sentence of the parser, with the line and the name it is about; never a value. */
static void refuse_env(rpl_flow *flow, rpl_status status, const rpl_env_fault *fault)
{
    char message[512];
    Replicatoor__V1__Error e = REPLICATOOR__V1__ERROR__INIT;

    if (fault->line && fault->name[0])
        snprintf(message, sizeof(message), "line %zu, %s: %s", fault->line, fault->name,
                 status.what);
    else if (fault->name[0])
        snprintf(message, sizeof(message), "%s: %s", fault->name, status.what);
    else if (fault->line)
        snprintf(message, sizeof(message), "line %zu: %s", fault->line, status.what);
    else
        snprintf(message, sizeof(message), "%s", status.what);
    e.code = rpl_pb_text(rpl_code_table(status.code)->name);
    e.message = message;
    rpl_flow_end(flow, &e.base);
}

void rpl_configure_call(rpl_services *s, const Replicatoor__V1__ConfigureRequest *input,
                        rpl_reply reply)
{
    rpl_env_fault fault = {0};
    configure_call *call = rpl_flow_new(s, sizeof(*call), reply, release_configure);
    if (!call)
        return;
    rpl_status status =
        rpl_env_file_parse(rpl_bytes_of(input->env.data, input->env.len), &call->env, &fault);
    if (status.code == RPL_OK && s->config.configure_keys)
        status = rpl_env_file_only(&call->env, s->config.configure_keys, &fault);
    if (status.code == RPL_OK)
        status = read_keys(call, &fault);
    if (status.code == RPL_OK)
        status = rpl_env_file_text(&call->env, &call->text);
    if (status.code != RPL_OK) {
        refuse_env(&call->flow, status, &fault);
        return;
    }
    status = rpl_flow_take_tokens(&call->flow, 1);
    if (status.code != RPL_OK) {
        rpl_flow_fail(&call->flow, status);
        return;
    }
    rpl_flow_work(&call->flow, in_worker_write_env, on_loop_env_written);
}

/* --- /challenge --- */

void rpl_challenge_call(rpl_services *s, rpl_reply reply)
{
    Replicatoor__V1__ChallengeResponse r = REPLICATOOR__V1__CHALLENGE_RESPONSE__INIT;
    const rpl_ports *ports = s->config.ports;
    uint8_t challenge[RPL_CHALLENGE_LEN], random[8];

    ports->random(ports->self, random, sizeof(random));
    rpl_challenge_make(s->config.node->challenges, ports->time(ports->self).boot_ms, random,
                       challenge);
    r.challenge = rpl_pb_bytes(challenge, sizeof(challenge));
    r.expires_in_s = RPL_CHALLENGE_LIFE_S;
    rpl_reply_message(&reply, &r.base);
}

/* --- /bootstrap --- */

typedef struct {
    rpl_flow flow;
    rpl_file_list files;
    rpl_state *genesis;
    rpl_chain_hearing chain;
} bootstrap_call;

static void release_bootstrap(rpl_flow *flow)
{
    bootstrap_call *call = (bootstrap_call *)flow;
    rpl_file_list_free(&call->files);
    rpl_state_free(call->genesis);
    free(call);
}

static void in_worker_read_files(rpl_flow *flow)
{
    bootstrap_call *call = (bootstrap_call *)flow;
    const rpl_ports *ports = rpl_flow_ports(flow);
    flow->status = ports->read_files(ports->self, &call->files);
    if (flow->status.code != RPL_OK || !call->chain.is_set)
        return;
    rpl_chain_hearing_ask(&call->chain, ports);
    flow->status = rpl_chain_hearing_may_bootstrap(&call->chain);
}

static void answer_bootstrap(rpl_flow *flow)
{
    Replicatoor__V1__BootstrapResponse r = REPLICATOOR__V1__BOOTSTRAP_RESPONSE__INIT;
    Replicatoor__V1__Epoch epoch = REPLICATOOR__V1__EPOCH__INIT;
    const rpl_node *node = rpl_flow_node(flow);
    const rpl_identity_pub *pub = rpl_identity_public(rpl_state_identity(node->state));
    uint8_t digest[32], xpub[20];
    rpl_epoch first;

    (void)rpl_state_root(node->state, 0, &first);
    rpl_identity_digest(pub, digest);
    rpl_identity_address(pub, xpub);
    epoch.number = first.number;
    epoch.commitment = rpl_pb_bytes(first.commitment, sizeof(first.commitment));
    r.identity = rpl_pb_bytes(pub->b, sizeof(pub->b));
    r.identity_digest = rpl_pb_bytes(digest, sizeof(digest));
    r.xpub = rpl_pb_bytes(xpub, sizeof(xpub));
    r.epoch = &epoch;
    r.phase = rpl_pb_text(rpl_phase_name(node->phase));
    rpl_flow_end(flow, &r.base);
}

static void on_loop_files_read(rpl_flow *flow)
{
    bootstrap_call *call = (bootstrap_call *)flow;
    rpl_node *node = rpl_flow_node(flow);

    rpl_chain_hearing_keep(&call->chain, node);
    if (flow->status.code == RPL_OK)
        flow->status = rpl_node_genesis(node, &call->files, &call->genesis);
    if (flow->status.code == RPL_OK)
        flow->status = rpl_node_bootstrap(node, &call->genesis);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    rpl_services_state_changed(flow->services);
    answer_bootstrap(flow);
}

void rpl_bootstrap_call(rpl_services *s, rpl_reply reply)
{
    bootstrap_call *call = rpl_flow_new(s, sizeof(*call), reply, release_bootstrap);
    if (!call)
        return;
    rpl_status status = rpl_node_may(s->config.node, RPL_EVENT_BOOTSTRAPPED);
    if (status.code == RPL_OK)
        status = rpl_flow_take_tokens(&call->flow, 1);
    if (status.code != RPL_OK) {
        rpl_flow_fail(&call->flow, status);
        return;
    }
    rpl_chain_hearing_begin(s->config.node, RPL_POLICY_GIVE, &call->chain);
    rpl_chain_hearing_of_self(&call->chain, s->config.node);
    rpl_flow_work(&call->flow, in_worker_read_files, on_loop_files_read);
}

/* --- /custody --- */

static void fill_receipt(Replicatoor__V1__CustodyReceipt *out, ProtobufCBinaryData *parents,
                         const rpl_receipt *r)
{
    replicatoor__v1__custody_receipt__init(out);
    out->kind = rpl_pb_text(r->kind == RPL_RECEIPT_GENESIS ? "genesis" : "handover");
    out->handover_id = rpl_pb_bytes(r->handover_id, 32);
    out->state_digest = rpl_pb_bytes(r->state_digest, 32);
    out->joiner_quote = rpl_pb_bytes(r->joiner_quote, 32);
    out->holder_quote = rpl_pb_bytes(r->holder_quote, 32);
    out->release = rpl_pb_bytes(r->release, 32);
    out->config_digest = rpl_pb_bytes(r->config_digest, 32);
    out->at = r->at;
    for (size_t i = 0; i < r->n_parents; i++)
        parents[i] = rpl_pb_bytes(r->parents[i], 32);
    out->n_parents = r->n_parents;
    out->parents = parents;
    out->signature = rpl_pb_bytes(r->signature, sizeof(r->signature));
    out->digest = rpl_pb_bytes(r->digest, sizeof(r->digest));
}

typedef struct {
    Replicatoor__V1__CustodyReceipt message;
    ProtobufCBinaryData parents[RPL_RECEIPT_PARENTS_MAX];
} receipt_message;

/* The whole log is written out on the loop: it costs. */
static bool is_limited(rpl_services *s, const rpl_reply *reply)
{
    const rpl_ports *ports = s->config.ports;
    uint32_t wait_s;
    const rpl_status admitted = rpl_admission_take(s->config.admission, rpl_reply_peer(reply)->key,
                                                   1, ports->time(ports->self).boot_ms, &wait_s);
    if (admitted.code != RPL_OK)
        rpl_reply_busy(reply, admitted.what, wait_s, true);
    return admitted.code != RPL_OK;
}

void rpl_custody_call(rpl_services *s, rpl_reply reply)
{
    if (is_limited(s, &reply))
        return;
    Replicatoor__V1__CustodyResponse r = REPLICATOOR__V1__CUSTODY_RESPONSE__INIT;
    const rpl_state *state = s->config.node->state;
    const rpl_custody none = {0}, *custody = state ? rpl_state_custody(state) : &none;
    receipt_message *receipts = calloc(custody->count + 1, sizeof(*receipts));
    Replicatoor__V1__CustodyReceipt **pointers = calloc(custody->count + 1, sizeof(*pointers));

    for (size_t i = 0; receipts && pointers && i < custody->count; i++) {
        fill_receipt(&receipts[i].message, receipts[i].parents, &custody->receipts[i]);
        pointers[i] = &receipts[i].message;
    }
    if (state)
        r.identity =
            rpl_pb_bytes(rpl_identity_public(rpl_state_identity(state))->b, RPL_IDENTITY_PUB_LEN);
    r.n_receipts = custody->count;
    r.receipts = pointers;
    if (receipts && pointers)
        rpl_reply_message(&reply, &r.base);
    else
        rpl_reply_error(&reply, rpl_fail(RPL_INTERNAL, "no memory"));
    free(receipts);
    free(pointers);
}
