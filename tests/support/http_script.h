/* http_script.h - for tests of HTTP clients: a server in a thread, on a unix socket or on a port of
 * 127.0.0.1, that answers each connection once, as a function of the test says. */
#ifndef RPL_TESTS_HTTP_SCRIPT_H
#define RPL_TESTS_HTTP_SCRIPT_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/check.h"

enum { SCRIPT_REQUEST_MAX = 8192 };

typedef struct {
    int status;          /* 0: the connection is cut without an answer */
    const char *headers; /* lines ending in \r\n, or NULL */
    char *body;          /* from malloc; freed by the server; NULL: empty */
    size_t body_len;     /* 0: strlen */
} script_answer;

typedef struct script_server script_server;
struct script_server {
    /* In the server's thread, one after the other. `target` is path and query. */
    script_answer (*answer)(script_server *server, const char *target, const char *body);
    void *data;
    int fd;
    pthread_t thread;
    atomic_uint n_requests;
    char folder[32], path[64]; /* of a unix socket */
    char url[64];              /* http://127.0.0.1:port */
};

/* Head and body of the request; false when the client is gone. */
static inline bool script_read(int fd, char *text)
{
    size_t len = 0;
    for (;;) {
        const ssize_t n = read(fd, text + len, SCRIPT_REQUEST_MAX - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = 0;
        const char *end = strstr(text, "\r\n\r\n"), *size = strcasestr(text, "content-length:");
        const size_t wanted = size && end && size < end ? strtoul(size + 15, NULL, 10) : 0;
        if (end && len >= (size_t)(end + 4 - text) + wanted)
            return true;
    }
}

static inline void script_write(int fd, const char *bytes, size_t len)
{
    while (len) {
        const ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        bytes += n;
        len -= (size_t)n;
    }
}

static inline void script_serve(script_server *s, int fd)
{
    char text[SCRIPT_REQUEST_MAX], target[512], head[1024];
    if (!script_read(fd, text) || sscanf(text, "%*15s %511s", target) != 1)
        return;
    atomic_fetch_add(&s->n_requests, 1);
    script_answer a = s->answer(s, target, strstr(text, "\r\n\r\n") + 4);
    const size_t len = a.body_len ? a.body_len : a.body ? strlen(a.body) : 0;
    snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n",
             a.status, len);
    if (a.status) {
        script_write(fd, head, strlen(head));
        if (a.headers)
            script_write(fd, a.headers, strlen(a.headers));
        script_write(fd, "\r\n", 2);
        script_write(fd, a.body, len);
    }
    free(a.body);
}

static inline void *script_run(void *data)
{
    script_server *s = data;
    for (;;) {
        const int fd = accept(s->fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        script_serve(s, fd);
        close(fd);
    }
}

static inline void script_begin(script_server *s)
{
    assert_int_equal(listen(s->fd, 16), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, script_run, s), 0);
}

/* `answer` and `data` are set already. */
static inline void script_start_unix(script_server *s)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(s->folder, sizeof(s->folder), "/tmp/script.XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->path, sizeof(s->path), "%s/sock", s->folder);
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", s->path);
    s->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&name, sizeof(name)), 0);
    script_begin(s);
}

static inline void script_start_tcp(script_server *s)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(name);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&name, &len), 0);
    snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u", (unsigned)ntohs(name.sin_port));
    script_begin(s);
}

static inline void script_stop(script_server *s)
{
    (void)shutdown(s->fd, SHUT_RDWR);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    close(s->fd);
    if (s->path[0]) {
        (void)unlink(s->path);
        (void)rmdir(s->folder);
    }
}

#endif
