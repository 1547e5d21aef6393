#include "server/core/http_date.h"

#include "tests/support/check.h"

/* Numbers from RFC 9110, 5.6.7 and from `date -u -d @..`. */
static const struct {
    const char *text;
    int64_t unix_s;
} dates[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},  {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"Tue, 29 Feb 2000 12:00:00 GMT", 951825600},  {"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
    {"Thu, 31 Dec 2099 23:59:59 GMT", 4102444799}, {"Mon, 01 Mar 2100 00:00:00 GMT", 4107542400},
};

static void known_dates_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(dates) / sizeof(*dates); i++) {
        int64_t unix_s = -1;
        assert_ok(rpl_http_date_parse(rpl_bytes_of_text(dates[i].text), &unix_s));
        assert_int_equal(unix_s, dates[i].unix_s);
    }
}

static const char *const refused[] = {
    "",
    "Sunday, 06-Nov-94 08:49:37 GMT", /* the obsolete forms */
    "Sun Nov  6 08:49:37 1994",
    "Mon, 06 Nov 1994 08:49:37 GMT", /* it was a Sunday */
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:60 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Thu, 31 Nov 1994 08:49:37 GMT",
    "Mon, 29 Feb 2100 00:00:00 GMT",
    "Wed, 31 Dec 1969 23:59:59 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    "Sun, 06 Nov 1994 08:49:-7 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    "1994-11-06T08:49:37Z",
    "784111777",
};

static void other_forms_and_moments_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        int64_t unix_s = -1;
        const rpl_status s = rpl_http_date_parse(rpl_bytes_of_text(refused[i]), &unix_s);
        if (s.code != RPL_MALFORMED)
            fail_msg("taken: %s", refused[i]);
        assert_int_equal(unix_s, -1);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    int64_t unix_s;
    for (size_t len = 0; len < RPL_HTTP_DATE_LEN; len++) {
        uint8_t *part = exact_copy(dates[0].text, len);
        assert_code(rpl_http_date_parse(rpl_bytes_of(part, len), &unix_s), RPL_MALFORMED);
        free(part);
    }
}

static void a_flipped_bit_is_refused_or_gives_another_time(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < (size_t)8 * RPL_HTTP_DATE_LEN; bit++) {
        int64_t unix_s = -1;
        uint8_t *text = exact_copy(dates[0].text, RPL_HTTP_DATE_LEN);
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (rpl_http_date_parse(rpl_bytes_of(text, RPL_HTTP_DATE_LEN), &unix_s).code == RPL_OK) {
            assert_true(bit / 8 >= 5);
            assert_int_not_equal(unix_s, dates[0].unix_s);
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_dates_are_read),
        cmocka_unit_test(other_forms_and_moments_that_do_not_exist_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_or_gives_another_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
