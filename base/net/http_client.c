#include "base/net/http_client.h"

#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/net/tls_dates.h"
#include "base/writer.h"

RPL_DEFINE_AUTO(CURL *, curl, curl_easy_cleanup)
RPL_DEFINE_AUTO(struct curl_slist *, slist, curl_slist_free_all)

enum { FIRST_CAPACITY = 4096 };

/* What the two callbacks build up. Both buffers are owned. */
typedef struct {
    rpl_writer body, headers;
    size_t body_max;
    size_t headers_seen; /* of interim answers and trailers too */
    bool headers_done;
    rpl_status failed; /* why a callback stopped the transfer */
    rpl_tls_dates dates;
    const atomic_bool *cancel;
} exchange;

static rpl_http_clock process_clock; /* set before threads are started */

void rpl_http_set_clock(rpl_http_clock clock)
{
    process_clock = clock;
}

rpl_status rpl_http_global_init(void)
{
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return rpl_fail(RPL_INTERNAL, "HTTP: libcurl does not start");
    return rpl_ok();
}

void rpl_http_response_free(rpl_http_response *response)
{
    if (response->body)
        sodium_memzero(response->body, response->body_len);
    free(response->body);
    free(response->headers);
    *response = (rpl_http_response){0};
}

static void drop(rpl_writer *buffer)
{
    if (buffer->data)
        sodium_memzero(buffer->data, buffer->len);
    free(buffer->data);
    *buffer = (rpl_writer){0};
}

/* Never realloc: it would leave a copy of the body behind that nobody wipes. */
static bool grow(rpl_writer *buffer, size_t need)
{
    size_t cap = buffer->cap ? buffer->cap : FIRST_CAPACITY;
    while (cap < need)
        cap *= 2;
    rpl_writer larger = rpl_writer_over(malloc(cap), cap);
    if (!larger.data)
        return false;
    rpl_write_bytes(&larger, rpl_writer_bytes(buffer));
    drop(buffer);
    *buffer = larger;
    return true;
}

static size_t stop(exchange *x, rpl_code code, const char *what)
{
    x->failed = rpl_fail(code, what);
    return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    exchange *x = context;
    const size_t len = size * count;
    if (len == 0)
        return 0;
    if (len > x->body_max - x->body.len)
        return stop(x, RPL_TOO_LARGE, "HTTP: the answer's body is longer than allowed here");
    if (x->body.len + len + 1 > x->body.cap && !grow(&x->body, x->body.len + len + 1))
        return stop(x, RPL_INTERNAL, "HTTP: memory");
    rpl_write_bytes(&x->body, rpl_bytes_of(data, len));
    return len;
}

static rpl_bytes without_line_end(rpl_bytes line)
{
    while (line.len && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r'))
        line.len--;
    return line;
}

/* Keeps the lines of the final answer alone: a status line starts over (an interim answer came
 * before), the empty line ends them (what follows are trailers). headers_seen bounds both. */
static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    exchange *x = context;
    const size_t len = size * count;
    const rpl_bytes line = without_line_end(rpl_bytes_of(data, len));
    if (len > RPL_HTTP_HEADERS_MAX - x->headers_seen)
        return stop(x, RPL_TOO_LARGE, "HTTP: the answer's headers are over 32 KiB");
    x->headers_seen += len;
    if (line.len >= 5 && rpl_bytes_equal((rpl_bytes){line.data, 5}, rpl_bytes_of_text("HTTP/"))) {
        x->headers.len = 0;
        x->headers_done = false;
        return len;
    }
    x->headers_done = x->headers_done || line.len == 0;
    if (x->headers_done)
        return len;
    rpl_write_bytes(&x->headers, line);
    rpl_write_text(&x->headers, "\r\n");
    return len;
}

