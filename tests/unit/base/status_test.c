#include "tests/support/check.h"

static void every_code_has_a_row(void **state)
{
    (void)state;
    for (int c = RPL_OK; c < RPL_CODE_COUNT; c++) {
        assert_non_null(rpl_code_table((rpl_code)c)->name);
        assert_true(rpl_code_table((rpl_code)c)->http >= 200);
    }
}

static void an_unknown_code_is_internal(void **state)
{
    (void)state;
    assert_string_equal(rpl_code_table(RPL_CODE_COUNT)->name, "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_row),
        cmocka_unit_test(an_unknown_code_is_internal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
