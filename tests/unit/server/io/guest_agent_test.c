#include "server/io/guest_agent.h"

#include <poll.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/net/http_client.h"
#include "tests/support/file.h"
#include "tests/support/http_script.h"

enum { REPORT_DATA_AT = 568, LOG_MAX = 32 };
static const char get_quote[] = "/GetQuote?json", raw_quote[] = "/prpc/Tappd.RawQuote?json",
                  tdx_quote[] = "/prpc/Tappd.TdxQuote?json";

static uint8_t *template;
static size_t template_len;
static char *event_log;
static script_server server;
static rpl_guest_agent *agent;
static rpl_report_data asked;
/* What the server was asked; read when it is done. */
static const char *targets[LOG_MAX];
static char bodies[LOG_MAX][256];

/* --- the agent's answers --- */

static script_answer plain(int status, const char *body)
{
    return (script_answer){.status = status, .body = strdup(body)};
}

static script_answer json_of(const char *quote, const char *log)
{
    RPL_AUTO(json) json_t *object = json_object();
    if (quote)
        json_object_set_new(object, "quote", json_string(quote));
    if (log)
        json_object_set_new(object, "event_log", json_string(log));
    return (script_answer){.status = 200, .body = json_dumps(object, JSON_COMPACT)};
}

/* A quote over the report data in the body; `flip` bends it, `prefix` stands before the hex. */
static script_answer quote_over(const char *body, const char *prefix, uint8_t flip, const char *log)
{
    const char *hex = strstr(body, "\"report_data\":\"");
    uint8_t *quote = exact_copy(template, template_len);
    char *text = malloc(strlen(prefix) + 2 * template_len + 1);
    size_t len;
    if (!hex || !text ||
        rpl_hex_decode((rpl_bytes){(const uint8_t *)hex + 15, 128}, quote + REPORT_DATA_AT, 64,
                       &len)
                .code != RPL_OK)
        abort();
    quote[REPORT_DATA_AT] ^= flip;
    snprintf(text, strlen(prefix) + 1, "%s", prefix);
    rpl_hex_encode(rpl_bytes_of(quote, template_len), text + strlen(prefix));
    const script_answer a = json_of(text, log);
    free(quote);
    free(text);
    return a;
}

static void note(script_server *s, const char *target, const char *body)
{
    static const char *const known[] = {get_quote, raw_quote, tdx_quote, "/Info?json",
                                        "/prpc/Tappd.Info?json"};
    const unsigned n = atomic_load(&s->n_requests) - 1;
    if (n >= LOG_MAX)
        abort();
    targets[n] = "unknown";
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(target, known[i]) == 0)
            targets[n] = known[i];
    snprintf(bodies[n], sizeof(bodies[n]), "%s", body);
}

static unsigned nth(const script_server *s)
{
    return atomic_load(&s->n_requests);
}

static script_answer of_dstack(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    return quote_over(body, "", 0, event_log);
}

static script_answer of_tappd(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    return strcmp(target, raw_quote) == 0
               ? quote_over(body, "", 0, event_log)
               : plain(400, "{\"error\":\"Service not found: GetQuote\"}");
}

static script_answer of_old_tappd(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    if (strcmp(target, tdx_quote) == 0)
        return quote_over(body, "0x", 0, "");
    return strcmp(target, raw_quote) == 0 ? plain(404, "{\"error\":\"method Not Found\"}")
                                          : plain(404, "<html>404</html>");
}

static script_answer of_hashing_tappd(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    return strcmp(target, tdx_quote) == 0 ? quote_over(body, "", 1, event_log) : plain(404, "");
}

static script_answer busy_once(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    return nth(s) == 1 ? plain(400, "{\"error\":\"Failed to get quote: Device or resource busy\"}")
                       : quote_over(body, "", 0, event_log);
}

static script_answer busy(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    return plain(400, "{\"error\":\"Failed to get quote: Device or resource busy\"}");
}

static script_answer cut(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    return (script_answer){0};
}

static script_answer log_of_another_moment(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    return quote_over(body, "", 0, nth(s) == 1 ? "[]" : event_log);
}

/* What a 200 may carry instead of an answer; `data` says which. */
static script_answer useless(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    const char *what = s->data;
    if (strcmp(what, "html") == 0)
        return plain(200, "<html><body>Welcome</body></html>");
    if (strcmp(what, "no log") == 0)
        return json_of("00", NULL);
    if (strcmp(what, "no quote") == 0)
        return json_of(NULL, "[]");
    if (strcmp(what, "not hex") == 0)
        return json_of("zz", "[]");
    if (strcmp(what, "no quote in it") == 0)
        return json_of("0400", "[]");
    if (strcmp(what, "zero in the log") == 0)
        return plain(200, "{\"quote\":\"00\",\"event_log\":\"a\\u0000b\"}");
    if (strcmp(what, "far too long") == 0)
        return (script_answer){200, NULL, calloc(1, 11 << 20), 11 << 20};
    return plain(302, "moved");
}

