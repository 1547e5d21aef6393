#include "server/io/guest_agent.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "attestation/tdx/event_log.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"
#include "base/net/http_client.h"

enum {
    CONNECT_TIMEOUT_MS = 1000,
    TIMEOUT_MS = 30000,
    ANSWER_MAX = 10 << 20,
    TRIES = 3,
    FIRST_WAIT_MS = 200,
};

/* In the order in which they are tried. */
static const struct method {
    const char *name, *path;
    const char *body_before, *body_after; /* around the hex of the report data */
} methods[] = {
    {"dstack.sock GetQuote", "/GetQuote?json", "{\"report_data\":\"", "\"}"},
    {"tappd.sock RawQuote", "/prpc/Tappd.RawQuote?json", "{\"report_data\":\"", "\"}"},
    {"tappd.sock TdxQuote raw", "/prpc/Tappd.TdxQuote?json", "{\"report_data\":\"",
     "\",\"hash_algorithm\":\"raw\"}"},
};

static const char *const info_paths[] = {"/Info?json", "/prpc/Tappd.Info?json"};

static const char *const default_sockets[] = {
    "/var/run/dstack.sock",      "/run/dstack.sock",      "/var/run/dstack/dstack.sock",
    "/run/dstack/dstack.sock",   "/var/run/tappd.sock",   "/run/tappd.sock",
    "/var/run/tappd/tappd.sock", "/run/tappd/tappd.sock", "/var/sock/tappd/tappd.sock",
};

struct rpl_guest_agent {
    const char *configured;
    pthread_mutex_t one_in_flight;
    _Atomic(const struct method *) works; /* what answered last; asked first */
};

rpl_guest_agent *rpl_guest_agent_new(const char *socket_path)
{
    rpl_guest_agent *agent = calloc(1, sizeof(*agent));
    if (!agent)
        return NULL;
    agent->configured = socket_path;
    if (pthread_mutex_init(&agent->one_in_flight, NULL) != 0) {
        free(agent);
        return NULL;
    }
    return agent;
}

void rpl_guest_agent_free(rpl_guest_agent *agent)
{
    if (!agent)
        return;
    pthread_mutex_destroy(&agent->one_in_flight);
    free(agent);
}

const char *rpl_guest_agent_name(rpl_guest_agent *agent)
{
    const struct method *works = atomic_load(&agent->works);
    return works ? works->name : "";
}

static const char *find_socket(const rpl_guest_agent *agent)
{
    if (agent->configured)
        return agent->configured;
    for (size_t i = 0; i < sizeof(default_sockets) / sizeof(*default_sockets); i++)
        if (access(default_sockets[i], F_OK) == 0)
            return default_sockets[i];
    return NULL;
}

static rpl_status call(const rpl_guest_agent *agent, const char *path, rpl_bytes body,
                       rpl_http_response *out)
{
    const char *socket = find_socket(agent);
    char url[128];

    if (!socket)
        return rpl_fail(RPL_UNAVAILABLE, "no guest agent socket: mount /var/run/dstack.sock or "
                                         "/var/run/tappd.sock, or set REPLICATOOR_DSTACK");
    snprintf(url, sizeof(url), "http://localhost%s", path);
    const rpl_http_request request = {
        .url = url,
        .unix_socket = socket,
        .content_type = "application/json",
        .body = body,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
        .body_max = ANSWER_MAX,
    };
    return rpl_http_exchange(&request, out);
}

/* Whatever the agent sent instead of an answer is the agent's failure, not the caller's. */
static rpl_status as_unavailable(rpl_status s)
{
    return s.code == RPL_OK || s.code == RPL_INTERNAL ? s : rpl_fail(RPL_UNAVAILABLE, s.what);
}

