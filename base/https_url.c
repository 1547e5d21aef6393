#include "base/https_url.h"

#include <string.h>

enum { LABEL_MAX = 63, PORT_DIGITS_MAX = 5, HTTPS_PORT = 443 };

static const char scheme[] = "https://";
static const char host_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
static const char path_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

/* How many bytes from the beginning are of `letters`. */
static size_t span(rpl_bytes text, const char *letters)
{
    size_t len = 0;
    while (len < text.len && text.data[len] && strchr(letters, text.data[len]))
        len++;
    return len;
}

static rpl_bytes behind(rpl_bytes text, size_t len)
{
    return (rpl_bytes){text.data + len, text.len - len};
}

static bool starts_with(rpl_bytes text, char c)
{
    return text.len && text.data[0] == (uint8_t)c;
}

static bool take_label(rpl_bytes *rest)
{
    const size_t len = span(*rest, host_letters);
    if (len == 0 || len > LABEL_MAX || rest->data[0] == '-' || rest->data[len - 1] == '-')
        return false;
    *rest = behind(*rest, len);
    return true;
}

static bool take_host(rpl_bytes *rest, rpl_bytes *host)
{
    const uint8_t *start = rest->data;
    bool good = take_label(rest);
    while (good && starts_with(*rest, '.')) {
        *rest = behind(*rest, 1);
        good = take_label(rest);
    }
    *host = (rpl_bytes){start, (size_t)(rest->data - start)};
    return good && host->len <= RPL_HOST_NAME_MAX;
}

static bool take_port(rpl_bytes *rest, uint16_t *port)
{
    uint32_t n = 0;
    *port = HTTPS_PORT;
    if (!starts_with(*rest, ':'))
        return true;
    *rest = behind(*rest, 1);
    const size_t len = span(*rest, "0123456789");
    if (len == 0 || len > PORT_DIGITS_MAX || rest->data[0] == '0')
        return false;
    for (size_t i = 0; i < len; i++)
        n = n * 10 + (uint32_t)(rest->data[i] - '0');
    *rest = behind(*rest, len);
    *port = (uint16_t)n;
    return n <= UINT16_MAX;
}

static bool is_dots(rpl_bytes segment)
{
    return span(segment, ".") == segment.len && segment.len <= 2;
}

/* Segments are not empty, but the last one may be. */
static bool is_path(rpl_bytes rest)
{
    while (starts_with(rest, '/')) {
        rest = behind(rest, 1);
        const rpl_bytes segment = {rest.data, span(rest, path_letters)};
        rest = behind(rest, segment.len);
        if (rest.len == 0 && segment.len == 0)
            return true;
        if (is_dots(segment))
            return false;
    }
    return rest.len == 0;
}

rpl_status rpl_https_url_parse(rpl_bytes text, rpl_https_url *out)
{
    const size_t scheme_len = strlen(scheme);
    rpl_https_url url = {0};

    if (text.len > RPL_HTTPS_URL_MAX)
        return rpl_fail(RPL_MALFORMED, "URL: expected at most 512 characters");
    if (text.len < scheme_len ||
        !rpl_bytes_equal((rpl_bytes){text.data, scheme_len}, rpl_bytes_of_text(scheme)))
        return rpl_fail(RPL_MALFORMED, "URL: expected https:// at the beginning");
    rpl_bytes rest = behind(text, scheme_len);
    if (!take_host(&rest, &url.host))
        return rpl_fail(RPL_MALFORMED, "URL: expected a host name of letters, digits, - and .");
    if (!take_port(&rest, &url.port))
        return rpl_fail(RPL_MALFORMED, "URL: expected a port from 1 to 65535 behind the colon");
    if (!is_path(rest))
        return rpl_fail(RPL_MALFORMED, "URL: expected a path of plain segments behind the host, "
                                       "without user, query, fragment or escapes");
    url.path = rest;
    *out = url;
    return rpl_ok();
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool rpl_host_equal(rpl_bytes left, rpl_bytes right)
{
    if (left.len != right.len)
        return false;
    for (size_t i = 0; i < left.len; i++)
        if (lower(left.data[i]) != lower(right.data[i]))
            return false;
    return true;
}
