#include "server/core/custody.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/writer.h"

enum { MESSAGE_MAX = 1024 };

void rpl_custody_free(rpl_custody *custody)
{
    free(custody->receipts);
    *custody = (rpl_custody){0};
}

/* What is signed, and what the digest is of. */
static rpl_bytes write_message(const rpl_receipt *r, uint8_t buffer[static MESSAGE_MAX])
{
    const rpl_bytes digests[] = {
        rpl_bytes_of(r->handover_id, 32),  rpl_bytes_of(r->state_digest, 32),
        rpl_bytes_of(r->joiner_quote, 32), rpl_bytes_of(r->holder_quote, 32),
        rpl_bytes_of(r->release, 32),      rpl_bytes_of(r->config_digest, 32),
    };
    uint8_t at[8];
    const uint8_t kind = (uint8_t)r->kind;
    rpl_writer time = rpl_writer_over(at, sizeof(at)), w = rpl_writer_over(buffer, MESSAGE_MAX);

    rpl_write_u64le(&time, (uint64_t)r->at);
    rpl_write_text(&w, "replicatoor/v1/receipt");
    rpl_write_u8(&w, 0);
    rpl_write_lp(&w, rpl_bytes_of(&kind, 1));
    for (size_t i = 0; i < sizeof(digests) / sizeof(*digests); i++)
        rpl_write_lp(&w, digests[i]);
    rpl_write_lp(&w, rpl_writer_bytes(&time));
    for (size_t i = 0; i < r->n_parents; i++)
        rpl_write_lp(&w, rpl_bytes_of(r->parents[i], sizeof(r->parents[i])));
    return rpl_writer_bytes(&w);
}

/* Index of the receipt, or where it would be inserted. */
static size_t position(const rpl_custody *custody, const uint8_t digest[static 32], bool *found)
{
    size_t low = 0, high = custody->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (memcmp(custody->receipts[middle].digest, digest, 32) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < custody->count && memcmp(custody->receipts[low].digest, digest, 32) == 0;
    return low;
}

static void mark_parents(const rpl_custody *custody, const rpl_receipt *r, bool *followed)
{
    for (size_t i = 0; i < r->n_parents; i++) {
        bool found;
        const size_t at = position(custody, r->parents[i], &found);
        if (found)
            followed[at] = true;
    }
}

/* The receipts that no other follows, in order; at most as many as a receipt can name. */
static void set_parents(const rpl_custody *custody, rpl_receipt *r)
{
    bool followed[RPL_RECEIPTS_MAX] = {false};
    for (size_t i = 0; i < custody->count; i++)
        mark_parents(custody, &custody->receipts[i], followed);
    r->n_parents = 0;
    for (size_t i = 0; i < custody->count && r->n_parents < RPL_RECEIPT_PARENTS_MAX; i++) {
        if (!followed[i])
            memcpy(r->parents[r->n_parents++], custody->receipts[i].digest, 32);
    }
}

const rpl_receipt *rpl_custody_find(const rpl_custody *custody,
                                    const uint8_t handover_id[static 32])
{
    for (size_t i = 0; i < custody->count; i++)
        if (custody->receipts[i].kind == RPL_RECEIPT_HANDOVER &&
            memcmp(custody->receipts[i].handover_id, handover_id, 32) == 0)
            return &custody->receipts[i];
    return NULL;
}

/* Keeps the order by digest; one that is there stays. */
static rpl_status insert(rpl_custody *custody, const rpl_receipt *r)
{
    bool found;
    const size_t at = position(custody, r->digest, &found);
    if (found)
        return rpl_ok();
    if (custody->count == RPL_RECEIPTS_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the custody log is full (4096 receipts)");
    rpl_receipt *grown = realloc(custody->receipts, (custody->count + 1) * sizeof(*grown));
    if (!grown)
        return rpl_fail(RPL_INTERNAL, "no memory");
    custody->receipts = grown;
    memmove(&grown[at + 1], &grown[at], (custody->count - at) * sizeof(*grown));
    grown[at] = *r;
    custody->count++;
    return rpl_ok();
}

rpl_status rpl_custody_add(rpl_custody *custody, const rpl_identity *identity,
                           const rpl_receipt *draft)
{
    rpl_receipt r = *draft;
    uint8_t buffer[MESSAGE_MAX];

    if (r.kind == RPL_RECEIPT_HANDOVER && rpl_custody_find(custody, r.handover_id))
        return rpl_ok();
    set_parents(custody, &r);
    const rpl_bytes message = write_message(&r, buffer);
    rpl_sha256(message, r.digest);
    rpl_identity_sign(identity, message, r.signature);
    return insert(custody, &r);
}

/* Checks the form of one receipt and derives its digest. */
static rpl_status derive_digest(rpl_receipt *r)
{
    uint8_t buffer[MESSAGE_MAX];
    if ((r->kind != RPL_RECEIPT_GENESIS && r->kind != RPL_RECEIPT_HANDOVER) ||
        r->n_parents > RPL_RECEIPT_PARENTS_MAX)
        return rpl_fail(RPL_MALFORMED, "a custody receipt of an unknown kind");
    for (size_t i = 1; i < r->n_parents; i++)
        if (memcmp(r->parents[i - 1], r->parents[i], 32) >= 0)
            return rpl_fail(RPL_MALFORMED, "a custody receipt whose parents are not in order");
    rpl_sha256(write_message(r, buffer), r->digest);
    return rpl_ok();
}

static rpl_status verify(const rpl_receipt *r, const rpl_identity_pub *pub)
{
    uint8_t buffer[MESSAGE_MAX];
    return rpl_identity_verify(pub, write_message(r, buffer), r->signature)
               ? rpl_ok()
               : rpl_fail(RPL_UNTRUSTED, "a custody receipt that the identity did not sign");
}

rpl_status rpl_custody_copy(const rpl_custody *from, rpl_custody *out)
{
    rpl_receipt *copy = NULL;
    if (from->count) {
        copy = malloc(from->count * sizeof(*copy));
        if (!copy)
            return rpl_fail(RPL_INTERNAL, "no memory");
        memcpy(copy, from->receipts, from->count * sizeof(*copy));
    }
    *out = (rpl_custody){from->count, copy};
    return rpl_ok();
}

static rpl_status merge(rpl_custody *into, const rpl_custody *from, const rpl_identity_pub *pub)
{
    for (size_t i = 0; i < from->count; i++) {
        rpl_receipt r = from->receipts[i];
        bool known;
        RPL_TRY(derive_digest(&r));
        (void)position(into, r.digest, &known);
        if (known)
            continue; /* verified when it came */
        RPL_TRY(verify(&r, pub));
        RPL_TRY(insert(into, &r));
    }
    return rpl_ok();
}

rpl_status rpl_custody_merge(rpl_custody *into, const rpl_custody *from,
                             const rpl_identity_pub *pub)
{
    rpl_custody merged;
    RPL_TRY(rpl_custody_copy(into, &merged));
    const rpl_status s = merge(&merged, from, pub);
    if (s.code != RPL_OK) {
        rpl_custody_free(&merged);
        return s;
    }
    rpl_custody_free(into);
    *into = merged;
    return rpl_ok();
}
