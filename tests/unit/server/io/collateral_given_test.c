#include "server/io/collateral_source.h"

#include "base/net/http_client.h"
#include "tests/support/collateral_script.h"

enum { NOW_S = 1790000000, TCB = 0, QE, PCKCRL, ROOTCRL };

static script_service service;
static rpl_collateral_source *source;
static const rpl_time now = {.now_s = NOW_S, .boot_ms = 1000000};
static char texts[4][160];
static rpl_collateral given;

/* A bundle with these dates, number and mark; each part may be spoiled afterwards. */
static void bundle(int64_t issued_s, unsigned number, int mark)
{
    for (int i = 0; i < 4; i++) {
        char text[96];
        snprintf(text, sizeof(text), "%s %d issued=%lld number=%u", script_names[i], mark,
                 (long long)issued_s, number);
        snprintf(texts[i], sizeof(texts[i]), i < 2 ? "{%s}" : "\x30\x50%-80s", text);
    }
    given = (rpl_collateral){.root_crl = rpl_bytes_of_text(texts[ROOTCRL]),
                             .pck_crl = rpl_bytes_of_text(texts[PCKCRL]),
                             .tcb_info = rpl_bytes_of_text(texts[TCB]),
                             .tcb_info_chain = rpl_bytes_of_text("c"),
                             .qe_identity = rpl_bytes_of_text(texts[QE]),
                             .qe_identity_chain = rpl_bytes_of_text("c")};
}

static int begin(void **state)
{
    (void)state;
    script_service_start(&service, (script_manner){"", NOW_S - SCRIPT_DAY_S, 17, 1});
    script_boot_now = now.boot_ms;
    const rpl_collateral_source_config config = {
        .urls = service.server.url, .judge = {script_check, NULL}, .boot_ms = script_boot_ms};
    return rpl_collateral_source_new(&config, &source).code != RPL_OK;
}

static int end(void **state)
{
    (void)state;
    rpl_collateral_source_free(source);
    script_service_stop(&service);
    return 0;
}

/* The marks of what a lease has, "1111"; with or without the bundle. */
static const char *marks_of_lease(bool with_bundle)
{
    static char marks[8];
    const rpl_collateral_wants wants = {.issuers = rpl_bytes_of_text("ca"),
                                        .given = with_bundle ? &given : NULL};
    rpl_collateral_lease lease = {0};
    assert_ok(rpl_collateral_source_get(source, &wants, &now, &lease));
    const rpl_collateral *c = &lease.collateral;
    const rpl_bytes parts[] = {c->tcb_info, c->qe_identity, c->pck_crl, c->root_crl};
    for (int i = 0; i < 4; i++) {
        const size_t len = strlen(script_names[i]);
        const uint8_t *at = memmem(parts[i].data, parts[i].len, script_names[i], len);
        assert_non_null(at);
        marks[i] = (char)at[len + 1];
    }
    marks[4] = 0;
    rpl_collateral_source_done(source, &lease, false);
    return marks;
}

/* Whoever calls does not choose how old the documents are that speak of him. */
static void the_source_is_asked_before_what_came_with_the_call(void **state)
{
    (void)state;
    bundle(NOW_S - 2 * SCRIPT_DAY_S, 17, 9);
    assert_string_equal(marks_of_lease(true), "1111");
    assert_int_equal(script_asked_all(&service), 4);
}

static void where_it_is_newer_it_is_used_for_all_that(void **state)
{
    (void)state;
    bundle(NOW_S - 100, 17, 9);
    assert_string_equal(marks_of_lease(true), "9999");
    assert_int_equal(script_asked_all(&service), 4);
}

static void without_any_source_it_is_used(void **state)
{
    (void)state;
    bundle(NOW_S - 2 * SCRIPT_DAY_S, 17, 9);
    script_fault(&service, "pckcrl unknown");
    assert_string_equal(marks_of_lease(true), "1191");
    bundle(NOW_S - 3 * SCRIPT_DAY_S, 17, 8);
    script_fault(&service, "all down");
    assert_string_equal(marks_of_lease(true), "1181");
}

static void it_is_for_that_call_alone(void **state)
{
    (void)state;
    bundle(NOW_S, 99, 9);
    assert_string_equal(marks_of_lease(true), "9999");
    assert_string_equal(marks_of_lease(false), "1111");
    assert_string_equal(marks_of_lease(true), "9999");
}

/* Earlier, or of a lower number: what is known is used. */
static void it_never_hides_a_newer_document(void **state)
{
    (void)state;
    assert_string_equal(marks_of_lease(false), "1111");
    bundle(NOW_S - 2 * SCRIPT_DAY_S, 17, 9);
    assert_string_equal(marks_of_lease(true), "1111");
    bundle(NOW_S, 16, 9);
    assert_string_equal(marks_of_lease(true), "1111");
    bundle(NOW_S - SCRIPT_DAY_S, 17, 9); /* as old: the known bytes stay */
    assert_string_equal(marks_of_lease(true), "1111");
    bundle(NOW_S, 17, 9);
    assert_string_equal(marks_of_lease(true), "9999");
}

static void what_does_not_verify_or_is_missing_comes_from_the_source(void **state)
{
    (void)state;
    bundle(NOW_S, 17, 9);
    memcpy(strstr(texts[QE], "issued"), "forged", 6);
    given.pck_crl = (rpl_bytes){0};
    given.root_crl = rpl_bytes_of_text("no list");
    assert_string_equal(marks_of_lease(true), "9111");
    bundle(NOW_S - 30 * SCRIPT_DAY_S, 17, 9); /* ended */
    assert_string_equal(marks_of_lease(true), "1111");
}

#define WITH_A_SERVICE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_SERVICE(the_source_is_asked_before_what_came_with_the_call),
        WITH_A_SERVICE(where_it_is_newer_it_is_used_for_all_that),
        WITH_A_SERVICE(without_any_source_it_is_used),
        WITH_A_SERVICE(it_is_for_that_call_alone),
        WITH_A_SERVICE(it_never_hides_a_newer_document),
        WITH_A_SERVICE(what_does_not_verify_or_is_missing_comes_from_the_source),
    };
    return rpl_http_global_init().code != RPL_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
