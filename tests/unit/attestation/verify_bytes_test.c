/* The verifier in one call, over a genuine quote with its collateral. */
#include "attestation/verify_bytes.h"

#include "base/json.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

#define CASE "dcap/derived/ok_control/"

static rpl_verify_request request;
static int64_t valid_at;
static uint8_t *quote, *collateral;

static int read_case(void **state)
{
    (void)state;
    size_t len;
    uint64_t now;
    RPL_AUTO(json) json_t *meta = NULL;
    uint8_t *text = read_vector(CASE "meta.json", &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(text, len), len, &meta));
    assert_true(rpl_json_get_uint(meta, "verification_time_unix", INT64_MAX, &now));
    free(text);
    valid_at = (int64_t)now;
    return 0;
}

static int free_request(void **state)
{
    (void)state;
    free(quote);
    free(collateral);
    return 0;
}

static int fill_request(void **state)
{
    (void)state;
    request = (rpl_verify_request){.now = valid_at};
    request.quote = quote = read_vector(CASE "quote.bin", &request.quote_len);
    request.collateral = collateral = read_vector(CASE "collateral.json", &request.collateral_len);
    return 0;
}

static void expect(rpl_verify_outcome outcome, const char *text)
{
    char *report = NULL;
    assert_int_equal(rpl_verify_bytes(&request, &report), outcome);
    assert_non_null(report);
    if (!strstr(report, text))
        fail_msg("no %s in %s", text, report);
    free(report);
    assert_int_equal(rpl_verify_bytes(&request, NULL), outcome);
}

static void a_genuine_quote_is_admitted(void **state)
{
    (void)state;
    expect(RPL_VERIFY_ADMITTED, "\"admitted\":true");
}

static void old_collateral_is_refused(void **state)
{
    (void)state;
    request.now += 10 * 365 * INT64_C(86400);
    expect(RPL_VERIFY_REFUSED, "TCB_INFO_EXPIRED");
}

static void a_bundle_that_is_none_is_refused(void **state)
{
    (void)state;
    request.collateral_len = 0;
    expect(RPL_VERIFY_REFUSED, "COLLATERAL_MISSING");
}

static void an_event_log_must_fit(void **state)
{
    (void)state;
    request.event_log = "[]";
    request.event_log_len = 2;
    expect(RPL_VERIFY_REFUSED, "EVENT_LOG_ORDER");
    request.event_log = "{";
    request.event_log_len = 1;
    expect(RPL_VERIFY_REFUSED, "EVENT_LOG_FORMAT");
}

static void what_is_no_quote_is_refused(void **state)
{
    (void)state;
    request.event_log = "[]";
    request.event_log_len = 2;
    request.quote_len = 100;
    expect(RPL_VERIFY_REFUSED, "QUOTE_FORMAT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_genuine_quote_is_admitted, fill_request, free_request),
        cmocka_unit_test_setup_teardown(old_collateral_is_refused, fill_request, free_request),
        cmocka_unit_test_setup_teardown(a_bundle_that_is_none_is_refused, fill_request,
                                        free_request),
        cmocka_unit_test_setup_teardown(an_event_log_must_fit, fill_request, free_request),
        cmocka_unit_test_setup_teardown(what_is_no_quote_is_refused, fill_request, free_request),
    };
    return cmocka_run_group_tests(tests, read_case, NULL);
}
