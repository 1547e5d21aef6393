/* chain_push.h - facts that somebody else brings: headers and proofs from the untrusted host, for a
 * node whose providers give no proofs or are hard to reach. A proof is worth what its block's hash is
 * worth: who vouches for the hash is said by witnesses, and only a configured rule makes them count.
 *
 * The rule there is now: pinned providers are the witnesses, asked anew for each decision, and
 * chain_agreement.h wants a quorum of them. What was brought is no answer of its own that could be
 * kept: without witnesses now it is unknown, and where one knows newer blocks it is out of date.
 * A light client of the chain would be another witness that fills the same facts.
 */
#ifndef RPL_ATTESTATION_POLICY_CHAIN_PUSH_H
#define RPL_ATTESTATION_POLICY_CHAIN_PUSH_H

#include "attestation/policy/chain_facts.h"

/* As it came; borrowed. */
typedef struct {
    rpl_bytes header; /* RLP, as it is hashed */
    rpl_bytes proof;  /* JSON: the result of eth_getProof for the slots of the question, in order */
} rpl_pushed_view;

enum {
    RPL_PUSHED_PROOF_MAX = 262144,
    /* Blocks by which a witness may be ahead of the latest one that was brought. */
    RPL_PUSHED_LAG_MAX = 2,
};

typedef struct {
    rpl_chain_question question;
    rpl_chain_view finalized, latest;
} rpl_chain_pushed;

/* Proves both views against their own headers; their hashes are then known, and not yet believed.
 * RPL_MALFORMED, RPL_UNTRUSTED, RPL_TOO_LARGE  as block_header.h and trie_proof.h */
RPL_CHECKED rpl_status rpl_chain_push_read(const rpl_chain_question *question,
                                           const uint8_t address[static 20],
                                           const rpl_pushed_view *finalized,
                                           const rpl_pushed_view *latest, rpl_chain_pushed *out);

/* What one pinned provider says of the two blocks' numbers. */
typedef struct {
    rpl_chain_standing standing; /* KNOWN: the rest is set */
    uint64_t chain_id;
    uint64_t finalized_number; /* the highest that it calls final */
    uint64_t latest_number;    /* the highest that it has */
    uint8_t finalized_hash[32], latest_hash[32];
} rpl_chain_witness;

typedef struct {
    size_t count; /* in the order of the pinned prefixes */
    rpl_chain_witness witnesses[RPL_CHAIN_PROVIDERS_MAX];
} rpl_chain_witnesses;

/* One report per witness: of those that know both blocks by these hashes and the first as final, with
 * what was pushed. One witness of that chain that is more than RPL_PUSHED_LAG_MAX ahead is enough to
 * make all of them RPL_CHAIN_OVERTAKEN. */
void rpl_chain_push_facts(const rpl_chain_pushed *pushed, uint64_t chain_id,
                          const rpl_chain_witnesses *witnesses, rpl_chain_facts *out);

#endif
