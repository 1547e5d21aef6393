#include "server/io/collateral_source.h"

#include "tests/support/check.h"

static void addresses_are_read_at_the_start(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "https://",
        ",",
        "https://a,,b",
        "https://a,",
        "https://host/path",
        "http://a,http://a,http://a,http://a,http://a,http://a,http://a,http://a,http://a"};
    static const char *const accepted[] = {NULL, "", "https://pccs.example:8081/",
                                           "http://127.0.0.1:1,https://b/tdx/certification/v4"};
    rpl_collateral_source *made = NULL;
    rpl_collateral_source_config config = {0};
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        config.urls = refused[i];
        assert_code(rpl_collateral_source_new(&config, &made), RPL_MALFORMED);
    }
    assert_null(made);
    for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
        config.urls = accepted[i];
        assert_ok(rpl_collateral_source_new(&config, &made));
        rpl_collateral_source_free(made);
    }
    rpl_collateral_source_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
