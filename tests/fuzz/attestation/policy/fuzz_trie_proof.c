#include "attestation/policy/trie_proof.h"

#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The key, then nodes, each behind its length in two bytes; the root is the first one's hash. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_reader r = rpl_reader_over((rpl_bytes){data, len});
    rpl_trie_nodes proof = {0};
    uint8_t key[32], root[32];
    rpl_trie_value value;
    uint16_t n;
    if (!rpl_read_copy(&r, key, sizeof(key)))
        return 0;
    while (proof.count < RPL_TRIE_NODES_MAX && rpl_read_u16le(&r, &n) &&
           rpl_read_bytes(&r, n, &proof.nodes[proof.count]))
        proof.count++;
    rpl_keccak256(proof.nodes[0], root);
    if (rpl_trie_prove(root, key, &proof, &value).code == RPL_OK && !value.is_present &&
        value.value.len)
        __builtin_trap();
    return 0;
}
