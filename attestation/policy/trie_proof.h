/* trie_proof.h - proofs against a state root of Ethereum (Merkle-Patricia trie): what eth_getProof
 * answers. A proof says what stands under a key, or that nothing stands there; it says nothing about
 * who made the root: that is the caller's to know.
 *
 * Keys are always 32 bytes (hashes of addresses and of slots), so no value sits in a branch. Nodes
 * are given from the root downwards, each by its bytes; one that is shorter than 32 bytes sits inside
 * its parent. Every node must be used. Source: yellow paper, appendix D.
 */
#ifndef RPL_ATTESTATION_POLICY_TRIE_PROOF_H
#define RPL_ATTESTATION_POLICY_TRIE_PROOF_H

#include "base/reader.h"
#include "base/status.h"

enum {
    RPL_TRIE_HASH = 32,
    RPL_TRIE_NODES_MAX = 65, /* 64 half bytes and a leaf */
    RPL_TRIE_NODE_MAX = 640, /* bytes; a full branch has 532 */
};

typedef struct {
    size_t count; /* at most RPL_TRIE_NODES_MAX */
    rpl_bytes nodes[RPL_TRIE_NODES_MAX];
} rpl_trie_nodes;

typedef struct {
    bool is_present;
    rpl_bytes value; /* borrowed from the nodes; empty when absent */
} rpl_trie_value;

/* `key` as it stands in the trie, that is, hashed already.
 * RPL_UNTRUSTED  a node does not hash to what the root or its parent says
 * RPL_MALFORMED  not nodes of such a trie, or too few or too many of them
 * RPL_TOO_LARGE  over a limit above */
RPL_CHECKED rpl_status rpl_trie_prove(const uint8_t root[static RPL_TRIE_HASH],
                                      const uint8_t key[static RPL_TRIE_HASH],
                                      const rpl_trie_nodes *proof, rpl_trie_value *out);

typedef struct {
    bool exists;
    uint8_t storage_root[RPL_TRIE_HASH], code_hash[RPL_TRIE_HASH]; /* zeros when it does not */
} rpl_trie_account;

/* The account at `address` under a block's state root. Fails as rpl_trie_prove. */
RPL_CHECKED rpl_status rpl_trie_account_of(const uint8_t state_root[static RPL_TRIE_HASH],
                                           const uint8_t address[static 20],
                                           const rpl_trie_nodes *proof, rpl_trie_account *out);

/* The word in storage slot `slot` of an account; a slot that is not there is 0. (So is one that is
 * there with an empty number: the yellow paper knows no such leaf, but Foundry's anvil keeps them.)
 * Fails as rpl_trie_prove. */
RPL_CHECKED rpl_status rpl_trie_slot_of(const uint8_t storage_root[static RPL_TRIE_HASH],
                                        const uint8_t slot[static 32], const rpl_trie_nodes *proof,
                                        uint8_t word[static 32]);

#endif
