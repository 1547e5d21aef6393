#include "server/io/json_rpc.h"

#include "base/net/http_client.h"
#include "tests/support/check.h"

/* Answers over TLS, right and wrong: chain_source_test.c. */
static rpl_status ask(const char *url, const rpl_json_rpc_call *calls, size_t count)
{
    const rpl_json_rpc_endpoint endpoint = {.url = url, .timeout_ms = 2000};
    json_t untouched;
    rpl_json_rpc_results results = {{&untouched}};
    const rpl_status s = rpl_json_rpc_ask(&endpoint, calls, count, &results);
    assert_ptr_equal(results.items[0], &untouched);
    return s;
}

static void only_https_is_spoken(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://127.0.0.1:1/", "HTTPS://127.0.0.1:1/", "",
                                       "file:///"};
    const rpl_json_rpc_call call = {"eth_chainId", "[]"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
        assert_code(ask(urls[i], &call, 1), RPL_INTERNAL);
    assert_code(ask("https://127.0.0.1:1/", &call, 1), RPL_UNAVAILABLE);
}

static void batches_are_bounded(void **state)
{
    (void)state;
    char params[RPL_JSON_RPC_REQUEST_MAX];
    rpl_json_rpc_call calls[RPL_RPC_BATCH_MAX + 1];
    for (size_t i = 0; i <= RPL_RPC_BATCH_MAX; i++)
        calls[i] = (rpl_json_rpc_call){"eth_chainId", "[]"};
    assert_code(ask("https://127.0.0.1:1/", calls, 0), RPL_INTERNAL);
    assert_code(ask("https://127.0.0.1:1/", calls, RPL_RPC_BATCH_MAX + 1), RPL_INTERNAL);
    assert_code(ask("https://127.0.0.1:1/", calls, RPL_RPC_BATCH_MAX), RPL_UNAVAILABLE);
    memset(params, 'x', sizeof(params));
    params[sizeof(params) - 1] = 0;
    calls[0].params = params;
    assert_code(ask("https://127.0.0.1:1/", calls, 1), RPL_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_https_is_spoken),
        cmocka_unit_test(batches_are_bounded),
    };
    if (rpl_http_global_init().code != RPL_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
