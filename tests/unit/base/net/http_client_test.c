#include "base/net/http_client.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/check.h"

static struct {
    char folder[64], ca[128], socket_path[128];
    int plain_port, tls_port;
    int stdin_of_peer;
    pid_t pid;
} peer;

static int start_peer(void **state)
{
    (void)state;
    int in[2], out[2];
    char line[64] = "";
    snprintf(peer.folder, sizeof(peer.folder), "http-peer-XXXXXX");
    if (!mkdtemp(peer.folder) || pipe(in) != 0 || pipe(out) != 0)
        return -1;
    peer.pid = fork();
    if (peer.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execl("/usr/bin/python3", "python3", RPL_SOURCE_DIR "/tests/support/http_peer.py",
              peer.folder, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    peer.stdin_of_peer = in[1];
    FILE *ports = fdopen(out[0], "r");
    const bool told = ports && fgets(line, sizeof(line), ports);
    if (ports)
        fclose(ports);
    snprintf(peer.ca, sizeof(peer.ca), "%s/ca.pem", peer.folder);
    snprintf(peer.socket_path, sizeof(peer.socket_path), "%s/peer.sock", peer.folder);
    /* nothing listens there: whoever takes a proxy from the environment fails */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    return told && sscanf(line, "%d %d", &peer.plain_port, &peer.tls_port) == 2 ? 0 : -1;
}

static int stop_peer(void **state)
{
    (void)state;
    int status;
    close(peer.stdin_of_peer);
    return waitpid(peer.pid, &status, 0) == peer.pid && status == 0 ? 0 : -1;
}

/* Both borrow until the next call. */
static const char *url_of(const char *scheme, int port, const char *path)
{
    static char url[256];
    snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s", scheme, port, path);
    return url;
}

static rpl_http_request get(const char *path)
{
    return (rpl_http_request){
        .url = url_of("http", peer.plain_port, path), .timeout_ms = 20000, .body_max = 1 << 16};
}

static rpl_http_response answer_to(const rpl_http_request *request)
{
    rpl_http_response response = {0};
    assert_ok(rpl_http_exchange(request, &response));
    return response;
}

static void assert_refused(rpl_http_request request, rpl_code want)
{
    static const rpl_http_response untouched = {.status = 7};
    rpl_http_response response = untouched;
    assert_code(rpl_http_exchange(&request, &response), want);
    assert_memory_equal(&response, &untouched, sizeof(response));
}

static bool contains(const rpl_http_response *response, const char *text)
{
    return strcasestr((const char *)response->body, text) != NULL;
}

static void a_get_has_no_body(void **state)
{
    (void)state;
    const rpl_http_request request = get("/echo");
    rpl_http_response response = answer_to(&request);
    assert_int_equal(response.status, 200);
    assert_true(contains(&response, "GET /echo HTTP/1.1\r\n"));
    assert_false(contains(&response, "Content-"));
    assert_int_equal(response.body[response.body_len], 0);
    rpl_http_response_free(&response);
    assert_null(response.body);
}

static void a_post_names_its_length_and_expects_nothing(void **state)
{
    (void)state;
    char body[2048];
    memset(body, 'b', sizeof(body));
    rpl_http_request request = get("/echo");
    request.content_type = "text/plain";
    request.body = rpl_bytes_of(body, sizeof(body));
    rpl_http_response response = answer_to(&request);
    assert_true(contains(&response, "POST /echo"));
    assert_true(contains(&response, "\r\nContent-Length: 2048\r\n"));
    assert_true(contains(&response, "\r\nContent-Type: text/plain\r\n"));
    assert_false(contains(&response, "Expect"));
    assert_memory_equal(response.body + response.body_len - 2048, body, 2048);
    rpl_http_response_free(&response);
}

static void an_empty_post_is_a_post(void **state)
{
    (void)state;
    rpl_http_request request = get("/echo");
    request.body = rpl_bytes_of("", 0);
    rpl_http_response response = answer_to(&request);
    assert_true(contains(&response, "POST /echo"));
    assert_true(contains(&response, "\r\nContent-Length: 0\r\n"));
    assert_false(contains(&response, "Content-Type"));
    rpl_http_response_free(&response);
}

static void an_empty_answer_has_a_terminated_body(void **state)
{
    (void)state;
    const rpl_http_request request = get("/empty");
    rpl_http_response response = answer_to(&request);
    assert_int_equal(response.body_len, 0);
    assert_string_equal((const char *)response.body, "");
    rpl_http_response_free(&response);
}

static void a_refusal_is_an_answer(void **state)
{
    (void)state;
    const rpl_http_request request = get("/refused");
    rpl_http_response response = answer_to(&request);
    rpl_bytes value;
    assert_int_equal(response.status, 403);
    assert_string_equal((const char *)response.body, "no");
    assert_true(rpl_http_header(&response, "retry-after", &value));
    assert_true(rpl_bytes_equal(value, rpl_bytes_of_text("7")));
    assert_false(rpl_http_header(&response, "retry", &value));
    rpl_http_response_free(&response);
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    const rpl_http_request request = get("/redirect");
    rpl_http_response response = answer_to(&request);
    assert_int_equal(response.status, 302);
    rpl_http_response_free(&response);
}

static void the_body_may_have_its_limit_and_not_one_byte_more(void **state)
{
    (void)state;
    rpl_http_request request = get("/body/10000");
    request.body_max = 10000;
    rpl_http_response response = answer_to(&request);
    assert_int_equal(response.body_len, 10000);
    rpl_http_response_free(&response);
    request.body_max = 9999;
    assert_refused(request, RPL_TOO_LARGE);
}

static void what_does_not_end_is_stopped(void **state)
{
    (void)state;
    assert_refused(get("/endless"), RPL_TOO_LARGE);
    assert_refused(get("/endless-headers"), RPL_TOO_LARGE);
    assert_refused(get("/endless-interim"), RPL_TOO_LARGE);
}

static void what_breaks_off_is_unavailable(void **state)
{
    (void)state;
    assert_refused(get("/cut"), RPL_UNAVAILABLE);
    assert_refused(get("/closed"), RPL_UNAVAILABLE);
    rpl_http_request silent = get("/silent");
    silent.timeout_ms = 200;
    assert_refused(silent, RPL_UNAVAILABLE);
    rpl_http_request nobody = get("/echo");
    nobody.url = "http://127.0.0.1:1/";
    assert_refused(nobody, RPL_UNAVAILABLE);
}

static void only_headers_of_the_final_answer_count(void **state)
{
    (void)state;
    rpl_bytes value;
    const rpl_http_request interim = get("/interim");
    rpl_http_response response = answer_to(&interim);
    assert_true(rpl_http_header(&response, "X-Which", &value));
    assert_true(rpl_bytes_equal(value, rpl_bytes_of_text("final")));
    rpl_http_response_free(&response);
    const rpl_http_request trailer = get("/trailer");
    response = answer_to(&trailer);
    assert_false(rpl_http_header(&response, "X-Which", &value));
    rpl_http_response_free(&response);
}

static void a_header_that_is_there_twice_has_no_value(void **state)
{
    (void)state;
    rpl_bytes value;
    const rpl_http_request request = get("/twice");
    rpl_http_response response = answer_to(&request);
    assert_false(rpl_http_header(&response, "Date", &value));
    assert_int_equal(rpl_http_header_count(&response, "date"), 2);
    assert_int_equal(rpl_http_header_count(&response, "dat"), 0);
    rpl_http_response_free(&response);
}

static void unix_sockets_are_spoken_to(void **state)
{
    (void)state;
    rpl_http_request request = get("/echo");
    request.url = "http://localhost/echo";
    request.unix_socket = peer.socket_path;
    rpl_http_response response = answer_to(&request);
    assert_true(contains(&response, "Host: localhost\r\n"));
    rpl_http_response_free(&response);
}

static void tls_needs_the_given_root(void **state)
{
    (void)state;
    rpl_http_request request = get("/");
    request.url = url_of("https", peer.tls_port, "/echo");
    assert_refused(request, RPL_UNAVAILABLE);
    request.ca_file = peer.ca;
    rpl_http_response response = answer_to(&request);
    assert_int_equal(response.status, 200);
    rpl_http_response_free(&response);
    request.ca_file = "/nonexistent";
    assert_refused(request, RPL_UNAVAILABLE);
}

static int64_t clock_s;

static int64_t read_clock(void *self)
{
    return *(int64_t *)self;
}

static void the_clock_of_the_process_judges_certificates(void **state)
{
    (void)state;
    rpl_http_request request = get("/");
    request.url = url_of("https", peer.tls_port, "/echo");
    request.ca_file = peer.ca;
    request.dates_later = true;
    rpl_http_response response = answer_to(&request);
    const int64_t from_s = response.certificates_from_s, until_s = response.certificates_until_s;
    rpl_http_response_free(&response);
    assert_int_equal(until_s - from_s, 2 * 86400); /* as http_peer.py makes it */
    request.dates_later = false;
    rpl_http_set_clock((rpl_http_clock){read_clock, &clock_s});
    static const int64_t inside[] = {0, 1, 86400, 2 * 86400 - 1}, outside[] = {-1, 2 * 86400 + 1};
    for (size_t i = 0; i < 4; i++) {
        clock_s = from_s + inside[i];
        response = answer_to(&request);
        assert_int_equal(response.certificates_until_s, until_s);
        rpl_http_response_free(&response);
    }
    for (size_t i = 0; i < 2; i++) {
        clock_s = from_s + outside[i];
        assert_refused(request, RPL_UNAVAILABLE);
    }
    request.dates_later = true; /* the caller sees that it has expired */
    response = answer_to(&request);
    assert_int_equal(response.certificates_from_s, from_s);
    rpl_http_response_free(&response);
    rpl_http_set_clock((rpl_http_clock){0});
}

static void dates_alone_are_left_to_the_caller(void **state)
{
    (void)state;
    rpl_http_request request = get("/");
    request.url = url_of("https", peer.tls_port, "/echo");
    request.dates_later = true;
    assert_refused(request, RPL_UNAVAILABLE); /* another root */
    char url[64];
    snprintf(url, sizeof(url), "https://localhost:%d/echo", peer.tls_port);
    request.url = url;
    request.ca_file = peer.ca;
    assert_refused(request, RPL_UNAVAILABLE); /* another name */
}

static void an_exchange_can_be_given_up(void **state)
{
    (void)state;
    const atomic_bool cancel = true;
    rpl_http_request silent = get("/silent");
    silent.cancel = &cancel;
    assert_refused(silent, RPL_UNAVAILABLE);
}

static void a_certificate_for_another_name_is_refused(void **state)
{
    (void)state;
    char url[64];
    snprintf(url, sizeof(url), "https://localhost:%d/echo", peer.tls_port);
    rpl_http_request request = get("/");
    request.url = url;
    request.ca_file = peer.ca;
    assert_refused(request, RPL_UNAVAILABLE);
}

static void only_http_is_spoken(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "file:///etc/passwd",    "ftp://127.0.0.1/", "127.0.0.1/echo", "gopher://127.0.0.1/", "",
        "http://user@127.0.0.1/"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        rpl_http_request request = get("/");
        request.url = urls[i];
        assert_refused(request, RPL_MALFORMED);
    }
}

static void an_exchange_without_deadline_is_refused(void **state)
{
    (void)state;
    rpl_http_request request = get("/echo");
    request.timeout_ms = 0;
    assert_refused(request, RPL_INTERNAL);
}

static void a_content_type_cannot_carry_a_header(void **state)
{
    (void)state;
    rpl_http_request request = get("/echo");
    request.body = rpl_bytes_of("", 0);
    request.content_type = "text/plain\r\nX-Injected: 1";
    assert_refused(request, RPL_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_has_no_body),
        cmocka_unit_test(a_post_names_its_length_and_expects_nothing),
        cmocka_unit_test(an_empty_post_is_a_post),
        cmocka_unit_test(an_empty_answer_has_a_terminated_body),
        cmocka_unit_test(a_refusal_is_an_answer),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(the_body_may_have_its_limit_and_not_one_byte_more),
        cmocka_unit_test(what_does_not_end_is_stopped),
        cmocka_unit_test(what_breaks_off_is_unavailable),
        cmocka_unit_test(only_headers_of_the_final_answer_count),
        cmocka_unit_test(a_header_that_is_there_twice_has_no_value),
        cmocka_unit_test(unix_sockets_are_spoken_to),
        cmocka_unit_test(tls_needs_the_given_root),
        cmocka_unit_test(the_clock_of_the_process_judges_certificates),
        cmocka_unit_test(dates_alone_are_left_to_the_caller),
        cmocka_unit_test(an_exchange_can_be_given_up),
        cmocka_unit_test(a_certificate_for_another_name_is_refused),
        cmocka_unit_test(only_http_is_spoken),
        cmocka_unit_test(an_exchange_without_deadline_is_refused),
        cmocka_unit_test(a_content_type_cannot_carry_a_header),
    };
    if (rpl_http_global_init().code != RPL_OK)
        return 1;
    return cmocka_run_group_tests(tests, start_peer, stop_peer);
}
