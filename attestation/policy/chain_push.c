#include "attestation/policy/chain_push.h"

#include "attestation/policy/block_header.h"

static bool is_same(const uint8_t a[static 32], const uint8_t b[static 32])
{
    return rpl_bytes_equal(rpl_bytes_of(a, 32), rpl_bytes_of(b, 32));
}

static rpl_status read_view(const rpl_pushed_view *pushed, const uint8_t address[static 20],
                            const rpl_chain_words *slots, rpl_chain_view *out)
{
    RPL_AUTO(json) json_t *proof = NULL;
    rpl_block_header header;

    RPL_TRY(rpl_block_header_parse(pushed->header, &header));
    RPL_TRY(rpl_json_parse(pushed->proof, RPL_PUSHED_PROOF_MAX, &proof));
    *out = (rpl_chain_view){.block = {.number = header.number, .timestamp = header.timestamp}};
    for (size_t i = 0; i < sizeof(header.hash); i++)
        out->block.hash[i] = header.hash[i];
    return rpl_chain_view_prove(proof, header.state_root, address, slots, out);
}

rpl_status rpl_chain_push_read(const rpl_chain_question *question, const uint8_t address[static 20],
                               const rpl_pushed_view *finalized, const rpl_pushed_view *latest,
                               rpl_chain_pushed *out)
{
    rpl_chain_pushed pushed = {.question = *question};
    rpl_chain_words slots;

    rpl_chain_slots(question, &slots);
    RPL_TRY(read_view(finalized, address, &slots, &pushed.finalized));
    RPL_TRY(read_view(latest, address, &slots, &pushed.latest));
    *out = pushed;
    return rpl_ok();
}

static bool is_overtaken(const rpl_chain_pushed *pushed, uint64_t chain_id,
                         const rpl_chain_witnesses *witnesses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const rpl_chain_witness *w = &witnesses->witnesses[i];
        if (w->standing == RPL_CHAIN_KNOWN && w->chain_id == chain_id &&
            w->latest_number > pushed->latest.block.number &&
            w->latest_number - pushed->latest.block.number > RPL_PUSHED_LAG_MAX)
            return true;
    }
    return false;
}

static rpl_chain_standing standing_of(const rpl_chain_pushed *pushed, const rpl_chain_witness *w)
{
    if (w->standing != RPL_CHAIN_KNOWN)
        return w->standing;
    return is_same(w->finalized_hash, pushed->finalized.block.hash) &&
                   is_same(w->latest_hash, pushed->latest.block.hash) &&
                   pushed->finalized.block.number <= w->finalized_number
               ? RPL_CHAIN_KNOWN
               : RPL_CHAIN_DISAGREES;
}

void rpl_chain_push_facts(const rpl_chain_pushed *pushed, uint64_t chain_id,
                          const rpl_chain_witnesses *witnesses, rpl_chain_facts *out)
{
    const size_t count =
        witnesses->count < RPL_CHAIN_PROVIDERS_MAX ? witnesses->count : RPL_CHAIN_PROVIDERS_MAX;
    const bool overtaken = is_overtaken(pushed, chain_id, witnesses, count);

    *out = (rpl_chain_facts){.count = count};
    for (size_t i = 0; i < count; i++) {
        rpl_chain_report *r = &out->reports[i];
        r->standing = standing_of(pushed, &witnesses->witnesses[i]);
        if (r->standing != RPL_CHAIN_KNOWN)
            continue;
        if (overtaken)
            r->standing = RPL_CHAIN_OVERTAKEN;
        r->chain_id = witnesses->witnesses[i].chain_id;
        r->finalized = pushed->finalized;
        r->latest = pushed->latest;
    }
}