static bool is_http(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

#define SET(curl, option, value) (curl_easy_setopt((curl), (option), (value)) == CURLE_OK)

static bool set_limits(CURL *curl, const rpl_http_request *request)
{
    const long connect_ms =
        request->connect_timeout_ms > 0 ? request->connect_timeout_ms : request->timeout_ms;
    return SET(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms) &&
           SET(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) &&
           SET(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->body_max) &&
           SET(curl, CURLOPT_PROTOCOLS_STR, "http,https") &&
           SET(curl, CURLOPT_FOLLOWLOCATION, 0L) && SET(curl, CURLOPT_PROXY, "") &&
           SET(curl, CURLOPT_NOPROXY, "*") && SET(curl, CURLOPT_NOSIGNAL, 1L) &&
           SET(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
           SET(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
}

/* CAPATH too, else libcurl's built-in folder of roots would be trusted beside the file. */
static bool set_peer(CURL *curl, const rpl_http_request *request)
{
    const bool roots = !request->ca_file || (SET(curl, CURLOPT_CAINFO, request->ca_file) &&
                                             SET(curl, CURLOPT_CAPATH, NULL));
    const bool path =
        !request->unix_socket || SET(curl, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
    return roots && path && SET(curl, CURLOPT_URL, request->url) &&
           SET(curl, CURLOPT_PATH_AS_IS, 1L) && SET(curl, CURLOPT_SSL_VERIFYPEER, 1L) &&
           SET(curl, CURLOPT_SSL_VERIFYHOST, 2L) &&
           SET(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

/* libcurl asks at least once a second. */
static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const exchange *x = context;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return atomic_load(x->cancel) ? 1 : 0;
}

static bool set_cancel(CURL *curl, exchange *x)
{
    return !x->cancel || (SET(curl, CURLOPT_NOPROGRESS, 0L) && SET(curl, CURLOPT_XFERINFODATA, x) &&
                          SET(curl, CURLOPT_XFERINFOFUNCTION, on_progress));
}

static CURLcode on_tls_context(CURL *curl, void *tls, void *context)
{
    (void)curl;
    rpl_tls_dates_judge(tls, context);
    return CURLE_OK;
}

/* Without a clock and with nobody else to judge, OpenSSL does by the system's. */
static bool set_dates(CURL *curl, const rpl_http_request *request, exchange *x)
{
    if (!request->dates_later && !process_clock.now_s)
        return true;
    x->dates.judged = !request->dates_later;
    if (x->dates.judged)
        x->dates.now_s = process_clock.now_s(process_clock.self);
    return SET(curl, CURLOPT_SSL_CTX_FUNCTION, on_tls_context) &&
           SET(curl, CURLOPT_SSL_CTX_DATA, &x->dates);
}

static bool set_callbacks(CURL *curl, exchange *x)
{
    return SET(curl, CURLOPT_WRITEFUNCTION, on_body) && SET(curl, CURLOPT_WRITEDATA, x) &&
           SET(curl, CURLOPT_HEADERFUNCTION, on_header) && SET(curl, CURLOPT_HEADERDATA, x);
}

static bool append(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer)
        *headers = longer;
    return longer != NULL;
}

static bool content_type_line(char *line, size_t cap, const char *content_type)
{
    const int len = snprintf(line, cap, "Content-Type:%s%s", content_type ? " " : "",
                             content_type ? content_type : "");
    return len > 0 && (size_t)len < cap && !strpbrk(line, "\r\n");
}

/* A body of known length always goes with Content-Length, and never waits for "100 Continue". */
static bool set_body(CURL *curl, const rpl_http_request *request, struct curl_slist **headers)
{
    if (!request->body.data)
        return true;
    char type[256];
    return content_type_line(type, sizeof(type), request->content_type) && append(headers, type) &&
           append(headers, "Expect:") && SET(curl, CURLOPT_POST, 1L) &&
           SET(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) &&
           SET(curl, CURLOPT_POSTFIELDS, (const char *)request->body.data) &&
           SET(curl, CURLOPT_HTTPHEADER, *headers);
}

static const struct {
    CURLcode curl;
    rpl_code code;
    const char *what;
} failures[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, RPL_MALFORMED, "HTTP: the URL is not http or https"},
    {CURLE_URL_MALFORMAT, RPL_MALFORMED, "HTTP: the URL is malformed"},
    {CURLE_LOGIN_DENIED, RPL_MALFORMED, "HTTP: the URL carries a user name"},
    {CURLE_FILESIZE_EXCEEDED, RPL_TOO_LARGE, "HTTP: the answer's body is longer than allowed here"},
    {CURLE_COULDNT_RESOLVE_HOST, RPL_UNAVAILABLE, "HTTP: the host name does not resolve"},
    {CURLE_COULDNT_CONNECT, RPL_UNAVAILABLE, "HTTP: nothing accepts the connection"},
    {CURLE_OPERATION_TIMEDOUT, RPL_UNAVAILABLE, "HTTP: no whole answer before the deadline"},
    {CURLE_PARTIAL_FILE, RPL_UNAVAILABLE, "HTTP: the connection was cut within the answer"},
    {CURLE_GOT_NOTHING, RPL_UNAVAILABLE, "HTTP: the connection was closed without an answer"},
    {CURLE_PEER_FAILED_VERIFICATION, RPL_UNAVAILABLE,
     "HTTP: the server's certificate does not verify against the CA file"},
    {CURLE_SSL_CONNECT_ERROR, RPL_UNAVAILABLE,
     "HTTP: no TLS 1.2 or later with the server, or its certificate does not verify"},
    {CURLE_SSL_CACERT_BADFILE, RPL_UNAVAILABLE, "HTTP: the CA file cannot be read"},
    {CURLE_ABORTED_BY_CALLBACK, RPL_UNAVAILABLE, "HTTP: given up, this node is shutting down"},
    {CURLE_OUT_OF_MEMORY, RPL_INTERNAL, "HTTP: memory"},
};

static rpl_status status_of(CURLcode result)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        if (failures[i].curl == result)
            return rpl_fail(failures[i].code, failures[i].what);
    }
    return rpl_fail(RPL_UNAVAILABLE, curl_easy_strerror(result));
}

/* Twice the limit, since lines that came with a bare line feed grow by one byte. */
static rpl_status prepare(exchange *x, const rpl_http_request *request)
{
    x->body_max = request->body_max;
    x->cancel = request->cancel;
    if (!grow(&x->headers, (size_t)2 * RPL_HTTP_HEADERS_MAX) || !grow(&x->body, FIRST_CAPACITY))
        return rpl_fail(RPL_INTERNAL, "HTTP: memory");
    return rpl_ok();
}

static rpl_status perform(CURL *curl, const rpl_http_request *request, exchange *x, long *status)
{
    RPL_AUTO(slist) struct curl_slist *headers = NULL;
    if (!set_limits(curl, request) || !set_peer(curl, request) || !set_callbacks(curl, x) ||
        !set_dates(curl, request, x) || !set_cancel(curl, x) || !set_body(curl, request, &headers))
        return rpl_fail(RPL_INTERNAL, "HTTP: libcurl refuses an option");
    const CURLcode result = curl_easy_perform(curl);
    if (x->failed.code != RPL_OK)
        return x->failed;
    if (x->dates.refused)
        return rpl_fail(RPL_UNAVAILABLE, "HTTP: a certificate of the server has expired, or is not "
                                         "valid yet, by this node's time");
    if (result != CURLE_OK)
        return status_of(result);
    if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status) != CURLE_OK)
        return rpl_fail(RPL_INTERNAL, "HTTP: no status");
    return rpl_ok();
}

