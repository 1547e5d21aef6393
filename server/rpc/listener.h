/* listener.h - the sockets on which we are called: one TCP port for the untrusted world, one unix
 * socket per guest folder. HTTP/1.1 only; who answers a path is the business of the handlers.
 *
 * Order: rpl_listeners_new, handlers (gateway, health) into rpl_listeners_host of each kind, then
 * rpl_listeners_tcp / _guest as often as wanted, then rpl_loop_run. Everything on the loop thread.
 *
 * What is enforced here, before any handler sees a request: a cap on connections per listener (above
 * it clients wait in the kernel's queue), a first look at each connection (one that opens with the
 * HTTP/2 preface is told HTTP_1_1_REQUIRED and closed), head, body and idle time-outs that a
 * dripping client cannot extend, a least rate for bodies and for reading answers, the ceiling on
 * bodies, and what the HTTP/1 parser beneath lets through and we can see (no Host, folded headers).
 */
#ifndef RPL_SERVER_RPC_LISTENER_H
#define RPL_SERVER_RPC_LISTENER_H

#include <stddef.h>

#include "proto/call.h"
#include "server/rpc/loop.h"

typedef enum { RPL_LISTENER_HOST, RPL_LISTENER_GUEST, RPL_LISTENER_KIND_COUNT } rpl_listener_kind;

/* Zero means the default in brackets. */
typedef struct {
    size_t body_max;              /* [18 MiB] bytes; the parser answers 413 above it: a little more
                                     than the largest limit of the handlers, whose refusals say more */
    size_t host_connections_max;  /* [512] per TCP listener */
    size_t guest_connections_max; /* [128] per guest socket */
    int64_t idle_ms;     /* [10000] without a request; also grace before the least rate counts */
    int64_t call_ms;     /* [180000] the longest a call may take until its answer begins */
    size_t buffered_max; /* [64 MiB] of requests held at once over all connections; above it the
                            largest that is still arriving is cut off */
    size_t rate_min;     /* [65536] bytes per second, for bodies and for answers */
} rpl_listener_options;

typedef struct rpl_listeners rpl_listeners;
struct st_h2o_hostconf_t;
struct st_h2o_req_t;

/* NULL when memory is short. Ignores SIGPIPE for the process. */
rpl_listeners *rpl_listeners_new(rpl_loop *loop, const rpl_listener_options *options);
/* Where handlers of this kind of listener are installed (rpl_gateway_install, rpl_health_install);
 * before the first socket is opened. */
struct st_h2o_hostconf_t *rpl_listeners_host(rpl_listeners *listeners, rpl_listener_kind kind);
/* Who sent a request; borrowed as long as the request lives. */
const rpl_peer *rpl_listener_peer(struct st_h2o_req_t *req);

/* "192.0.2.1:4001", "[::1]:4001"; port 0 takes a free one (rpl_listeners_tcp_port tells which).
 * RPL_MALFORMED    not numeric addr:port
 * RPL_UNAVAILABLE  the address cannot be bound (errno is kept) */
RPL_CHECKED rpl_status rpl_listeners_tcp(rpl_listeners *listeners, const char *address);
/* Port of the TCP listener opened last; 0 when none is. */
uint16_t rpl_listeners_tcp_port(const rpl_listeners *listeners);

/* [a-z0-9][a-z0-9_-]{0,62}: also the name that derived keys depend on. */
RPL_CHECKED bool rpl_guest_name_ok(const char *service);
/* Opens <base>/<service>/replicatoor.sock: makes the folders (0755) when missing, replaces a stale
 * socket (one that nobody answers on), mode 0666. The name is copied.
 * RPL_MALFORMED    the name, or a path too long for a socket
 * RPL_CONFLICT     something that is not a socket has that path, or somebody answers on it
 * RPL_UNAVAILABLE  folder or socket cannot be made (errno is kept) */
RPL_CHECKED rpl_status rpl_listeners_guest(rpl_listeners *listeners, const char *base,
                                           const char *service);

/* Stops accepting, removes the guest sockets, lets requests finish for at most `grace_ms`, then
 * calls `drained` once (on the loop thread). Idle connections are closed at once. */
void rpl_listeners_shutdown(rpl_listeners *listeners, int64_t grace_ms, void (*drained)(void *data),
                            void *data);
/* Closes what is left. Pending calls of handlers are detached, not answered: services must have
 * answered or been told to forget before their own state is freed. */
void rpl_listeners_free(rpl_listeners *listeners);

/* Open connections of one kind, for the metrics. */
size_t rpl_listeners_connections(const rpl_listeners *listeners, rpl_listener_kind kind);

RPL_DEFINE_AUTO(rpl_listeners *, listeners, rpl_listeners_free)

#endif
