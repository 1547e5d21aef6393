#include "rest_gateway/routes.h"

#include <stdio.h>
#include <string.h>

enum { SMALL = 4 << 10, LARGE = 1 << 20, ENV = 64 << 10 };

static const rpl_route routes[] = {
    {.path = "/status",
     .method = "GET",
     .listeners = RPL_ON_HOST,
     .service = "HostService",
     .call = "Status",
     .query = {"nonce"}},
    {.path = "/configure",
     .method = "POST",
     .listeners = RPL_ON_HOST,
     .service = "HostService",
     .call = "Configure",
     .body = RPL_BODY_TEXT,
     .body_field = "env",
     .body_max = ENV},
    {.path = "/challenge",
     .method = "GET",
     .listeners = RPL_ON_HOST,
     .service = "HostService",
     .call = "Challenge"},
    {.path = "/requestKey",
     .method = "POST",
     .listeners = RPL_ON_HOST,
     .service = "HostService",
     .call = "RequestKey",
     .body = RPL_BODY_OBJECT,
     .body_max = SMALL},
    {.path = "/onboard",
     .method = "POST",
     .listeners = RPL_ON_HOST,
     .service = "HostService",
     .call = "Onboard",
     .body = RPL_BODY_OBJECT,
     .body_max = LARGE,
     .query = {"dry_run"},
     .answer = RPL_ANSWER_HEX,
     .answer_field = "sealed"},
    {.path = "/receiveKey",
     .method = "POST",
     .listeners = RPL_ON_HOST,
     .service = "HostService",
     .call = "ReceiveKey",
     .body = RPL_BODY_HEX,
     .body_field = "sealed"},
    {.path = "/bootstrap",
     .method = "POST",
     .listeners = RPL_ON_HOST,
     .service = "HostService",
     .call = "Bootstrap",
     .body = RPL_BODY_OBJECT,
     .body_max = SMALL},
    {.path = "/policy",
     .method = "POST",
     .listeners = RPL_ON_HOST,
     .service = "HostService",
     .call = "Policy",
     .body = RPL_BODY_OBJECT,
     .body_max = LARGE},
    {.path = "/custody",
     .method = "GET",
     .listeners = RPL_ON_HOST,
     .service = "HostService",
     .call = "Custody"},
    {.path = "/getkey",
     .method = "POST",
     .listeners = RPL_ON_HOST,
     .body_max = SMALL,
     .refusal =
         "derived keys are never served on this port, which is the host's; a container calls "
         "/getkey on the unix socket in the guest folder it was given"},
    {.path = "/getkey",
     .method = "POST",
     .listeners = RPL_ON_GUEST,
     .service = "GuestService",
     .call = "GetKey",
     .body = RPL_BODY_OBJECT,
     .body_max = 2 * SMALL,
     .not_ready_http = 503,
     .secret = true},
    {.path = "/status",
     .method = "GET",
     .listeners = RPL_ON_GUEST,
     .service = "GuestService",
     .call = "Status",
     .query = {"nonce"}},
};

enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

static bool is(rpl_bytes bytes, const char *text)
{
    return rpl_bytes_equal(bytes, rpl_bytes_of_text(text));
}

rpl_route_result rpl_route_find(rpl_route_listener listener, rpl_bytes method, rpl_bytes path,
                                const rpl_route **route)
{
    rpl_route_result result = RPL_ROUTE_NO_PATH;
    if (path.len > 1 && path.data[path.len - 1] == '/')
        path.len--;
    if (is(method, "HEAD"))
        method = rpl_bytes_of_text("GET");
    for (size_t i = 0; i < ROUTES; i++) {
        if (!(routes[i].listeners & listener) || !is(path, routes[i].path))
            continue;
        *route = &routes[i];
        if (is(method, routes[i].method))
            return RPL_ROUTE_FOUND;
        result = RPL_ROUTE_NO_METHOD;
    }
    return result;
}

void rpl_route_allow(rpl_route_listener listener, const rpl_route *route, char out[static 32])
{
    bool get = false, post = false;
    for (size_t i = 0; i < ROUTES; i++) {
        if (!(routes[i].listeners & listener) || strcmp(routes[i].path, route->path) != 0)
            continue;
        get |= strcmp(routes[i].method, "GET") == 0;
        post |= strcmp(routes[i].method, "POST") == 0;
    }
    snprintf(out, 32, "%s%s%s", get ? "GET, HEAD" : "", get && post ? ", " : "",
             post ? "POST" : "");
}

const rpl_route *rpl_routes(size_t *count)
{
    *count = ROUTES;
    return routes;
}
