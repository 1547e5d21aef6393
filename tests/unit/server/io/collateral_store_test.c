#include "server/io/collateral_source.h"

#include "base/net/http_client.h"
#include "server/io/collateral_store.h"
#include "tests/support/collateral_script.h"
#include "tests/support/file.h"
#include "tests/support/folder.h"

enum { NOW_S = 1790000000 };

static script_service service;
static char store_dir[128];

static int begin(void **state)
{
    script_service_start(&service, (script_manner){"", NOW_S - SCRIPT_DAY_S, 17, 1});
    const int made = set_up(state);
    snprintf(store_dir, sizeof(store_dir), "%s/store", folder);
    return made;
}

static int end(void **state)
{
    script_service_stop(&service);
    return tear_down(state);
}

static rpl_collateral_source *start(void)
{
    const rpl_collateral_source_config config = {.urls = service.server.url,
                                                 .store_dir = store_dir,
                                                 .judge = {script_check, NULL},
                                                 .boot_ms = script_boot_ms};
    rpl_collateral_source *source = NULL;
    assert_ok(rpl_collateral_source_new(&config, &source));
    return source;
}

/* One process: start, one lease, stop. The mark of each document, "1111"; "" when there is none. */
static const char *run_once(int64_t now_s)
{
    static char marks[8];
    const rpl_collateral_wants wants = {.issuers = rpl_bytes_of_text("ca")};
    const rpl_time now = {.now_s = now_s, .boot_ms = 1000000};
    rpl_collateral_source *source = start();
    rpl_collateral_lease lease = {0};
    marks[0] = 0;
    if (rpl_collateral_source_get(source, &wants, &now, &lease).code == RPL_OK) {
        const rpl_bytes parts[] = {lease.collateral.tcb_info, lease.collateral.qe_identity,
                                   lease.collateral.pck_crl, lease.collateral.root_crl};
        for (int i = 0; i < 4; i++) {
            const uint8_t *at =
                memmem(parts[i].data, parts[i].len, script_names[i], strlen(script_names[i]));
            assert_non_null(at);
            marks[i] = (char)at[strlen(script_names[i]) + 1];
        }
        marks[4] = 0;
        rpl_collateral_source_done(source, &lease, false);
    }
    rpl_collateral_source_settle(source);
    rpl_collateral_source_free(source);
    return marks;
}

static char *stored(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/collateral/%s", store_dir, name);
    return path;
}

static void documents_survive_a_restart_without_any_source(void **state)
{
    (void)state;
    assert_string_equal(run_once(NOW_S), "1111");
    script_fault(&service, "all down");
    assert_string_equal(run_once(NOW_S), "1111");
    assert_string_equal(run_once(NOW_S + 26 * SCRIPT_DAY_S), "1111");
    assert_string_equal(run_once(NOW_S + 28 * SCRIPT_DAY_S), "");
}

/* The folder may have been put back to how it was before a revocation. */
static void they_are_used_only_when_the_sources_fail(void **state)
{
    (void)state;
    assert_string_equal(run_once(NOW_S), "1111");
    script_set(&service, (script_manner){"", NOW_S, 18, 2});
    assert_string_equal(run_once(NOW_S), "2222");
    script_fault(&service, "all down");
    assert_string_equal(run_once(NOW_S), "2222");
}

static void an_older_one_does_not_replace_them_after_a_restart(void **state)
{
    (void)state;
    assert_string_equal(run_once(NOW_S), "1111");
    script_set(&service, (script_manner){"", NOW_S - 2 * SCRIPT_DAY_S, 17, 2});
    assert_string_equal(run_once(NOW_S), "1111");
    assert_string_equal(run_once(NOW_S), "1111");
}

static void get_at(rpl_collateral_source *source, int64_t boot_ms)
{
    const rpl_collateral_wants wants = {.issuers = rpl_bytes_of_text("ca")};
    const rpl_time now = {.now_s = NOW_S, .boot_ms = boot_ms};
    rpl_collateral_lease lease = {0};
    script_boot_now = boot_ms;
    assert_ok(rpl_collateral_source_get(source, &wants, &now, &lease));
    rpl_collateral_source_done(source, &lease, false);
    rpl_collateral_source_settle(source);
}

