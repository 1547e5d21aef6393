#include "base/json.h"

#include "tests/support/check.h"

static rpl_status parse(const char *text, size_t len, json_t **out)
{
    uint8_t *exact = exact_copy(text, len);
    const rpl_status s = rpl_json_parse(rpl_bytes_of(exact, len), 4096, out);
    free(exact);
    return s;
}

static json_t *parsed(const char *text)
{
    json_t *out = NULL;
    assert_ok(parse(text, strlen(text), &out));
    return out;
}

static void assert_refused(const char *text, size_t len)
{
    json_t *out = NULL;
    assert_code(parse(text, len, &out), RPL_MALFORMED);
    assert_null(out);
}

static void what_lenient_parsers_take_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
    } traps[] = {
#define TRAP(text) {text, sizeof(text) - 1}
        TRAP(""),
        TRAP(" "),
        TRAP("{"),
        TRAP("{\"a\":1,\"a\":1}"),
        TRAP("{\"a\":1,\"\\u0061\":1}"),
        TRAP("{\"o\":{\"a\":1,\"a\":1}}"),
        TRAP("[{\"a\":1,\"a\":1}]"),
        TRAP("{} x"),
        TRAP("{}{}"),
        TRAP("{}\0"),
        TRAP("{\"a\0\":1}"),
        TRAP("{\"a\":\"\\u0000\"}"),
        TRAP("{\"\\u0000\":1}"),
        TRAP("\xef\xbb\xbf{}"),
        TRAP("{\"a\":\"\xff\"}"),
        TRAP("{\"a\":\"\xc0\xaf\"}"),
        TRAP("{\"a\":\"\xed\xa0\x80\"}"),
        TRAP("{\"a\":\"\\ud800\"}"),
        TRAP("{\"a\":\"\n\"}"),
        TRAP("{\"a\":1,}"),
        TRAP("[1,]"),
        TRAP("{'a':1}"),
        TRAP("{a:1}"),
        TRAP("{\"a\":01}"),
        TRAP("{\"a\":-0}"),
        TRAP("[1,-0 ]"),
        TRAP("[[-0\n],2]"),
        TRAP("{\"a\":0x1}"),
        TRAP("{\"a\":+1}"),
        TRAP("{\"a\":.5}"),
        TRAP("{\"a\":NaN}"),
        TRAP("{\"a\":Infinity}"),
        TRAP("{\"a\":1e400}"),
        TRAP("{\"a\":9223372036854775808}"),
        TRAP("/* c */ {}"),
        TRAP("{} // c"),
        TRAP("1"),
        TRAP("\"text\""),
        TRAP("null"),
#undef TRAP
    };
    for (size_t i = 0; i < sizeof(traps) / sizeof(*traps); i++)
        assert_refused(traps[i].text, traps[i].len);
}

