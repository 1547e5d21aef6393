#include "tests/support/http/fake_node.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replicatoor/v1/guest.pb-c.h"
#include "replicatoor/v1/host.pb-c.h"
#include "rest_gateway/gateway.h"
#include "server/rpc/health.h"
#include "server/rpc/metrics.h"
#include "server/rpc/worker.h"

enum { WAITING_MAX = 256, SAMPLE_MS = 2 };

struct fake_call {
    rpl_job job;
    ProtobufCClosure closure;
    void *data;
};

static struct {
    rpl_loop *loop;
    rpl_workers *workers;
    rpl_listeners *listeners;
    rpl_metrics *metrics;
    pthread_t thread;
    rpl_timer sampler;
    rpl_post stop;
    int64_t grace_ms;
    struct fake_call *waiting[WAITING_MAX];
    size_t n_waiting;
    atomic_size_t connections, waiting_seen;
    atomic_bool gate_open;
} node;

static void answer_error(const char *code, bool rate_limited, ProtobufCClosure closure, void *data)
{
    Replicatoor__V1__Error error = REPLICATOOR__V1__ERROR__INIT;
    char code_copy[32], message[] = "as asked";
    snprintf(code_copy, sizeof(code_copy), "%s", code);
    error.code = code_copy;
    error.message = message;
    error.rate_limited = rate_limited;
    error.retry_after_s = rate_limited ? 7 : 0;
    closure(&error.base, data);
}

static void status(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    Replicatoor__V1__StatusResponse response = REPLICATOOR__V1__STATUS_RESPONSE__INIT;
    const rpl_call *call = data;
    char version[] = "fake", address[64];
    snprintf(address, sizeof(address), "%s", call->peer->address);
    response.version = version;
    response.caller_address = address;
    response.state_digest = ((const Replicatoor__V1__StatusRequest *)(const void *)input)->nonce;
    closure(&response.base, data);
}

static void configure(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    Replicatoor__V1__ConfigureResponse response = REPLICATOOR__V1__CONFIGURE_RESPONSE__INIT;
    char len[24], *accepted[] = {len};
    snprintf(len, sizeof(len), "%zu",
             ((const Replicatoor__V1__ConfigureRequest *)(const void *)input)->env.len);
    response.n_accepted = 1;
    response.accepted = accepted;
    closure(&response.base, data);
}

static void work_nothing(rpl_job *job)
{
    (void)job;
}

static void challenge_done(rpl_job *job)
{
    struct fake_call *call = (struct fake_call *)job;
    Replicatoor__V1__ChallengeResponse response = REPLICATOOR__V1__CHALLENGE_RESPONSE__INIT;
    uint8_t ones[32];
    memset(ones, 1, sizeof(ones));
    response.challenge = (ProtobufCBinaryData){sizeof(ones), ones};
    call->closure(&response.base, call->data);
    free(call);
}

static struct fake_call *new_call(ProtobufCClosure closure, void *data)
{
    struct fake_call *call = calloc(1, sizeof(*call));
    if (!call)
        abort();
    call->closure = closure;
    call->data = data;
    return call;
}

static void challenge(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    struct fake_call *call = new_call(closure, data);
    (void)input;
    call->job.work = work_nothing;
    call->job.done = challenge_done;
    if (rpl_workers_submit(node.workers, &call->job))
        return;
    free(call);
    answer_error("unavailable", false, closure, data);
}

static void request_key(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    const ProtobufCBinaryData wish =
        ((const Replicatoor__V1__RequestKeyRequest *)(const void *)input)->challenge;
    const rpl_code code = wish.len ? (rpl_code)wish.data[0] : RPL_NOT_READY;
    answer_error(rpl_code_table(code)->name, wish.len > 1 && wish.data[1], closure, data);
}

static void onboard(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    const Replicatoor__V1__OnboardRequest *request = (const void *)input;
    Replicatoor__V1__OnboardResponse response = REPLICATOOR__V1__ONBOARD_RESPONSE__INIT;
    if (!request->dry_run)
        response.sealed = request->quote;
    closure(&response.base, data);
}

static void receive_key(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    Replicatoor__V1__ReceiveKeyResponse response = REPLICATOOR__V1__RECEIVE_KEY_RESPONSE__INIT;
    char len[24];
    snprintf(len, sizeof(len), "%zu",
             ((const Replicatoor__V1__ReceiveKeyRequest *)(const void *)input)->sealed.len);
    response.result = len;
    closure(&response.base, data);
}

static void bootstrap(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    Replicatoor__V1__Verdict verdict = REPLICATOOR__V1__VERDICT__INIT;
    Replicatoor__V1__Error error = REPLICATOOR__V1__ERROR__INIT;
    char code[] = "conflict", message[] = "a state is there", check[] = "policy.identity";
    (void)input;
    error.code = code;
    error.message = message;
    error.check = check;
    error.verdict = &verdict;
    closure(&error.base, data);
}

static void answer_waiting(void)
{
    const size_t count = node.n_waiting;
    node.n_waiting = 0;
    for (size_t i = 0; i < count; i++) {
        Replicatoor__V1__CustodyResponse response = REPLICATOOR__V1__CUSTODY_RESPONSE__INIT;
        node.waiting[i]->closure(&response.base, node.waiting[i]->data);
        free(node.waiting[i]);
    }
}

static void custody(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    (void)input;
    if (node.n_waiting == WAITING_MAX) {
        answer_error("unavailable", false, closure, data);
        return;
    }
    node.waiting[node.n_waiting++] = new_call(closure, data);
}

