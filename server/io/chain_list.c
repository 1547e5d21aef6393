#include "server/io/chain_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "attestation/policy/abi.h"
#include "base/hex.h"
#include "server/io/clock.h"

enum {
    CALL_MAX = 4 + 2 * RPL_ABI_WORD,
    PARAMS_MAX = 512,
    ANSWER_MAX = (2 + 7 * RPL_CONTRACT_PAGE) * RPL_ABI_WORD,
    EXCHANGES_LONG = 3, /* all of it, in times that one exchange may take */
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

typedef struct {
    uint64_t first, length; /* in the contract's list */
    int64_t until_ms;
    uint8_t *answer; /* ANSWER_MAX */
} walk;

/* A page that begins with item `at` of the contract's list. */
static rpl_status page(const view *v, const walk *w, uint64_t at, rpl_contract_item *items,
                       size_t *count)
{
    const uint64_t left = w->length - at;
    const size_t wanted = left < RPL_CONTRACT_PAGE ? (size_t)left : RPL_CONTRACT_PAGE;
    uint8_t calldata[CALL_MAX];
    rpl_writer data = rpl_writer_over(calldata, sizeof(calldata));
    size_t len;

    rpl_contract_call_list(&data, at);
    if (!rpl_writer_done(&data))
        return rpl_fail(RPL_INTERNAL, "a call is too long");
    RPL_TRY(call(v, rpl_writer_bytes(&data), w->answer, ANSWER_MAX, &len));
    RPL_TRY(rpl_contract_read_list(rpl_bytes_of(w->answer, len), items, wanted, count));
    if (*count != wanted)
        return rpl_fail(RPL_MALFORMED, "RPC: list() is shorter than count()");
    for (size_t i = 0; i < wanted; i++)
        if (items[i].entry.position != at + i + 1)
            return rpl_fail(RPL_MALFORMED, "RPC: list() has an item that is not at its position");
    return rpl_ok();
}

static rpl_status pages(const view *v, const walk *w, rpl_contract_item *items, size_t *count)
{
    *count = 0;
    while (w->first + *count < w->length) {
        size_t got;
        if (rpl_clock_boot_ms() >= w->until_ms)
            return rpl_fail(RPL_UNAVAILABLE, "RPC: the list of the contract takes too long");
        RPL_TRY(page(v, w, w->first + *count, items + *count, &got));
        *count += got;
    }
    return rpl_ok();
}

rpl_status rpl_chain_list_ask(const rpl_json_rpc_endpoint *endpoint,
                              const uint8_t address[static 20], const uint8_t block[static 32],
                              rpl_contract_item *items, size_t cap, size_t *count)
{
    const view v = {endpoint, address, block};
    RPL_AUTO(memory) void *answer = malloc(ANSWER_MAX);
    walk w = {.until_ms = rpl_clock_boot_ms() + EXCHANGES_LONG * endpoint->timeout_ms,
              .answer = answer};

    if (!answer)
        return rpl_fail(RPL_INTERNAL, "no memory");
    RPL_TRY(length_of(&v, &w.length));
    w.first = w.length > cap ? w.length - cap : 0;
    return pages(&v, &w, items, count);
}
