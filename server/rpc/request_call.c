/* POST /requestKey: a key pair and a quote over it. Calls without a challenge share one outstanding
 * request; while its quote is being made, they wait for it together. */
#include "server/rpc/flow.h"

#include <sodium.h>
#include <stdlib.h>

typedef struct request_call request_call;
struct request_call {
    rpl_flow flow;
    rpl_request_fields fields;
    bool challenged;
    bool made; /* the request is there because of this call, and the others wait for it */
    rpl_own_quote quote;
    request_call *next; /* while it waits */
};

/* A request without a quote would only take a place in the table. */
static void forget_unquoted(rpl_node *node, const uint8_t pubk[static 32])
{
    rpl_request *request = rpl_requests_by_pubk(&node->requests, pubk);
    if (request && !request->quoted)
        rpl_node_request_used(node, request);
}

static void release(rpl_flow *flow)
{
    request_call *call = (request_call *)flow;
    if (call->made)
        forget_unquoted(rpl_flow_node(flow), call->fields.pubk);
    rpl_own_quote_free(&call->quote);
    free(call);
}

static void answer(rpl_flow *flow, const rpl_request *request)
{
    Replicatoor__V1__RequestKeyResponse r = REPLICATOOR__V1__REQUEST_KEY_RESPONSE__INIT;
    const rpl_ports *ports = rpl_flow_ports(flow);
    const rpl_bytes config = rpl_flow_node(flow)->settings.config_preimage;
    const int64_t left_ms = request->expires_ms - ports->time(ports->self).boot_ms;

    r.pubk = rpl_pb_bytes(request->fields.pubk, sizeof(request->fields.pubk));
    r.quote = rpl_pb_bytes(request->quote, request->quote_len);
    r.quote_raw = rpl_pb_bytes(request->quote_raw, request->quote_raw_len);
    r.event_log = request->event_log;
    if (request->challenged)
        r.challenge = rpl_pb_bytes(request->fields.challenge, sizeof(request->fields.challenge));
    r.config = rpl_pb_text((const char *)config.data);
    r.expires_in_s = left_ms > 0 ? (uint32_t)(left_ms / 1000) : 0;
    rpl_flow_end(flow, &r.base);
}

static void keep_quote(rpl_request *request, rpl_own_quote *quote)
{
    request->quote = RPL_TAKE(quote->with_evidence);
    request->quote_len = quote->with_evidence_len;
    request->quote_raw = RPL_TAKE(quote->agent.quote);
    request->quote_raw_len = quote->agent.quote_len;
    request->event_log = RPL_TAKE(quote->agent.event_log);
    request->quoted = true;
}

static void in_worker_quote(rpl_flow *flow)
{
    request_call *call = (request_call *)flow;
    rpl_report_data report_data;
    rpl_transcript_request(&call->fields, &report_data);
    flow->status = rpl_own_quote_make(
        flow, &report_data, call->challenged ? call->fields.challenge : NULL, &call->quote);
}

static void finish(request_call *call, const rpl_request *request, rpl_status status)
{
    if (status.code == RPL_OK)
        answer(&call->flow, request);
    else
        rpl_flow_fail(&call->flow, status);
}

static request_call *take_waiting(rpl_services *s, const uint8_t pubk[static 32])
{
    for (request_call **at = &s->waiting; *at; at = &(*at)->next) {
        request_call *const call = *at;
        if (!rpl_bytes_equal(rpl_bytes_of(call->fields.pubk, 32), rpl_bytes_of(pubk, 32)))
            continue;
        *at = call->next;
        return call;
    }
    return NULL;
}

static void on_loop_quoted(rpl_flow *flow)
{
    request_call *call = (request_call *)flow, *waiting;
    rpl_node *node = rpl_flow_node(flow);
    rpl_request *request = rpl_requests_by_pubk(&node->requests, call->fields.pubk);
    const rpl_status status =
        request ? flow->status
                : rpl_fail(RPL_STALE, "the request ended while its quote was made: ask again");

    rpl_flow_count_quote(flow, flow->status.code);
    if (status.code == RPL_OK)
        keep_quote(request, &call->quote);
    for (waiting = take_waiting(flow->services, call->fields.pubk); waiting;
         waiting = take_waiting(flow->services, call->fields.pubk))
        finish(waiting, request, status);
    finish(call, request, status);
}

static rpl_status make_request(rpl_node *node, const uint8_t *challenge, rpl_request **out)
{
    RPL_AUTO(secret) rpl_secret *key = rpl_secret_new(32);
    const int64_t boot_ms = node->ports->time(node->ports->self).boot_ms;

    if (!key)
        return rpl_fail(RPL_INTERNAL, "no memory for a key");
    node->ports->random(node->ports->self, rpl_secret_fill(key), 32);
    RPL_TRY(rpl_node_may(node, RPL_EVENT_REQUEST_MADE));
    RPL_TRY(rpl_requests_add(&node->requests, challenge, node->settings.config_digest, key, boot_ms,
                             out));
    key = NULL;
    return rpl_node_step(node, RPL_EVENT_REQUEST_MADE);
}

void rpl_request_call(rpl_services *s, const Replicatoor__V1__RequestKeyRequest *input,
                      rpl_reply reply)
{
    rpl_node *node = s->config.node;
    const uint8_t *challenge = input->challenge.len ? input->challenge.data : NULL;

    if (input->challenge.len != 0 && input->challenge.len != RPL_CHALLENGE_LEN) {
        rpl_reply_error(&reply,
                        rpl_fail(RPL_MALFORMED, "challenge: expected 64 hex digits from GET "
                                                "/challenge of the holder, or none"));
        return;
    }
    rpl_node_expire(node);
    request_call *call = rpl_flow_new(s, sizeof(*call), reply, release);
    if (!call)
        return;
    rpl_request *request = rpl_requests_find(&node->requests, challenge);
    if (request && request->quoted) {
        answer(&call->flow, request);
        return;
    }
    const bool is_new = !request;
    rpl_status admitted = rpl_flow_take_tokens(&call->flow, 1);
    if (admitted.code == RPL_OK && is_new)
        admitted = make_request(node, challenge, &request);
    if (admitted.code != RPL_OK) {
        rpl_flow_fail(&call->flow, admitted);
        return;
    }
    call->fields = request->fields;
    call->challenged = request->challenged;
    call->made = is_new;
    if (!is_new) {
        call->next = s->waiting;
        s->waiting = call;
        return;
    }
    rpl_flow_work(&call->flow, in_worker_quote, on_loop_quoted);
}
