#include "attestation/policy/rpc_answer.h"

#include "base/hex.h"

static bool hex_text(const json_t *value, rpl_bytes *digits)
{
    const char *text = json_string_value(value);
    rpl_bytes whole, prefix;

    if (!text)
        return false;
    whole = rpl_bytes_of(text, json_string_length(value));
    rpl_reader r = rpl_reader_over(whole);
    *digits = (rpl_bytes){NULL, 0};
    return rpl_read_bytes(&r, 2, &prefix) && rpl_bytes_equal(prefix, rpl_bytes_of_text("0x")) &&
           rpl_read_bytes(&r, r.rest.len, digits);
}

/* rpl_hex_decode would take a second "0x". */
static bool decode(rpl_bytes digits, uint8_t *out, size_t cap, size_t *len)
{
    if (digits.len >= 2 && digits.data[1] == 'x')
        return false;
    return rpl_hex_decode(digits, out, cap, len).code == RPL_OK;
}

bool rpl_rpc_data(const json_t *value, uint8_t *out, size_t cap, size_t *len)
{
    rpl_bytes digits;

    return hex_text(value, &digits) && decode(digits, out, cap, len);
}

bool rpl_rpc_data_exact(const json_t *value, uint8_t *out, size_t len)
{
    size_t n;

    return rpl_rpc_data(value, out, len, &n) && n == len;
}

bool rpl_rpc_quantity_bytes(const json_t *value, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t even[2 * 32 + 1] = {'0'};
    rpl_bytes digits;

    if (!hex_text(value, &digits) || digits.len == 0 || digits.len > 2 * cap || digits.len > 2 * 32)
        return false;
    *len = 0;
    if (digits.data[0] == '0')
        return digits.len == 1;
    rpl_reader r = rpl_reader_over(digits);
    const size_t odd = digits.len % 2;
    return rpl_read_copy(&r, even + odd, digits.len) &&
           decode(rpl_bytes_of(even, digits.len + odd), out, cap, len);
}

bool rpl_rpc_quantity(const json_t *value, uint64_t *out)
{
    uint8_t bytes[sizeof(*out)];
    size_t len;

    if (!rpl_rpc_quantity_bytes(value, bytes, sizeof(bytes), &len))
        return false;
    *out = 0;
    for (size_t i = 0; i < len; i++)
        *out = *out << 8 | bytes[i];
    return true;
}

static rpl_status read_error(const json_t *error, rpl_rpc_problem *problem)
{
    const json_t *code = json_object_get(error, "code");

    if (!json_is_integer(code) || !json_is_string(json_object_get(error, "message")))
        return rpl_fail(RPL_MALFORMED, "JSON-RPC: an error without code and message");
    *problem = (rpl_rpc_problem){true, json_integer_value(code)};
    return rpl_fail(RPL_UNAVAILABLE, "JSON-RPC: the provider answered with an error");
}

/* `*result` is borrowed from `answer`. */
static rpl_status read_object(const json_t *answer, uint64_t id, json_t **result,
                              rpl_rpc_problem *problem)
{
    const char *version = json_string_value(json_object_get(answer, "jsonrpc"));
    const json_t *error = json_object_get(answer, "error");
    json_t *value = json_object_get(answer, "result");
    uint64_t given;

    if (!version || !rpl_bytes_equal(rpl_bytes_of_text(version), rpl_bytes_of_text("2.0")))
        return rpl_fail(RPL_MALFORMED, "JSON-RPC: expected an object with \"jsonrpc\":\"2.0\"");
    if (!rpl_json_get_uint(answer, "id", INT64_MAX, &given) || given != id)
        return rpl_fail(RPL_MALFORMED, "JSON-RPC: the answer to another request");
    if (!error == !value)
        return rpl_fail(RPL_MALFORMED, "JSON-RPC: expected either a result or an error");
    if (error)
        return read_error(error, problem);
    if (json_is_null(value))
        return rpl_fail(RPL_MALFORMED,
                        "JSON-RPC: the result is null: the provider has no such block");
    *result = value;
    return rpl_ok();
}

rpl_status rpl_rpc_answer_read(rpl_bytes body, uint64_t id, json_t **result,
                               rpl_rpc_problem *problem)
{
    RPL_AUTO(json) json_t *answer = NULL;
    json_t *value;

    *problem = (rpl_rpc_problem){0};
    RPL_TRY(rpl_json_parse(body, RPL_RPC_ANSWER_MAX, &answer));
    RPL_TRY(read_object(answer, id, &value, problem));
    *result = json_incref(value);
    return rpl_ok();
}

/* The place of the answer in `ids`; `count` when it is none of them. */
static size_t place_of(const json_t *answer, const uint64_t *ids, size_t count)
{
    uint64_t id;
    size_t i = 0;

    if (!rpl_json_get_uint(answer, "id", INT64_MAX, &id))
        return count;
    while (i < count && ids[i] != id)
        i++;
    return i;
}

rpl_status rpl_rpc_batch_read(rpl_bytes body, const uint64_t *ids, size_t count, json_t **results,
                              rpl_rpc_problem *problem)
{
    RPL_AUTO(json) json_t *answers = NULL;
    json_t *found[RPL_RPC_BATCH_MAX] = {NULL};

    *problem = (rpl_rpc_problem){0};
    RPL_TRY(rpl_json_parse(body, RPL_RPC_ANSWER_MAX, &answers));
    if (!json_is_array(answers) || json_array_size(answers) != count || count > RPL_RPC_BATCH_MAX)
        return rpl_fail(RPL_MALFORMED, "JSON-RPC: expected one answer per request of the batch");
    for (size_t i = 0; i < count; i++) {
        const json_t *answer = json_array_get(answers, i);
        const size_t place = place_of(answer, ids, count);
        if (place == count || found[place])
            return rpl_fail(RPL_MALFORMED, "JSON-RPC: the answer to another request");
        RPL_TRY(read_object(answer, ids[place], &found[place], problem));
    }
    for (size_t i = 0; i < count; i++)
        results[i] = json_incref(found[i]);
    return rpl_ok();
}
