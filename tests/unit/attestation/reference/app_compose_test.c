/* The agreed spelling of app-compose.json. Wanted texts are what Python's
 * json.dumps(sort_keys=True, separators=(",", ":"), ensure_ascii=False) writes. */
#include "attestation/reference/app_compose.h"

#include "tests/support/check.h"

static void expect(const char *text, bool drop_unused, const char *want)
{
    char *out = NULL;
    assert_ok(rpl_app_compose_normalize(rpl_bytes_of_text(text), drop_unused, &out));
    assert_string_equal(out, want);
    free(out);
}

static void members_are_sorted_at_every_level(void **state)
{
    (void)state;
    expect("{ \"b\": [ {\"z\":1, \"a\":null}, true ],\n \"a\" : {\"d\":-3,\"c\":\"x\"} }", false,
           "{\"a\":{\"c\":\"x\",\"d\":-3},\"b\":[{\"a\":null,\"z\":1},true]}");
}

static void text_keeps_its_characters(void **state)
{
    (void)state;
    expect("{\"t\":\"\\u00e9 \\/ <&> \\\" \\\\u001F \\u001F \\n\\u007f\"}", false,
           "{\"t\":\"\xc3\xa9 / <&> \\\" \\\\u001F \\u001f \\n\x7f\"}");
}

static void what_the_runner_does_not_use_can_be_left_out(void **state)
{
    (void)state;
    const char *bash = "{\"runner\":\"bash\",\"bash_script\":\"b\",\"docker_compose_file\":\"d\","
                       "\"pre_launch_script\":\"\"}";
    const char *compose = "{\"runner\":\"docker-compose\",\"bash_script\":\"b\","
                          "\"docker_compose_file\":\"d\",\"pre_launch_script\":\"p\"}";
    expect(bash, true, "{\"bash_script\":\"b\",\"runner\":\"bash\"}");
    expect(compose, true,
           "{\"docker_compose_file\":\"d\",\"pre_launch_script\":\"p\",\"runner\":\"docker-"
           "compose\"}");
    expect(compose, false,
           "{\"bash_script\":\"b\",\"docker_compose_file\":\"d\",\"pre_launch_script\":\"p\","
           "\"runner\":\"docker-compose\"}");
}

static void what_tools_write_differently_is_refused(void **state)
{
    (void)state;
    const char *const texts[] = {"{\"a\":1.5}",       "{\"a\":[{\"b\":1e3}]}", "[]", "",
                                 "{\"a\":1,\"a\":2}", "services:\n  app:\n"};
    char *out = NULL;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_code(rpl_app_compose_normalize(rpl_bytes_of_text(texts[i]), false, &out),
                    RPL_MALFORMED);
    assert_null(out);
}

static void too_many_values_are_refused(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    char *out = NULL, *text = malloc(2 * MANY + 16);
    size_t len = (size_t)snprintf(text, 16, "{\"a\":[0");
    for (size_t i = 0; i < MANY; i++, len += 2)
        memcpy(text + len, ",0", 2);
    memcpy(text + len, "]}", 2);
    assert_code(rpl_app_compose_normalize(rpl_bytes_of(text, len + 2), false, &out), RPL_TOO_LARGE);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_sorted_at_every_level),
        cmocka_unit_test(text_keeps_its_characters),
        cmocka_unit_test(what_the_runner_does_not_use_can_be_left_out),
        cmocka_unit_test(what_tools_write_differently_is_refused),
        cmocka_unit_test(too_many_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
