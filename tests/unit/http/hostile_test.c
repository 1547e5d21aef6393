/* What clients do that curl does not: by halves, slowly, all at once, and in other protocols. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/http/fake_node.h"

enum { CROWD = 50, CONNECTIONS_MAX = 64, PATIENCE_MS = 20000 };

static uint16_t port;
static char answer[1 << 20];
static size_t answer_len;

static int dial_with(int receive_buffer)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (receive_buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static int dial(void)
{
    return dial_with(0);
}

static void say(int fd, const char *text)
{
    const size_t len = strlen(text);
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void wait_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

/* Until the other side closes. */
static void hear_all(int fd)
{
    answer_len = 0;
    for (;;) {
        wait_readable(fd);
        const ssize_t n = recv(fd, answer + answer_len, sizeof(answer) - 1 - answer_len, 0);
        if (n <= 0)
            break;
        answer_len += (size_t)n;
    }
    answer[answer_len] = 0;
    close(fd);
}

static void exchange(const char *request)
{
    const int fd = dial();
    say(fd, request);
    hear_all(fd);
}

static void assert_answer_begins(const char *start)
{
    if (strncmp(answer, start, strlen(start)) != 0)
        print_error("got  %.300s\nwant %s\n", answer, start);
    assert_int_equal(strncmp(answer, start, strlen(start)), 0);
}

