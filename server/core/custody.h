/* custody.h - the custody log: signed receipts that say how the state came to be where it is.
 *
 * Not secret. A DAG, since holders give concurrently: each receipt names the digests of those it
 * follows (the heads when it was made). Receipt digest = SHA-256 of what is signed; what is signed =
 * "replicatoor/v1/receipt" || 0x00 || lp of kind (u8), handover id, state digest, joiner quote,
 * holder quote, release, config digest, at (i64le), then lp of each parent in order.
 */
#ifndef RPL_SERVER_CORE_CUSTODY_H
#define RPL_SERVER_CORE_CUSTODY_H

#include "server/core/identity.h"

enum { RPL_RECEIPTS_MAX = 4096, RPL_RECEIPT_PARENTS_MAX = 16 };
typedef enum { RPL_RECEIPT_GENESIS = 1, RPL_RECEIPT_HANDOVER = 2 } rpl_receipt_kind;

typedef struct {
    uint32_t kind;
    uint8_t handover_id[32], state_digest[32], joiner_quote[32], holder_quote[32];
    uint8_t release[32], config_digest[32];
    int64_t at;
    size_t n_parents;
    uint8_t parents[RPL_RECEIPT_PARENTS_MAX][32]; /* sorted */
    uint8_t signature[RPL_SIGNATURE_LEN];
    uint8_t digest[32]; /* derived */
} rpl_receipt;

typedef struct {
    size_t count;
    rpl_receipt *receipts; /* owned; sorted by digest */
} rpl_custody;

void rpl_custody_free(rpl_custody *custody);
/* Signs `draft` (kind .. at filled in) over the current heads and adds it. A handover whose
 * handover_id is already there is left as it is: one request makes one receipt. */
RPL_CHECKED rpl_status rpl_custody_add(rpl_custody *custody, const rpl_identity *identity,
                                       const rpl_receipt *draft);
/* Borrowed; NULL when there is none. */
const rpl_receipt *rpl_custody_find(const rpl_custody *custody,
                                    const uint8_t handover_id[static 32]);
/* Union; every receipt of `from` that is new to `into` must carry a valid signature of `pub`, else
 * RPL_UNTRUSTED and nothing is changed. */
RPL_CHECKED rpl_status rpl_custody_merge(rpl_custody *into, const rpl_custody *from,
                                         const rpl_identity_pub *pub);
RPL_CHECKED rpl_status rpl_custody_copy(const rpl_custody *from, rpl_custody *out);

#endif
