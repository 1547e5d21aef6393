#include "attestation/tdx/calendar.h"

#include <time.h>

#include "tests/support/check.h"

/* Against the C library, day by day over four hundred years and then some. */
static void every_day_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = -365 * 80; day < 146097 + 365 * 40; day++) {
        const time_t t = (time_t)(day * 86400 + day % 86400 * day % 86400);
        struct tm tm;
        char want[RPL_TIME_TEXT_SIZE], got[RPL_TIME_TEXT_SIZE];
        int64_t back = 0;
        assert_non_null(gmtime_r(&t, &tm));
        strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
        rpl_time_text(t, got);
        assert_string_equal(got, want);
        const rpl_calendar_time c = {(uint32_t)tm.tm_year + 1900, (uint32_t)tm.tm_mon + 1,
                                     (uint32_t)tm.tm_mday,        (uint32_t)tm.tm_hour,
                                     (uint32_t)tm.tm_min,         (uint32_t)tm.tm_sec};
        assert_true(rpl_calendar_to_unix(&c, &back));
        assert_int_equal(back, t);
    }
}

static void moments_that_never_were_are_refused(void **state)
{
    (void)state;
    static const rpl_calendar_time never[] = {
        {0, 1, 1, 0, 0, 0},     {10000, 1, 1, 0, 0, 0},     {2025, 0, 1, 0, 0, 0},
        {2025, 13, 1, 0, 0, 0}, {2025, 1, 0, 0, 0, 0},      {2025, 4, 31, 0, 0, 0},
        {2025, 2, 29, 0, 0, 0}, {2100, 2, 29, 0, 0, 0},     {2025, 1, 1, 24, 0, 0},
        {2025, 1, 1, 0, 60, 0}, {2016, 12, 31, 23, 59, 60},
    };
    int64_t out = 7;
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        assert_false(rpl_calendar_to_unix(&never[i], &out));
    assert_int_equal(out, 7);
}

static void the_calendar_begins_and_ends(void **state)
{
    (void)state;
    int64_t out = 7;
    assert_true(rpl_calendar_to_unix(&(rpl_calendar_time){1, 1, 1, 0, 0, 0}, &out));
    assert_true(out == -62135596800);
    assert_true(rpl_calendar_to_unix(&(rpl_calendar_time){9999, 12, 31, 23, 59, 59}, &out));
    assert_true(out == 253402300799);
}

static void beyond_the_calendar_there_is_a_word_for_it(void **state)
{
    (void)state;
    char text[RPL_TIME_TEXT_SIZE];
    rpl_time_text(253402300799, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    rpl_time_text(-62135596800, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
    rpl_time_text(253402300800, text);
    assert_string_equal(text, "out of range");
    rpl_time_text(INT64_MIN, text);
    assert_string_equal(text, "out of range");
    rpl_time_text(INT64_MAX, text);
    assert_string_equal(text, "out of range");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_agrees_with_the_c_library),
        cmocka_unit_test(moments_that_never_were_are_refused),
        cmocka_unit_test(the_calendar_begins_and_ends),
        cmocka_unit_test(beyond_the_calendar_there_is_a_word_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
