#include "clients/ctl/chain.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/net/http_client.h"
#include "clients/ctl/ctl.h"

enum {
    CONNECT_TIMEOUT_MS = 10000,
    TIMEOUT_MS = 30000,
    ASK_ID = 1,
    CODE_MAX = 65536,
    ANSWER_DATA_MAX = 32 * (2 + 7 * RPL_CONTRACT_PAGE), /* of list() */
    REVERTED = 3,
};

static void free_response(rpl_http_response *response)
{
    rpl_http_response_free(response);
}
#define AUTO_RESPONSE __attribute__((cleanup(free_response)))

void rpl_ctl_operator_free(rpl_ctl_operator *state)
{
    free(state->items);
    state->items = NULL;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* The character that ends a host: so that http://localhost.evil is not taken for loopback. */
static bool is_host(const char *rest, const char *host)
{
    return starts_with(rest, host) && strchr(":/", rest[strlen(host)]) != NULL;
}

rpl_status rpl_ctl_rpc_check(const char *url)
{
    static const char *const loopback[] = {"127.0.0.1", "localhost", "[::1]"};
    if (starts_with(url, "https://"))
        return rpl_ok();
    for (size_t i = 0; i < sizeof(loopback) / sizeof(*loopback); i++) {
        if (starts_with(url, "http://") && is_host(url + strlen("http://"), loopback[i]))
            return rpl_ok();
    }
    return rpl_fail(RPL_MALFORMED, "expected https://.., or http:// to a loopback address");
}

rpl_status rpl_ctl_rpc(const char *url, const char *method, json_t *params, json_t **result,
                       rpl_rpc_problem *problem)
{
    *problem = (rpl_rpc_problem){0};
    RPL_AUTO(json) json_t *question = json_object();
    RPL_AUTO(json_text) char *text = NULL;
    json_object_set_new(question, "params", params);
    rpl_json_set_text(question, "jsonrpc", "2.0");
    rpl_json_set_text(question, "method", method);
    rpl_json_set_uint(question, "id", ASK_ID);
    RPL_TRY(rpl_json_dump(question, &text));
    const rpl_http_request request = {.url = url,
                                      .content_type = "application/json",
                                      .body = rpl_bytes_of_text(text),
                                      .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                      .timeout_ms = TIMEOUT_MS,
                                      .body_max = RPL_RPC_ANSWER_MAX};
    AUTO_RESPONSE rpl_http_response response = {0};
    RPL_TRY(rpl_http_exchange(&request, &response));
    if (response.status != 200)
        return rpl_fail(RPL_UNAVAILABLE, "the RPC answered with another HTTP status than 200");
    return rpl_rpc_answer_read(rpl_bytes_of(response.body, response.body_len), ASK_ID, result,
                               problem);
}

static void set_data(json_t *object, const char *key, rpl_bytes bytes)
{
    RPL_AUTO(bytes) uint8_t *hex = malloc(2 * bytes.len + 3);
    if (!hex)
        return;
    hex[0] = '0';
    hex[1] = 'x';
    rpl_hex_encode(bytes, (char *)hex + 2);
    rpl_json_set_text(object, key, (const char *)hex);
}

static json_t *address_text(const uint8_t address[static 20])
{
    char hex[2 + 40 + 1] = "0x";
    rpl_hex_encode(rpl_bytes_of(address, 20), hex + 2);
    return json_string(hex);
}

/* EIP-1898: by hash, so that all answers are of one block. */
static json_t *at_block(const rpl_ctl_block *block)
{
    json_t *at = json_object();
    rpl_json_set_text(at, "blockHash", block->hash);
    return at;
}

/* eth_call; the answer's bytes land in `out`. */
static rpl_status view(const rpl_ctl_chain *chain, const rpl_ctl_block *block, rpl_bytes calldata,
                       uint8_t *out, size_t cap, rpl_bytes *answer)
{
    RPL_AUTO(json) json_t *result = NULL;
    rpl_rpc_problem problem;
    json_t *call = json_object(), *params = json_array();
    json_object_set_new(call, "to", address_text(chain->contract));
    set_data(call, "data", calldata);
    json_array_append_new(params, call);
    json_array_append_new(params, at_block(block));
    RPL_TRY(rpl_ctl_rpc(chain->rpc, "eth_call", params, &result, &problem));
    size_t len;
    if (!rpl_rpc_data(result, out, cap, &len))
        return rpl_fail(RPL_MALFORMED, "eth_call: expected bytes in hex");
    *answer = rpl_bytes_of(out, len);
    return rpl_ok();
}

static rpl_status view_word(const rpl_ctl_chain *chain, const rpl_ctl_block *block,
                            const char *signature, uint8_t word[static 32])
{
    uint8_t calldata[4];
    rpl_writer w = rpl_writer_over(calldata, sizeof(calldata));
    rpl_bytes answer;
    rpl_abi_write_call(&w, signature, NULL, 0);
    RPL_TRY(view(chain, block, rpl_writer_bytes(&w), word, 32, &answer));
    if (answer.len != 32)
        return rpl_fail(RPL_MALFORMED, "the contract does not answer as an UpgradeOperator does");
    return rpl_ok();
}

static rpl_status view_number(const rpl_ctl_chain *chain, const rpl_ctl_block *block,
                              const char *signature, uint64_t *out)
{
    uint8_t word[32];
    RPL_TRY(view_word(chain, block, signature, word));
    rpl_reader r = rpl_reader_over(rpl_bytes_of(word, 32));
    if (!rpl_abi_read_uint64(&r, out))
        return rpl_fail(RPL_MALFORMED, "a number of the contract is out of range");
    return rpl_ok();
}

static rpl_status view_address(const rpl_ctl_chain *chain, const rpl_ctl_block *block,
                               const char *signature, uint8_t out[static 20])
{
    uint8_t word[32];
    RPL_TRY(view_word(chain, block, signature, word));
    rpl_reader r = rpl_reader_over(rpl_bytes_of(word, 32));
    if (!rpl_abi_read_address(&r, out))
        return rpl_fail(RPL_MALFORMED, "an address of the contract is out of range");
    return rpl_ok();
}

static rpl_status read_chain_id(const rpl_ctl_chain *chain, uint64_t *out)
{
    RPL_AUTO(json) json_t *result = NULL;
    rpl_rpc_problem problem;
    RPL_TRY(rpl_ctl_rpc(chain->rpc, "eth_chainId", json_array(), &result, &problem));
    return rpl_rpc_quantity(result, out)
               ? rpl_ok()
               : rpl_fail(RPL_MALFORMED, "eth_chainId: expected a number in hex");
}

static rpl_status read_block(const rpl_ctl_chain *chain, rpl_ctl_block *out)
{
    RPL_AUTO(json) json_t *result = NULL;
    rpl_rpc_problem problem;
    json_t *params = json_array();
    json_array_append_new(params, json_string("latest"));
    json_array_append_new(params, json_false());
    RPL_TRY(rpl_ctl_rpc(chain->rpc, "eth_getBlockByNumber", params, &result, &problem));
    uint8_t hash[32];
    uint64_t time_s;
    if (!rpl_rpc_quantity(json_object_get(result, "number"), &out->number) ||
        !rpl_rpc_quantity(json_object_get(result, "timestamp"), &time_s) || time_s > INT64_MAX ||
        !rpl_rpc_data_exact(json_object_get(result, "hash"), hash, 32))
        return rpl_fail(RPL_MALFORMED, "eth_getBlockByNumber: expected a block");
    out->time_s = (int64_t)time_s;
    snprintf(out->hash, sizeof(out->hash), "0x");
    rpl_hex_encode(rpl_bytes_of(hash, 32), out->hash + 2);
    return rpl_ok();
}

static rpl_status read_code_hash(const rpl_ctl_chain *chain, const rpl_ctl_block *block,
                                 uint8_t out[static 32])
{
    RPL_AUTO(json) json_t *result = NULL;
    rpl_rpc_problem problem;
    json_t *params = json_array();
    json_array_append_new(params, address_text(chain->contract));
    json_array_append_new(params, at_block(block));
    RPL_TRY(rpl_ctl_rpc(chain->rpc, "eth_getCode", params, &result, &problem));
    size_t len;
    RPL_AUTO(bytes) uint8_t *code = malloc(CODE_MAX);
    if (!code || !rpl_rpc_data(result, code, CODE_MAX, &len))
        return rpl_fail(RPL_MALFORMED, "eth_getCode: expected bytes in hex");
    if (len == 0)
        return rpl_fail(RPL_MALFORMED, "there is no contract at this address on this chain");
    rpl_keccak256(rpl_bytes_of(code, len), out);
    return rpl_ok();
}

static rpl_status read_page(const rpl_ctl_chain *chain, rpl_ctl_operator *state, uint8_t *buffer)
{
    uint8_t calldata[RPL_CONTRACT_CALL_MAX];
    rpl_writer w = rpl_writer_over(calldata, sizeof(calldata));
    const size_t room = RPL_CTL_ENTRIES_MAX - state->count;
    rpl_bytes answer;
    size_t got;
    rpl_contract_call_list(&w, state->count);
    RPL_TRY(view(chain, &state->block, rpl_writer_bytes(&w), buffer, ANSWER_DATA_MAX, &answer));
    RPL_TRY(rpl_contract_read_list(answer, state->items + state->count,
                                   room < RPL_CONTRACT_PAGE ? room : RPL_CONTRACT_PAGE, &got));
    if (got == 0)
        return rpl_fail(RPL_MALFORMED, "list() is shorter than count()");
    state->count += got;
    return rpl_ok();
}

static rpl_status read_items(const rpl_ctl_chain *chain, rpl_ctl_operator *state)
{
    uint64_t count;
    RPL_TRY(view_number(chain, &state->block, "count()", &count));
    if (count > RPL_CTL_ENTRIES_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the contract has more entries than are read here");
    RPL_AUTO(bytes) uint8_t *buffer = malloc(ANSWER_DATA_MAX);
    state->items = calloc(RPL_CTL_ENTRIES_MAX, sizeof(*state->items));
    if (!buffer || !state->items)
        return rpl_fail(RPL_INTERNAL, "out of memory");
    while (state->count < count)
        RPL_TRY(read_page(chain, state, buffer));
    return rpl_ok();
}

static rpl_status read_identity(const rpl_ctl_chain *chain, rpl_ctl_operator *state)
{
    uint8_t calldata[4], out[4 * 32];
    rpl_writer w = rpl_writer_over(calldata, sizeof(calldata));
    rpl_bytes answer;
    RPL_TRY(view_word(chain, &state->block, "identity()", state->identity));
    RPL_TRY(view_address(chain, &state->block, "xPub()", state->xpub));
    rpl_abi_write_call(&w, "pendingIdentity()", NULL, 0);
    RPL_TRY(view(chain, &state->block, rpl_writer_bytes(&w), out, sizeof(out), &answer));
    return rpl_contract_read_pin(answer, &state->next_identity);
}

rpl_status rpl_ctl_operator_read(const rpl_ctl_chain *chain, rpl_ctl_operator *out)
{
    RPL_AUTO(operator) rpl_ctl_operator state = {0};
    const rpl_ctl_block *block = &state.block;
    RPL_TRY(read_chain_id(chain, &state.chain_id));
    RPL_TRY(read_block(chain, &state.block));
    RPL_TRY(read_code_hash(chain, block, state.code_hash));
    RPL_TRY(view_address(chain, block, "owner()", state.owner));
    RPL_TRY(view_address(chain, block, "pendingOwner()", state.pending_owner));
    RPL_TRY(view_number(chain, block, "pendingOwnerFrom()", &state.pending_owner_from));
    RPL_TRY(view_number(chain, block, "minDelay()", &state.min_delay_s));
    RPL_TRY(view_number(chain, block, "minEpoch()", &state.min_epoch));
    RPL_TRY(read_identity(chain, &state));
    RPL_TRY(read_items(chain, &state));
    *out = state;
    state.items = NULL;
    return rpl_ok();
}

rpl_status rpl_ctl_try(const rpl_ctl_chain *chain, const uint8_t from[static 20],
                       rpl_bytes calldata)
{
    RPL_AUTO(json) json_t *result = NULL;
    rpl_rpc_problem problem;
    json_t *call = json_object(), *params = json_array();
    json_object_set_new(call, "from", address_text(from));
    json_object_set_new(call, "to", address_text(chain->contract));
    set_data(call, "data", calldata);
    json_array_append_new(params, call);
    json_array_append_new(params, json_string("latest"));
    const rpl_status s = rpl_ctl_rpc(chain->rpc, "eth_call", params, &result, &problem);
    if (problem.has_error && problem.error_code == REVERTED)
        return rpl_fail(RPL_DENIED, "the contract would refuse this call now");
    return s;
}
