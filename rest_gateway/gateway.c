#include "rest_gateway/gateway.h"

#include <h2o.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "replicatoor/v1/error.pb-c.h"
#include "rest_gateway/request.h"
#include "rest_gateway/to_json.h"

enum { ROUTES_MAX = 32, SEALED_BODY_MAX = 17 << 20, MESSAGE_MAX = 320, CLIENT_GONE = 499 };

struct call_of_route {
    ProtobufCService *service;
    unsigned method;
};

struct gateway {
    h2o_handler_t super;
    rpl_gateway_options options;
    struct call_of_route calls[ROUTES_MAX]; /* beside the rows of the table */
};

/* One call on its way. It lives until the service has answered; `req` is NULL from the moment on
 * at which the client's request is gone. */
struct pending {
    rpl_call call; /* first: it is what the service sees */
    rpl_peer peer;
    const struct gateway *gateway;
    const rpl_route *route;
    h2o_req_t *req;
    struct pending **link; /* in the request's memory; NULL with `req` */
    ProtobufCMessage *input;
    bool wants_json;
    int64_t began_us;
};

/* What a request is answered with and how that is counted. */
struct exchange {
    const struct gateway *gateway;
    const rpl_route *route; /* NULL when none was found */
    h2o_req_t *req;
    int64_t began_us;
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void observe(const struct exchange *x, int status)
{
    const rpl_gateway_options *options = &x->gateway->options;
    if (options->observe)
        options->observe(options->observe_data, x->route ? x->route->path : "other", status,
                         now_us() - x->began_us);
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {429, "Too Many Requests"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Internal Server Error";
}

/* Memory of an answer: freed with the request, wiped before that. */
struct answer_memory {
    size_t len;
    char bytes[];
};

static void wipe_answer(void *memory)
{
    struct answer_memory *answer = memory;
    sodium_memzero(answer->bytes, answer->len);
}

static char *answer_memory(h2o_req_t *req, size_t len)
{
    struct answer_memory *answer =
        h2o_mem_alloc_shared(&req->pool, sizeof(*answer) + len, wipe_answer);
    answer->len = len;
    return answer->bytes;
}

static void add_header(h2o_req_t *req, const h2o_token_t *token, const char *value)
{
    const h2o_iovec_t copy = h2o_strdup(&req->pool, value, SIZE_MAX);
    h2o_add_header(&req->pool, &req->res.headers, token, NULL, copy.base, copy.len);
}

static void on_proceed(h2o_generator_t *generator, h2o_req_t *req)
{
    (void)generator;
    (void)req;
}

static void send_bytes(const struct exchange *x, int status, const char *type, char *bytes,
                       size_t len)
{
    static h2o_generator_t generator = {.proceed = on_proceed};
    h2o_req_t *req = x->req;
    h2o_iovec_t body = {.base = bytes, .len = len};
    const bool is_head = h2o_memis(req->method.base, req->method.len, H2O_STRLIT("HEAD"));
    req->res.status = status;
    req->res.reason = reason_of(status);
    req->res.content_length = len;
    add_header(req, H2O_TOKEN_CONTENT_TYPE, type);
    add_header(req, H2O_TOKEN_CACHE_CONTROL, "no-store");
    observe(x, status);
    h2o_start_response(req, &generator);
    h2o_send(req, &body, is_head ? 0 : 1, H2O_SEND_STATE_FINAL);
}

static void send_json(const struct exchange *x, int status, const ProtobufCMessage *message)
{
    const size_t len = rpl_to_json(message, NULL, 0);
    char *text = answer_memory(x->req, len + 1);
    rpl_to_json(message, text, len);
    text[len] = '\n';
    send_bytes(x, status, "application/json", text, len + 1);
}

static const ProtobufCBinaryData *answer_field(const rpl_route *route,
                                               const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, route->answer_field);
    return (const void *)((const uint8_t *)message + field->offset);
}

static void send_hex(const struct exchange *x, const ProtobufCBinaryData *bytes)
{
    char *text = answer_memory(x->req, 2 * bytes->len + 1);
    rpl_hex_encode(rpl_bytes_of(bytes->data, bytes->len), text);
    send_bytes(x, 200, "text/plain", text, 2 * bytes->len);
}

static void send_success(const struct exchange *x, bool wants_json, const ProtobufCMessage *message)
{
    const ProtobufCBinaryData *bytes =
        x->route->answer == RPL_ANSWER_HEX && !wants_json ? answer_field(x->route, message) : NULL;
    if (bytes && bytes->len)
        send_hex(x, bytes);
    else
        send_json(x, 200, message);
}

static int http_status_of(const Replicatoor__V1__Error *error, const rpl_route *route)
{
    rpl_code code = RPL_INTERNAL;
    for (int c = RPL_MALFORMED; c < RPL_CODE_COUNT; c++) {
        if (strcmp(error->code, rpl_code_table((rpl_code)c)->name) == 0)
            code = (rpl_code)c;
    }
    if (code == RPL_UNAVAILABLE && error->rate_limited)
        return 429;
    if (code == RPL_NOT_READY && route && route->not_ready_http)
        return route->not_ready_http;
    return rpl_code_table(code)->http;
}

static void send_error(const struct exchange *x, int status, const Replicatoor__V1__Error *error)
{
    if (status == 429 || status == 503) {
        char seconds[12];
        snprintf(seconds, sizeof(seconds), "%u", error->retry_after_s ? error->retry_after_s : 1);
        const h2o_iovec_t copy = h2o_strdup(&x->req->pool, seconds, SIZE_MAX);
        h2o_add_header_by_str(&x->req->pool, &x->req->res.headers, H2O_STRLIT("retry-after"), 0,
                              NULL, copy.base, copy.len);
    }
    send_json(x, status, &error->base);
}

/* A refusal of our own; `status` 0 = the code's. */
static void refuse(const struct exchange *x, rpl_code code, int status, const char *subject,
                   const char *what)
{
    Replicatoor__V1__Error error;
    char name[16], message[MESSAGE_MAX];
    replicatoor__v1__error__init(&error);
    snprintf(name, sizeof(name), "%s", rpl_code_table(code)->name);
    snprintf(message, sizeof(message), "%s%s%s", subject, *subject ? " " : "", what);
    error.code = name;
    error.message = message;
    send_error(x, status ? status : http_status_of(&error, x->route), &error);
}

static void free_pending(struct pending *pending)
{
    rpl_input_free_message(pending->input);
    free(pending);
}

static void on_request_gone(void *memory)
{
    struct pending *pending = *(struct pending **)memory;
    if (!pending)
        return;
    pending->req = NULL;
    pending->link = NULL;
}

static void respond(const struct pending *pending, const ProtobufCMessage *message)
{
    const struct exchange x = {pending->gateway, pending->route, pending->req, pending->began_us};
    if (!message) {
        refuse(&x, RPL_INTERNAL, 0, "", "the service had no answer");
    } else if (message->descriptor == &replicatoor__v1__error__descriptor) {
        const Replicatoor__V1__Error *error = (const void *)message;
        send_error(&x, http_status_of(error, x.route), error);
    } else {
        send_success(&x, pending->wants_json, message);
    }
}

static void on_answer(const ProtobufCMessage *message, void *data)
{
    struct pending *pending = data;
    if (pending->link) {
        *pending->link = NULL;
        respond(pending, message);
    } else {
        const struct exchange x = {pending->gateway, pending->route, NULL, pending->began_us};
        observe(&x, CLIENT_GONE);
    }
    free_pending(pending);
}

static rpl_bytes header_of(const h2o_req_t *req, const h2o_token_t *token)
{
    const ssize_t at = h2o_find_header(&req->headers, token, -1);
    if (at < 0)
        return (rpl_bytes){0};
    const h2o_iovec_t value = req->headers.entries[at].value;
    return rpl_bytes_of(value.base, value.len);
}

static rpl_bytes query_of(const h2o_req_t *req)
{
    if (req->query_at == SIZE_MAX || req->query_at + 1 >= req->path.len)
        return (rpl_bytes){0};
    return rpl_bytes_of(req->path.base + req->query_at + 1, req->path.len - req->query_at - 1);
}

static rpl_bytes path_of(const h2o_req_t *req)
{
    return rpl_bytes_of(req->path.base, req->query_at == SIZE_MAX ? req->path.len : req->query_at);
}

static const struct call_of_route *call_of(const struct exchange *x)
{
    size_t count;
    return &x->gateway->calls[x->route - rpl_routes(&count)];
}

static rpl_status read_input(const struct exchange *x, rpl_input *input)
{
    const struct call_of_route *call = call_of(x);
    const h2o_req_t *req = x->req;
    const rpl_request_parts parts = {
        .query = query_of(req),
        .content_type = header_of(req, H2O_TOKEN_CONTENT_TYPE),
        .body = rpl_bytes_of(req->entity.base, req->entity.len),
    };
    const size_t sealed_max = x->gateway->options.sealed_body_max;
    RPL_TRY(rpl_input_start(input, call->service->descriptor->methods[call->method].input));
    return rpl_request_read(x->route, &parts, x->route->body_max ? x->route->body_max : sealed_max,
                            input);
}

static void start_call(const struct exchange *x, ProtobufCMessage *input)
{
    struct pending *pending = calloc(1, sizeof(*pending));
    if (!pending) {
        rpl_input_free_message(input);
        refuse(x, RPL_INTERNAL, 0, "", "memory is short");
        return;
    }
    const struct call_of_route *call = call_of(x);
    *pending = (struct pending){
        .peer = *x->gateway->options.peer(x->req),
        .gateway = x->gateway,
        .route = x->route,
        .req = x->req,
        .link = h2o_mem_alloc_shared(&x->req->pool, sizeof(*pending->link), on_request_gone),
        .input = input,
        .wants_json = rpl_accepts_json(header_of(x->req, H2O_TOKEN_ACCEPT)),
        .began_us = x->began_us,
    };
    *pending->link = pending;
    pending->call.peer = &pending->peer;
    call->service->invoke(call->service, call->method, input, on_answer, &pending->call);
}

static void serve(const struct exchange *x)
{
    rpl_input input = {0};
    if (!x->route->service) {
        refuse(x, RPL_DENIED, 0, "", x->route->refusal);
        return;
    }
    const rpl_status status = read_input(x, &input);
    if (status.code != RPL_OK) {
        refuse(x, status.code, 0, input.member, status.what);
        rpl_input_clear(&input);
        return;
    }
    start_call(x, RPL_TAKE(input.message));
}

static void refuse_method(const struct exchange *x, const rpl_route *route)
{
    char allow[32];
    rpl_route_allow(x->gateway->options.listener, route, allow);
    const h2o_iovec_t copy = h2o_strdup(&x->req->pool, allow, SIZE_MAX);
    h2o_add_header_by_str(&x->req->pool, &x->req->res.headers, H2O_STRLIT("allow"), 0, NULL,
                          copy.base, copy.len);
    refuse(x, RPL_MALFORMED, 405, "this path does not know this method; it takes", allow);
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    const struct gateway *gateway = (const void *)handler;
    struct exchange x = {.gateway = gateway, .req = req, .began_us = now_us()};
    const rpl_route *route = NULL;
    switch (rpl_route_find(gateway->options.listener,
                           rpl_bytes_of(req->method.base, req->method.len), path_of(req), &route)) {
    case RPL_ROUTE_NO_PATH:
        refuse(&x, RPL_MALFORMED, 404, "",
               "there is nothing at this path; paths are case-sensitive");
        break;
    case RPL_ROUTE_NO_METHOD:
        refuse_method(&x, route);
        break;
    case RPL_ROUTE_FOUND:
        x.route = route;
        serve(&x);
    }
    return 0;
}

static bool resolve(const rpl_gateway_options *options, const rpl_route *route,
                    struct call_of_route *call)
{
    for (size_t i = 0; i < RPL_GATEWAY_SERVICES_MAX; i++) {
        ProtobufCService *service = options->services[i];
        if (!service || strcmp(service->descriptor->short_name, route->service) != 0)
            continue;
        const ProtobufCMethodDescriptor *method =
            protobuf_c_service_descriptor_get_method_by_name(service->descriptor, route->call);
        if (!method)
            return false;
        *call = (struct call_of_route){service, (unsigned)(method - service->descriptor->methods)};
        return true;
    }
    return false;
}

static bool fields_exist(const rpl_route *route, const struct call_of_route *call)
{
    const ProtobufCMethodDescriptor *method = &call->service->descriptor->methods[call->method];
    bool ok = !route->body_field ||
              protobuf_c_message_descriptor_get_field_by_name(method->input, route->body_field);
    ok = ok && (!route->answer_field || protobuf_c_message_descriptor_get_field_by_name(
                                            method->output, route->answer_field));
    for (size_t i = 0; route->query[i]; i++)
        ok = ok && protobuf_c_message_descriptor_get_field_by_name(method->input, route->query[i]);
    return ok;
}

static rpl_status resolve_all(struct gateway *gateway)
{
    size_t count;
    const rpl_route *routes = rpl_routes(&count);
    if (count > ROUTES_MAX)
        return rpl_fail(RPL_INTERNAL, "more routes than the gateway has room for");
    for (size_t i = 0; i < count; i++) {
        if (!(routes[i].listeners & gateway->options.listener) || !routes[i].service)
            continue;
        if (!resolve(&gateway->options, &routes[i], &gateway->calls[i]) ||
            !fields_exist(&routes[i], &gateway->calls[i]))
            return rpl_fail(RPL_INTERNAL,
                            "a route names a service, call or field that is not there");
    }
    return rpl_ok();
}

rpl_status rpl_gateway_install(struct st_h2o_hostconf_t *host, const rpl_gateway_options *options)
{
    struct gateway *gateway = (void *)h2o_create_handler(&host->paths.entries[0], sizeof(*gateway));
    gateway->super.on_req = on_request;
    gateway->options = *options;
    if (gateway->options.sealed_body_max == 0)
        gateway->options.sealed_body_max = SEALED_BODY_MAX;
    return resolve_all(gateway);
}
