/* services.h - the calls of HostService and GuestService over the node: what runs when, on which
 * thread, and what is answered.
 *
 * A call is a flow of small steps. Steps named on_loop_* run on the loop thread and are the only ones
 * that touch the node; steps named in_worker_* run in a worker on copies. Each flow answers once.
 */
#ifndef RPL_SERVER_RPC_SERVICES_H
#define RPL_SERVER_RPC_SERVICES_H

#include <protobuf-c/protobuf-c.h>

#include "server/core/node.h"
#include "server/core/setting.h"
#include "server/rpc/admission.h"
#include "server/rpc/metrics.h"
#include "server/rpc/worker.h"

/* All borrowed for the life of the services. */
typedef struct {
    rpl_node *node;
    const rpl_ports *ports;
    rpl_workers *workers;
    rpl_admission *admission;
    rpl_metrics *metrics;
    const rpl_setting *settings;
    size_t n_settings;
    const char *const *guests;
    size_t n_guests;
    bool agent_shared;   /* the owner accepts that other containers reach the agent */
    const char *service; /* our service in the measured compose text; NULL: found */
    /* Loop thread, once: the measured text contradicts the configuration, the process must end. */
    void (*contradicted)(void *data, const char *why);
    void *contradicted_data;
    const char *configure_keys; /* comma separated names that /configure accepts; NULL: any */
    int64_t started_ms;         /* CLOCK_BOOTTIME */
} rpl_services_config;

typedef struct rpl_services rpl_services;

/* Owned by the caller; NULL: no memory. */
rpl_services *rpl_services_new(const rpl_services_config *config);
void rpl_services_free(rpl_services *services);
/* Begins the check of the node's own quote; it repeats itself until it succeeds, and hourly. */
void rpl_services_start(rpl_services *services);
/* Once a second: requests expire, the own quote is renewed. */
void rpl_services_tick(rpl_services *services);
/* Sets the metrics of the verifiers, before they are shown. */
void rpl_services_measure(rpl_services *services, rpl_metrics *metrics);
/* Borrowed. */
ProtobufCService *rpl_services_host(rpl_services *services);
ProtobufCService *rpl_services_guest(rpl_services *services);

#endif
