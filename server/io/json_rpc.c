#include "server/io/json_rpc.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/net/http_client.h"
#include "base/writer.h"

enum { OK_STATUS = 200 };

static atomic_uint_fast64_t last_id; /* of this process: no answer fits two questions */

void rpl_json_rpc_results_free(rpl_json_rpc_results *results)
{
    for (size_t i = 0; i < RPL_RPC_BATCH_MAX; i++)
        json_decref(results->items[i]);
    *results = (rpl_json_rpc_results){0};
}

static void write_call(rpl_writer *w, const rpl_json_rpc_call *call, uint64_t id)
{
    char number[24];
    snprintf(number, sizeof(number), "%" PRIu64, id);
    rpl_write_text(w, "{\"jsonrpc\":\"2.0\",\"id\":");
    rpl_write_text(w, number);
    rpl_write_text(w, ",\"method\":\"");
    rpl_write_text(w, call->method);
    rpl_write_text(w, "\",\"params\":");
    rpl_write_text(w, call->params);
    rpl_write_text(w, "}");
}

static rpl_status write_batch(rpl_writer *w, const rpl_json_rpc_call *calls, const uint64_t *ids,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rpl_write_text(w, i ? "," : "[");
        write_call(w, &calls[i], ids[i]);
    }
    rpl_write_text(w, "]");
    return rpl_writer_done(w) ? rpl_ok() : rpl_fail(RPL_INTERNAL, "RPC: the calls are too long");
}

static rpl_status exchange(const rpl_json_rpc_endpoint *endpoint, rpl_bytes body,
                           rpl_http_response *answer)
{
    const rpl_http_request request = {
        .url = endpoint->url,
        .ca_file = endpoint->ca_file,
        .content_type = "application/json",
        .body = body,
        .timeout_ms = endpoint->timeout_ms,
        .body_max = RPL_RPC_ANSWER_MAX,
    };
    if (strncmp(endpoint->url, "https://", 8) != 0)
        return rpl_fail(RPL_INTERNAL, "RPC: expected an https address");
    return rpl_http_exchange(&request, answer);
}

static rpl_status read_answer(const rpl_http_response *answer, const uint64_t *ids, size_t count,
                              rpl_json_rpc_results *out)
{
    rpl_json_rpc_results results = {0};
    rpl_rpc_problem problem;

    if (answer->status != OK_STATUS)
        return rpl_fail(RPL_DENIED, answer->status == 429
                                        ? "RPC: the provider limits the rate (HTTP 429)"
                                        : "RPC: expected HTTP status 200, another one came");
    const rpl_status s = rpl_rpc_batch_read(rpl_bytes_of(answer->body, answer->body_len), ids,
                                            count, results.items, &problem);
    if (s.code == RPL_UNAVAILABLE)
        return rpl_fail(RPL_DENIED, "RPC: the provider answered with an error");
    if (s.code == RPL_OK)
        *out = results;
    return s;
}

rpl_status rpl_json_rpc_ask(const rpl_json_rpc_endpoint *endpoint, const rpl_json_rpc_call *calls,
                            size_t count, rpl_json_rpc_results *out)
{
    uint8_t body[RPL_JSON_RPC_REQUEST_MAX];
    uint64_t ids[RPL_RPC_BATCH_MAX];
    rpl_writer w = rpl_writer_over(body, sizeof(body));
    rpl_http_response answer;

    if (count == 0 || count > RPL_RPC_BATCH_MAX)
        return rpl_fail(RPL_INTERNAL, "RPC: expected one to eight calls");
    const uint64_t first = atomic_fetch_add(&last_id, count) + 1;
    for (size_t i = 0; i < count; i++)
        ids[i] = first + i;
    RPL_TRY(write_batch(&w, calls, ids, count));
    RPL_TRY(exchange(endpoint, rpl_writer_bytes(&w), &answer));
    const rpl_status s = read_answer(&answer, ids, count, out);
    rpl_http_response_free(&answer);
    return s;
}
