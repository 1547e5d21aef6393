#include "server/rpc/connection.h"

#include <errno.h>
#include <h2o/http1.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    HEAD_MAX = 32 << 10,
    /* path and headers; the parser beneath takes 400 KiB */ ACCEPTS_PER_ROUND = 16,
    TCP_UNACKED_MS = 30000
};

static const char http2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
enum { PREFACE_LEN = sizeof(http2_preface) - 1 };

/* An empty SETTINGS, then GOAWAY with last stream 0 and HTTP_1_1_REQUIRED (RFC 9113, 6.5, 6.8, 7). */
static const uint8_t http11_required[] = {0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7,
                                          0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13};

static void set_ip(rpl_peer *peer, const struct sockaddr_storage *address)
{
    char host[NI_MAXHOST] = "?";
    const struct sockaddr *generic = (const void *)address;
    const bool is_v6 = generic->sa_family == AF_INET6;
    const socklen_t len = is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    char port[NI_MAXSERV] = "0";
    getnameinfo(generic, len, host, sizeof(host), port, sizeof(port),
                NI_NUMERICHOST | NI_NUMERICSERV);
    if (is_v6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        memcpy(peer->key, &v6->sin6_addr, 16);
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            snprintf(peer->address, sizeof(peer->address), "%.39s:%.5s", host + 7, port);
        else
            snprintf(peer->address, sizeof(peer->address), "[%.45s]:%.5s", host, port);
        return;
    }
    const struct sockaddr_in *v4 = (const void *)address;
    peer->key[10] = peer->key[11] = 0xff;
    memcpy(peer->key + 12, &v4->sin_addr, 4);
    snprintf(peer->address, sizeof(peer->address), "%.45s:%.5s", host, port);
}

static void set_unix(rpl_peer *peer, int fd)
{
    struct ucred who = {0};
    socklen_t len = sizeof(who);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0)
        snprintf(peer->address, sizeof(peer->address), "unix pid=%d uid=%u", (int)who.pid, who.uid);
    else
        snprintf(peer->address, sizeof(peer->address), "unix");
}

static void learn_peer(rpl_connection *connection)
{
    const int fd = h2o_socket_get_fd(connection->sock);
    if (connection->from->kind == RPL_LISTENER_GUEST) {
        connection->peer.guest = connection->from->service;
        set_unix(&connection->peer, fd);
        return;
    }
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    getpeername(fd, (struct sockaddr *)&address, &len);
    set_ip(&connection->peer, &address);
    const int on = 1, unacked = TCP_UNACKED_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked, sizeof(unacked));
}

static void enter_stage(rpl_connection *connection, rpl_stage stage)
{
    connection->stage = stage;
    connection->since_ms = rpl_loop_now_ms();
    connection->since_bytes = connection->sock->bytes_read;
}

static void on_closed(void *data)
{
    rpl_connection *connection = data;
    rpl_listening *from = connection->from;
    connection->prev->next = connection->next;
    connection->next->prev = connection->prev;
    free(connection);
    from->connections--;
    if (from->paused && from->sock) {
        from->paused = false;
        h2o_socket_read_start(from->sock, rpl_connection_accept);
    }
}

static void on_refusal_written(h2o_socket_t *sock, const char *err)
{
    (void)err;
    h2o_socket_close(sock);
}

static void refuse_http2(h2o_socket_t *sock)
{
    static h2o_iovec_t answer;
    answer = h2o_iovec_init(http11_required, sizeof(http11_required));
    h2o_socket_read_stop(sock);
    h2o_socket_write(sock, &answer, 1, on_refusal_written);
}

static void on_first_read(h2o_socket_t *sock, const char *err)
{
    rpl_connection *connection = sock->on_close.data;
    struct rpl_listeners *all = connection->from->all;
    if (err) {
        h2o_socket_close(sock);
        return;
    }
    const size_t len = sock->input->size < PREFACE_LEN ? sock->input->size : PREFACE_LEN;
    if (memcmp(sock->input->bytes, http2_preface, len) != 0)
        h2o_http1_accept(&all->accept[connection->from->kind], sock,
                         *h2o_get_timestamp(&all->context, NULL, NULL));
    else if (len == PREFACE_LEN)
        refuse_http2(sock);
}

static void adopt(rpl_listening *from, h2o_socket_t *sock)
{
    struct rpl_listeners *all = from->all;
    rpl_connection *connection = calloc(1, sizeof(*connection));
    if (!connection) {
        h2o_socket_close(sock);
        return;
    }
    connection->from = from;
    connection->sock = sock;
    learn_peer(connection);
    enter_stage(connection, RPL_CONNECTION_READING);
    connection->prev = all->connections.prev;
    connection->next = &all->connections;
    connection->prev->next = connection;
    connection->next->prev = connection;
    from->connections++;
    sock->on_close.cb = on_closed;
    sock->on_close.data = connection;
    h2o_socket_read_start(sock, on_first_read);
}

void rpl_connection_accept(h2o_socket_t *listener, const char *err)
{
    rpl_listening *from = listener->data;
    if (err)
        return;
    for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
        if (from->connections >= from->connections_max) {
            from->paused = true;
            h2o_socket_read_stop(listener);
            return;
        }
        h2o_socket_t *sock = h2o_evloop_socket_accept(listener);
        if (!sock)
            return;
        adopt(from, sock);
    }
}

