#include "server/io/chain_provider.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "attestation/policy/block_header.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/writer.h"
#include "server/io/chain_witness.h"
#include "server/io/clock.h"
#include "server/io/json_rpc.h"

enum { PARAMS_MAX = 1024, CODE_MAX = 49152, HEX32_SIZE = 67, HEX20_SIZE = 43 };

RPL_DEFINE_AUTO(void *, memory, free)

static void free_results(rpl_json_rpc_results *results)
{
    rpl_json_rpc_results_free(results);
}
#define RESULTS __attribute__((cleanup(free_results))) rpl_json_rpc_results

/* The timeout is what is left of the time. */
static rpl_status reach(const rpl_chain_provider *p, rpl_json_rpc_endpoint *out)
{
    const int64_t left_ms = p->until_ms - rpl_clock_boot_ms();

    if (left_ms <= 0)
        return rpl_fail(RPL_UNAVAILABLE, "RPC: no time is left for another question");
    *out = (rpl_json_rpc_endpoint){
        .url = p->url,
        .ca_file = p->ca_file,
        .timeout_ms = (long)(left_ms < p->request_ms ? left_ms : p->request_ms),
    };
    return rpl_ok();
}

static rpl_status ask(const rpl_chain_provider *p, const rpl_json_rpc_call *calls, size_t count,
                      rpl_json_rpc_results *out)
{
    rpl_json_rpc_endpoint endpoint;

    RPL_TRY(reach(p, &endpoint));
    return rpl_json_rpc_ask(&endpoint, calls, count, out);
}

static void to_hex(rpl_bytes bytes, char *out)
{
    out[0] = '0';
    out[1] = 'x';
    rpl_hex_encode(bytes, out + 2);
}

static rpl_status own_number(const rpl_chain_provider *p, const char *params, uint64_t *chain_id,
                             uint64_t *number)
{
    RESULTS results = {0};
    rpl_block_header header;
    const rpl_json_rpc_call calls[] = {{"eth_chainId", "[]"}, {"eth_getBlockByNumber", params}};

    RPL_TRY(ask(p, calls, 2, &results));
    if (!rpl_rpc_quantity(results.items[0], chain_id))
        return rpl_fail(RPL_MALFORMED, "RPC: eth_chainId is no QUANTITY");
    RPL_TRY(rpl_block_header_read(results.items[1], &header));
    *number = header.number;
    return rpl_ok();
}

rpl_status rpl_chain_provider_learn(rpl_chain_provider *p)
{
    uint64_t again;
    RPL_TRY(own_number(p, "[\"latest\",false]", &p->report.chain_id, &p->latest));
    RPL_TRY(own_number(p, "[\"finalized\",false]", &again, &p->finalized));
    if (again != p->report.chain_id)
        return rpl_fail(RPL_MALFORMED, "RPC: two chain ids from one provider");
    return rpl_ok();
}

static rpl_status take_block(const json_t *result, uint64_t number, rpl_block_header *header,
                             rpl_chain_view *view)
{
    RPL_TRY(rpl_block_header_read(result, header));
    if (header->number != number)
        return rpl_fail(RPL_MALFORMED, "RPC: the header of another block than was asked for");
    view->block = (rpl_chain_block){.number = number, .timestamp = header->timestamp};
    for (size_t i = 0; i < sizeof(view->block.hash); i++)
        view->block.hash[i] = header->hash[i];
    return rpl_ok();
}

static void block_params(uint64_t number, char out[static PARAMS_MAX])
{
    snprintf(out, PARAMS_MAX, "[\"0x%" PRIx64 "\",false]", number);
}

static void proof_params(const rpl_chain_provider *p, uint64_t number, char out[static PARAMS_MAX])
{
    char text[HEX32_SIZE], tail[32];
    rpl_writer w = rpl_writer_over(out, PARAMS_MAX);

    to_hex(rpl_bytes_of(p->address, 20), text);
    rpl_write_text(&w, "[\"");
    rpl_write_text(&w, text);
    for (size_t i = 0; i < RPL_CHAIN_WORDS; i++) {
        to_hex(rpl_bytes_of(p->slots->b[i], 32), text);
        rpl_write_text(&w, i ? "\",\"" : "\",[\"");
        rpl_write_text(&w, text);
    }
    snprintf(tail, sizeof(tail), "\"],\"0x%" PRIx64 "\"]", number);
    rpl_write_text(&w, tail);
    rpl_write_u8(&w, 0);
}

static rpl_status view_by_proof(const rpl_chain_provider *p, uint64_t number, rpl_chain_view *view)
{
    RESULTS results = {0};
    rpl_block_header header;
    char block[PARAMS_MAX], proof[PARAMS_MAX];
    const rpl_json_rpc_call calls[] = {{"eth_getBlockByNumber", block}, {"eth_getProof", proof}};

    block_params(number, block);
    proof_params(p, number, proof);
    RPL_TRY(ask(p, calls, 2, &results));
    RPL_TRY(take_block(results.items[0], number, &header, view));
    return rpl_chain_view_prove(results.items[1], header.state_root, p->address, p->slots, view);
}

