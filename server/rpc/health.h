/* health.h - what load balancers and monitoring ask: /healthz, /readyz, /metrics. Never limited,
 * never secret, answered on the loop at once.
 *
 *   GET /healthz  200 {"ok":true} as long as the loop runs
 *   GET /readyz   {"ready":..,"phase":".."}: 200 when the phase is "holding", else 503
 *   GET /metrics  Prometheus text (host listener only)
 */
#ifndef RPL_SERVER_RPC_HEALTH_H
#define RPL_SERVER_RPC_HEALTH_H

#include "server/rpc/listener.h"
#include "server/rpc/metrics.h"

typedef struct {
    const char *(*phase)(void *data); /* name of the present phase */
    void (*refresh)(void *data,
                    rpl_metrics *); /* brings gauges up to date before /metrics; may be NULL */
    void *data;
    rpl_metrics *metrics; /* borrowed */
} rpl_health_options;

/* Before the gateway of the same host is installed. `options` is copied.
 * RPL_INTERNAL  memory is short */
RPL_CHECKED rpl_status rpl_health_install(struct st_h2o_hostconf_t *host, rpl_listener_kind kind,
                                          const rpl_health_options *options);

#endif