static void a_minus_is_read_where_it_belongs(void **state)
{
    (void)state;
    static const char *const texts[] = {"[-1]", "[-0.5]", "[-0e1]", "[\"-0\"]", "{\"-0]\":-10}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        json_decref(parsed(texts[i]));
}

static const char specimen[] =
    " {\"signed\" : {\"x\": \"}\\\"\\\\\", \"y\": [1, {\"signed\": 2}]} ,"
    "\"n\":5, \"t\" : \"\xc3\xa4\" }\n";

static void every_prefix_is_refused(void **state)
{
    (void)state;
    const size_t whole = sizeof(specimen) - 2; /* the line feed may go */
    for (size_t len = 0; len < whole; len++)
        assert_refused(specimen, len);
    json_t *out = NULL;
    assert_ok(parse(specimen, whole, &out));
    json_decref(out);
}

static void depth_ends_at_the_limit(void **state)
{
    (void)state;
    for (size_t depth = RPL_JSON_DEPTH_MAX; depth <= RPL_JSON_DEPTH_MAX + 1; depth++) {
        char text[2 * RPL_JSON_DEPTH_MAX + 8];
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        json_t *out = NULL;
        const rpl_status s = parse(text, 2 * depth, &out);
        assert_int_equal(s.code, depth == RPL_JSON_DEPTH_MAX ? RPL_OK : RPL_MALFORMED);
        json_decref(out);
    }
    char deep[4000];
    memset(deep, '[', sizeof(deep));
    assert_refused(deep, sizeof(deep));
}

static void brackets_in_strings_are_not_depth(void **state)
{
    (void)state;
    json_t *out = parsed("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[\\\"{{{{{{{{\",\"b\\\\\":[]}");
    assert_int_equal(json_object_size(out), 2);
    json_decref(out);
}

static void longer_than_the_limit_is_too_large(void **state)
{
    (void)state;
    json_t *out = NULL;
    assert_code(rpl_json_parse(rpl_bytes_of_text("{ }"), 2, &out), RPL_TOO_LARGE);
    assert_ok(rpl_json_parse(rpl_bytes_of_text("{}"), 2, &out));
    json_decref(out);
}

static void an_integer_is_a_plain_integer_in_range(void **state)
{
    (void)state;
    json_t *o = parsed("{\"zero\":0,\"max\":255,\"over\":256,\"neg\":-1,\"real\":1.0,\"exp\":1e2,"
                       "\"text\":\"1\",\"true\":true,\"null\":null,\"big\":9223372036854775807}");
    static const char *const wrong[] = {"over", "neg", "real", "exp", "text", "true", "null", "-"};
    uint64_t value = 7;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_false(rpl_json_get_uint(o, wrong[i], 255, &value));
    assert_int_equal(value, 7);
    assert_true(rpl_json_get_uint(o, "zero", 255, &value) && value == 0);
    assert_true(rpl_json_get_uint(o, "max", 255, &value) && value == 255);
    assert_true(rpl_json_get_uint(o, "big", UINT64_MAX, &value) && value == INT64_MAX);
    json_decref(o);
}

static void getters_take_their_type_alone(void **state)
{
    (void)state;
    json_t *o = parsed("{\"t\":\"text\",\"o\":{},\"a\":[],\"n\":1,\"e\":\"\"}");
    rpl_bytes text;
    assert_true(rpl_json_get_text(o, "t", &text));
    assert_true(rpl_bytes_equal(text, rpl_bytes_of_text("text")));
    assert_true(rpl_json_get_text(o, "e", &text) && text.len == 0);
    assert_false(rpl_json_get_text(o, "n", &text));
    assert_non_null(rpl_json_get_object(o, "o"));
    assert_null(rpl_json_get_object(o, "a"));
    assert_non_null(rpl_json_get_array(o, "a"));
    assert_null(rpl_json_get_array(o, "o"));
    json_t *array = parsed("[1]");
    assert_false(rpl_json_get_text(array, "t", &text));
    assert_null(rpl_json_get_object(array, "t"));
    json_decref(array);
    json_decref(o);
}

static void hex_has_exactly_its_length_and_no_prefix(void **state)
{
    (void)state;
    json_t *o = parsed("{\"ok\":\"00fF\",\"short\":\"00\",\"long\":\"00ff00\",\"prefix\":\"0xff\","
                       "\"prefixed\":\"0x00ff\",\"odd\":\"00f\",\"other\":\"00fg\",\"n\":12}");
    static const char *const wrong[] = {"short", "long", "prefix", "prefixed", "odd", "other", "n"};
    uint8_t out[2] = {7, 7};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_false(rpl_json_get_hex(o, wrong[i], out, 2));
    assert_memory_equal(out, "\7\7", 2);
    assert_true(rpl_json_get_hex(o, "ok", out, 2));
    assert_memory_equal(out, "\0\xff", 2);
    json_decref(o);
}

static void our_answers_lack_no_member(void **state)
{
    (void)state;
    RPL_AUTO(json) json_t *o = json_object();
    RPL_AUTO(json_text) char *text = NULL;
    rpl_json_set_hex(o, "hex", rpl_bytes_of("\xab\x01", 2));
    rpl_json_set_hex(o, "empty", (rpl_bytes){0});
    rpl_json_set_text(o, "text", "a\"b");
    rpl_json_set_text(o, "latin1", "\xe4");
    rpl_json_set_uint(o, "n", INT64_MAX);
    rpl_json_set_uint(o, "over", UINT64_MAX);
    assert_ok(rpl_json_dump(o, &text));
    assert_string_equal(text,
                        "{\"hex\":\"ab01\",\"empty\":\"\",\"text\":\"a\\\"b\",\"latin1\":null,"
                        "\"n\":9223372036854775807,\"over\":null}");
}

static void dumping_nothing_is_an_error(void **state)
{
    (void)state;
    char *text = NULL;
    assert_code(rpl_json_dump(NULL, &text), RPL_INTERNAL);
    assert_null(text);
}

static void assert_raw(const char *text, const char *key, const char *want)
{
    rpl_bytes value;
    uint8_t *exact = exact_copy(text, strlen(text));
    assert_ok(rpl_json_raw_member(rpl_bytes_of(exact, strlen(text)), key, &value));
    assert_int_equal(value.len, strlen(want));
    assert_memory_equal(value.data, want, value.len);
    free(exact);
}

static void a_raw_member_is_its_bytes_as_received(void **state)
{
    (void)state;
    assert_raw(specimen, "signed", "{\"x\": \"}\\\"\\\\\", \"y\": [1, {\"signed\": 2}]}");
    assert_raw(specimen, "n", "5");
    assert_raw(specimen, "t", "\"\xc3\xa4\"");
    assert_raw("{\"a\":{\"k\":1},\"k\":2}", "k", "2");
    assert_raw("{\"a\":\"\\\"k\\\":3\",\"k\":\t-2.5e3\r\n}", "k", "-2.5e3");
    assert_raw("{\"a\":\"k\",\"k\":[ ]}", "k", "[ ]");
    assert_raw("{\"k\":null,\"a\":[\"k\",{\"k\":1}]}", "k", "null");
    assert_raw("{\"\":\",}\"}", "", "\",}\"");
}

static void a_raw_member_that_is_missing_or_doubtful_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"a\":1}",
        "{\"a\":{\"k\":1}}",
        "[\"k\",1]",
        "{\"k\":1,\"k\":1}",
        "{\"\\u006b\":1}",
        "{\"\\u006b\":1,\"k\":2}",
        "{\"a\":\"k\\\":1\"}",
        "{\"k\":1} x",
        "{\"K\":1}",
        "",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        rpl_bytes value;
        assert_code(rpl_json_raw_member(rpl_bytes_of_text(texts[i]), "k", &value), RPL_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lenient_parsers_take_is_refused),
        cmocka_unit_test(a_minus_is_read_where_it_belongs),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(depth_ends_at_the_limit),
        cmocka_unit_test(brackets_in_strings_are_not_depth),
        cmocka_unit_test(longer_than_the_limit_is_too_large),
        cmocka_unit_test(an_integer_is_a_plain_integer_in_range),
        cmocka_unit_test(getters_take_their_type_alone),
        cmocka_unit_test(hex_has_exactly_its_length_and_no_prefix),
        cmocka_unit_test(our_answers_lack_no_member),
        cmocka_unit_test(dumping_nothing_is_an_error),
        cmocka_unit_test(a_raw_member_is_its_bytes_as_received),
        cmocka_unit_test(a_raw_member_that_is_missing_or_doubtful_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
