/* chain_hearing.h - inside of the services: asking the contract about one peer. It begins on the loop
 * with copies of what the node knows, runs in a worker, and what it confirmed is kept on the loop.
 */
#ifndef RPL_SERVER_RPC_CHAIN_HEARING_H
#define RPL_SERVER_RPC_CHAIN_HEARING_H

#include "attestation/policy/chain_rule.h"
#include "server/core/node.h"
#include "server/core/peer.h"

typedef struct {
    bool is_set; /* false: no contract, nothing of this is used */
    rpl_chain_pin pin;
    rpl_chain_mark mark;    /* as it was at the beginning */
    rpl_node_pushed pushed; /* the same */
    rpl_chain_block hint;   /* a peer's mark; number 0: none */
    rpl_chain_case peer;
    bool was_asked;
    int64_t asked_ms; /* CLOCK_BOOTTIME, before the first request about the peer */
    rpl_chain_time time;
    rpl_chain_facts facts;
    rpl_chain_agreement agreement;
} rpl_chain_hearing;

/* Loop. Of the node's own state, if it has one; who takes another sets it with the next call. */
void rpl_chain_hearing_begin(const rpl_node *node, rpl_policy_direction direction,
                             rpl_chain_hearing *out);
/* Whose state is handed over. */
void rpl_chain_hearing_of_state(rpl_chain_hearing *hearing, const rpl_identity_pub *identity,
                                uint64_t highest_epoch);
/* The node itself is the peer: what the contract says of it, judged by nobody. */
void rpl_chain_hearing_of_self(rpl_chain_hearing *hearing, const rpl_node *node);
/* Worker. Asks, and sees who agrees; without an agreement asks who still knows what was pushed about
 * this very peer. */
void rpl_chain_hearing_ask(rpl_chain_hearing *hearing, const rpl_ports *ports);
/* Worker. Sees who confirms the blocks of what was pushed. */
void rpl_chain_hearing_pushed(rpl_chain_hearing *hearing, const rpl_ports *ports,
                              const rpl_chain_pushed *pushed);
/* Worker. Asks about the verified peer and runs the checks of chain_rule.h into its verdict. */
void rpl_chain_hearing_run(rpl_chain_hearing *hearing, const rpl_ports *ports,
                           rpl_peer_check *check);
/* Loop. Raises the node's mark by what a quorum confirmed. */
void rpl_chain_hearing_keep(const rpl_chain_hearing *hearing, rpl_node *node);

/* A bootstrap makes a new identity: RPL_CONFLICT when the contract names one already;
 * RPL_UNAVAILABLE when that is not known. */
RPL_CHECKED rpl_status rpl_chain_hearing_may_bootstrap(const rpl_chain_hearing *hearing);

#endif
