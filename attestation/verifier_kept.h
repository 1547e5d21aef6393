/* verifier_kept.h - inside of a verifier: looking for what is kept, and keeping more.
 *
 * Each function takes a NULL verifier, which has nothing and keeps nothing. What is found is borrowed
 * until the next thing is kept. A refusal for want of memory is RPL_INTERNAL; what is merely too large
 * is not kept, which is no failure.
 */
#ifndef RPL_ATTESTATION_VERIFIER_KEPT_H
#define RPL_ATTESTATION_VERIFIER_KEPT_H

#include "attestation/verified_collateral.h"
#include "attestation/verifier.h"
#include "attestation/verify.h"
#include "base/lru.h"

struct rpl_verifier {
    rpl_roots roots;
    rpl_lru *chains, *keys, *collateral;
    rpl_verifier_stats stats;
};

typedef struct {
    rpl_pck_chain *chain; /* shared with verifications that go on */
    EVP_PKEY_CTX *leaf;   /* owned */
} rpl_kept_chain;

const rpl_kept_chain *rpl_verifier_find_chain(rpl_verifier *v, rpl_bytes pem, int64_t now);
/* A chain that holds now (rpl_pck_chain_holds); the verifier gets a share of it. */
RPL_CHECKED rpl_status rpl_verifier_keep_chain(rpl_verifier *v, rpl_bytes pem,
                                               rpl_pck_chain *chain);

/* The attestation key of a quote whose QE report `chain` has signed, and which that report names.
 * NULL unless the chain holds now. */
EVP_PKEY_CTX *rpl_verifier_find_key(rpl_verifier *v, const rpl_pck_chain *chain,
                                    const rpl_quote *quote, int64_t now);
/* Takes `*key` when it is kept, and sets it to NULL. */
RPL_CHECKED rpl_status rpl_verifier_keep_key(rpl_verifier *v, const rpl_pck_chain *chain,
                                             const rpl_quote *quote, EVP_PKEY_CTX **key);

/* Verified under intermediate and root of `chain`. */
const rpl_verified_collateral *rpl_verifier_find_collateral(rpl_verifier *v,
                                                            const rpl_pck_chain *chain,
                                                            const rpl_collateral *collateral,
                                                            int64_t now);
/* Takes `*verified` when it is kept, and sets it to NULL; it is then borrowed like what is found. Its
 * window is set. */
RPL_CHECKED rpl_status rpl_verifier_keep_collateral(rpl_verifier *v, const rpl_pck_chain *chain,
                                                    const rpl_collateral *collateral,
                                                    rpl_verified_collateral **verified);

/* Adds what this thread asked of the curve since `before` to the verifier's numbers. */
void rpl_verifier_count(rpl_verifier *v, const rpl_p256_counts *before);

#endif