static void what_could_not_be_stored_is_stored_later(void **state)
{
    (void)state;
    const char *folder_of_it = at(store_dir, "collateral");
    rpl_collateral_source *source = start();
    assert_int_equal(rmdir(folder_of_it), 0);
    get_at(source, 1000000);
    assert_int_not_equal(access(stored("qe.rpl"), F_OK), 0);
    assert_int_equal(mkdir(folder_of_it, 0700), 0);
    get_at(source, 1000000 + RPL_CACHE_STALE_MS);
    assert_int_equal(access(stored("qe.rpl"), F_OK), 0);
    assert_int_equal(unlink(stored("qe.rpl")), 0);
    get_at(source, 1000000 + 2 * RPL_CACHE_STALE_MS);
    assert_int_not_equal(access(stored("qe.rpl"), F_OK), 0); /* once is enough */
    rpl_collateral_source_free(source);
}

static void flip(const char *name)
{
    size_t len;
    uint8_t *text = read_file(stored(name), &len);
    text[len / 2] ^= 1;
    FILE *f = fopen(stored(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    free(text);
}

/* Damaged, foreign, misnamed, a folder, a link, one that a crash left: the sources are asked. */
static void bad_files_are_passed_over(void **state)
{
    (void)state;
    assert_string_equal(run_once(NOW_S), "1111");
    flip("tcb-000000000000.rpl");
    put(stored("qe.rpl"), "something else");
    assert_int_equal(rename(stored("rootcrl.rpl"), at(store_dir, "collateral/other.rpl")), 0);
    assert_int_equal(unlink(stored("pckcrl-platform.rpl")), 0);
    assert_int_equal(symlink("/dev/zero", stored("pckcrl-platform.rpl")), 0);
    assert_int_equal(mkdir(stored("folder.rpl"), 0700), 0);
    put(stored(".rpl-new.0123456789abcdef"), "half");
    script_set(&service, (script_manner){"", NOW_S, 18, 2});
    assert_string_equal(run_once(NOW_S), "2222");
    script_fault(&service, "all down");
    assert_string_equal(run_once(NOW_S), "2222");
}

/* A whole record whose document does not verify. */
static void what_is_read_back_is_verified_again(void **state)
{
    (void)state;
    const rpl_pcs_ask qe = {.kind = RPL_PCS_QE_IDENTITY};
    const rpl_bytes forged = rpl_bytes_of_text("{\"is\":\"qe 9 forged\"}");
    rpl_collateral_store store;
    rpl_collateral_document *d = NULL;
    assert_string_equal(run_once(NOW_S), "1111");
    assert_ok(rpl_collateral_store_init(&store, store_dir));
    assert_ok(rpl_collateral_document_new(&qe, forged, (rpl_bytes){0}, rpl_bytes_of_text("c"), &d));
    assert_true(rpl_collateral_store_save(&store, d));
    free(d);
    assert_string_equal(run_once(NOW_S), "1111");
    assert_int_equal(script_asked(&service, 1), 2);
}

static void a_store_that_cannot_be_written_stops_the_start(void **state)
{
    (void)state;
    rpl_collateral_store store;
    put(store_dir, "a file where the folder should be");
    assert_code(rpl_collateral_store_init(&store, store_dir), RPL_UNAVAILABLE);
    assert_code(rpl_collateral_store_init(&store, "/proc/none/there"), RPL_UNAVAILABLE);
    assert_ok(rpl_collateral_store_init(&store, NULL));
    char longest[8192];
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = 0;
    assert_code(rpl_collateral_store_init(&store, longest), RPL_MALFORMED);
}

#define WITH_A_STORE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_STORE(documents_survive_a_restart_without_any_source),
        WITH_A_STORE(they_are_used_only_when_the_sources_fail),
        WITH_A_STORE(what_could_not_be_stored_is_stored_later),
        WITH_A_STORE(an_older_one_does_not_replace_them_after_a_restart),
        WITH_A_STORE(bad_files_are_passed_over),
        WITH_A_STORE(what_is_read_back_is_verified_again),
        WITH_A_STORE(a_store_that_cannot_be_written_stops_the_start),
    };
    return rpl_http_global_init().code != RPL_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
