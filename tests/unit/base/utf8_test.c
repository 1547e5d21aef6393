#include "base/utf8.h"

#include "tests/support/check.h"

static size_t step(const char *text)
{
    const size_t len = strlen(text);
    uint8_t *copy = exact_copy(text, len);
    const size_t got = rpl_utf8_step(rpl_bytes_of(copy, len));
    free(copy);
    return got;
}

static void the_first_and_last_of_each_length_are_taken(void **state)
{
    (void)state;
    assert_int_equal(rpl_utf8_step(rpl_bytes_of("\0", 1)), 1);
    assert_int_equal(step("\x7f"), 1);
    assert_int_equal(step("\xc2\x80"), 2);
    assert_int_equal(step("\xdf\xbf"), 2);
    assert_int_equal(step("\xe0\xa0\x80"), 3);
    assert_int_equal(step("\xed\x9f\xbf"), 3);
    assert_int_equal(step("\xee\x80\x80"), 3);
    assert_int_equal(step("\xef\xbf\xbf"), 3);
    assert_int_equal(step("\xf0\x90\x80\x80"), 4);
    assert_int_equal(step("\xf4\x8f\xbf\xbf"), 4);
}

static void overlong_surrogate_too_high_and_cut_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x7f",
                                      "\xc2\xc0",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xe0\xa0",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(step(bad[i]), 0);
}

static void a_text_is_judged_to_its_end(void **state)
{
    (void)state;
    assert_true(rpl_utf8_ok(rpl_bytes_of_text("")));
    assert_true(rpl_utf8_ok(rpl_bytes_of_text("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x91z")));
    assert_false(rpl_utf8_ok(rpl_bytes_of_text("abc\xc3")));
    assert_false(rpl_utf8_ok(rpl_bytes_of_text("abc\xff"
                                               "d")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_and_last_of_each_length_are_taken),
        cmocka_unit_test(overlong_surrogate_too_high_and_cut_are_refused),
        cmocka_unit_test(a_text_is_judged_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
