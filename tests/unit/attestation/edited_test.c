/* The generated cases over worlds in which other fields were edited at random and signed again
 * (tests/vectors/generate/edits.py). */
#include "tests/support/answers.h"

static void run_edited(const char *kind, size_t at_least)
{
    const rpl_roots roots = test_root(RPL_GENERATED "/root_ca.der");
    char folder[1024];
    size_t count = 0, wrong = 0;
    snprintf(folder, sizeof(folder), RPL_GENERATED "/edited/%s", kind);
    run_folder(folder, &roots, &count, &wrong);
    print_message("%zu cases, %zu wrong\n", count, wrong);
    assert_int_equal(wrong, 0);
    assert_true(count >= at_least);
}

static void harmless_edits_change_no_answer(void **state)
{
    (void)state;
    run_edited("harmless", 190);
}

static void no_edit_makes_a_refused_case_admitted(void **state)
{
    (void)state;
    run_edited("hostile", 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harmless_edits_change_no_answer),
        cmocka_unit_test(no_edit_makes_a_refused_case_admitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