/* "quote" is hex, with 0x in some eras; "event_log" is JSON text, "" in the oldest. */
static rpl_status read_quote(rpl_bytes text, rpl_agent_quote *out)
{
    RPL_AUTO(json) json_t *answer = NULL;
    rpl_bytes hex, log;
    rpl_agent_quote q = {0};

    RPL_TRY(rpl_json_parse(text, ANSWER_MAX, &answer));
    if (!rpl_json_get_text(answer, "quote", &hex) || !rpl_json_get_text(answer, "event_log", &log))
        return rpl_fail(RPL_UNAVAILABLE, "the guest agent's answer has no quote or event_log");
    q.quote = malloc(hex.len / 2 + 1);
    q.event_log = strndup((const char *)log.data, log.len);
    q.event_log_len = log.len;
    rpl_status s = q.quote && q.event_log
                       ? rpl_hex_decode(hex, q.quote, hex.len / 2 + 1, &q.quote_len)
                       : rpl_fail(RPL_INTERNAL, "no memory");
    if (s.code != RPL_OK) {
        rpl_agent_quote_free(&q);
        return s.code == RPL_INTERNAL ? s
                                      : rpl_fail(RPL_UNAVAILABLE, "the guest agent's quote is "
                                                                  "not hex");
    }
    *out = q;
    return rpl_ok();
}

/* What we asked for must stand in the quote, as it is. */
static rpl_status check_report_data(const rpl_agent_quote *q, const rpl_report_data *asked,
                                    rpl_quote *quote)
{
    const char *code;
    if (rpl_quote_parse(rpl_bytes_of(q->quote, q->quote_len), quote, &code).code != RPL_OK)
        return rpl_fail(RPL_UNAVAILABLE, "the guest agent's quote is not a TDX quote of version 4 "
                                         "or 5");
    if (memcmp(quote->report_data, asked->b, sizeof(asked->b)) != 0)
        return rpl_fail(RPL_UNAVAILABLE,
                        "the guest agent put other report data into the quote than "
                        "was asked: agents before 0.3.1 hash it and cannot be used");
    return rpl_ok();
}

static rpl_status ask(rpl_guest_agent *agent, const struct method *method,
                      const rpl_report_data *report_data, bool *is_unknown, rpl_agent_quote *out)
{
    char hex[2 * sizeof(report_data->b) + 1], body[256];
    rpl_http_response answer;
    rpl_quote quote;

    rpl_hex_encode(rpl_bytes_of(report_data->b, sizeof(report_data->b)), hex);
    snprintf(body, sizeof(body), "%s%s%s", method->body_before, hex, method->body_after);
    *is_unknown = false; /* only an answer can say so, and a dead agent is not asked three ways */
    RPL_TRY(call(agent, method->path, rpl_bytes_of_text(body), &answer));
    const bool answered = answer.status == 200;
    rpl_status s = rpl_fail(RPL_UNAVAILABLE, "the guest agent refused to make a quote");
    *is_unknown = answer.status == 404 || (answer.status == 400 && answer.body_len &&
                                           memmem(answer.body, answer.body_len, "ervice not found",
                                                  strlen("ervice not found")));
    if (answered)
        s = read_quote(rpl_bytes_of(answer.body, answer.body_len), out);
    rpl_http_response_free(&answer);
    if (s.code == RPL_OK) {
        s = check_report_data(out, report_data, &quote);
        if (s.code != RPL_OK)
            rpl_agent_quote_free(out);
    }
    return s;
}

/* The method that worked before, or the first that the agent knows. */
static rpl_status ask_any(rpl_guest_agent *agent, const rpl_report_data *report_data,
                          rpl_agent_quote *out)
{
    const struct method *works = atomic_load(&agent->works);
    rpl_status s =
        rpl_fail(RPL_UNAVAILABLE, "the guest agent knows no way to quote raw report data");
    bool is_unknown = true;

    if (works)
        s = ask(agent, works, report_data, &is_unknown, out);
    for (size_t i = 0; is_unknown && i < sizeof(methods) / sizeof(*methods); i++) {
        s = ask(agent, &methods[i], report_data, &is_unknown, out);
        if (s.code == RPL_OK)
            atomic_store(&agent->works, &methods[i]);
        if (s.code != RPL_OK && !is_unknown)
            break;
    }
    return s;
}