/* --- set up --- */

static void begin(script_answer (*answer)(script_server *, const char *, const char *))
{
    server = (script_server){.answer = answer, .data = server.data};
    script_start_unix(&server);
    agent = rpl_guest_agent_new(server.path);
    assert_non_null(agent);
    for (size_t i = 0; i < sizeof(asked.b); i++)
        asked.b[i] = (uint8_t)(i * 3);
}

static void end(void)
{
    script_stop(&server);
    rpl_guest_agent_free(agent);
}

static void assert_quoted(void)
{
    rpl_agent_quote quote = {0};
    assert_ok(rpl_guest_agent_quote(agent, &asked, &quote));
    assert_int_equal(quote.quote_len, template_len);
    assert_memory_equal(quote.quote + REPORT_DATA_AT, asked.b, sizeof(asked.b));
    assert_int_equal(strlen(quote.event_log), quote.event_log_len);
    rpl_agent_quote_free(&quote);
}

static void assert_no_quote(void)
{
    rpl_agent_quote quote = {0};
    const rpl_status s = rpl_guest_agent_quote(agent, &asked, &quote);
    assert_code(s, RPL_UNAVAILABLE);
    assert_true(s.what[0]);
    assert_null(quote.quote);
}

/* --- claims --- */

static void dstack_is_asked_first_and_once(void **state)
{
    (void)state;
    begin(of_dstack);
    assert_string_equal(rpl_guest_agent_name(agent), "");
    assert_quoted();
    assert_string_equal(rpl_guest_agent_name(agent), "dstack.sock GetQuote");
    end();
    assert_int_equal(nth(&server), 1);
    assert_string_equal(targets[0], get_quote);
    assert_non_null(strstr(bodies[0], "{\"report_data\":\"000306"));
}

static void an_unknown_method_leads_to_the_next_and_is_remembered(void **state)
{
    (void)state;
    begin(of_tappd);
    assert_quoted();
    assert_quoted();
    assert_string_equal(rpl_guest_agent_name(agent), "tappd.sock RawQuote");
    end();
    assert_int_equal(nth(&server), 3);
    assert_string_equal(targets[0], get_quote);
    assert_string_equal(targets[1], raw_quote);
    assert_string_equal(targets[2], raw_quote);
}

static void the_oldest_is_asked_for_raw_report_data_and_writes_0x(void **state)
{
    (void)state;
    begin(of_old_tappd);
    assert_quoted();
    assert_string_equal(rpl_guest_agent_name(agent), "tappd.sock TdxQuote raw");
    end();
    assert_int_equal(nth(&server), 3);
    assert_string_equal(targets[2], tdx_quote);
    assert_non_null(strstr(bodies[2], "\"hash_algorithm\":\"raw\""));
}

static void an_agent_that_hashes_the_report_data_is_refused(void **state)
{
    (void)state;
    begin(of_hashing_tappd);
    assert_no_quote();
    end();
}

static void a_busy_device_is_asked_again(void **state)
{
    (void)state;
    begin(busy_once);
    assert_quoted();
    end();
    assert_int_equal(nth(&server), 2);
    assert_string_equal(targets[1], get_quote);
}

