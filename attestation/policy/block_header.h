/* block_header.h - a block of an Ethereum chain by its header, which must hash to its hash. Whoever
 * trusts the hash trusts what is read here; nothing is read that the hash does not cover.
 *
 * A header is an RLP list of fields in a fixed order: 15 since the beginning, baseFeePerGas (london),
 * withdrawalsRoot (shanghai), blobGasUsed, excessBlobGas, parentBeaconBlockRoot (cancun),
 * requestsHash (prague, osaka), blockAccessListHash (announced). Those that an answer shows are laid
 * out in this order; a fork that adds a field we do not know ends in another hash and is refused.
 * Sources: yellow paper 4.4.3; EIPs 1559, 4895, 4844, 4788, 7685, 7928.
 */
#ifndef RPL_ATTESTATION_POLICY_BLOCK_HEADER_H
#define RPL_ATTESTATION_POLICY_BLOCK_HEADER_H

#include "base/json.h"
#include "base/reader.h"
#include "base/status.h"

enum { RPL_BLOCK_HEADER_MAX = 2048 /* bytes of RLP */, RPL_BLOCK_FIELD_MAX = 256 };

typedef struct {
    uint64_t number;
    int64_t timestamp;
    uint8_t hash[32], parent_hash[32], state_root[32];
} rpl_block_header;

/* `block` is the result of eth_getBlockByNumber or eth_getBlockByHash.
 * RPL_MALFORMED  a field is missing or not of its form, or one of a later fork stands without those
 *                of an earlier
 * RPL_UNTRUSTED  the fields do not hash to the member "hash" */
RPL_CHECKED rpl_status rpl_block_header_read(const json_t *block, rpl_block_header *out);

/* A header as it is hashed. Any further fields are allowed: the hash covers them, and only who
 * knows the hash may believe the rest.
 * RPL_MALFORMED  not an RLP list of at least 15 strings of their lengths
 * RPL_TOO_LARGE  over RPL_BLOCK_HEADER_MAX */
RPL_CHECKED rpl_status rpl_block_header_parse(rpl_bytes rlp, rpl_block_header *out);

#endif
