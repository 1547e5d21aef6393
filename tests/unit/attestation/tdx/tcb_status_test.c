#include "attestation/tdx/tcb_status.h"
#include "tests/support/check.h"

static void every_status_has_a_name_that_leads_back(void **state)
{
    (void)state;
    for (int i = RPL_TCB_UP_TO_DATE; i < RPL_TCB_STATUS_COUNT; i++) {
        const char *name = rpl_tcb_status_name((rpl_tcb_status)i);
        assert_int_equal(rpl_tcb_status_parse(rpl_bytes_of_text(name)), i);
    }
}

static void other_names_are_no_status(void **state)
{
    (void)state;
    static const char *const names[] = {"", "Unknown", "uptodate", "UpToDate ", "UpToDat", "OK"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(rpl_tcb_status_parse(rpl_bytes_of_text(names[i])), RPL_TCB_UNKNOWN);
    assert_string_equal(rpl_tcb_status_name(RPL_TCB_STATUS_COUNT), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_that_leads_back),
        cmocka_unit_test(other_names_are_no_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
