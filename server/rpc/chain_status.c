#include "server/rpc/chain_status.h"

#include "base/hex.h"

static const char *const states[] = {
    [RPL_ENTRY_NONE] = "none",   [RPL_ENTRY_PENDING] = "pending",     [RPL_ENTRY_ACTIVE] = "active",
    [RPL_ENTRY_ENDED] = "ended", [RPL_ENTRY_CANCELLED] = "cancelled",
};

static Replicatoor__V1__ChainBlock *fill_block(Replicatoor__V1__ChainBlock *out,
                                               const rpl_chain_block *block, const rpl_time *now)
{
    replicatoor__v1__chain_block__init(out);
    out->number = block->number;
    out->hash = rpl_pb_bytes(block->hash, sizeof(block->hash));
    out->timestamp = block->timestamp;
    if (now->trusted)
        out->age = now->now_s - block->timestamp;
    return out;
}

static void fill_times(Replicatoor__V1__ContractEntry *out, const rpl_contract_entry *entry,
                       uint64_t now)
{
    out->not_before = entry->not_before;
    out->not_after = entry->not_after;
    out->proposed_at = entry->proposed_at;
    out->state = rpl_pb_text(states[rpl_contract_entry_state(entry, now)]);
    out->counts_from = entry->position ? rpl_contract_entry_from(entry) : 0;
    out->seconds_left = out->counts_from > now ? out->counts_from - now : 0;
}

/* The entry by which this node counts, at both blocks. */
static Replicatoor__V1__ContractEntry *
fill_entry(Replicatoor__V1__ContractEntry *out, rpl_contract_kind kind,
           const uint8_t value[static 32], const rpl_contract_entry *finalized,
           const rpl_contract_entry *latest, const rpl_chain_report *r)
{
    const uint64_t now = (uint64_t)r->latest.block.timestamp;

    replicatoor__v1__contract_entry__init(out);
    out->kind = rpl_pb_text(rpl_contract_kind_name(kind));
    out->value = rpl_pb_bytes(value, 32);
    fill_times(out, latest, now);
    out->counts = rpl_chain_entry_counts(finalized, r->finalized.block.timestamp, latest,
                                         r->latest.block.timestamp) == RPL_CHAIN_APPROVED;
    return out;
}

/* Which of the two entries for devices counts, or will; the node's own when they are worth the same. */
static bool is_admitted_by_any(const rpl_chain_report *r)
{
    const int64_t finalized_s = r->finalized.block.timestamp, latest_s = r->latest.block.timestamp;
    const rpl_chain_word_of own =
        rpl_chain_entry_counts(&r->finalized.device, finalized_s, &r->latest.device, latest_s);
    const rpl_chain_word_of any = rpl_chain_entry_counts(&r->finalized.any_device, finalized_s,
                                                         &r->latest.any_device, latest_s);
    return any > own || (any == own && !r->latest.device.position);
}

static void fill_views(rpl_chain_status_message *m, const rpl_node *node,
                       const rpl_chain_hearing *heard, const rpl_time *now)
{
    const rpl_chain_report *r = &heard->facts.reports[heard->agreement.spokesman];
    const rpl_chain_view *finalized = &r->finalized, *latest = &r->latest;
    Replicatoor__V1__ChainStatus *s = &m->status;

    s->finalized = fill_block(&m->finalized, &finalized->block, now);
    s->latest = fill_block(&m->latest, &latest->block, now);
    s->release = fill_entry(&m->release, RPL_KIND_RELEASE, node->self.release, &finalized->release,
                            &latest->release, r);
    rpl_contract_any(m->any_device);
    s->device = is_admitted_by_any(r) ? fill_entry(&m->device, RPL_KIND_DEVICE, m->any_device,
                                                   &finalized->any_device, &latest->any_device, r)
                                      : fill_entry(&m->device, RPL_KIND_DEVICE, node->self.device,
                                                   &finalized->device, &latest->device, r);
    if (m->release.counts)
        m->release.shown_by = &m->finalized;
    if (m->device.counts)
        m->device.shown_by = &m->finalized;
    const uint8_t *named =
        rpl_contract_identity_at(&latest->identity, (uint64_t)latest->block.timestamp);
    if (named)
        s->identity = rpl_pb_bytes(named, 32);
    if (latest->identity.next_proposed_at && named != latest->identity.next) {
        s->next_identity = rpl_pb_bytes(latest->identity.next, 32);
        s->next_identity_from = latest->identity.next_from;
    }
    s->min_epoch = latest->min_epoch;
}

