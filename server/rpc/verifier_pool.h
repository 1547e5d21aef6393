/* verifier_pool.h - a verifier (attestation/verifier.h) for each worker, handed from job to job, so
 * that a machine seen by one is soon known to all. Nobody ever waits: a slot is taken and given back by
 * one atomic exchange; whoever finds none gets a fresh verifier, which a full pool lets go of later.
 */
#ifndef RPL_SERVER_RPC_VERIFIER_POOL_H
#define RPL_SERVER_RPC_VERIFIER_POOL_H

#include "attestation/verifier.h"

enum { RPL_VERIFIER_POOL_SLOTS = 8 /* verifiers that are kept */ };

typedef struct rpl_verifier_pool rpl_verifier_pool;

/* Makes no verifier yet. Owned by the caller; NULL: no memory. */
rpl_verifier_pool *rpl_verifier_pool_new(const rpl_roots *roots);
/* When nothing is lent. */
void rpl_verifier_pool_free(rpl_verifier_pool *pool);
RPL_DEFINE_AUTO(rpl_verifier_pool *, verifier_pool, rpl_verifier_pool_free)

typedef struct {
    rpl_verifier *verifier; /* the borrower's alone; NULL: no memory, verify without one */
    rpl_verifier_stats before;
} rpl_verifier_loan;

/* Any thread. What is borrowed is given back once. */
rpl_verifier_loan rpl_verifier_pool_borrow(rpl_verifier_pool *pool);
void rpl_verifier_pool_give_back(rpl_verifier_pool *pool, const rpl_verifier_loan *loan);

/* What all loans that were given back did, together. Any thread; each number is exact, the numbers
 * beside each other need not be of one moment. */
rpl_verifier_stats rpl_verifier_pool_stats(rpl_verifier_pool *pool);

#endif
