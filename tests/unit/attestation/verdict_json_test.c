#include "attestation/verdict_json.h"
#include "tests/support/cases.h"

static const json_t *find_check(const json_t *verdict, const char *id, size_t *count)
{
    const json_t *checks = rpl_json_get_array(verdict, "checks"), *found = NULL;
    *count = 0;
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *check = json_array_get(checks, i);
        if (strcmp(json_string_value(json_object_get(check, "id")), id) == 0) {
            found = check;
            (*count)++;
        }
    }
    return found;
}

static void every_check_says_true_false_or_null(void **state)
{
    (void)state;
    rpl_verdict v;
    size_t count;
    rpl_verdict_start(&v, RPL_GROUP_TD);
    rpl_verdict_pass(&v, RPL_CHECK_TD_XFAM);
    rpl_verdict_fail(&v, RPL_CHECK_TD_ATTRIBUTES, "TD_DEBUG", "a", NULL, "c");
    rpl_verdict_fail(&v, RPL_CHECK_TD_ATTRIBUTES, "TD_SEPT_VE", "a", "b", "c");
    RPL_AUTO(json) json_t *json = rpl_verdict_json(&v);
    assert_true(json_is_false(json_object_get(json, "admitted")));
    assert_int_equal(json_array_size(json_object_get(json, "failed")), 2);
    const json_t *check = find_check(json, "td.xfam", &count);
    assert_true(json_is_true(json_object_get(check, "ok")));
    assert_true(json_is_null(json_object_get(check, "code")));
    check = find_check(json, "td.servicetd", &count);
    assert_true(json_is_null(json_object_get(check, "ok")));
    check = find_check(json, "td.attributes", &count);
    assert_int_equal(count, 2);
    assert_true(json_is_false(json_object_get(check, "ok")));
    assert_string_equal(json_string_value(json_object_get(check, "want")), "b");
    assert_null(find_check(json, "quote.format", &count));
}

static void a_code_is_listed_once(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_verdict_start(&v, 0);
    rpl_verdict_fail(&v, RPL_CHECK_QE_REPORT, "TCB_REVOKED", NULL, NULL, NULL);
    rpl_verdict_fail(&v, RPL_CHECK_TCB_STATUS, "TCB_REVOKED", NULL, NULL, NULL);
    RPL_AUTO(json) json_t *json = rpl_verdict_json(&v);
    assert_int_equal(json_array_size(json_object_get(json, "failed")), 1);
    assert_int_equal(json_array_size(json_object_get(json, "checks")), 2);
}

static void assert_text(const json_t *object, const char *key, const char *want)
{
    assert_string_equal(json_string_value(json_object_get(object, key)), want);
}

static void a_genuine_quote_is_told_in_full(void **state)
{
    (void)state;
    const rpl_roots intel = rpl_roots_intel();
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    test_case c = load_case(RPL_VECTORS "/dcap/real/google-go-tdx-guest/tdx_v5_90c06f", &intel);
    rpl_quote_facts facts;
    rpl_verdict v;
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &v, &facts);
    RPL_AUTO(json) json_t *json = rpl_verification_json(&v, &facts);
    assert_true(json_is_true(json_object_get(json, "admitted")));
    assert_text(json, "status", "UpToDate");
    const json_t *quote = json_object_get(json, "quote");
    assert_int_equal(json_integer_value(json_object_get(quote, "version")), 5);
    assert_text(quote, "td_attributes", "0000001000000000");
    assert_text(quote, "xfam", "e702060000000000");
    assert_text(quote, "tee_tcb_svn2", "0d010400000000000000000000000000");
    assert_text(quote, "quote_digest",
                "21a37a057283ba2b3bed72fb6aabaf8f0f510fd153c44936300bb83a989c2ff2");
    const json_t *tcb = json_object_get(json, "tcb");
    assert_text(tcb, "fmspc", "90c06f000000");
    assert_text(tcb, "device", "b0a75cc51c6a26a960c1ba2b071d94337f1b0ced808bdc0e2c7ad35c32061e3a");
    free_case(&c);
}

static void what_is_no_quote_has_no_fields(void **state)
{
    (void)state;
    const rpl_quote_facts facts = {0};
    rpl_verdict v;
    rpl_verdict_start(&v, RPL_GROUP_QUOTE);
    RPL_AUTO(json) json_t *json = rpl_verification_json(&v, &facts);
    assert_true(json_is_null(json_object_get(json, "quote")));
    assert_true(json_is_null(json_object_get(json, "status")));
    assert_int_equal(json_array_size(json_object_get(json, "advisories")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_says_true_false_or_null),
        cmocka_unit_test(a_code_is_listed_once),
        cmocka_unit_test(a_genuine_quote_is_told_in_full),
        cmocka_unit_test(what_is_no_quote_has_no_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
