/* connection.h - one connection from accept to close: who it is, the first look at its bytes, and
 * how long it may take. For listener.c only.
 */
#ifndef RPL_SERVER_RPC_CONNECTION_H
#define RPL_SERVER_RPC_CONNECTION_H

#include <h2o.h>

#include "server/rpc/listener.h"

enum { RPL_GUEST_NAME_MAX = 63, RPL_GUEST_SOCKETS_MAX = 64, RPL_SOCKETS_MAX = 72 };

/* One listening socket. */
typedef struct {
    struct rpl_listeners *all;
    rpl_listener_kind kind;
    h2o_socket_t *sock; /* NULL once closed */
    bool paused;        /* at its cap: not reading, so that accept does not spin */
    size_t connections, connections_max;
    char service[RPL_GUEST_NAME_MAX + 1], path[108];
} rpl_listening;

typedef enum { RPL_CONNECTION_READING, RPL_CONNECTION_BUSY, RPL_CONNECTION_WRITING } rpl_stage;

/* `since_ms` and `since_bytes` are when the stage began and how much had been read by then (what is
 * to be written is known when writing begins). */
typedef struct rpl_connection {
    rpl_peer peer;
    rpl_listening *from;
    h2o_socket_t *sock;
    rpl_stage stage;
    int64_t since_ms;
    size_t since_bytes;
    bool ended; /* shut down by us; the close follows */
    struct rpl_connection *prev, *next;
} rpl_connection;

struct rpl_listeners {
    rpl_loop *loop;
    rpl_listener_options options;
    h2o_globalconf_t config;
    h2o_context_t context;
    bool started, shutting_down;
    h2o_hostconf_t *hosts[RPL_LISTENER_KIND_COUNT][2]; /* each list ends with NULL */
    h2o_accept_ctx_t accept[RPL_LISTENER_KIND_COUNT];
    rpl_listening sockets[RPL_SOCKETS_MAX];
    size_t n_sockets;
    rpl_connection connections; /* anchor of a ring */
    rpl_timer reaper;
    int64_t drain_until_ms;
    void (*drained)(void *data);
    void *drained_data;
};

/* h2o's callback of a listening socket whose data is its rpl_listening. */
void rpl_connection_accept(h2o_socket_t *listener, const char *err);
/* The first handler of every host: marks the request as being worked on and refuses what the parser
 * should have. */
int rpl_connection_guard(h2o_handler_t *handler, h2o_req_t *req);
/* Ends what takes too long; while shutting down also what is idle. */
void rpl_connections_reap(struct rpl_listeners *listeners, int64_t now_ms);
void rpl_connections_end_all(struct rpl_listeners *listeners);

#endif
