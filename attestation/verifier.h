/* verifier.h - verifies many quotes: the roots, and what earlier verifications found and still holds,
 * so that a machine that was seen before costs one signature instead of nine.
 *
 * What is kept, each under the exact bytes it was made from, only when every check of that part
 * passed, and used only while `now` is inside the window of everything it was made from:
 *   chain       a PCK chain, parsed, verified to the root; its key
 *   key         an attestation key that a QE report of such a chain vouches for
 *   collateral  both CRLs, both signers, TCB info and QE identity, parsed and verified under the CAs
 *               of such a chain
 * Nothing that failed is kept, and whatever is not found is verified as if there were no verifier: a
 * verdict is the same, byte for byte, with and without one. What is judged anew each time: the quote
 * itself, revocation, the TCB, the policy. New collateral lets go of all attestation keys.
 *
 * A verifier belongs to one thread at a time; there are no locks in it. Its memory is bounded by the
 * constants below, about 5 MiB when everything is full of the largest.
 *
 * Source of the design: Intel's documents say nothing on caching; the windows are those of RFC 5280
 * (certificates, CRLs) and of the PCS API v4 (issueDate, nextUpdate).
 */
#ifndef RPL_ATTESTATION_VERIFIER_H
#define RPL_ATTESTATION_VERIFIER_H

#include <stddef.h>

#include "attestation/tdx/trust_anchor.h"
#include "base/status.h"

enum {
    RPL_VERIFIER_CHAINS = 64, /* machines */
    RPL_VERIFIER_CHAIN_BYTES = 2 << 20,
    RPL_VERIFIER_KEYS = 128,
    RPL_VERIFIER_KEY_BYTES = 1 << 20,
    RPL_VERIFIER_COLLATERAL = 8, /* kinds of machines, or versions of their documents */
    RPL_VERIFIER_COLLATERAL_BYTES = 2 << 20,
};

typedef struct rpl_verifier rpl_verifier;

/* Copies `roots`. Owned by the caller; NULL: no memory. */
rpl_verifier *rpl_verifier_new(const rpl_roots *roots);
/* No verification that was begun with it may go on; their facts stay valid. */
void rpl_verifier_free(rpl_verifier *verifier);
RPL_DEFINE_AUTO(rpl_verifier *, verifier, rpl_verifier_free)

/* Forgets everything that is kept. */
void rpl_verifier_clear(rpl_verifier *verifier);

typedef struct {
    uint64_t hits, misses;
} rpl_verifier_uses;

/* Counted since the verifier was made. */
typedef struct {
    uint64_t
        signatures; /* ECDSA verifications: 9 or 10 with nothing known, 2 for a new key, 1 at best */
    uint64_t imports; /* points of the curve made into keys */
    rpl_verifier_uses chain, key, collateral;
} rpl_verifier_stats;
/* Borrowed. */
const rpl_verifier_stats *rpl_verifier_stats_of(const rpl_verifier *verifier);
/* Bytes that are kept, as counted against the limits above. */
size_t rpl_verifier_bytes(const rpl_verifier *verifier);

#endif
