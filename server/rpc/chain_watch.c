#include "server/rpc/chain_watch.h"

#include <stdlib.h>

#include "base/log.h"

enum { PERIOD_MS = 60000, WHILE_WAITING_MS = 15000, LISTS_MS = 20000 };

typedef struct {
    rpl_flow flow;
    rpl_chain_hearing hearing;
    rpl_chain_pending pending;
    rpl_contract_item items[RPL_CHAIN_LIST_MAX];
} watch_flow;

rpl_chain_watch *rpl_chain_watch_new(rpl_services *services)
{
    rpl_chain_watch *watch = calloc(1, sizeof(*watch));
    if (watch)
        watch->services = services;
    return watch;
}

void rpl_chain_watch_free(rpl_chain_watch *watch)
{
    free(watch);
}

static void release(rpl_flow *flow)
{
    flow->services->chain_watch->running = false;
    free(flow);
}

static bool same_word(const uint8_t a[static 32], const uint8_t b[static 32])
{
    return rpl_bytes_equal(rpl_bytes_of(a, 32), rpl_bytes_of(b, 32));
}

static bool is_kept(const rpl_chain_pending *pending, const rpl_contract_key *key)
{
    for (size_t i = 0; i < pending->count; i++)
        if (same_word(pending->items[i].key.kind, key->kind) &&
            same_word(pending->items[i].key.value, key->value))
            return true;
    return false;
}

/* Those that wait by the time of the latest block, beside what others told; the last ones when there
 * are too many. */
static void keep_pending(watch_flow *call, size_t count, int64_t latest_s)
{
    rpl_chain_pending *out = &call->pending;

    out->is_known = true;
    out->has_more |= count > 0 && call->items[0].entry.position > 1;
    for (size_t i = count; i-- > 0;) {
        const rpl_contract_item *item = &call->items[i];
        if (rpl_contract_entry_state(&item->entry, (uint64_t)latest_s) != RPL_ENTRY_PENDING ||
            is_kept(out, &item->key))
            continue;
        if (out->count == RPL_CHAIN_PENDING_MAX) {
            out->has_more = true;
            return;
        }
        out->items[out->count++] = *item;
    }
}

/* Every provider that names the agreed blocks is asked, as long as there is time. */
static void ask_lists(watch_flow *call, const rpl_ports *ports)
{
    const rpl_chain_agreement *agreement = &call->hearing.agreement;
    const rpl_chain_block *latest = &call->hearing.facts.reports[agreement->spokesman].latest.block;
    const int64_t until_ms = ports->time(ports->self).boot_ms + LISTS_MS;
    size_t count;

    for (size_t i = 0; i < agreement->n_providers; i++) {
        if (agreement->standing[i] == RPL_CHAIN_KNOWN &&
            ports->time(ports->self).boot_ms < until_ms &&
            ports->chain_list(ports->self, i, latest->hash, call->items, RPL_CHAIN_LIST_MAX, &count)
                    .code == RPL_OK)
            keep_pending(call, count, latest->timestamp);
    }
}

static void in_worker_ask(rpl_flow *flow)
{
    watch_flow *call = (watch_flow *)flow;
    const rpl_ports *ports = rpl_flow_ports(flow);

    rpl_chain_hearing_ask(&call->hearing, ports);
    if (call->hearing.agreement.is_reached)
        ask_lists(call, ports);
}

static bool names(const rpl_chain_report *r, const uint8_t digest[static 32])
{
    return rpl_chain_names_identity(&r->finalized, digest) &&
           rpl_chain_names_identity(&r->latest, digest) &&
           (!r->has_newest || rpl_chain_names_identity(&r->newest, digest));
}

/* The identity of a node that bootstrapped is pinned where it counts: by a quorum, at all blocks, and
 * nobody whose word counts says otherwise. */
static bool is_pinned(const rpl_chain_hearing *heard, const rpl_node *node)
{
    uint8_t digest[32];

    if (!heard->agreement.is_reached || !node->state)
        return false;
    rpl_identity_digest(rpl_identity_public(rpl_state_identity(node->state)), digest);
    for (size_t i = 0; i < heard->agreement.n_providers; i++)
        if (rpl_chain_counts(&heard->agreement, i) && !names(&heard->facts.reports[i], digest))
            return false;
    return true;
}

static void on_loop_heard(rpl_flow *flow)
{
    rpl_chain_watch *watch = flow->services->chain_watch;
    rpl_node *node = rpl_flow_node(flow);

    watch->last = ((watch_flow *)flow)->hearing;
    watch->pending = ((watch_flow *)flow)->pending;
    watch->was_heard = true;
    rpl_chain_hearing_keep(&watch->last, node);
    if (node->phase == RPL_PHASE_AWAITING_PIN && is_pinned(&watch->last, node) &&
        rpl_node_step(node, RPL_EVENT_PINNED).code == RPL_OK) {
        rpl_log(RPL_LOG_INFO, "the contract names this node's identity: it may give from now on");
        rpl_services_state_changed(flow->services);
    }
    release(flow);
}

static void discard_reply(const ProtobufCMessage *message, void *call)
{
    (void)message;
    (void)call;
}

void rpl_chain_watch_tick(rpl_chain_watch *watch)
{
    const rpl_services_config *config = &watch->services->config;
    const rpl_node *node = config->node;
    const int64_t now_ms = config->ports->time(config->ports->self).boot_ms;
    const rpl_reply nobody = {.closure = discard_reply};

    if (!node->settings.chain.is_set || !node->self_known || watch->running ||
        now_ms < watch->next_ms)
        return;
    watch_flow *call = rpl_flow_new(watch->services, sizeof(*call), nobody, release);
    if (!call)
        return;
    watch->running = true;
    watch->next_ms =
        now_ms + (node->phase == RPL_PHASE_AWAITING_PIN ? WHILE_WAITING_MS : PERIOD_MS);
    rpl_chain_hearing_begin(node, RPL_POLICY_GIVE, &call->hearing);
    rpl_chain_hearing_of_self(&call->hearing, node);
    rpl_flow_work(&call->flow, in_worker_ask, on_loop_heard);
}

void rpl_chain_watch_soon(rpl_chain_watch *watch)
{
    watch->next_ms = 0;
}