static void wait_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* Quote and log are read by the agent one after the other: an event in between makes them disagree. */
static bool log_replays(const rpl_agent_quote *q)
{
    rpl_event_log log = {0};
    rpl_quote quote;
    const char *code;
    uint8_t mr[48];

    if (q->event_log_len == 0)
        return true;
    if (rpl_quote_parse(rpl_bytes_of(q->quote, q->quote_len), &quote, &code).code != RPL_OK ||
        rpl_event_log_parse(rpl_bytes_of(q->event_log, q->event_log_len), &log).code != RPL_OK)
        return false;
    rpl_event_log_replay(&log, 3, mr);
    rpl_event_log_free(&log);
    return memcmp(mr, quote.measurement.rtmr[3], sizeof(mr)) == 0;
}

static rpl_status quote_with_retries(rpl_guest_agent *agent, const rpl_report_data *report_data,
                                     rpl_agent_quote *out)
{
    rpl_status s = rpl_ok();
    for (int i = 0; i < TRIES; i++) {
        if (i)
            wait_ms(FIRST_WAIT_MS << i);
        s = ask_any(agent, report_data, out);
        if (s.code == RPL_OK)
            return s;
        rpl_log(RPL_LOG_WARN, "guest agent", rpl_log_text("why", s.what),
                rpl_log_uint("try", (uint64_t)i + 1));
    }
    return s;
}

rpl_status rpl_guest_agent_quote(rpl_guest_agent *agent, const rpl_report_data *report_data,
                                 rpl_agent_quote *out)
{
    rpl_agent_quote q = {0};

    pthread_mutex_lock(&agent->one_in_flight);
    rpl_status s = quote_with_retries(agent, report_data, &q);
    if (s.code == RPL_OK && !log_replays(&q)) {
        rpl_agent_quote_free(&q);
        s = quote_with_retries(agent, report_data, &q);
    }
    pthread_mutex_unlock(&agent->one_in_flight);
    if (s.code == RPL_OK)
        *out = q;
    return as_unavailable(s);
}

static rpl_status read_app_compose(rpl_bytes text, char **out, size_t *len)
{
    RPL_AUTO(json) json_t *info = NULL;
    RPL_AUTO(json) json_t *tcb_info = NULL;
    rpl_bytes tcb_text, compose;

    RPL_TRY(rpl_json_parse(text, ANSWER_MAX, &info));
    if (!rpl_json_get_text(info, "tcb_info", &tcb_text))
        return rpl_fail(RPL_UNAVAILABLE, "the guest agent tells no tcb_info");
    RPL_TRY(rpl_json_parse(tcb_text, ANSWER_MAX, &tcb_info));
    if (!rpl_json_get_text(tcb_info, "app_compose", &compose))
        return rpl_fail(RPL_UNAVAILABLE, "the guest agent tells no app_compose");
    *out = strndup((const char *)compose.data, compose.len);
    *len = compose.len;
    return *out ? rpl_ok() : rpl_fail(RPL_INTERNAL, "no memory");
}

rpl_status rpl_guest_agent_app_compose(rpl_guest_agent *agent, char **text, size_t *len)
{
    rpl_status s = rpl_fail(RPL_UNAVAILABLE, "the guest agent has no Info");
    for (size_t i = 0; i < sizeof(info_paths) / sizeof(*info_paths); i++) {
        rpl_http_response answer;
        RPL_TRY(as_unavailable(call(agent, info_paths[i], rpl_bytes_of_text("{}"), &answer)));
        const bool answered = answer.status == 200;
        if (answered)
            s = read_app_compose(rpl_bytes_of(answer.body, answer.body_len), text, len);
        rpl_http_response_free(&answer);
        if (answered)
            return as_unavailable(s);
    }
    return s;
}
