/* chain_agreement.h - which providers' words count now, and whether enough of them agree on the
 * blocks they speak of. It does not look at what the contract says: that is chain_rule.h.
 *
 * A report counts when it is of the pinned chain and code, its latest block is at most two minutes
 * older than the trusted time and not from the future, and its finalized block is not below the mark
 * and at most an hour older than the trusted time. The block at which it is ahead of the others must be
 * of the same chain and code and not from the future, else its word counts for nothing.
 * Those that name the same two blocks agree; the largest such group must have the quorum.
 * Source: docs/protocol.md, policy.
 */
#ifndef RPL_ATTESTATION_POLICY_CHAIN_AGREEMENT_H
#define RPL_ATTESTATION_POLICY_CHAIN_AGREEMENT_H

#include "attestation/policy/chain_facts.h"

enum {
    RPL_CHAIN_AGE_MAX_S = 120, /* of the latest block */
    /* Of the finalized block: 13 minutes are usual on Ethereum, 20 on rollups. */
    RPL_CHAIN_FINALIZED_AGE_MAX_S = 3600,
    /* A block is never made before its time; but the origins of our time may differ that much. */
    RPL_CHAIN_FUTURE_MAX_S = 60,
};

/* A finalized block that a quorum of ours confirmed; number 0: none yet. It never goes back. */
typedef struct {
    rpl_chain_block block;
} rpl_chain_mark;

typedef struct {
    bool is_known; /* false: there is no trusted time */
    int64_t now_s;
} rpl_chain_time;

typedef struct {
    bool is_reached;
    size_t n_agreeing;  /* of the largest group */
    size_t n_providers; /* reports there were */
    size_t spokesman;   /* a report of that group, when reached */
    rpl_chain_standing standing[RPL_CHAIN_PROVIDERS_MAX];
} rpl_chain_agreement;

void rpl_chain_agree(const rpl_chain_pin *pin, const rpl_chain_facts *facts,
                     const rpl_chain_mark *mark, const rpl_chain_time *time,
                     rpl_chain_agreement *out);

/* True for a report whose word may refuse: it is fresh and of the pinned contract, though it may
 * speak of other blocks than the rest. */
bool rpl_chain_counts(const rpl_chain_agreement *agreement, size_t report);

/* Raises the mark to the finalized block of an agreement that was reached; false: it stays. */
bool rpl_chain_mark_raise(rpl_chain_mark *mark, const rpl_chain_facts *facts,
                          const rpl_chain_agreement *agreement);

#endif
