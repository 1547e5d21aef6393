/* http_client.h - one blocking HTTP exchange, over TCP, TLS or a unix socket; the only user of
 * libcurl.
 *
 * Everything that comes back is foreign: sizes are capped while receiving, redirects and proxies
 * are off, only http and https are spoken, the deadline covers the whole exchange. Call it from a
 * worker thread, never from the loop. TLS verifies the peer against the CA file.
 *
 * Whether a server's certificates are valid now is judged by the clock that the process sets, since
 * the system's may be set by whom it should protect against; without one, by the system's.
 */
#ifndef RPL_BASE_NET_HTTP_CLIENT_H
#define RPL_BASE_NET_HTTP_CLIENT_H

#include <stdatomic.h>

#include "base/reader.h"
#include "base/status.h"

enum { RPL_HTTP_HEADERS_MAX = 32768 };

typedef struct {
    const char *url;                     /* http://localhost/Path for unix sockets */
    const char *unix_socket;             /* path, or NULL for TCP */
    const char *ca_file;                 /* NULL: the system's bundle */
    const char *content_type;            /* of the body; NULL without body */
    rpl_bytes body;                      /* POST when data is not NULL (may be empty), else GET */
    long connect_timeout_ms, timeout_ms; /* the second is the whole's and must be set */
    size_t body_max;                     /* bytes of the answer's body */
    bool dates_later;          /* the caller judges the certificates' dates, from the response */
    const atomic_bool *cancel; /* borrowed or NULL: when true, the exchange ends within a second */
} rpl_http_request;

typedef struct {
    long status;
    uint8_t *body; /* owned; zero-terminated one byte behind body_len for convenience */
    size_t body_len;
    char *headers; /* owned: the final answer's header lines, each ending in \r\n; no
                        status line, no trailers */
    size_t headers_len;
    /* https with dates_later or a clock of the process: when every certificate of the verified
     * chain is valid, Unix seconds, both included; else 0. */
    int64_t certificates_from_s, certificates_until_s;
} rpl_http_response;

/* Once per process, before any thread is started. */
RPL_CHECKED rpl_status rpl_http_global_init(void);
/* By which time certificates are judged, for all exchanges to come. Thread-safe `now_s`; NULL: the
 * system's clock again. Before any thread is started. */
typedef struct {
    int64_t (*now_s)(void *self);
    void *self;
} rpl_http_clock;
void rpl_http_set_clock(rpl_http_clock clock);

/* `*out` is written only on success (any HTTP status is a success), and is then released with
 * rpl_http_response_free, which wipes the body.
 * RPL_UNAVAILABLE  could not connect, time-out, TLS failure, connection cut
 * RPL_TOO_LARGE    headers or body over their limit
 * RPL_MALFORMED    the URL is not http or https, or carries a user name
 * RPL_INTERNAL     memory, no deadline, a content type that is none */
RPL_CHECKED rpl_status rpl_http_exchange(const rpl_http_request *request, rpl_http_response *out);
void rpl_http_response_free(rpl_http_response *response);
/* How often the header `name` is there; case-insensitive. */
size_t rpl_http_header_count(const rpl_http_response *response, const char *name);
/* Its value, trimmed; false when absent or there twice. */
RPL_CHECKED bool rpl_http_header(const rpl_http_response *response, const char *name,
                                 rpl_bytes *value);

#endif
