#include "server/io/chain_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "attestation/policy/abi.h"
#include "base/hex.h"

enum {
    CALL_MAX = 4 + 2 * RPL_ABI_WORD,
    PARAMS_MAX = 512,
    ANSWER_MAX = (2 + 7 * RPL_CONTRACT_PAGE) * RPL_ABI_WORD,
};

RPL_DEFINE_AUTO(void *, memory, free)

static void free_results(rpl_json_rpc_results *results)
{
    rpl_json_rpc_results_free(results);
}

typedef struct {
    const rpl_json_rpc_endpoint *endpoint;
    const uint8_t *address, *block;
} view;

/* eth_call at exactly that block. */
static rpl_status call(const view *v, rpl_bytes calldata, uint8_t *answer, size_t cap, size_t *len)
{
    __attribute__((cleanup(free_results))) rpl_json_rpc_results results = {0};
    char address[2 * 20 + 1], block[2 * 32 + 1], data[2 * CALL_MAX + 1], params[PARAMS_MAX];
    const rpl_json_rpc_call one = {"eth_call", params};

    rpl_hex_encode(rpl_bytes_of(v->address, 20), address);
    rpl_hex_encode(rpl_bytes_of(v->block, 32), block);
    rpl_hex_encode(calldata, data);
    snprintf(params, sizeof(params),
             "[{\"to\":\"0x%s\",\"data\":\"0x%s\"},{\"blockHash\":\"0x%s\",\"requireCanonical\":"
             "true}]",
             address, data, block);
    RPL_TRY(rpl_json_rpc_ask(v->endpoint, &one, 1, &results));
    return rpl_rpc_data(results.items[0], answer, cap, len)
               ? rpl_ok()
               : rpl_fail(RPL_MALFORMED, "RPC: eth_call is no DATA, or too long");
}

static rpl_status length_of(const view *v, uint64_t *length)
{
    uint8_t calldata[CALL_MAX], answer[RPL_ABI_WORD];
    rpl_writer w = rpl_writer_over(calldata, sizeof(calldata));
    size_t len;

    rpl_abi_write_call(&w, "count()", NULL, 0);
    RPL_TRY(call(v, rpl_writer_bytes(&w), answer, sizeof(answer), &len));
    rpl_reader r = rpl_reader_over(rpl_bytes_of(answer, len));
    return rpl_abi_read_uint64(&r, length) && rpl_read_done(&r)
               ? rpl_ok()
               : rpl_malformed(&r, "RPC: count() is no number");
}

rpl_status rpl_chain_list_ask(const rpl_json_rpc_endpoint *endpoint,
                              const uint8_t address[static 20], const uint8_t block[static 32],
                              rpl_contract_item *items, size_t cap, size_t *count)
{
    const view v = {endpoint, address, block};
    RPL_AUTO(memory) void *answer = malloc(ANSWER_MAX);
    uint8_t calldata[CALL_MAX];
    rpl_writer w = rpl_writer_over(calldata, sizeof(calldata));
    uint64_t length;
    size_t len;

    if (!answer)
        return rpl_fail(RPL_INTERNAL, "no memory");
    RPL_TRY(length_of(&v, &length));
    rpl_contract_call_list(&w, length > RPL_CONTRACT_PAGE ? length - RPL_CONTRACT_PAGE : 0);
    if (!rpl_writer_done(&w))
        return rpl_fail(RPL_INTERNAL, "a call is too long");
    RPL_TRY(call(&v, rpl_writer_bytes(&w), answer, ANSWER_MAX, &len));
    return rpl_contract_read_list(rpl_bytes_of(answer, len), items, cap, count);
}
