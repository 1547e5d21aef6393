#include "attestation/policy/rpc_answer.h"

#include "tests/support/check.h"

static rpl_rpc_problem problem;

static rpl_status read_answer(const char *text, json_t **result)
{
    uint8_t *exact = exact_copy(text, strlen(text));
    const rpl_status s =
        rpl_rpc_answer_read(rpl_bytes_of(exact, strlen(text)), 7, result, &problem);
    free(exact);
    return s;
}

static void an_answer_to_our_question_is_read(void **state)
{
    (void)state;
    json_t *result = NULL;
    uint64_t n;
    assert_ok(read_answer("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x2105\"}\n", &result));
    assert_true(rpl_rpc_quantity(result, &n) && n == 8453);
    json_decref(result);
    result = NULL;
    assert_ok(read_answer("{\"id\":7,\"result\":false,\"jsonrpc\":\"2.0\"}", &result));
    assert_true(json_is_false(result));
    json_decref(result);
}

static void whatever_else_is_no_answer(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "null",
        "[]",
        "\"0x1\"",
        "{}",
        "<html>429</html>",
        "{\"id\":7,\"result\":1}",
        "{\"jsonrpc\":\"1.0\",\"id\":7,\"result\":1}",
        "{\"jsonrpc\":2.0,\"id\":7,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"7\",\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":7.0,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":7}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1,\"error\":{\"code\":1,\"message\":\"\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1,\"error\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":\"no\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":\"1\",\"message\":\"\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1}}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1,\"result\":2}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"id\":8,\"result\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1} {}",
        "[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1}]",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *result = NULL;
        const rpl_status s = read_answer(cases[i], &result);
        if (s.code != RPL_MALFORMED || result)
            fail_msg("%s: %s", cases[i], rpl_code_table(s.code)->name);
        assert_false(problem.has_error);
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":\"0x01\"}";
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        json_t *result = NULL;
        uint8_t *exact = exact_copy(text, len);
        assert_code(rpl_rpc_answer_read(rpl_bytes_of(exact, len), 7, &result, &problem),
                    RPL_MALFORMED);
        free(exact);
    }
}

static void an_error_is_known_by_its_code(void **state)
{
    (void)state;
    json_t *result = NULL;
    assert_code(read_answer("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32601,\"message\":"
                            "\"method not found\",\"data\":\"0x\"}}",
                            &result),
                RPL_UNAVAILABLE);
    assert_true(problem.has_error && problem.error_code == -32601);
    assert_null(result);
}

static void a_large_answer_is_refused_before_it_is_read(void **state)
{
    (void)state;
    json_t *result = NULL;
    const size_t len = RPL_RPC_ANSWER_MAX + 1;
    char *text = malloc(len);
    memset(text, ' ', len);
    assert_code(rpl_rpc_answer_read(rpl_bytes_of(text, len), 7, &result, &problem), RPL_TOO_LARGE);
    free(text);
}

#define ANSWER(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"result\":" #result "}"

