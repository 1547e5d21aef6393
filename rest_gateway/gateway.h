/* gateway.h - REST over the services: the one handler that turns a request into a call of a
 * ProtobufCService, by the table in routes.h, and the answer into JSON or text.
 *
 * It knows no call by name and holds no state. Install it last on a host: it answers every path that
 * nobody before it took (404 in the error shape). A call goes on when its client leaves; the answer
 * is then dropped and wiped. Input messages are freed with wiping, answers live in memory that is
 * wiped when sent.
 */
#ifndef RPL_REST_GATEWAY_GATEWAY_H
#define RPL_REST_GATEWAY_GATEWAY_H

#include <protobuf-c/protobuf-c.h>

#include "base/status.h"
#include "proto/call.h"
#include "rest_gateway/routes.h"

struct st_h2o_hostconf_t;
struct st_h2o_req_t;

enum { RPL_GATEWAY_SERVICES_MAX = 4 };

typedef struct {
    rpl_route_listener listener; /* which rows are served */
    ProtobufCService
        *services[RPL_GATEWAY_SERVICES_MAX]; /* borrowed; found by their short name; unused NULL */
    size_t
        sealed_body_max; /* bytes of hex taken by rows without a limit of their own; 0 = 17 MiB */
    const rpl_peer *(*peer)(struct st_h2o_req_t *req); /* rpl_listener_peer */
    /* Called once per answered request; may be NULL. `route` is the path of the row, or "other";
     * `status` is 499 when the client left before the answer. */
    void (*observe)(void *data, const char *route, int status, int64_t micros);
    void *observe_data;
} rpl_gateway_options;

/* `options` is copied. Every row of the listener must find its service and call, so that a
 * misspelled table cannot start.
 * RPL_INTERNAL  memory is short, or a row without its service or call */
RPL_CHECKED rpl_status rpl_gateway_install(struct st_h2o_hostconf_t *host,
                                           const rpl_gateway_options *options);

#endif