/* A kind that is none of ours is shown by its hash. */
static const char *kind_text(const uint8_t kind[static 32], char hex[static 65])
{
    rpl_contract_kind known;

    if (rpl_contract_kind_of(kind, &known))
        return rpl_contract_kind_name(known);
    rpl_hex_encode(rpl_bytes_of(kind, 32), hex);
    return hex;
}

static void fill_pending(rpl_chain_status_message *m, const rpl_chain_pending *pending,
                         int64_t latest_s)
{
    for (size_t i = 0; i < pending->count; i++) {
        const rpl_contract_item *item = &pending->items[i];
        replicatoor__v1__contract_entry__init(&m->pending[i]);
        m->pending[i].kind = rpl_pb_text(kind_text(item->key.kind, m->pending_kinds[i]));
        m->pending[i].value = rpl_pb_bytes(item->key.value, 32);
        fill_times(&m->pending[i], &item->entry, (uint64_t)latest_s);
        m->pending_p[i] = &m->pending[i];
    }
    m->status.n_pending = pending->count;
    m->status.pending = m->pending_p;
    m->status.pending_known = pending->is_known;
    m->status.pending_more = pending->has_more;
}

static void fill_providers(rpl_chain_status_message *m, const rpl_node *node,
                           const rpl_chain_hearing *heard)
{
    const rpl_rpc_prefixes *prefixes = node->settings.rpc_prefixes;

    for (size_t i = 0; i < prefixes->count; i++) {
        const rpl_chain_standing standing = heard && i < heard->agreement.n_providers
                                                ? heard->agreement.standing[i]
                                                : RPL_CHAIN_UNASKED;
        replicatoor__v1__chain_provider__init(&m->providers[i]);
        m->providers[i].prefix = rpl_pb_text(prefixes->text[i]);
        m->providers[i].agrees = standing == RPL_CHAIN_KNOWN;
        m->providers[i].says = rpl_pb_text(rpl_chain_standing_text(standing));
        m->providers_p[i] = &m->providers[i];
    }
    m->status.n_providers = prefixes->count;
    m->status.providers = m->providers_p;
}

Replicatoor__V1__ChainStatus *rpl_chain_status_fill(rpl_chain_status_message *m,
                                                    const rpl_node *node,
                                                    const rpl_chain_watch *watch)
{
    const rpl_chain_pin *pin = &node->settings.chain;
    const rpl_time now = node->ports->time(node->ports->self);
    const rpl_chain_hearing *heard = watch->was_heard ? &watch->last : NULL;
    Replicatoor__V1__ChainStatus *s = &m->status;

    if (!pin->is_set)
        return NULL;
    replicatoor__v1__chain_status__init(s);
    s->contract = rpl_pb_bytes(pin->address, sizeof(pin->address));
    s->chain_id = pin->chain_id;
    s->contract_code = rpl_pb_bytes(pin->code_hash, sizeof(pin->code_hash));
    s->quorum = (uint32_t)pin->quorum;
    fill_providers(m, node, heard);
    if (node->mark.block.number)
        s->mark = fill_block(&m->mark, &node->mark.block, &now);
    if (!heard)
        return s;
    s->asked_ago = (now.boot_ms - heard->asked_ms) / 1000;
    s->agreeing = (uint32_t)heard->agreement.n_agreeing;
    s->known = heard->agreement.is_reached;
    if (!s->known)
        return s;
    fill_views(m, node, heard, &now);
    fill_pending(m, &watch->pending, m->latest.timestamp);
    return s;
}
