/* chain_rule.h - what the contract decides about one peer, as a pure function over what the
 * providers say: the checks policy.release, policy.delay, policy.config, policy.device,
 * policy.identity, policy.epoch and policy.chain of a verdict.
 *
 * An entry counts only if notBefore <= t < notAfter and proposedAt + 48 h <= t, at the finalized and
 * at the latest block, t being the block's time; a genesis entry waits like any other. A peer of this
 * node's own release and configuration needs active entries only. An ended or revoked release may
 * still be taken from while the identity is pinned, if it had counted before its end; a cancelled
 * proposal never. To approve takes the quorum; one provider whose word counts and who says otherwise
 * refuses, be it at its own newest block; unknown is never yes.
 * Source: docs/protocol.md, policy.
 */
#ifndef RPL_ATTESTATION_POLICY_CHAIN_RULE_H
#define RPL_ATTESTATION_POLICY_CHAIN_RULE_H

#include "attestation/policy/chain_agreement.h"
#include "attestation/policy/policy.h"

typedef struct {
    rpl_policy_direction direction;
    rpl_chain_question question; /* who the peer is */
    bool is_own;                 /* release and configuration are this node's own */
    bool is_config_settled;      /* the configuration is ours, or names the same contract */
    uint8_t identity[32];        /* digest of the identity of the state that is handed over */
    bool has_pin;                /* the configuration names an identity, too */
    uint8_t pin[32];
    uint64_t highest_epoch; /* of that state */
} rpl_chain_case;

/* Requires and runs the checks above. `agreement` is of the same facts. */
void rpl_chain_judge(const rpl_chain_case *peer, const rpl_chain_pin *pin,
                     const rpl_chain_facts *facts, const rpl_chain_agreement *agreement,
                     const rpl_chain_time *time, rpl_verdict *verdict);

/* True when the contract names exactly this identity at this block. */
RPL_CHECKED bool rpl_chain_names_identity(const rpl_chain_view *view,
                                          const uint8_t digest[static 32]);

/* Adds the checks above to the required ones, so that a verdict that never got to the chain does not
 * admit. */
void rpl_chain_require(rpl_verdict *verdict);

/* What one entry is worth to a node, for a peer of another release. */
typedef enum {
    RPL_CHAIN_NOT_APPROVED,
    RPL_CHAIN_WAITS, /* it will count, unless it is taken back */
    RPL_CHAIN_APPROVED,
} rpl_chain_word_of;

rpl_chain_word_of rpl_chain_entry_counts(const rpl_contract_entry *finalized, int64_t finalized_s,
                                         const rpl_contract_entry *latest, int64_t latest_s);

/* "2026-11-27 10:00:00 UTC, 31 h 12 min to go" */
enum { RPL_CHAIN_WAIT_TEXT_SIZE = 72 };
void rpl_chain_wait_text(uint64_t from, int64_t now_s, char out[static RPL_CHAIN_WAIT_TEXT_SIZE]);

#endif
