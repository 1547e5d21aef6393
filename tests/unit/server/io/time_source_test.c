#include "server/io/time_source.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/net/http_client.h"
#include "tests/support/check.h"

/* The addresses of tests/support/time_peer.py. */
enum { ONE, TWO, THREE, EXPIRED, OF_THE_FUTURE, FOREIGN, PEERS };
enum { SHORT_MS = 200, YEAR_S = 365 * 86400 };

static struct {
    char folder[64], ca[128], asked[128];
    int ports[PEERS];
    int stdin_of_peer;
    pid_t pid;
} peer;

static int start_peer(void **state)
{
    (void)state;
    int in[2], out[2];
    char line[128] = "";
    snprintf(peer.folder, sizeof(peer.folder), "/tmp/time-peer.XXXXXX");
    if (!mkdtemp(peer.folder) || pipe(in) != 0 || pipe(out) != 0)
        return -1;
    peer.pid = fork();
    if (peer.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execl("/usr/bin/python3", "python3", RPL_SOURCE_DIR "/tests/support/time_peer.py",
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
    snprintf(peer.asked, sizeof(peer.asked), "%s/asked", peer.folder);
    int *p = peer.ports;
    return told && sscanf(line, "%d %d %d %d %d %d", p, p + 1, p + 2, p + 3, p + 4, p + 5) == PEERS
               ? 0
               : -1;
}

static int stop_peer(void **state)
{
    (void)state;
    int status;
    close(peer.stdin_of_peer);
    return waitpid(peer.pid, &status, 0) == peer.pid && status == 0 ? 0 : -1;
}

/* A source over up to three origins, and its clock. It does not move once it is made. */
typedef struct {
    rpl_clock clock;
    char urls[3][128];
    const char *list[3];
    size_t count;
    rpl_time_source *source;
    rpl_time_report report;
} scene;

static void add(scene *s, int which, const char *kind, int64_t argument)
{
    snprintf(s->urls[s->count], sizeof(s->urls[0]), "https://127.0.0.%d:%d/%s/%ld", 11 + which,
             peer.ports[which], kind, (long)argument);
    s->list[s->count] = s->urls[s->count];
    s->count++;
}

static int64_t begin(scene *s)
{
    memset(s, 0, sizeof(*s));
    rpl_clock_init(&s->clock, RPL_TIME_MAX_AGE_MS, NULL);
    (void)unlink(peer.asked);
    return rpl_clock_read(&s->clock).floor_s + YEAR_S;
}

static void open_source(scene *s, int64_t round_trip_ms)
{
    rpl_time_source_config config = {
        .urls = s->list, .n_urls = s->count, .ca_file = peer.ca, .pace = RPL_TIME_PACE_DEFAULT};
    if (round_trip_ms)
        config.pace.round_trip_max_ms = round_trip_ms;
    assert_ok(rpl_time_source_new(&config, &s->clock, &s->source));
}

static rpl_code round_of(scene *s, int64_t round_trip_ms)
{
    open_source(s, round_trip_ms);
    const rpl_code code = rpl_time_source_round(s->source).code;
    rpl_time_source_report(s->source, &s->report);
    rpl_time_source_free(s->source);
    return code;
}

static void assert_now(scene *s, int64_t want_s)
{
    const rpl_time now = rpl_clock_read(&s->clock);
    assert_true(now.trusted);
    if (now.now_s < want_s || now.now_s > want_s + 20)
        fail_msg("%ld s from what was wanted", (long)(now.now_s - want_s));
}

static void two_honest_origins_set_the_clock_wherever_the_wall_clock_is(void **state)
{
    (void)state;
    scene s;
    const int64_t t = begin(&s) + 20 * (int64_t)YEAR_S; /* the wall clock says another year */
    add(&s, ONE, "at", t);
    add(&s, TWO, "at", t + 5);
    assert_int_equal(round_of(&s, 0), RPL_OK);
    assert_now(&s, t + 5);
    assert_int_equal(s.report.count, 2);
    assert_int_equal(s.report.agreeing, 2);
    assert_string_equal(s.report.problem, "");
    assert_string_equal(s.report.origins[0].host, "127.0.0.11");
    assert_string_equal(s.report.origins[1].host, "127.0.0.12");
    assert_string_equal(s.report.origins[1].result, "agrees");
    assert_int_equal(s.report.origins[1].date_s, t + 5);
    assert_true(s.report.origins[1].asked_ms > 0);
    assert_true(rpl_clock_read(&s.clock).floor_s < t);
}

static void refusals_and_cached_answers_tell_the_time_too(void **state)
{
    (void)state;
    scene s;
    const int64_t t = begin(&s);
    add(&s, ONE, "refused", t);
    add(&s, TWO, "aged", t);
    assert_int_equal(round_of(&s, 0), RPL_OK);
    assert_now(&s, t);
}

/* One origin is honest, the other is not: what is said of it, and no time. */
static const struct {
    const char *kind;
    int which;
    int64_t from_t; /* what it says, seconds from the honest time */
    const char *result;
} liars[] = {
    {"at", TWO, -600, "not agreed with"},
    {"at", TWO, 600, "not agreed with"},
    {"at", TWO, -2 * (int64_t)YEAR_S, "before what is known"},
    {"none", TWO, 0, "no Date"},
    {"two", TWO, 0, "more than one Date"},
    {"garbage", TWO, 0, "date: expected the form"},
    {"obsolete", TWO, 0, "date: expected the form"},
    {"number", TWO, 0, "date: expected the form"},
    {"agedbadly", TWO, 0, "expected an Age"},
    {"agedtwice", TWO, 0, "expected an Age"},
    {"redirect", TWO, 0, "a redirect"},
    {"long", TWO, 0, "longer than allowed"},
    {"at", EXPIRED, 0, "certificates are not valid"},
    {"at", OF_THE_FUTURE, 0, "certificates are not valid"},
    {"at", FOREIGN, 0, "does not verify"},
};

static void one_honest_origin_alone_is_not_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(liars) / sizeof(*liars); i++) {
        scene s;
        const int64_t t = begin(&s);
        add(&s, ONE, "at", t);
        add(&s, liars[i].which, liars[i].kind, t + liars[i].from_t);
        assert_int_equal(round_of(&s, 0), RPL_UNAVAILABLE);
        assert_false(rpl_clock_read(&s.clock).trusted);
        assert_string_equal(s.report.origins[0].result, "not agreed with");
        if (!strstr(s.report.origins[1].result, liars[i].result))
            fail_msg("%s: %s", liars[i].kind, s.report.origins[1].result);
        assert_true(s.report.problem[0]);
        assert_int_equal(s.report.agreeing, 0);
    }
}