static void a_device_that_stays_busy_is_asked_three_times_one_way(void **state)
{
    (void)state;
    begin(busy);
    assert_no_quote();
    end();
    assert_int_equal(nth(&server), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(targets[i], get_quote);
}

static void an_agent_that_hangs_up_is_not_asked_other_ways(void **state)
{
    (void)state;
    begin(cut);
    assert_no_quote();
    end();
    assert_int_equal(nth(&server), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(targets[i], get_quote);
}

static void an_answer_that_is_none_makes_the_agent_unavailable(void **state)
{
    (void)state;
    static char answers[][16] = {"html",           "no log",          "no quote",     "not hex",
                                 "no quote in it", "zero in the log", "far too long", "redirect"};
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        server.data = answers[i];
        begin(useless);
        assert_no_quote();
        end();
        assert_int_equal(nth(&server), 3);
    }
}

static void a_log_of_another_moment_is_asked_for_again(void **state)
{
    (void)state;
    begin(log_of_another_moment);
    assert_quoted();
    end();
    assert_int_equal(nth(&server), 2);
}

static void without_a_socket_it_says_so(void **state)
{
    (void)state;
    agent = rpl_guest_agent_new("/nonexistent/agent.sock");
    assert_no_quote();
    rpl_guest_agent_free(agent);
}

/* --- one in flight --- */

static atomic_uint callers;
static atomic_bool crowded;

static script_answer watch_the_door(script_server *s, const char *target, const char *body)
{
    struct pollfd door = {.fd = s->fd, .events = POLLIN};
    while (atomic_load(&callers) < 2)
        ;
    if (poll(&door, 1, 50) != 0)
        atomic_store(&crowded, true);
    return of_dstack(s, target, body);
}

static void *call_once(void *data)
{
    (void)data;
    rpl_agent_quote quote = {0};
    atomic_fetch_add(&callers, 1);
    if (rpl_guest_agent_quote(agent, &asked, &quote).code != RPL_OK)
        abort();
    rpl_agent_quote_free(&quote);
    return NULL;
}

static void one_quote_is_in_flight_at_a_time(void **state)
{
    (void)state;
    pthread_t threads[2];
    begin(watch_the_door);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_once, NULL), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    end();
    assert_int_equal(nth(&server), 2);
    assert_false(atomic_load(&crowded));
}

/* --- the app-compose --- */

static script_answer info(script_server *s, const char *target, const char *body)
{
    note(s, target, body);
    const char *era = s->data;
    if (strcmp(era, "dstack") == 0 && strcmp(target, "/Info?json") != 0)
        return plain(500, "");
    if (strcmp(era, "tappd") == 0 && strcmp(target, "/Info?json") == 0)
        return plain(404, "<html>404</html>");
    if (strcmp(era, "none") == 0)
        return plain(404, "");
    if (strcmp(era, "empty") == 0)
        return plain(200, "{}");
    if (strcmp(era, "html") == 0)
        return plain(200, "<html>");
    if (strcmp(era, "no compose") == 0)
        return plain(200, "{\"tcb_info\":\"{}\"}");
    return plain(200,
                 "{\"tcb_info\":\"{\\\"app_compose\\\":\\\"{\\\\\\\"runner\\\\\\\":1}\\\"}\"}");
}

static void the_app_compose_is_told_byte_for_byte(void **state)
{
    (void)state;
    static char eras[][8] = {"dstack", "tappd"};
    for (size_t i = 0; i < 2; i++) {
        char *text = NULL;
        size_t len = 0;
        server.data = eras[i];
        begin(info);
        assert_ok(rpl_guest_agent_app_compose(agent, &text, &len));
        end();
        assert_int_equal(len, strlen("{\"runner\":1}"));
        assert_string_equal(text, "{\"runner\":1}");
        free(text);
        assert_int_equal(nth(&server), i + 1);
    }
}

static void an_agent_that_tells_no_app_compose_is_unavailable(void **state)
{
    (void)state;
    static char eras[][16] = {"none", "empty", "html", "no compose"};
    for (size_t i = 0; i < sizeof(eras) / sizeof(*eras); i++) {
        char *text = NULL;
        size_t len = 0;
        server.data = eras[i];
        begin(info);
        assert_code(rpl_guest_agent_app_compose(agent, &text, &len), RPL_UNAVAILABLE);
        assert_null(text);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dstack_is_asked_first_and_once),
        cmocka_unit_test(an_unknown_method_leads_to_the_next_and_is_remembered),
        cmocka_unit_test(the_oldest_is_asked_for_raw_report_data_and_writes_0x),
        cmocka_unit_test(an_agent_that_hashes_the_report_data_is_refused),
        cmocka_unit_test(a_busy_device_is_asked_again),
        cmocka_unit_test(a_device_that_stays_busy_is_asked_three_times_one_way),
        cmocka_unit_test(an_agent_that_hangs_up_is_not_asked_other_ways),
        cmocka_unit_test(an_answer_that_is_none_makes_the_agent_unavailable),
        cmocka_unit_test(a_log_of_another_moment_is_asked_for_again),
        cmocka_unit_test(without_a_socket_it_says_so),
        cmocka_unit_test(one_quote_is_in_flight_at_a_time),
        cmocka_unit_test(the_app_compose_is_told_byte_for_byte),
        cmocka_unit_test(an_agent_that_tells_no_app_compose_is_unavailable),
    };
    size_t len;
    if (rpl_http_global_init().code != RPL_OK)
        return 1;
    template = read_file(RPL_GENERATED "/machines/first/quote.bin", &template_len);
    event_log = (char *)read_file(RPL_GENERATED "/machines/first/event_log.json", &len);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(template);
    free(event_log);
    return failed;
}