/* --- without proofs --- */

/* Parameters of a call about the contract at the block of this hash; `slot` may be NULL. */
static void at_hash(const rpl_chain_provider *p, const uint8_t *slot, const uint8_t hash[static 32],
                    char out[static PARAMS_MAX])
{
    char address[HEX20_SIZE], slot_text[HEX32_SIZE] = "", hash_text[HEX32_SIZE];
    to_hex(rpl_bytes_of(p->address, 20), address);
    to_hex(rpl_bytes_of(hash, 32), hash_text);
    if (slot)
        to_hex(rpl_bytes_of(slot, 32), slot_text);
    snprintf(out, PARAMS_MAX, "[\"%s\",%s%s%s{\"blockHash\":\"%s\",\"requireCanonical\":true}]",
             address, slot ? "\"" : "", slot_text, slot ? "\"," : "", hash_text);
}

static rpl_status read_words(const rpl_chain_provider *p, const uint8_t hash[static 32],
                             size_t from, size_t count, rpl_chain_words *words)
{
    RESULTS results = {0};
    char params[RPL_RPC_BATCH_MAX][PARAMS_MAX];
    rpl_json_rpc_call calls[RPL_RPC_BATCH_MAX];

    for (size_t i = 0; i < count; i++) {
        at_hash(p, p->slots->b[from + i], hash, params[i]);
        calls[i] = (rpl_json_rpc_call){"eth_getStorageAt", params[i]};
    }
    RPL_TRY(ask(p, calls, count, &results));
    for (size_t i = 0; i < count; i++)
        if (!rpl_rpc_data_exact(results.items[i], words->b[from + i], 32))
            return rpl_fail(RPL_MALFORMED, "RPC: eth_getStorageAt is no word of 32 bytes");
    return rpl_ok();
}

static rpl_status read_code(const rpl_chain_provider *p, const uint8_t hash[static 32],
                            rpl_chain_view *view)
{
    RESULTS results = {0};
    RPL_AUTO(memory) void *code = malloc(CODE_MAX);
    char params[PARAMS_MAX];
    size_t len = 0;
    const rpl_json_rpc_call call = {"eth_getCode", params};

    if (!code)
        return rpl_fail(RPL_INTERNAL, "no memory");
    at_hash(p, NULL, hash, params);
    RPL_TRY(ask(p, &call, 1, &results));
    if (!rpl_rpc_data(results.items[0], code, CODE_MAX, &len))
        return rpl_fail(RPL_MALFORMED, "RPC: eth_getCode is no DATA");
    rpl_keccak256(rpl_bytes_of(code, len), view->code_hash);
    return rpl_ok();
}

static rpl_status view_by_storage(const rpl_chain_provider *p, uint64_t number,
                                  rpl_chain_view *view)
{
    enum { FIRST = RPL_CHAIN_WORDS / 2 };
    RESULTS results = {0};
    rpl_block_header header;
    rpl_chain_words words;
    char params[PARAMS_MAX];
    const rpl_json_rpc_call call = {"eth_getBlockByNumber", params};

    block_params(number, params);
    RPL_TRY(ask(p, &call, 1, &results));
    RPL_TRY(take_block(results.items[0], number, &header, view));
    RPL_TRY(read_words(p, header.hash, 0, FIRST, &words));
    RPL_TRY(read_words(p, header.hash, FIRST, RPL_CHAIN_WORDS - FIRST, &words));
    RPL_TRY(read_code(p, header.hash, view));
    rpl_chain_view_read(&words, view);
    return rpl_ok();
}

/* A refused proof (unknown method, pruned, out of the window) is no lie. */
static rpl_status view_at(const rpl_chain_provider *p, uint64_t number, rpl_chain_view *view)
{
    const rpl_status s = view_by_proof(p, number, view);
    return s.code == RPL_DENIED ? view_by_storage(p, number, view) : s;
}

rpl_status rpl_chain_provider_look(rpl_chain_provider *p)
{
    RPL_TRY(view_at(p, p->at_latest, &p->report.latest));
    RPL_TRY(view_at(p, p->at_finalized, &p->report.finalized));
    p->report.has_newest = p->latest > p->at_latest;
    return p->report.has_newest ? view_at(p, p->latest, &p->report.newest) : rpl_ok();
}

rpl_status rpl_chain_provider_witness(rpl_chain_provider *p)
{
    rpl_json_rpc_endpoint endpoint;

    RPL_TRY(reach(p, &endpoint));
    return rpl_chain_witness_ask(&endpoint, p->at_finalized, p->at_latest, &p->witness);
}
