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
    request = (rpl_verify_request){.now = valid_at, .any_report_data = 1};
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

/* Version 4: 568 is where the report data begins. */
static void the_report_data_must_be_what_the_caller_expects(void **state)
{
    (void)state;
    uint8_t expected[65] = {0};
    memcpy(expected, (const uint8_t *)request.quote + 568, 64);
    request.report_data = expected;
    request.report_data_len = 64;
    for (request.any_report_data = 0; request.any_report_data < 2; request.any_report_data++) {
        expect(RPL_VERIFY_ADMITTED, "{\"id\":\"report_data\",\"ok\":true");
        for (size_t i = 0; i < 64; i++) {
            expected[i] ^= 1;
            assert_int_equal(rpl_verify_bytes(&request, NULL), RPL_VERIFY_REFUSED);
            expected[i] ^= 1;
        }
        for (request.report_data_len = 0; request.report_data_len < 66; request.report_data_len++)
            assert_int_equal(rpl_verify_bytes(&request, NULL), request.report_data_len == 64
                                                                   ? RPL_VERIFY_ADMITTED
                                                                   : RPL_VERIFY_REFUSED);
        request.report_data_len = 64;
    }
}

static void a_quote_bound_to_nothing_has_to_be_asked_for(void **state)
{
    (void)state;
    request.any_report_data = 0;
    expect(RPL_VERIFY_REFUSED, "\"failed\":[\"REPORT_DATA\"]");
    request.report_data_len = 64;
    expect(RPL_VERIFY_REFUSED, "\"failed\":[\"REPORT_DATA\"]");
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
        cmocka_unit_test_setup_teardown(the_report_data_must_be_what_the_caller_expects,
                                        fill_request, free_request),
        cmocka_unit_test_setup_teardown(a_quote_bound_to_nothing_has_to_be_asked_for, fill_request,
                                        free_request),
        cmocka_unit_test_setup_teardown(old_collateral_is_refused, fill_request, free_request),
        cmocka_unit_test_setup_teardown(a_bundle_that_is_none_is_refused, fill_request,
                                        free_request),
        cmocka_unit_test_setup_teardown(an_event_log_must_fit, fill_request, free_request),
        cmocka_unit_test_setup_teardown(what_is_no_quote_is_refused, fill_request, free_request),
    };
    return cmocka_run_group_tests(tests, read_case, NULL);
}
