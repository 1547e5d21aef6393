#include "server/rpc/services.h"

#include <stdlib.h>

#include "proto/replicatoor/v1/guest.pb-c.h"
#include "server/rpc/chain_watch.h"
#include "server/rpc/flow.h"
#include "server/rpc/guest_calls.h"
#include "server/rpc/self_check.h"

/* The generated struct first, so that a method finds the services behind its own pointer. */
struct rpl_host_service {
    Replicatoor__V1__HostService_Service generated;
    rpl_services *services;
};

struct rpl_guest_service {
    Replicatoor__V1__GuestService_Service generated;
    rpl_services *services;
};

/* The method HostService.<name>, which answers through rpl_<call>. */
#define HOST_METHOD(name, Message, body)                                                           \
    static void host_##name(Replicatoor__V1__HostService_Service *service,                         \
                            const Replicatoor__V1__##Message##Request *input,                      \
                            Replicatoor__V1__##Message##Response_Closure closure, void *call)      \
    {                                                                                              \
        rpl_services *s = ((struct rpl_host_service *)service)->services;                          \
        const rpl_reply reply = {(ProtobufCClosure)closure, call};                                 \
        (void)input;                                                                               \
        body;                                                                                      \
    }

HOST_METHOD(status, Status, rpl_status_call(s, input, reply))
HOST_METHOD(configure, Configure, rpl_configure_call(s, input, reply))
HOST_METHOD(challenge, Challenge, rpl_challenge_call(s, reply))
HOST_METHOD(request_key, RequestKey, rpl_request_call(s, input, reply))
HOST_METHOD(onboard, Onboard, rpl_onboard_call(s, input, reply))
HOST_METHOD(receive_key, ReceiveKey, rpl_receive_call(s, input, reply))
HOST_METHOD(bootstrap, Bootstrap, rpl_bootstrap_call(s, reply))
HOST_METHOD(policy, Policy, rpl_policy_call(s, input, reply))
HOST_METHOD(custody, Custody, rpl_custody_call(s, reply))

static void guest_get_key(Replicatoor__V1__GuestService_Service *service,
                          const Replicatoor__V1__GetKeyRequest *input,
                          Replicatoor__V1__GetKeyResponse_Closure closure, void *call)
{
    const rpl_reply reply = {(ProtobufCClosure)closure, call};
    rpl_get_key_call(((struct rpl_guest_service *)service)->services, input, reply);
}

static void guest_status(Replicatoor__V1__GuestService_Service *service,
                         const Replicatoor__V1__GuestServiceStatusRequest *input,
                         Replicatoor__V1__GuestServiceStatusResponse_Closure closure, void *call)
{
    const rpl_reply reply = {(ProtobufCClosure)closure, call};
    rpl_guest_status_call(((struct rpl_guest_service *)service)->services, input, reply);
}

rpl_services *rpl_services_new(const rpl_services_config *config)
{
    rpl_services *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->config = *config;
    s->self_check = rpl_self_check_new(s);
    s->chain_watch = rpl_chain_watch_new(s);
    s->key_cache = rpl_key_cache_new();
    s->verifiers = rpl_verifier_pool_new(&config->node->settings.roots);
    s->host = calloc(1, sizeof(*s->host));
    s->guest = calloc(1, sizeof(*s->guest));
    if (!s->self_check || !s->chain_watch || !s->key_cache || !s->verifiers || !s->host ||
        !s->guest) {
        rpl_services_free(s);
        return NULL;
    }
    *s->host = (struct rpl_host_service){REPLICATOOR__V1__HOST_SERVICE__INIT(host_), s};
    *s->guest = (struct rpl_guest_service){REPLICATOOR__V1__GUEST_SERVICE__INIT(guest_), s};
    return s;
}

void rpl_services_free(rpl_services *services)
{
    if (!services)
        return;
    rpl_self_check_free(services->self_check);
    rpl_chain_watch_free(services->chain_watch);
    rpl_key_cache_free(services->key_cache);
    rpl_verifier_pool_free(services->verifiers);
    free(services->host);
    free(services->guest);
    free(services);
}

void rpl_services_start(rpl_services *services)
{
    rpl_self_check_run(services->self_check);
}

void rpl_services_tick(rpl_services *services)
{
    rpl_node_expire(services->config.node);
    rpl_self_check_tick(services->self_check);
    rpl_chain_watch_tick(services->chain_watch);
}

void rpl_services_measure(rpl_services *services, rpl_metrics *metrics)
{
    const rpl_verifier_stats stats = rpl_verifier_pool_stats(services->verifiers);
    const struct {
        const char *kept;
        rpl_verifier_uses uses;
    } rows[] = {{"chain", stats.chain}, {"key", stats.key}, {"collateral", stats.collateral}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rpl_metrics_set(metrics, RPL_METRIC_VERIFIER_HITS, rows[i].kept,
                        (int64_t)rows[i].uses.hits);
        rpl_metrics_set(metrics, RPL_METRIC_VERIFIER_MISSES, rows[i].kept,
                        (int64_t)rows[i].uses.misses);
    }
    rpl_metrics_set(metrics, RPL_METRIC_VERIFIER_SIGNATURES, NULL, (int64_t)stats.signatures);
}

void rpl_services_state_changed(rpl_services *services)
{
    rpl_key_cache_clear(services->key_cache);
    rpl_self_check_run(services->self_check);
    rpl_chain_watch_soon(services->chain_watch);
}

ProtobufCService *rpl_services_host(rpl_services *services)
{
    return &services->host->generated.base;
}

ProtobufCService *rpl_services_guest(rpl_services *services)
{
    return &services->guest->generated.base;
}