static rpl_status exchange_into(const rpl_http_request *request, exchange *x, long *status)
{
    if (!is_http(request->url))
        return rpl_fail(RPL_MALFORMED, "HTTP: the URL is not http or https");
    if (request->timeout_ms <= 0)
        return rpl_fail(RPL_INTERNAL, "HTTP: an exchange needs a deadline");
    RPL_TRY(prepare(x, request));
    RPL_AUTO(curl) CURL *curl = curl_easy_init();
    return curl ? perform(curl, request, x, status) : rpl_fail(RPL_INTERNAL, "HTTP: memory");
}

rpl_status rpl_http_exchange(const rpl_http_request *request, rpl_http_response *out)
{
    exchange x = {0};
    long status = 0;
    const rpl_status s = exchange_into(request, &x, &status);
    if (s.code != RPL_OK) {
        drop(&x.body);
        drop(&x.headers);
        return s;
    }
    x.body.data[x.body.len] = 0;
    *out = (rpl_http_response){.status = status,
                               .body = x.body.data,
                               .body_len = x.body.len,
                               .headers = (char *)x.headers.data,
                               .headers_len = x.headers.len,
                               .certificates_from_s = x.dates.from_s,
                               .certificates_until_s = x.dates.until_s};
    return s;
}

static rpl_bytes trimmed(rpl_bytes text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = (rpl_bytes){text.data + 1, text.len - 1};
    while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* The next line without its end; false behind the last. */
static bool next_line(rpl_bytes *rest, rpl_bytes *line)
{
    const uint8_t *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    if (!end)
        return false;
    const size_t len = (size_t)(end - rest->data) + 1;
    *line = without_line_end((rpl_bytes){rest->data, len});
    *rest = (rpl_bytes){rest->data + len, rest->len - len};
    return true;
}

static bool line_is(rpl_bytes line, const char *name)
{
    const size_t len = strlen(name);
    return line.len > len && line.data[len] == ':' &&
           strncasecmp((const char *)line.data, name, len) == 0;
}

static size_t find(const rpl_http_response *response, const char *name, rpl_bytes *value)
{
    rpl_bytes rest = rpl_bytes_of(response->headers, response->headers_len), line;
    size_t count = 0;
    while (next_line(&rest, &line)) {
        if (!line_is(line, name))
            continue;
        const size_t skip = strlen(name) + 1;
        *value = trimmed((rpl_bytes){line.data + skip, line.len - skip});
        count++;
    }
    return count;
}

size_t rpl_http_header_count(const rpl_http_response *response, const char *name)
{
    rpl_bytes ignored;
    return find(response, name, &ignored);
}

bool rpl_http_header(const rpl_http_response *response, const char *name, rpl_bytes *value)
{
    rpl_bytes found = {0};
    if (find(response, name, &found) != 1)
        return false;
    *value = found;
    return true;
}
