#include <sodium.h>
#include <stdlib.h>

#include "base/net/http_client.h"
#include "base/writer.h"
#include "clients/ctl/ctl.h"

enum {
    URL_MAX = 512,
    CONNECT_TIMEOUT_MS = 10000,
    TIMEOUT_MS = 180000,           /* a guest agent may take a while for its quote */
    ANSWER_MAX = 2 * 65 * 1048576, /* a sealed state of 64 MiB in hex */
    ANSWER_JSON_MAX = 4 * 1048576,
};

static void free_response(rpl_http_response *response)
{
    rpl_http_response_free(response);
}
#define AUTO_RESPONSE __attribute__((cleanup(free_response)))

void rpl_ctl_answer_free(rpl_ctl_answer *answer)
{
    if (answer->body)
        sodium_memzero(answer->body, answer->len);
    free(answer->body);
    json_decref(answer->json);
    *answer = (rpl_ctl_answer){0};
}

static bool is_host_character(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
}

/* HOST, HOST:PORT, [IPV6] or [IPV6]:PORT; libcurl reads the rest. */
static bool is_node(const char *node)
{
    const char *rest = node;
    if (*rest == '[') {
        rest += 1 + strspn(rest + 1, "0123456789abcdefABCDEF:.");
        if (*rest++ != ']')
            return false;
    } else {
        while (is_host_character(*rest))
            rest++;
    }
    if (rest == node)
        return false;
    return *rest == 0 ||
           (*rest == ':' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

static bool has_port(const char *node)
{
    const char *bracket = strchr(node, ']');
    return strchr(bracket ? bracket : node, ':') != NULL;
}

static bool url_of(const rpl_ctl_call *call, char url[static URL_MAX])
{
    rpl_writer w = rpl_writer_over(url, URL_MAX);
    rpl_write_text(&w, "http://");
    rpl_write_text(&w, call->node);
    rpl_write_text(&w, has_port(call->node) ? "" : ":4001");
    rpl_write_text(&w, call->target);
    rpl_write_u8(&w, 0);
    return rpl_writer_done(&w);
}

static rpl_bytes text_of(const json_t *object, const char *key)
{
    rpl_bytes text;
    return rpl_json_get_text(object, key, &text) ? text : (rpl_bytes){0};
}

static void print_labelled(FILE *to, const char *label, rpl_bytes text)
{
    if (text.len == 0)
        return;
    fprintf(to, "      %-5s ", label);
    rpl_ctl_print(to, text);
    fputc('\n', to);
}

static void print_check(FILE *to, const json_t *check)
{
    const rpl_bytes code = text_of(check, "code");
    fputs("    ", to);
    rpl_ctl_print(to, text_of(check, "id"));
    if (code.len) {
        fputs(" (", to);
        rpl_ctl_print(to, code);
        fputc(')', to);
    }
    fputc('\n', to);
    print_labelled(to, "got:", text_of(check, "got"));
    print_labelled(to, "want:", text_of(check, "want"));
    print_labelled(to, "fix:", text_of(check, "fix"));
}

void rpl_ctl_print_checks(FILE *to, const json_t *verdict)
{
    const json_t *checks = rpl_json_get_array(verdict, "checks");
    size_t i, not_run = 0;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        if (json_is_false(json_object_get(check, "ok")))
            print_check(to, check);
        not_run += json_is_null(json_object_get(check, "ok"));
    }
    if (not_run)
        fprintf(to, "    %zu checks did not run\n", not_run);
}

/* By the name of the class, or by the HTTP status when the body is not our error. */
static int exit_status_of(const json_t *error, long http)
{
    const rpl_bytes name = text_of(error, "code");
    int by_http = rpl_code_table(RPL_INTERNAL)->exit_code;
    for (int code = RPL_MALFORMED; code < RPL_CODE_COUNT; code++) {
        const rpl_code_row *row = rpl_code_table((rpl_code)code);
        if (rpl_bytes_equal(name, rpl_bytes_of_text(row->name)))
            return row->exit_code;
        if (row->http == http)
            by_http = row->exit_code;
    }
    if (http == 404 || http == 405)
        return rpl_code_table(RPL_MALFORMED)->exit_code;
    return http == 429 ? rpl_code_table(RPL_UNAVAILABLE)->exit_code : by_http;
}

static int explain(const rpl_ctl_call *call, const rpl_http_response *response)
{
    RPL_AUTO(json) json_t *error = NULL;
    const rpl_bytes body = rpl_bytes_of(response->body, response->body_len);
    const bool ours = rpl_json_parse(body, ANSWER_JSON_MAX, &error).code == RPL_OK;
    fprintf(stderr, "%s%s: HTTP %ld", call->node, call->target, response->status);
    if (ours) {
        fputs(", ", stderr);
        rpl_ctl_print(stderr, text_of(error, "code"));
        fputs("\n  ", stderr);
        rpl_ctl_print(stderr, text_of(error, "message"));
    }
    fputc('\n', stderr);
    rpl_ctl_print_checks(stderr, rpl_json_get_object(error, "verdict"));
    uint64_t wait_s = 0;
    if (rpl_json_get_uint(error, "retry_after_s", UINT32_MAX, &wait_s) && wait_s)
        fprintf(stderr, "  try again in %llu s\n", (unsigned long long)wait_s);
    return exit_status_of(error, response->status);
}

int rpl_ctl_ask(const rpl_ctl_call *call, rpl_ctl_answer *answer)
{
    char url[URL_MAX];
    if (!is_node(call->node) || !url_of(call, url))
        return rpl_ctl_fail(call->node, rpl_fail(RPL_MALFORMED, "HOST or HOST:PORT was expected"));
    const rpl_http_request request = {.url = url,
                                      .content_type = call->content_type,
                                      .body = call->body,
                                      .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                      .timeout_ms = TIMEOUT_MS,
                                      .body_max = ANSWER_MAX};
    AUTO_RESPONSE rpl_http_response response = {0};
    const rpl_status s = rpl_http_exchange(&request, &response);
    if (s.code != RPL_OK)
        return rpl_ctl_fail(call->node, s);
    if (response.status != 200)
        return explain(call, &response);
    rpl_ctl_answer got = {.body = RPL_TAKE(response.body), .len = response.body_len};
    response.body_len = 0;
    if (rpl_json_parse(rpl_bytes_of(got.body, got.len), ANSWER_JSON_MAX, &got.json).code != RPL_OK)
        got.json = NULL;
    *answer = got;
    return 0;
}
