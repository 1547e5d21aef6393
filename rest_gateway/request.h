/* request.h - from the parts of an HTTP request to the message of a call, by a row of the routes.
 * Pure.
 */
#ifndef RPL_REST_GATEWAY_REQUEST_H
#define RPL_REST_GATEWAY_REQUEST_H

#include "rest_gateway/input.h"
#include "rest_gateway/routes.h"

typedef struct {
    rpl_bytes query;        /* what stands behind the ?; empty when nothing does */
    rpl_bytes content_type; /* empty when there is none */
    rpl_bytes body;
} rpl_request_parts;

/* How the body is read. JSON is taken with application/json, and where a form could stand also when
 * it begins with { (curl -d says form whatever it sends). RPL_BODY_TEXT takes bytes with a text, form
 * or octet-stream type as they are, so does RPL_BODY_HEX with hex.
 *
 * `input` has been started; on failure its `member` says what the refusal is about.
 * RPL_MALFORMED  query, content type, or body
 * RPL_TOO_LARGE  a body over `body_max` */
RPL_CHECKED rpl_status rpl_request_read(const rpl_route *route, const rpl_request_parts *parts,
                                        size_t body_max, rpl_input *input);

/* True when an Accept header names application/json. */
RPL_CHECKED bool rpl_accepts_json(rpl_bytes accept);

#endif
