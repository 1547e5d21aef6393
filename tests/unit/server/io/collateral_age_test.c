/* How old may the documents be that a quote is judged by. */
#include "server/io/collateral_source.h"

#include "base/net/http_client.h"
#include "server/io/collateral_table.h"
#include "tests/support/collateral_script.h"

enum { NOW_S = 1790000000, BOOT_MS = 1000000, TCB = 0, SLOW_MS = 10000 };

static script_service service;
static rpl_collateral_source *source;
static rpl_time now;
static rpl_collateral_wants wants;
static int64_t slowness_ms; /* of each exchange */

static int64_t boot_after_an_exchange(void)
{
    return script_boot_now + slowness_ms;
}

static int begin(void **state)
{
    (void)state;
    script_service_start(&service, (script_manner){"", NOW_S - SCRIPT_DAY_S, 17, 1});
    now = (rpl_time){.now_s = NOW_S, .boot_ms = BOOT_MS};
    script_boot_now = BOOT_MS;
    slowness_ms = 0;
    wants = (rpl_collateral_wants){.fmspc = {7}, .issuers = rpl_bytes_of_text("ca")};
    const rpl_collateral_source_config config = {.urls = service.server.url,
                                                 .judge = {script_check, NULL},
                                                 .boot_ms = boot_after_an_exchange};
    return rpl_collateral_source_new(&config, &source).code != RPL_OK;
}

static int end(void **state)
{
    (void)state;
    rpl_collateral_source_free(source);
    script_service_stop(&service);
    return 0;
}

static void later(int64_t ms)
{
    now.boot_ms += ms;
    script_boot_now = now.boot_ms;
}

/* The mark of the TCB info of a lease that ends as the verdict says. */
static char judged(bool verified, rpl_evaluation_floor *seen)
{
    rpl_collateral_lease lease = {0};
    assert_ok(rpl_collateral_source_get(source, &wants, &now, &lease));
    const rpl_bytes tcb = lease.collateral.tcb_info;
    const uint8_t *mark = memmem(tcb.data, tcb.len, "tcb ", 4);
    assert_non_null(mark);
    const char c = (char)mark[4];
    if (seen)
        *seen = *lease.collateral.seen;
    assert_null(lease.early.seen);
    rpl_collateral_source_done(source, &lease, verified);
    return c;
}

static void what_nobody_confirmed_for_long_is_asked_for_first(void **state)
{
    (void)state;
    assert_int_equal(judged(false, NULL), '1');
    script_set(&service, (script_manner){"", NOW_S, 18, 2});
    later(RPL_CACHE_STALE_MS);
    assert_int_equal(judged(false, NULL), '2');
}

static void and_used_when_no_source_answers(void **state)
{
    (void)state;
    assert_int_equal(judged(false, NULL), '1');
    script_fault(&service, "all down");
    later(RPL_CACHE_STALE_MS);
    assert_int_equal(judged(false, NULL), '1');
    assert_int_equal(judged(false, NULL), '1');
    assert_int_equal(script_asked(&service, TCB), 2);
}

/* Whoever waited for a source that does not answer, or came meanwhile, does not ask it again. */
static void a_failure_counts_from_its_end(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        int64_t until_ms; /* from the beginning of the exchange */
    } rows[] = {
        {"tcb unknown", SLOW_MS + RPL_CACHE_RETRY_FIRST_MS},
        {"all cut", SLOW_MS + 5000}, /* the rest of a source that does not answer */
    };
    for (uint8_t i = 0; i < 2; i++) {
        rpl_collateral_lease lease;
        wants.fmspc[5] = i;
        script_fault(&service, rows[i].fault);
        slowness_ms = SLOW_MS;
        assert_code(rpl_collateral_source_get(source, &wants, &now, &lease), RPL_UNAVAILABLE);
        slowness_ms = 0;
        later(rows[i].until_ms - 1);
        assert_code(rpl_collateral_source_get(source, &wants, &now, &lease), RPL_UNAVAILABLE);
        assert_int_equal(script_asked(&service, TCB), 2 * i + 1);
        later(1);
        script_fault(&service, "");
        assert_int_equal(judged(false, NULL), '1');
        assert_int_equal(script_asked(&service, TCB), 2 * i + 2);
    }
}

/* Other platforms take every place, so that nothing is left but what was learned. */
static void forget(void)
{
    const rpl_collateral_wants mine = wants;
    for (uint8_t i = 0; i < RPL_COLLATERAL_ENTRIES_MAX; i++) {
        later(1);
        wants.fmspc[1] = (uint8_t)(i + 1);
        (void)judged(false, NULL);
    }
    wants = mine;
    later(1);
}

