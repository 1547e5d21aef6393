/* routes.h - the one table that knows calls by name: which path and method on which listener is
 * which call of which service, and how body and answer look. Pure.
 *
 * Paths are case-sensitive; each is also served with one trailing slash. The query is not part of
 * the path.
 */
#ifndef RPL_REST_GATEWAY_ROUTES_H
#define RPL_REST_GATEWAY_ROUTES_H

#include "base/reader.h"

typedef enum { RPL_ON_HOST = 1 << 0, RPL_ON_GUEST = 1 << 1 } rpl_route_listener;

typedef enum {
    RPL_BODY_NONE,   /* a body is refused */
    RPL_BODY_OBJECT, /* JSON object or urlencoded form; empty counts as {} */
    RPL_BODY_TEXT,   /* the bytes as they are into `body_field` */
    RPL_BODY_HEX,    /* hex, white space around it tolerated, into `body_field`; or a JSON object */
} rpl_route_body;

typedef enum {
    RPL_ANSWER_JSON,
    RPL_ANSWER_HEX, /* hex of `answer_field` as text/plain; JSON when asked for or when it is empty */
} rpl_route_answer;

typedef struct {
    const char *path; /* without trailing slash */
    const char *method;
    unsigned listeners;  /* rpl_route_listener, or-ed */
    const char *service; /* "HostService"; NULL: the call is always denied with `refusal` */
    const char *call;    /* "Status" */
    rpl_route_body body;
    const char *body_field;
    size_t body_max;      /* bytes; 0 = what the node is configured to take of a sealed state */
    const char *query[3]; /* fields that may stand in the query, ended by NULL */
    rpl_route_answer answer;
    const char *answer_field;
    uint16_t not_ready_http; /* HTTP status of not_ready; 0 = the table of base/status.h */
    bool secret;             /* answers hold secrets: they are never stored by anybody */
    const char *refusal;
} rpl_route;

typedef enum { RPL_ROUTE_FOUND, RPL_ROUTE_NO_PATH, RPL_ROUTE_NO_METHOD } rpl_route_result;

/* `*route` is the row; on RPL_ROUTE_NO_METHOD any row of the path. HEAD finds GET. */
rpl_route_result rpl_route_find(rpl_route_listener listener, rpl_bytes method, rpl_bytes path,
                                const rpl_route **route);
/* "GET, HEAD" / "POST": the Allow header of a path. `out` has room for 32 bytes. */
void rpl_route_allow(rpl_route_listener listener, const rpl_route *route, char out[static 32]);
/* All rows, for tests and documentation. */
const rpl_route *rpl_routes(size_t *count);

#endif