static void one_liar_among_three_is_outvoted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(liars) / sizeof(*liars); i++) {
        scene s;
        const int64_t t = begin(&s);
        add(&s, ONE, "at", t);
        add(&s, liars[i].which, liars[i].kind, t + liars[i].from_t);
        add(&s, THREE, "at", t + 3);
        assert_int_equal(round_of(&s, 0), RPL_OK);
        assert_now(&s, t + 3);
        assert_string_equal(s.report.origins[0].result, "agrees");
        assert_string_not_equal(s.report.origins[1].result, "agrees");
    }
}

static void certificates_are_judged_at_the_time_their_origin_claims(void **state)
{
    (void)state;
    scene s;
    begin(&s);
    const int64_t in_2082 = 3534000000;
    add(&s, OF_THE_FUTURE, "at", in_2082);
    add(&s, ONE, "at", in_2082);
    assert_int_equal(round_of(&s, 0), RPL_OK);
    assert_now(&s, in_2082);
}

static bool was_asked(const char *part)
{
    char line[256];
    bool found = false;
    FILE *f = fopen(peer.asked, "r");
    while (f && !found && fgets(line, sizeof(line), f))
        found = strstr(line, part) != NULL;
    if (f)
        fclose(f);
    return found;
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    scene s;
    const int64_t t = begin(&s);
    add(&s, ONE, "redirect", t);
    add(&s, TWO, "refused", t);
    assert_int_equal(round_of(&s, 0), RPL_UNAVAILABLE);
    assert_true(was_asked("/redirect/"));
    assert_false(was_asked("/at/"));
}

static void silent_and_slow_origins_do_not_count(void **state)
{
    (void)state;
    static const char *const kinds[] = {"silent", "slow"};
    for (size_t i = 0; i < 2; i++) {
        scene s;
        const int64_t t = begin(&s);
        add(&s, ONE, "refused", t);
        add(&s, TWO, kinds[i], t);
        assert_int_equal(round_of(&s, SHORT_MS), RPL_UNAVAILABLE);
        assert_non_null(strstr(s.report.origins[1].result, "deadline"));
        assert_true(was_asked(kinds[i]));
    }
}

