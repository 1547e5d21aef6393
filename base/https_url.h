/* https_url.h - a pinned https address, taken apart strictly. Pure.
 *
 * What stands in a measured configuration is written plainly, so anything that parsers of URLs
 * disagree on is refused: "https://" in small letters; a full host name or an IPv4 address; a port;
 * a path of [A-Za-z0-9._~-] segments. No user, query, fragment, escapes, "." or ".." segments, empty
 * segments, nor a dot behind the host.
 */
#ifndef RPL_BASE_HTTPS_URL_H
#define RPL_BASE_HTTPS_URL_H

#include "base/reader.h"
#include "base/status.h"

enum { RPL_HTTPS_URL_MAX = 512, RPL_HOST_NAME_MAX = 253 };

/* Views into the text. */
typedef struct {
    rpl_bytes host;
    uint16_t port;  /* 443 when none is named */
    rpl_bytes path; /* from its "/"; empty when there is none */
} rpl_https_url;

/* RPL_MALFORMED  which part, in words */
RPL_CHECKED rpl_status rpl_https_url_parse(rpl_bytes text, rpl_https_url *out);
/* Names compare without case. */
RPL_CHECKED bool rpl_host_equal(rpl_bytes left, rpl_bytes right);

#endif
