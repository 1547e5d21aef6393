/* node.h - what one node is: its phase, its state, its outstanding requests, and what it knows of
 * itself. Loop thread only; it does no I/O, everything slow happens to copies in workers.
 *
 * The services (server/rpc) move it; this file keeps what they may not forget together: the phase
 * goes with the state, a request's end goes with the phase, a genesis goes with its receipt.
 */
#ifndef RPL_SERVER_CORE_NODE_H
#define RPL_SERVER_CORE_NODE_H

#include "attestation/policy/chain_agreement.h"
#include "attestation/policy/chain_push.h"
#include "attestation/policy/policy.h"
#include "attestation/policy/rpc_urls.h"
#include "server/core/challenge.h"
#include "server/core/phase.h"
#include "server/core/ports.h"
#include "server/core/requests.h"

/* What the measured configuration says; fixed for the life of the process. */
typedef struct {
    rpl_bytes config_preimage; /* borrowed */
    uint8_t config_digest[32];
    rpl_roots roots;
    rpl_verifier_policy verifier_policy;
    const rpl_policy *policy; /* borrowed */
    bool has_pin;
    uint8_t pin[32]; /* identity digest that alone may be installed */
    uint64_t min_epoch;
    rpl_chain_pin chain;
    const rpl_rpc_prefixes *rpc_prefixes; /* borrowed; with a contract */
    bool challenge_required;
    bool has_secure_files; /* SECURE_FILE or REPLICATOOR_SECURE_DIR is set */
    size_t max_state;      /* bytes of the plaintext that is handed over */
} rpl_node_settings;

/* What the host brought about one peer, proven against headers that a quorum knew when it came. It is
 * no yes: whether they still know them, and nothing newer, is asked in each hearing. */
typedef struct {
    bool is_set;
    rpl_chain_pushed views;
} rpl_node_pushed;

typedef struct {
    rpl_node_settings settings;
    const rpl_ports *ports; /* borrowed */
    rpl_phase phase;
    rpl_state *state;  /* NULL without one */
    uint64_t revision; /* moves with every change of `state` but receipts */
    rpl_requests requests;
    rpl_challenges *challenges;
    uint8_t replica_id[RPL_REPLICA_ID_LEN];
    rpl_node_pushed pushed;    /* the last one */
    rpl_chain_mark mark;       /* with a contract: what a quorum of ours confirmed */
    bool installing;           /* a received state is on its way to disk: one at a time */
    bool self_known;           /* own quote verified like a peer's */
    rpl_peer_identity self;    /* what the rule `self` compares with */
    rpl_verdict *self_verdict; /* NULL before the first try */
    uint8_t self_quote_digest[32];
} rpl_node;

/* Owned by the caller. NULL when memory is short. */
rpl_node *rpl_node_new(const rpl_node_settings *settings, const rpl_ports *ports);
void rpl_node_free(rpl_node *node);

/* Takes the row for `event`, tells ports->reached, moves the phase. A refusal changes nothing. */
RPL_CHECKED rpl_status rpl_node_step(rpl_node *node, rpl_event_kind event);
/* The same without doing it. */
RPL_CHECKED rpl_status rpl_node_may(const rpl_node *node, rpl_event_kind event);

/* A new state, not yet the node's: identity, epoch 1 and a genesis receipt; `files` (may be NULL)
 * become part of it.
 * RPL_CONFLICT a state is there, or another identity is pinned; RPL_NOT_READY own quote unverified */
RPL_CHECKED rpl_status rpl_node_genesis(const rpl_node *node, const rpl_file_list *files,
                                        rpl_state **out);
/* Makes it the node's. It moves in, on success only. RPL_CONFLICT a state is there meanwhile. */
RPL_CHECKED rpl_status rpl_node_bootstrap(rpl_node *node, rpl_state **genesis);

/* Ends requests whose time is over, and the phase with the last of them. Not while a received state
 * is being installed: its files may be on disk already, and the state has to follow them. */
void rpl_node_expire(rpl_node *node);
/* Ends one that was used. */
void rpl_node_request_used(rpl_node *node, rpl_request *request);

/* This node as a side of a handover: what the rule `self` compares with. `identity` is a copy of
 * node->self that lives as long as the result is used. */
rpl_policy_party rpl_node_party(const rpl_node *node, const rpl_peer_identity *identity);

/* The state is older than REPLICATOOR_MIN_EPOCH allows. */
RPL_CHECKED rpl_status rpl_node_epoch_allowed(const rpl_node *node, uint64_t highest_epoch);

/* What a worker needs to hand the state over. */
typedef struct {
    rpl_secret *state; /* canonical encoding, owned */
    uint8_t digest[32];
    rpl_identity_pub identity;
    uint64_t highest_epoch;
} rpl_snapshot;
RPL_CHECKED rpl_status rpl_snapshot_make(const rpl_state *state, rpl_snapshot *out);
void rpl_snapshot_free(rpl_snapshot *snapshot);

#endif