static void what_admitted_a_quote_is_what_others_are_measured_by(void **state)
{
    (void)state;
    rpl_evaluation_floor seen;
    assert_int_equal(judged(true, &seen), '1');
    assert_int_equal(seen.tcb_evaluation, 0); /* nothing was known before */
    forget();
    script_set(&service, (script_manner){"", NOW_S - 2 * SCRIPT_DAY_S, 16, 2});
    assert_int_equal(judged(true, &seen), '2');
    assert_int_equal(seen.tcb_evaluation, 17);
    assert_int_equal(seen.tcb_issued, NOW_S - SCRIPT_DAY_S);
    assert_int_equal(seen.qe_evaluation, 17);
    assert_int_equal(seen.qe_issued, NOW_S - SCRIPT_DAY_S);
    (void)judged(false, &seen); /* which has lowered nothing */
    assert_int_equal(seen.tcb_evaluation, 17);
    wants.fmspc[0]++;
    (void)judged(false, &seen); /* another platform */
    assert_int_equal(seen.tcb_evaluation, 0);
}

static void what_admitted_nothing_teaches_nothing(void **state)
{
    (void)state;
    rpl_evaluation_floor seen;
    (void)judged(false, NULL);
    (void)judged(false, &seen);
    assert_int_equal(seen.tcb_evaluation, 0);
    assert_int_equal(seen.qe_evaluation, 0);
}

static void nor_what_came_with_a_call_nor_the_early_view(void **state)
{
    (void)state;
    rpl_evaluation_floor seen;
    char text[96];
    snprintf(text, sizeof(text), "{tcb 9 issued=%lld number=99}", (long long)NOW_S);
    const rpl_collateral given = {.tcb_info = rpl_bytes_of_text(text),
                                  .tcb_info_chain = rpl_bytes_of_text("c")};
    wants.given = &given;
    assert_int_equal(judged(true, NULL), '9');
    wants.given = NULL;
    (void)judged(false, &seen);
    assert_int_equal(seen.tcb_evaluation, 0);
    wants.want_early = true;
    script_set(&service, (script_manner){"tcb unknown", NOW_S, 18, 3});
    (void)judged(true, NULL);
    (void)judged(false, &seen);
    assert_int_equal(seen.tcb_evaluation, 17);
}

static void without_an_early_identity_the_other_one_stands_in(void **state)
{
    (void)state;
    static const char *const faults[] = {"nextqe unknown", "nextqe bad"};
    wants.want_early = true;
    for (size_t i = 0; i < 2; i++) {
        rpl_collateral_lease lease = {0};
        script_fault(&service, faults[i]);
        later(RPL_CACHE_STALE_MS);
        assert_ok(rpl_collateral_source_get(source, &wants, &now, &lease));
        assert_true(lease.early.tcb_info.len > 0);
        assert_ptr_equal(lease.early.qe_identity.data, lease.collateral.qe_identity.data);
        rpl_collateral_source_done(source, &lease, false);
    }
}

static rpl_collateral_stamp stamp(int64_t issued_s, uint64_t number)
{
    return (rpl_collateral_stamp){.issued_s = issued_s, .number = number};
}

/* A number first, then a date; one gives way to another platform only when there is no place. */
static void floors_only_rise_and_are_bounded(void **state)
{
    (void)state;
    rpl_collateral_table *table = calloc(1, sizeof(*table));
    uint8_t fmspc[6] = {0};
    assert_non_null(table);
    const rpl_collateral_stamp old = stamp(90, 17), known = stamp(100, 17), next = stamp(80, 18);
    rpl_collateral_table_raise(table, fmspc, &known, &known, 1);
    rpl_collateral_table_raise(table, fmspc, &old, &next, 2);
    rpl_evaluation_floor floor = rpl_collateral_table_floor(table, fmspc);
    assert_int_equal(floor.tcb_evaluation, 17);
    assert_int_equal(floor.tcb_issued, 100);
    assert_int_equal(floor.qe_evaluation, 18);
    assert_int_equal(floor.qe_issued, 80);
    for (int i = 1; i < RPL_COLLATERAL_FLOORS_MAX + 1; i++) {
        fmspc[0] = (uint8_t)i;
        rpl_collateral_table_raise(table, fmspc, &known, &known, 10 + i);
    }
    assert_int_equal(table->n_floors, RPL_COLLATERAL_FLOORS_MAX);
    assert_int_equal(rpl_collateral_table_floor(table, fmspc).tcb_evaluation, 17);
    fmspc[0] = 0; /* whose use was longest ago */
    assert_int_equal(rpl_collateral_table_floor(table, fmspc).tcb_evaluation, 0);
    fmspc[0] = 1;
    assert_int_equal(rpl_collateral_table_floor(table, fmspc).tcb_evaluation, 17);
    free(table);
}

#define WITH_A_SERVICE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_SERVICE(what_nobody_confirmed_for_long_is_asked_for_first),
        WITH_A_SERVICE(and_used_when_no_source_answers),
        WITH_A_SERVICE(a_failure_counts_from_its_end),
        WITH_A_SERVICE(what_admitted_a_quote_is_what_others_are_measured_by),
        WITH_A_SERVICE(what_admitted_nothing_teaches_nothing),
        WITH_A_SERVICE(nor_what_came_with_a_call_nor_the_early_view),
        WITH_A_SERVICE(without_an_early_identity_the_other_one_stands_in),
        cmocka_unit_test(floors_only_rise_and_are_bounded),
    };
    return rpl_http_global_init().code != RPL_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