static rpl_connection *connection_of(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

const rpl_peer *rpl_listener_peer(struct st_h2o_req_t *req)
{
    return &connection_of(req)->peer;
}

/* The request's memory goes when its answer is out or its connection closes; the connection's own
 * record goes after that. */
static void on_request_gone(void *data)
{
    rpl_connection *connection = *(rpl_connection **)data;
    enter_stage(connection, RPL_CONNECTION_READING);
}

/* What the parser beneath lets through and we do not. */
static const struct objection {
    int status;
    const char *reason, *body;
} no_host = {400, "Bad Request",
             "{\"code\":\"malformed\",\"message\":\"an HTTP/1.1 request needs a Host header\","
             "\"check\":\"\",\"verdict\":null}\n"},
  folded = {400, "Bad Request",
            "{\"code\":\"malformed\",\"message\":\"a header is folded over two lines; send it in "
            "one\",\"check\":\"\",\"verdict\":null}\n"},
  large_head = {413, "Content Too Large",
                "{\"code\":\"too_large\",\"message\":\"path and headers are over 32 KiB "
                "together\",\"check\":\"\",\"verdict\":null}\n"};

static const struct objection *objection_to(const h2o_req_t *req)
{
    const h2o_hostconf_t *host = req->conn->hosts[0];
    size_t head_len = req->input.path.len;

    if (req->input.authority.base == host->authority.hostport.base && req->version >= 0x101)
        return &no_host;
    for (size_t i = 0; i < req->headers.size; i++) {
        if (req->headers.entries[i].name->len == 0)
            return &folded;
        head_len += req->headers.entries[i].name->len + req->headers.entries[i].value.len;
    }
    return head_len > HEAD_MAX ? &large_head : NULL;
}

int rpl_connection_guard(h2o_handler_t *handler, h2o_req_t *req)
{
    (void)handler;
    rpl_connection *connection = connection_of(req);
    rpl_connection **mark = h2o_mem_alloc_shared(&req->pool, sizeof(*mark), on_request_gone);
    *mark = connection;
    enter_stage(connection, RPL_CONNECTION_BUSY);
    const struct objection *objection = objection_to(req);
    if (!objection)
        return -1;
    req->res.status = objection->status;
    req->res.reason = objection->reason;
    req->http1_is_persistent = 0;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/json"));
    h2o_send_inline(req, objection->body, strlen(objection->body));
    return 0;
}

static void end_connection(rpl_connection *connection)
{
    connection->ended = true;
    shutdown(h2o_socket_get_fd(connection->sock), SHUT_RDWR);
}

/* A grace of idle_ms, then the least rate over what came in or goes out. */
static int64_t allowed_ms(const rpl_connection *connection)
{
    const rpl_listener_options *options = &connection->from->all->options;
    const size_t bytes = connection->stage == RPL_CONNECTION_READING
                             ? connection->sock->bytes_read - connection->since_bytes
                             : connection->since_bytes;
    if (connection->stage == RPL_CONNECTION_BUSY)
        return options->call_ms;
    return options->idle_ms + (int64_t)(bytes / options->rate_min * 1000);
}

static void notice_writing(rpl_connection *connection, int64_t now_ms)
{
    if (connection->stage != RPL_CONNECTION_BUSY || !h2o_socket_is_writing(connection->sock))
        return;
    connection->stage = RPL_CONNECTION_WRITING;
    connection->since_ms = now_ms;
    connection->since_bytes = connection->sock->bytes_written;
}

static bool is_idle(const rpl_connection *connection)
{
    return connection->stage == RPL_CONNECTION_READING &&
           connection->sock->bytes_read == connection->since_bytes;
}

/* One connection a round is enough: what arrives between two rounds is bounded by the line. */
static void bound_memory(struct rpl_listeners *listeners)
{
    rpl_connection *const end = &listeners->connections, *largest = NULL;
    size_t total = 0;
    for (rpl_connection *c = end->next; c != end; c = c->next) {
        total += c->sock->input->size;
        const bool arriving = c->stage == RPL_CONNECTION_READING && !c->ended;
        if (arriving && (!largest || c->sock->input->size > largest->sock->input->size))
            largest = c;
    }
    if (largest && total > listeners->options.buffered_max)
        end_connection(largest);
}

void rpl_connections_reap(struct rpl_listeners *listeners, int64_t now_ms)
{
    rpl_connection *const end = &listeners->connections;
    for (rpl_connection *c = end->next; c != end; c = c->next) {
        notice_writing(c, now_ms);
        const bool too_long = now_ms - c->since_ms > allowed_ms(c);
        if (!c->ended && (too_long || (listeners->shutting_down && is_idle(c))))
            end_connection(c);
    }
    bound_memory(listeners);
}

void rpl_connections_end_all(struct rpl_listeners *listeners)
{
    rpl_connection *const end = &listeners->connections;
    for (rpl_connection *c = end->next; c != end; c = c->next)
        end_connection(c);
}
