#include "server/rpc/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <h2o.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/rpc/connection.h"

enum { REAP_EVERY_MS = 250, BACKLOG = 512, PARSER_TIMEOUT_MS = 3600 * 1000, ROUNDS_TO_CLOSE = 100 };

static size_t or_default(size_t value, size_t fallback)
{
    return value ? value : fallback;
}

static rpl_listener_options with_defaults(const rpl_listener_options *given)
{
    const rpl_listener_options o = given ? *given : (rpl_listener_options){0};
    return (rpl_listener_options){
        .body_max = or_default(o.body_max, 18 << 20),
        .host_connections_max = or_default(o.host_connections_max, 512),
        .guest_connections_max = or_default(o.guest_connections_max, 128),
        .idle_ms = o.idle_ms ? o.idle_ms : 10 * 1000,
        .call_ms = o.call_ms ? o.call_ms : 180 * 1000,
        .buffered_max = or_default(o.buffered_max, 64 << 20),
        .rate_min = or_default(o.rate_min, 64 << 10),
    };
}

/* The parser's own time-out follows the wall clock; ours (the reaper) decides, it is the backstop. */
static void configure(rpl_listeners *listeners)
{
    static const char *const names[RPL_LISTENER_KIND_COUNT] = {"host", "guest"};
    h2o_config_init(&listeners->config);
    listeners->config.server_name = h2o_iovec_init(NULL, 0);
    listeners->config.http1.upgrade_to_http2 = 0;
    listeners->config.http1.req_timeout = PARSER_TIMEOUT_MS;
    listeners->config.max_request_entity_size = listeners->options.body_max;
    for (int kind = 0; kind < RPL_LISTENER_KIND_COUNT; kind++) {
        h2o_hostconf_t *host = h2o_config_register_host(
            &listeners->config, h2o_iovec_init(names[kind], strlen(names[kind])), 65535);
        h2o_pathconf_t *everything = h2o_config_register_path(host, "/", 0);
        h2o_create_handler(everything, sizeof(h2o_handler_t))->on_req = rpl_connection_guard;
        listeners->hosts[kind][0] = host;
        listeners->accept[kind] =
            (h2o_accept_ctx_t){.ctx = &listeners->context, .hosts = listeners->hosts[kind]};
    }
}

static void on_drained(rpl_listeners *listeners)
{
    void (*drained)(void *data) = listeners->drained;
    listeners->drained = NULL;
    if (drained)
        drained(listeners->drained_data);
}

static void on_reap(rpl_timer *timer)
{
    rpl_listeners *listeners = H2O_STRUCT_FROM_MEMBER(rpl_listeners, reaper, timer);
    const int64_t now_ms = rpl_loop_now_ms();
    rpl_connections_reap(listeners, now_ms);
    if (!listeners->shutting_down)
        return;
    const bool none_left = listeners->connections.next == &listeners->connections;
    if (!none_left && now_ms >= listeners->drain_until_ms)
        rpl_connections_end_all(listeners);
    if (none_left || now_ms >= listeners->drain_until_ms)
        on_drained(listeners);
}

rpl_listeners *rpl_listeners_new(rpl_loop *loop, const rpl_listener_options *options)
{
    rpl_listeners *listeners = calloc(1, sizeof(*listeners));
    if (!listeners)
        return NULL;
    signal(SIGPIPE, SIG_IGN);
    /* by default big bodies go to a file in /tmp */
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
    listeners->loop = loop;
    listeners->options = with_defaults(options);
    listeners->connections.prev = listeners->connections.next = &listeners->connections;
    listeners->reaper.fire = on_reap;
    configure(listeners);
    return listeners;
}

struct st_h2o_hostconf_t *rpl_listeners_host(rpl_listeners *listeners, rpl_listener_kind kind)
{
    return listeners->hosts[kind][0];
}

