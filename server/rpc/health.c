#include "server/rpc/health.h"

#include <h2o.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct health_handler {
    h2o_handler_t super;
    rpl_listener_kind kind;
    rpl_health_options options;
};

static void answer(h2o_req_t *req, int status, const char *type, const char *body, size_t len)
{
    req->res.status = status;
    req->res.reason = status == 200   ? "OK"
                      : status == 405 ? "Method Not Allowed"
                                      : "Service Unavailable";
    req->res.content_length = len;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, type, strlen(type));
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL,
                   H2O_STRLIT("no-store"));
    h2o_send_inline(req, body, len);
}

static void answer_health(struct health_handler *self, h2o_req_t *req)
{
    (void)self;
    answer(req, 200, "application/json", H2O_STRLIT("{\"ok\":true}\n"));
}

static void answer_ready(struct health_handler *self, h2o_req_t *req)
{
    const char *phase = self->options.phase(self->options.data);
    const bool ready = strcmp(phase, "holding") == 0;
    char body[128];
    const int len = snprintf(body, sizeof(body), "{\"ready\":%s,\"phase\":\"%.32s\"}\n",
                             ready ? "true" : "false", phase);
    answer(req, ready ? 200 : 503, "application/json", body, (size_t)len);
}

static void answer_metrics(struct health_handler *self, h2o_req_t *req)
{
    size_t len = 0;
    if (self->options.refresh)
        self->options.refresh(self->options.data, self->options.metrics);
    char *text = rpl_metrics_text(self->options.metrics, &len);
    answer(req, text ? 200 : 503, "text/plain; version=0.0.4", text ? text : "", len);
    free(text);
}

static const struct {
    const char *path;
    bool host_only;
    void (*answer)(struct health_handler *self, h2o_req_t *req);
} pages[] = {
    {"/healthz", false, answer_health},
    {"/readyz", false, answer_ready},
    {"/metrics", true, answer_metrics},
};

static size_t path_len(const h2o_req_t *req)
{
    size_t len = req->query_at == SIZE_MAX ? req->path.len : req->query_at;
    return len > 1 && req->path.base[len - 1] == '/' ? len - 1 : len;
}

static bool is_method(const h2o_req_t *req, const char *method)
{
    return h2o_memis(req->method.base, req->method.len, method, strlen(method));
}

static void refuse_method(h2o_req_t *req)
{
    static const char body[] = "{\"code\":\"malformed\",\"message\":\"this path knows GET and HEAD "
                               "only\",\"check\":\"\",\"verdict\":null}\n";
    h2o_add_header_by_str(&req->pool, &req->res.headers, H2O_STRLIT("allow"), 0, NULL,
                          H2O_STRLIT("GET, HEAD"));
    answer(req, 405, "application/json", body, sizeof(body) - 1);
}

static int on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    struct health_handler *self = (struct health_handler *)handler;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        const bool here = self->kind == RPL_LISTENER_HOST || !pages[i].host_only;
        if (!here ||
            !h2o_memis(req->path.base, path_len(req), pages[i].path, strlen(pages[i].path)))
            continue;
        if (is_method(req, "GET") || is_method(req, "HEAD"))
            pages[i].answer(self, req);
        else
            refuse_method(req);
        return 0;
    }
    return -1;
}

rpl_status rpl_health_install(struct st_h2o_hostconf_t *host, rpl_listener_kind kind,
                              const rpl_health_options *options)
{
    struct health_handler *self =
        (void *)h2o_create_handler(&host->paths.entries[0], sizeof(*self));
    self->super.on_req = on_request;
    self->kind = kind;
    self->options = *options;
    return rpl_ok();
}
