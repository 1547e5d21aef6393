/* Every event log in tests/vectors/dstack against the quote that stands beside it. */
#include <dirent.h>

#include "attestation/tdx/event_log.h"
#include "base/hash.h"
#include "base/json.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

/* Offsets in a version 4 quote. */
enum { RTMR_AT = 376, FOLDERS = 12, LOGS = 15 };

typedef struct {
    int folders, logs, replays[4];
} tally;

static bool exists(const char *folder, const char *file)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/dstack/%s/%s", RPL_VECTORS, folder, file);
    FILE *f = fopen(path, "rb");
    if (f)
        fclose(f);
    return f != NULL;
}

static uint8_t *read_beside(const char *folder, const char *file, size_t *len)
{
    char name[512];
    snprintf(name, sizeof(name), "dstack/%s/%s", folder, file);
    return read_vector(name, len);
}

/* The register as the events give it and as the quote has it. Only the events of ACPI tables are
 * left of RTMR0 in one log; it must then not replay. */
static void compare_register(const char *folder, const rpl_event_log *log, const uint8_t *quote,
                             uint8_t imr, tally *t)
{
    uint8_t mr[48];
    size_t count = 0;

    for (size_t i = 0; i < log->count; i++)
        count += log->events[i].imr == imr;
    if (imr != 3 && count == 0)
        return;
    rpl_event_log_replay(log, imr, mr);
    const bool same = memcmp(mr, quote + RTMR_AT + 48 * imr, 48) == 0;
    if (same == (count == 3 && imr == 0))
        fail_msg("%s: RTMR%d of %zu events %s", folder, imr, count, same ? "replays" : "differs");
    t->replays[imr] += same;
}

static void check_log(const char *folder, rpl_bytes text, tally *t)
{
    rpl_event_log log;
    rpl_os_statement os;
    size_t len;
    uint8_t *quote = read_beside(folder, "quote.bin", &len);

    assert_true(len > RTMR_AT + 4 * 48);
    assert_ok(rpl_event_log_parse(text, &log));
    for (uint8_t imr = 0; imr < 4; imr++)
        compare_register(folder, &log, quote, imr, t);
    assert_ok(rpl_event_log_os_statement(&log, &os));
    assert_int_equal(os.has_compose_hash, strcmp(folder, "v03pre-cert-a") != 0);
    assert_int_equal(os.has_system_ready, os.has_compose_hash);
    t->logs++;
    rpl_event_log_free(&log);
    free(quote);
}

static void check_file(const char *folder, const char *file, tally *t)
{
    size_t len;
    if (!exists(folder, file))
        return;
    uint8_t *text = read_beside(folder, file, &len);
    check_log(folder, rpl_bytes_of(text, len), t);
    free(text);
}

/* The agent's answer as it was captured: the log is a text inside. */
static void check_answer(const char *folder, const char *file, tally *t)
{
    RPL_AUTO(json) json_t *json = NULL;
    rpl_bytes log;
    size_t len;

    if (!exists(folder, file))
        return;
    uint8_t *text = read_beside(folder, file, &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(text, len), 1 << 20, &json));
    assert_true(rpl_json_get_text(json, "event_log", &log));
    check_log(folder, log, t);
    free(text);
}

static void check_folder(const char *folder, tally *t)
{
    static const char *const answers[] = {"getquote.json", "tdx-lite-getquote.json",
                                          "quote-report.json", "report.json"};
    if (!exists(folder, "event_log.json"))
        return;
    t->folders++;
    check_file(folder, "event_log.json", t);
    check_file(folder, "eventlog.json", t);
    check_file(folder, "event_log.raw", t);
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
        check_answer(folder, answers[i], t);
}

static void every_real_log_replays_to_its_quote(void **state)
{
    (void)state;
    tally t = {0};
    DIR *dir = opendir(RPL_VECTORS "/dstack");
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (e->d_name[0] != '.')
            check_folder(e->d_name, &t);
    }
    closedir(dir);
    print_message("%d folders, %d logs; replays %d %d %d %d\n", t.folders, t.logs, t.replays[0],
                  t.replays[1], t.replays[2], t.replays[3]);
    assert_true(t.folders >= FOLDERS);
    assert_true(t.logs >= LOGS);
    assert_int_equal(t.replays[3], t.logs);
    assert_true(t.replays[0] >= 10 && t.replays[1] >= 10 && t.replays[2] >= 10);
}

static void a_certificate_extension_that_is_no_log_is_refused(void **state)
{
    (void)state;
    size_t len;
    rpl_event_log log;
    uint8_t *text = read_vector("dstack/v03pre-cert-c/event_log.raw", &len);
    assert_code(rpl_event_log_parse(rpl_bytes_of(text, len), &log), RPL_MALFORMED);
    free(text);
}

static void the_compose_file_hashes_to_its_event(void **state)
{
    (void)state;
    size_t len;
    uint8_t digest[32];
    rpl_event_log log;
    rpl_os_statement os;
    uint8_t *text = read_vector("dstack/v04dev-examples-attestation/event_log.json", &len);

    assert_ok(rpl_event_log_parse(rpl_bytes_of(text, len), &log));
    free(text);
    assert_ok(rpl_event_log_os_statement(&log, &os));
    text = read_vector("dstack/v04dev-examples-attestation/app-compose.json", &len);
    rpl_sha256(rpl_bytes_of(text, len), digest);
    free(text);
    assert_memory_equal(os.compose_hash, digest, 32);
    assert_true(rpl_bytes_equal(os.app_id, rpl_bytes_of(digest, 20)));
    assert_int_equal(os.rootfs_hash.len, 32);
    rpl_event_log_free(&log);
}

/* Digests of the register are SHA-384, so no other order and no left-out event replays. */
static void a_log_without_one_event_does_not_replay(void **state)
{
    (void)state;
    size_t len;
    rpl_event_log log;
    uint8_t whole[48], mr[48];
    uint8_t *text = read_vector("dstack/v05-quote-report/event_log.json", &len);

    assert_ok(rpl_event_log_parse(rpl_bytes_of(text, len), &log));
    rpl_event_log_replay(&log, 3, whole);
    for (size_t i = 0; i < log.count; i++) {
        if (log.events[i].imr != 3)
            continue;
        log.events[i].imr = 2;
        rpl_event_log_replay(&log, 3, mr);
        assert_memory_not_equal(mr, whole, 48);
        log.events[i].imr = 3;
    }
    rpl_event_log_free(&log);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_real_log_replays_to_its_quote),
        cmocka_unit_test(a_certificate_extension_that_is_no_log_is_refused),
        cmocka_unit_test(the_compose_file_hashes_to_its_event),
        cmocka_unit_test(a_log_without_one_event_does_not_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