static void get_key(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    const Replicatoor__V1__GetKeyRequest *request = (const void *)input;
    const rpl_call *call = data;
    Replicatoor__V1__GetKeyResponse response = REPLICATOOR__V1__GET_KEY_RESPONSE__INIT;
    uint8_t twos[32];
    char service[64];
    if (strcmp(request->path, "ok") != 0) {
        answer_error("not_ready", false, closure, data);
        return;
    }
    memset(twos, 2, sizeof(twos));
    snprintf(service, sizeof(service), "%s", call->peer->guest);
    response.key = (ProtobufCBinaryData){sizeof(twos), twos};
    response.service = service;
    closure(&response.base, data);
}

static void guest_status(const ProtobufCMessage *input, ProtobufCClosure closure, void *data)
{
    Replicatoor__V1__GuestServiceStatusResponse response =
        REPLICATOOR__V1__GUEST_SERVICE_STATUS_RESPONSE__INIT;
    (void)input;
    closure(&response.base, data);
}

static void invoke(ProtobufCService *service, unsigned method, const ProtobufCMessage *input,
                   ProtobufCClosure closure, void *data)
{
    static const struct {
        const char *name;
        void (*call)(const ProtobufCMessage *input, ProtobufCClosure closure, void *data);
    } host[] = {{"Status", status},          {"Configure", configure}, {"Challenge", challenge},
                {"RequestKey", request_key}, {"Onboard", onboard},     {"ReceiveKey", receive_key},
                {"Bootstrap", bootstrap},    {"Custody", custody}},
      guest[] = {{"GetKey", get_key}, {"Status", guest_status}};
    const bool is_guest = strcmp(service->descriptor->short_name, "GuestService") == 0;
    const char *name = service->descriptor->methods[method].name;
    for (size_t i = 0; i < (is_guest ? 2 : 8); i++) {
        if (strcmp(is_guest ? guest[i].name : host[i].name, name) == 0)
            (is_guest ? guest[i].call : host[i].call)(input, closure, data);
    }
}

static ProtobufCService host_service = {&replicatoor__v1__host_service__descriptor, invoke, NULL};
static ProtobufCService guest_service = {&replicatoor__v1__guest_service__descriptor, invoke, NULL};

static const char *phase(void *data)
{
    (void)data;
    return "empty";
}

static void sample(rpl_timer *timer)
{
    (void)timer;
    if (atomic_load(&node.gate_open))
        answer_waiting();
    atomic_store(&node.waiting_seen, node.n_waiting);
    atomic_store(&node.connections,
                 rpl_listeners_connections(node.listeners, RPL_LISTENER_HOST) +
                     rpl_listeners_connections(node.listeners, RPL_LISTENER_GUEST));
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fake node: %s\n", what);
    exit(2);
}

static void install(rpl_listener_kind kind, rpl_route_listener rows)
{
    const rpl_health_options health = {.phase = phase, .metrics = node.metrics};
    const rpl_gateway_options gateway = {.listener = rows,
                                         .services = {&host_service, &guest_service},
                                         .peer = rpl_listener_peer,
                                         .observe = rpl_metrics_request,
                                         .observe_data = node.metrics};
    struct st_h2o_hostconf_t *host = rpl_listeners_host(node.listeners, kind);
    must(rpl_health_install(host, kind, &health).code == RPL_OK, "health");
    must(rpl_gateway_install(host, &gateway).code == RPL_OK, "gateway");
}

static void *run(void *unused)
{
    (void)unused;
    rpl_loop_run(node.loop);
    return NULL;
}

uint16_t fake_node_start(const rpl_listener_options *options, const char *base)
{
    node.loop = rpl_loop_new();
    node.workers = rpl_workers_new(node.loop, 2, 64);
    node.metrics = rpl_metrics_new();
    node.listeners = rpl_listeners_new(node.loop, options);
    must(node.loop && node.workers && node.metrics && node.listeners, "memory");
    atomic_store(&node.gate_open, false);
    install(RPL_LISTENER_HOST, RPL_ON_HOST);
    install(RPL_LISTENER_GUEST, RPL_ON_GUEST);
    must(rpl_listeners_tcp(node.listeners, "127.0.0.1:0").code == RPL_OK, "port");
    if (base)
        must(rpl_listeners_guest(node.listeners, base, "app").code == RPL_OK, "guest");
    node.sampler.fire = sample;
    rpl_timer_start(node.loop, &node.sampler, SAMPLE_MS, SAMPLE_MS);
    const uint16_t port = rpl_listeners_tcp_port(node.listeners);
    must(pthread_create(&node.thread, NULL, run, NULL) == 0, "thread");
    return port;
}

static void on_drained(void *unused)
{
    (void)unused;
    rpl_loop_stop(node.loop);
}

static void begin_stop(rpl_post *post)
{
    (void)post;
    rpl_listeners_shutdown(node.listeners, node.grace_ms, on_drained, NULL);
}

void fake_node_stop(int64_t grace_ms)
{
    node.grace_ms = grace_ms;
    node.stop.run = begin_stop;
    rpl_loop_post(node.loop, &node.stop);
    pthread_join(node.thread, NULL);
    rpl_timer_stop(&node.sampler);
    answer_waiting();
    rpl_workers_free(node.workers);
    rpl_listeners_free(node.listeners);
    rpl_metrics_free(node.metrics);
    rpl_loop_free(node.loop);
}

void fake_node_open_gate(void)
{
    atomic_store(&node.gate_open, true);
}

size_t fake_node_connections(void)
{
    return atomic_load(&node.connections);
}

size_t fake_node_waiting(void)
{
    return atomic_load(&node.waiting_seen);
}
