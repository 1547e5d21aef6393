/* Every case that tests/vectors/generate has just made gets the answer that it must get. */
#include "tests/support/answers.h"

enum { CASES_AT_LEAST = 200 };

static void every_case_gets_its_answer(void **state)
{
    (void)state;
    const rpl_roots roots = test_root(RPL_GENERATED "/root_ca.der");
    size_t count = 0, wrong = 0;
    run_folder(RPL_GENERATED, &roots, &count, &wrong);
    print_message("%zu cases, %zu wrong\n", count, wrong);
    assert_int_equal(wrong, 0);
    assert_true(count >= CASES_AT_LEAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gets_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