/* h2o wants all handlers to be there by then. */
static void start_once(rpl_listeners *listeners)
{
    if (listeners->started)
        return;
    listeners->started = true;
    h2o_context_init(&listeners->context, rpl_loop_evloop(listeners->loop), &listeners->config);
    rpl_timer_start(listeners->loop, &listeners->reaper, REAP_EVERY_MS, REAP_EVERY_MS);
}

static rpl_listening *listen_on(rpl_listeners *listeners, rpl_listener_kind kind, int fd)
{
    start_once(listeners);
    rpl_listening *listening = &listeners->sockets[listeners->n_sockets++];
    *listening = (rpl_listening){
        .all = listeners,
        .kind = kind,
        .sock = h2o_evloop_socket_create(rpl_loop_evloop(listeners->loop), fd,
                                         H2O_SOCKET_FLAG_DONT_READ),
        .connections_max = kind == RPL_LISTENER_HOST ? listeners->options.host_connections_max
                                                     : listeners->options.guest_connections_max,
    };
    listening->sock->data = listening;
    h2o_socket_read_start(listening->sock, rpl_connection_accept);
    return listening;
}

static bool parse_port(const char *text, uint16_t *port)
{
    uint32_t value = 0;
    size_t len = 0;
    for (; text[len] >= '0' && text[len] <= '9' && len < 6; len++)
        value = value * 10 + (uint32_t)(text[len] - '0');
    if (len == 0 || text[len] != 0 || value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    return true;
}

/* "192.0.2.1:4001" or "[2001:db8::1]:4001". */
static bool parse_address(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
    struct sockaddr_in *v4 = (void *)out;
    struct sockaddr_in6 *v6 = (void *)out;
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2];
    uint16_t port;
    if (!colon || colon - text >= (ptrdiff_t)sizeof(host) || !parse_port(colon + 1, &port))
        return false;
    snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    *out = (struct sockaddr_storage){0};
    const size_t host_len = strlen(host);
    if (host_len > 2 && host[0] == '[' && host[host_len - 1] == ']') {
        host[host_len - 1] = 0;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *len = sizeof(*v6);
        return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    *len = sizeof(*v4);
    return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

static int bind_tcp(const struct sockaddr_storage *address, socklen_t len)
{
    const int on = 1;
    const int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
}

rpl_status rpl_listeners_tcp(rpl_listeners *listeners, const char *address)
{
    struct sockaddr_storage parsed;
    socklen_t len;
    if (!parse_address(address, &parsed, &len))
        return rpl_fail(RPL_MALFORMED, "listen address; expected numeric ADDRESS:PORT");
    const int fd = listeners->n_sockets < RPL_SOCKETS_MAX ? bind_tcp(&parsed, len) : -1;
    if (fd < 0)
        return rpl_fail(RPL_UNAVAILABLE, "cannot listen on this address");
    listen_on(listeners, RPL_LISTENER_HOST, fd);
    return rpl_ok();
}

uint16_t rpl_listeners_tcp_port(const rpl_listeners *listeners)
{
    for (size_t i = listeners->n_sockets; i-- > 0;) {
        const rpl_listening *listening = &listeners->sockets[i];
        if (listening->kind != RPL_LISTENER_HOST || !listening->sock)
            continue;
        union {
            struct sockaddr any;
            struct sockaddr_in v4;
            struct sockaddr_in6 v6;
        } address = {.v6 = {0}};
        socklen_t len = sizeof(address);
        if (getsockname(h2o_socket_get_fd(listening->sock), &address.any, &len) != 0)
            return 0;
        return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port
                                                       : address.v4.sin_port);
    }
    return 0;
}

bool rpl_guest_name_ok(const char *service)
{
    const size_t len = strnlen(service, RPL_GUEST_NAME_MAX + 1);
    if (len == 0 || len > RPL_GUEST_NAME_MAX || service[0] == '-' || service[0] == '_')
        return false;
    return strspn(service, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static bool make_folder(const char *path)
{
    return mkdir(path, 0755) == 0 ? chmod(path, 0755) == 0 : errno == EEXIST;
}

/* Removes a socket that nobody answers on any more. */
static rpl_status clear_stale(const struct sockaddr_un *address)
{
    struct stat at;
    if (lstat(address->sun_path, &at) != 0)
        return rpl_ok();
    if (!S_ISSOCK(at.st_mode))
        return rpl_fail(RPL_CONFLICT, "something that is not a socket stands where the guest "
                                      "socket belongs");
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const bool alive =
        fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    if (fd >= 0)
        close(fd);
    if (alive)
        return rpl_fail(RPL_CONFLICT, "somebody else answers on the guest socket");
    unlink(address->sun_path);
    return rpl_ok();
}

/* The mode comes from the umask: a chmod afterwards would follow what a guest put there meanwhile. */
static int bind_unix(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const mode_t before = umask(0111);
    const bool bound = bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    umask(before);
    if (bound && listen(fd, BACKLOG) == 0)
        return fd;
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
}

rpl_status rpl_listeners_guest(rpl_listeners *listeners, const char *base, const char *service)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[sizeof(address.sun_path)];
    if (!rpl_guest_name_ok(service))
        return rpl_fail(RPL_MALFORMED, "guest name; expected [a-z0-9][a-z0-9_-]{0,62}");
    const int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s/replicatoor.sock",
                             base, service);
    if (len < 0 || (size_t)len >= sizeof(address.sun_path))
        return rpl_fail(RPL_MALFORMED, "the path of the guest socket is longer than 107 bytes");
    snprintf(folder, sizeof(folder), "%s/%s", base, service);
    if (listeners->n_sockets >= RPL_SOCKETS_MAX || !make_folder(base) || !make_folder(folder))
        return rpl_fail(RPL_UNAVAILABLE, "cannot make the guest folder");
    RPL_TRY(clear_stale(&address));
    const int fd = bind_unix(&address);
    if (fd < 0)
        return rpl_fail(RPL_UNAVAILABLE, "cannot make the guest socket");
    rpl_listening *listening = listen_on(listeners, RPL_LISTENER_GUEST, fd);
    memcpy(listening->path, address.sun_path, sizeof(listening->path));
    snprintf(listening->service, sizeof(listening->service), "%s", service);
    return rpl_ok();
}

static void stop_listening(rpl_listeners *listeners)
{
    for (size_t i = 0; i < listeners->n_sockets; i++) {
        rpl_listening *listening = &listeners->sockets[i];
        if (!listening->sock)
            continue;
        h2o_socket_close(listening->sock);
        listening->sock = NULL;
        if (listening->kind == RPL_LISTENER_GUEST)
            unlink(listening->path);
    }
}

void rpl_listeners_shutdown(rpl_listeners *listeners, int64_t grace_ms, void (*drained)(void *data),
                            void *data)
{
    if (listeners->shutting_down)
        return;
    start_once(listeners);
    listeners->shutting_down = true;
    listeners->drain_until_ms = rpl_loop_now_ms() + grace_ms;
    listeners->drained = drained;
    listeners->drained_data = data;
    listeners->context.shutdown_requested = 1; /* answers say Connection: close from now on */
    stop_listening(listeners);
    rpl_timer_start(listeners->loop, &listeners->reaper, 1, REAP_EVERY_MS / 10);
}

void rpl_listeners_free(rpl_listeners *listeners)
{
    if (!listeners)
        return;
    rpl_timer_stop(&listeners->reaper);
    stop_listening(listeners);
    rpl_connections_end_all(listeners);
    const rpl_connection *const none = &listeners->connections;
    for (int i = 0; i < ROUNDS_TO_CLOSE && none->next != none; i++)
        rpl_loop_once(listeners->loop, 1);
    if (none->next != none)
        return; /* a handler still holds a request: its memory must stay */
    if (listeners->started)
        h2o_context_dispose(&listeners->context);
    h2o_config_dispose(&listeners->config);
    free(listeners);
}

size_t rpl_listeners_connections(const rpl_listeners *listeners, rpl_listener_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < listeners->n_sockets; i++) {
        if (listeners->sockets[i].kind == kind)
            count += listeners->sockets[i].connections;
    }
    return count;
}
