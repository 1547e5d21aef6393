#include "server/io/chain_witness.h"

#include <inttypes.h>
#include <stdio.h>

#include "attestation/policy/block_header.h"

enum { CHAIN_ID, FINAL, NEWEST, FINALIZED, LATEST, CALLS, PARAMS_MAX = 32 };

static void free_results(rpl_json_rpc_results *results)
{
    rpl_json_rpc_results_free(results);
}

static rpl_status take_hash(const json_t *block, uint64_t number, uint8_t hash[static 32])
{
    rpl_block_header header;

    RPL_TRY(rpl_block_header_read(block, &header));
    if (header.number != number)
        return rpl_fail(RPL_MALFORMED, "RPC: the header of another block than was asked for");
    for (size_t i = 0; i < sizeof(header.hash); i++)
        hash[i] = header.hash[i];
    return rpl_ok();
}

static rpl_status read_results(json_t *const *items, uint64_t finalized, uint64_t latest,
                               rpl_chain_witness *out)
{
    rpl_block_header final, newest;
    rpl_chain_witness w = {.standing = RPL_CHAIN_UNASKED};

    if (!rpl_rpc_quantity(items[CHAIN_ID], &w.chain_id))
        return rpl_fail(RPL_MALFORMED, "RPC: eth_chainId is no QUANTITY");
    RPL_TRY(rpl_block_header_read(items[FINAL], &final));
    RPL_TRY(rpl_block_header_read(items[NEWEST], &newest));
    w.finalized_number = final.number;
    w.latest_number = newest.number;
    RPL_TRY(take_hash(items[FINALIZED], finalized, w.finalized_hash));
    RPL_TRY(take_hash(items[LATEST], latest, w.latest_hash));
    *out = w;
    return rpl_ok();
}

rpl_status rpl_chain_witness_ask(const rpl_json_rpc_endpoint *endpoint, uint64_t finalized,
                                 uint64_t latest, rpl_chain_witness *out)
{
    __attribute__((cleanup(free_results))) rpl_json_rpc_results results = {0};
    char first[PARAMS_MAX], second[PARAMS_MAX];
    const rpl_json_rpc_call calls[CALLS] = {
        [CHAIN_ID] = {"eth_chainId", "[]"},
        [FINAL] = {"eth_getBlockByNumber", "[\"finalized\",false]"},
        [NEWEST] = {"eth_getBlockByNumber", "[\"latest\",false]"},
        [FINALIZED] = {"eth_getBlockByNumber", first},
        [LATEST] = {"eth_getBlockByNumber", second},
    };

    snprintf(first, sizeof(first), "[\"0x%" PRIx64 "\",false]", finalized);
    snprintf(second, sizeof(second), "[\"0x%" PRIx64 "\",false]", latest);
    RPL_TRY(rpl_json_rpc_ask(endpoint, calls, CALLS, &results));
    return read_results(results.items, finalized, latest, out);
}