static size_t occurrences(const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(answer, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

static void wait_for(size_t (*measure)(void), size_t wanted)
{
    for (int waited = 0; measure() != wanted && waited < PATIENCE_MS; waited += 2)
        poll(NULL, 0, 2);
    assert_int_equal(measure(), wanted);
}

static void it_still_answers(void)
{
    exchange("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_answer_begins("HTTP/1.1 200 OK\r\n");
}

static void requests_in_one_packet_are_answered_in_order(void **state)
{
    (void)state;
    exchange("GET /status HTTP/1.1\r\nHost: x\r\n\r\n"
             "POST /onboard HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nquote=0aff"
             "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
             "GET /challenge HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(occurrences("HTTP/1.1 "), 4);
    assert_true(strstr(answer, "\"fake\"") < strstr(answer, "0aff"));
    assert_true(strstr(answer, "0aff") < strstr(answer, "HTTP/1.1 404"));
    assert_true(strstr(answer, "HTTP/1.1 404") < strstr(answer, "\"challenge\":\"01"));
}

static void a_request_may_come_byte_by_byte(void **state)
{
    (void)state;
    static const char request[] = "POST /onboard HTTP/1.1\r\nHost: x\r\nConnection: "
                                  "close\r\nContent-Length: 8\r\n\r\nquote=07";
    const int fd = dial();
    for (size_t i = 0; request[i]; i++) {
        const char one[] = {request[i], 0};
        say(fd, one);
    }
    hear_all(fd);
    assert_answer_begins("HTTP/1.1 200 OK\r\n");
    assert_non_null(strstr(answer, "\r\n\r\n07"));
}

static void what_the_parser_lets_through_is_refused(void **state)
{
    (void)state;
    exchange("GET /status HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_answer_begins("HTTP/1.1 400 ");
    assert_non_null(strstr(answer, "\"code\":\"malformed\""));
    exchange("GET /status HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n");
    assert_answer_begins("HTTP/1.1 400 ");
    exchange("GET /status HTTP/1.0\r\n\r\n");
    assert_answer_begins("HTTP/1.1 200 ");
}

static void nonsense_is_refused_or_closed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\r\n\r\n\r\n\r\n\r\n\r\n",
        "hello\r\n\r\n",
        "GET\r\n\r\n",
        "GET /status\r\n\r\n",
        "GET /status HTTP/3.0\r\nHost: x\r\n\r\n",
        "PRI / HTTP/1.1\r\n\r\n",
        "POST /configure HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /configure HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /configure HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST /configure HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const int fd = dial();
        say(fd, bad[i]);
        shutdown(fd, SHUT_WR);
        hear_all(fd);
        assert_null(strstr(answer, "HTTP/1.1 200"));
    }
    it_still_answers();
}

static void a_head_too_long_is_refused(void **state)
{
    (void)state;
    const int fd = dial();
    say(fd, "GET /status HTTP/1.1\r\nHost: x\r\nA: ");
    static char filler[4096];
    memset(filler, 'a', sizeof(filler) - 1);
    for (int i = 0; i < 64; i++) {
        if (send(fd, filler, sizeof(filler) - 1, MSG_NOSIGNAL) < 0)
            break;
    }
    hear_all(fd);
    assert_null(strstr(answer, "HTTP/1.1 200"));
    it_still_answers();
}

static void the_http2_preface_is_answered_with_goaway(void **state)
{
    (void)state;
    static const uint8_t want[] = {0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7,
                                   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13};
    exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_int_equal(answer_len, sizeof(want));
    assert_memory_equal(answer, want, sizeof(want));
    exchange("GET /status HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
             "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
    assert_answer_begins("HTTP/1.1 200 OK\r\n");
}

static void a_crowd_is_served(void **state)
{
    (void)state;
    int fds[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        fds[i] = dial();
        say(fds[i], "POST /onboard HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Le");
    }
    for (size_t i = 0; i < CROWD; i++) {
        char rest[64];
        snprintf(rest, sizeof(rest), "ngth: 8\r\n\r\nquote=%02x", (unsigned)i);
        say(fds[i], rest);
    }
    for (size_t i = 0; i < CROWD; i++) {
        char want[16];
        hear_all(fds[i]);
        snprintf(want, sizeof(want), "\r\n\r\n%02x", (unsigned)i);
        assert_answer_begins("HTTP/1.1 200 OK\r\n");
        assert_non_null(strstr(answer, want));
    }
}

static void above_the_cap_clients_wait_for_their_turn(void **state)
{
    (void)state;
    int fds[CONNECTIONS_MAX + 8];
    const size_t count = sizeof(fds) / sizeof(fds[0]);
    wait_for(fake_node_connections, 0);
    for (size_t i = 0; i < count; i++)
        fds[i] = dial();
    wait_for(fake_node_connections, CONNECTIONS_MAX);
    for (size_t i = 0; i < count; i++)
        say(fds[i], "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (size_t i = 0; i < count; i++) {
        hear_all(fds[i]);
        assert_answer_begins("HTTP/1.1 200 OK\r\n");
    }
    wait_for(fake_node_connections, 0);
}

static void who_says_nothing_or_half_is_closed(void **state)
{
    (void)state;
    static const char *const halves[] = {"",
                                         "P",
                                         "PRI * HTTP/2.0\r\n",
                                         "GET /status HTTP/1.1\r\nHo",
                                         "POST /configure HTTP/1.1\r\nHost: x\r\n"
                                         "Content-Length: 10\r\n\r\nA=",
                                         "POST /configure HTTP/1.1\r\nHost: x\r\n"
                                         "Transfer-Encoding: chunked\r\n\r\n5\r\nA"};
    int fds[sizeof(halves) / sizeof(halves[0])];
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
        fds[i] = dial();
        say(fds[i], halves[i]);
    }
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
        hear_all(fds[i]);
        assert_int_equal(answer_len, 0);
    }
    wait_for(fake_node_connections, 0);
}

static void who_drips_is_closed(void **state)
{
    (void)state;
    const int fd = dial();
    say(fd, "POST /configure HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n");
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int waited = 0;
    while (poll(&p, 1, 5) == 0 && waited < PATIENCE_MS) {
        if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
            break;
        waited += 5;
    }
    assert_true(waited < PATIENCE_MS);
    hear_all(fd);
    assert_int_equal(answer_len, 0);
    wait_for(fake_node_connections, 0);
}

/* Asks for far more than the kernel keeps for a reader whose window is shut. */
static void who_does_not_read_is_closed(void **state)
{
    (void)state;
    enum { HEX = 1000000, REQUESTS = 64 };
    static char request[HEX + 256];
    const int fd = dial_with(4096);
    const size_t head = (size_t)snprintf(request, sizeof(request),
                                         "POST /onboard HTTP/1.1\r\nHost: x\r\n"
                                         "Content-Length: %d\r\n\r\nquote=",
                                         HEX + 6);
    memset(request + head, 'a', HEX);
    size_t sent = 0;
    wait_for(fake_node_connections, 1);
    for (int waited = 0; fake_node_connections() == 1 && waited < PATIENCE_MS; waited += 2) {
        const size_t at = sent % (head + HEX);
        const ssize_t n = sent < REQUESTS * (head + HEX)
                              ? send(fd, request + at, head + HEX - at, MSG_NOSIGNAL | MSG_DONTWAIT)
                              : -1;
        sent += n > 0 ? (size_t)n : 0;
        poll(NULL, 0, 2);
    }
    assert_int_equal(fake_node_connections(), 0);
    assert_true(sent < REQUESTS * (head + HEX));
    close(fd);
    it_still_answers();
}

static void a_client_may_leave_before_its_answer(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        const int fd = dial();
        say(fd, "GET /custody HTTP/1.1\r\nHost: x\r\n\r\n");
        if (i % 2) {
            const struct linger reset = {.l_onoff = 1};
            wait_for(fake_node_waiting, (size_t)i + 1);
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        }
        close(fd);
    }
    const int patient = dial();
    say(patient, "GET /custody HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    wait_for(fake_node_waiting, 9);
    fake_node_open_gate();
    hear_all(patient);
    assert_answer_begins("HTTP/1.1 200 OK\r\n");
    wait_for(fake_node_connections, 0);
    it_still_answers();
}

static const rpl_listener_options impatient = {
    .host_connections_max = CONNECTIONS_MAX, .idle_ms = 300, .call_ms = 20000, .rate_min = 1 << 20};

static int start(void **state)
{
    (void)state;
    port = fake_node_start(&impatient, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fake_node_stop(0);
    return 0;
}

static void requests_on_their_way_are_finished_when_stopping(void **state)
{
    (void)state;
    const rpl_listener_options defaults = {0};
    port = fake_node_start(&defaults, NULL);
    const int busy = dial(), idle = dial();
    say(busy, "GET /custody HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(fake_node_waiting, 1);
    wait_for(fake_node_connections, 2);
    fake_node_open_gate();
    fake_node_stop(5000);
    hear_all(busy);
    assert_answer_begins("HTTP/1.1 200 OK\r\n");
    hear_all(idle);
    assert_int_equal(answer_len, 0);
}

static void what_is_held_at_once_is_bounded(void **state)
{
    (void)state;
    static char half[2 << 20];
    const rpl_listener_options small = {.buffered_max = 1 << 20, .idle_ms = 3600 * 1000};
    port = fake_node_start(&small, NULL);
    const int modest = dial(), greedy = dial();
    say(modest, "POST /onboard HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                "Content-Length: 8\r\n\r\nquote");
    say(greedy, "POST /receiveKey HTTP/1.1\r\nHost: x\r\nContent-Length: 4194304\r\n\r\n");
    memset(half, 'a', sizeof(half) - 1);
    send(greedy, half, sizeof(half) - 1, MSG_NOSIGNAL);
    hear_all(greedy);
    assert_int_equal(answer_len, 0);
    say(modest, "=07");
    hear_all(modest);
    assert_non_null(strstr(answer, "\r\n\r\n07"));
    fake_node_stop(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_in_one_packet_are_answered_in_order),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(what_the_parser_lets_through_is_refused),
        cmocka_unit_test(nonsense_is_refused_or_closed),
        cmocka_unit_test(a_head_too_long_is_refused),
        cmocka_unit_test(the_http2_preface_is_answered_with_goaway),
        cmocka_unit_test(a_crowd_is_served),
        cmocka_unit_test(above_the_cap_clients_wait_for_their_turn),
        cmocka_unit_test(who_says_nothing_or_half_is_closed),
        cmocka_unit_test(who_drips_is_closed),
        cmocka_unit_test(who_does_not_read_is_closed),
        cmocka_unit_test(a_client_may_leave_before_its_answer),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(requests_on_their_way_are_finished_when_stopping),
        cmocka_unit_test(what_is_held_at_once_is_bounded),
    };
    const int failed = cmocka_run_group_tests(tests, start, stop);
    return failed + cmocka_run_group_tests(alone, NULL, NULL);
}