static void a_batch_has_one_answer_per_request(void **state)
{
    (void)state;
    static const uint64_t ids[] = {7, 8};
    static const struct {
        const char *text;
        rpl_code code;
    } cases[] = {
        {"[" ANSWER(7, 70) "," ANSWER(8, 80) "]", RPL_OK},
        {"[" ANSWER(8, 80) "," ANSWER(7, 70) "]", RPL_OK},
        {"[" ANSWER(7, 70) "]", RPL_MALFORMED},
        {"[" ANSWER(7, 70) "," ANSWER(7, 70) "]", RPL_MALFORMED},
        {"[" ANSWER(7, 70) "," ANSWER(9, 80) "]", RPL_MALFORMED},
        {"[" ANSWER(7, 70) "," ANSWER(8, 80) "," ANSWER(8, 80) "]", RPL_MALFORMED},
        {"[" ANSWER(7, 70) "," ANSWER(8, null) "]", RPL_MALFORMED},
        {"[" ANSWER(7, 70) ",{\"jsonrpc\":\"2.0\",\"id\":8,\"error\":{\"code\":5,\"message\":"
                           "\"\"}}]",
         RPL_UNAVAILABLE},
        {ANSWER(7, 70), RPL_MALFORMED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *results[2] = {NULL};
        assert_code(rpl_rpc_batch_read(rpl_bytes_of_text(cases[i].text), ids, 2, results, &problem),
                    cases[i].code);
        if (cases[i].code == RPL_OK) {
            assert_int_equal(json_integer_value(results[0]), 70);
            assert_int_equal(json_integer_value(results[1]), 80);
        }
        assert_true(!results[0] == (cases[i].code != RPL_OK));
        json_decref(results[0]);
        json_decref(results[1]);
    }
}

static void a_quantity_has_one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_one;
        uint64_t value;
    } cases[] = {
        {"0x0", true, 0},
        {"0x1", true, 1},
        {"0xff", true, 255},
        {"0x100", true, 256},
        {"0xFFFFFFFFFFFFFFFF", true, UINT64_MAX},
        {"0x", false, 0},
        {"", false, 0},
        {"0x00", false, 0},
        {"0x01", false, 0},
        {"1", false, 0},
        {"0X1", false, 0},
        {"0x10000000000000000", false, 0},
        {"0xg", false, 0},
        {"0x 1", false, 0},
        {"-0x1", false, 0},
        {"0x0x1", false, 0},
        {"0x-1", false, 0},
        {" 0x1", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint64_t n = 0;
        json_t *value = json_string(cases[i].text);
        if (rpl_rpc_quantity(value, &n) != cases[i].is_one || n != cases[i].value)
            fail_msg("\"%s\"", cases[i].text);
        json_decref(value);
    }
    uint64_t n;
    json_t *number = json_integer(1);
    assert_false(rpl_rpc_quantity(number, &n));
    assert_false(rpl_rpc_quantity(NULL, &n));
    json_decref(number);
}

static void a_quantity_has_at_most_the_bytes_that_fit(void **state)
{
    (void)state;
    uint8_t out[32];
    size_t len;
    char text[80] = "0x";
    memset(text + 2, '1', 64);
    json_t *value = json_string(text);
    assert_true(rpl_rpc_quantity_bytes(value, out, 32, &len) && len == 32 && out[31] == 0x11);
    assert_false(rpl_rpc_quantity_bytes(value, out, 31, &len));
    json_decref(value);
    text[66] = '1';
    value = json_string(text);
    assert_false(rpl_rpc_quantity_bytes(value, out, 32, &len));
    json_decref(value);
    value = json_string("0x123");
    assert_true(rpl_rpc_quantity_bytes(value, out, 2, &len) && len == 2);
    assert_true(out[0] == 0x01 && out[1] == 0x23);
    json_decref(value);
}

static void data_is_whole_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int len; /* -1: refused */
    } cases[] = {{"0x", 0},    {"0x00", 1},         {"0xAbcD", 2},       {"0xabc", -1},
                 {"abcd", -1}, {"0x0x00", -1},      {"0xzz", -1},        {"", -1},
                 {"0", -1},    {"0x001122334", -1}, {"0x0011223344", -1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t out[4];
        size_t len = 99;
        json_t *value = json_string(cases[i].text);
        if (rpl_rpc_data(value, out, sizeof(out), &len) != (cases[i].len >= 0))
            fail_msg("\"%s\"", cases[i].text);
        assert_true(cases[i].len < 0 || len == (size_t)cases[i].len);
        assert_true(rpl_rpc_data_exact(value, out, 2) == (cases[i].len == 2));
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_to_our_question_is_read),
        cmocka_unit_test(whatever_else_is_no_answer),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(an_error_is_known_by_its_code),
        cmocka_unit_test(a_large_answer_is_refused_before_it_is_read),
        cmocka_unit_test(a_batch_has_one_answer_per_request),
        cmocka_unit_test(a_quantity_has_one_spelling),
        cmocka_unit_test(a_quantity_has_at_most_the_bytes_that_fit),
        cmocka_unit_test(data_is_whole_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