static void nobody_listening_is_no_time(void **state)
{
    (void)state;
    scene s;
    begin(&s);
    s.list[0] = "https://127.0.0.11:1/";
    s.list[1] = "https://127.0.0.12:1/";
    s.count = 2;
    assert_int_equal(round_of(&s, 0), RPL_UNAVAILABLE);
    assert_non_null(strstr(s.report.origins[0].result, "nothing accepts"));
}

static void a_failed_round_leaves_the_time_as_it_is(void **state)
{
    (void)state;
    scene s;
    const int64_t t = begin(&s);
    add(&s, ONE, "at", t);
    add(&s, TWO, "at", t);
    assert_int_equal(round_of(&s, 0), RPL_OK);
    s.count = 0;
    add(&s, ONE, "none", 0);
    add(&s, TWO, "at", t + 500);
    assert_int_equal(round_of(&s, 0), RPL_UNAVAILABLE);
    assert_now(&s, t);
}

/* Bounded by the test's own time-out alone. */
static void until(scene *s, bool trusted)
{
    while (rpl_clock_read(&s->clock).trusted != trusted)
        usleep(1000);
}

static void the_thread_asks_by_itself_and_ends_while_an_origin_is_silent(void **state)
{
    (void)state;
    scene s;
    const int64_t t = begin(&s);
    add(&s, ONE, "at", t);
    add(&s, TWO, "at", t);
    add(&s, THREE, "silent", 0);
    open_source(&s, 0);
    assert_ok(rpl_time_source_start(s.source));
    until(&s, true);
    rpl_time_source_free(s.source);
    assert_now(&s, t);
}

static void the_thread_asks_again_after_a_failure(void **state)
{
    (void)state;
    scene s;
    const int64_t t = begin(&s);
    add(&s, ONE, "at", t);
    add(&s, TWO, "at", t);
    rpl_time_source_config config = {.urls = s.list,
                                     .n_urls = 2,
                                     .ca_file = peer.asked, /* not there yet */
                                     .pace = RPL_TIME_PACE_DEFAULT};
    config.pace.retry_first_ms = config.pace.retry_max_ms = 10;
    assert_ok(rpl_time_source_new(&config, &s.clock, &s.source));
    assert_ok(rpl_time_source_start(s.source));
    do {
        rpl_time_source_report(s.source, &s.report);
    } while (s.report.origins[1].asked_ms == 0);
    assert_false(rpl_clock_read(&s.clock).trusted);
    assert_int_equal(symlink(peer.ca, peer.asked), 0);
    until(&s, true);
    rpl_time_source_free(s.source);
    assert_int_equal(unlink(peer.asked), 0);
}

static void addresses_are_https_and_bounded(void **state)
{
    (void)state;
    scene s;
    rpl_time_source *source = NULL;
    const char *many[RPL_TIME_ORIGINS_MAX + 1];
    begin(&s);
    many[0] = "http://127.0.0.11/";
    rpl_time_source_config config = {.urls = many, .n_urls = 1, .pace = RPL_TIME_PACE_DEFAULT};
    assert_code(rpl_time_source_new(&config, &s.clock, &source), RPL_MALFORMED);
    for (size_t i = 0; i <= RPL_TIME_ORIGINS_MAX; i++)
        many[i] = "https://127.0.0.11/";
    config.n_urls = RPL_TIME_ORIGINS_MAX + 1;
    assert_code(rpl_time_source_new(&config, &s.clock, &source), RPL_MALFORMED);
    assert_null(source);
    rpl_time_source_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_honest_origins_set_the_clock_wherever_the_wall_clock_is),
        cmocka_unit_test(refusals_and_cached_answers_tell_the_time_too),
        cmocka_unit_test(one_honest_origin_alone_is_not_enough),
        cmocka_unit_test(one_liar_among_three_is_outvoted),
        cmocka_unit_test(certificates_are_judged_at_the_time_their_origin_claims),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(silent_and_slow_origins_do_not_count),
        cmocka_unit_test(nobody_listening_is_no_time),
        cmocka_unit_test(a_failed_round_leaves_the_time_as_it_is),
        cmocka_unit_test(the_thread_asks_by_itself_and_ends_while_an_origin_is_silent),
        cmocka_unit_test(the_thread_asks_again_after_a_failure),
        cmocka_unit_test(addresses_are_https_and_bounded),
    };
    if (rpl_http_global_init().code != RPL_OK)
        return 1;
    rpl_log_set_level(RPL_LOG_ERROR);
    return cmocka_run_group_tests(tests, start_peer, stop_peer);
}
