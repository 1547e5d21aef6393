#include "base/log.h"

#include <unistd.h>

#include "base/json.h"
#include "tests/support/check.h"

static int saved_stderr, capture;

/* Lines land in an unnamed file in place of stderr. */
static int capture_stderr(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    if (!file)
        return -1;
    capture = dup(fileno(file));
    saved_stderr = dup(2);
    fclose(file);
    return dup2(capture, 2) == 2 ? 0 : -1;
}

static int restore_stderr(void **state)
{
    (void)state;
    dup2(saved_stderr, 2);
    close(saved_stderr);
    close(capture);
    rpl_log_set_level(RPL_LOG_INFO);
    return 0;
}

static const char *captured(void)
{
    static char text[8192];
    const ssize_t len = pread(capture, text, sizeof(text) - 1, 0);
    text[len > 0 ? len : 0] = 0;
    return text;
}

static void every_kind_of_field_is_written(void **state)
{
    (void)state;
    rpl_log(RPL_LOG_WARN, "handover.refused", rpl_log_uint("n", UINT64_MAX), rpl_log_uint("z", 0),
            rpl_log_text("check", "tcb"), rpl_log_public("digest", rpl_bytes_of("\x00\xff", 2)));
    assert_string_equal(captured(), "{\"level\":\"warn\",\"event\":\"handover.refused\","
                                    "\"n\":18446744073709551615,\"z\":0,\"check\":\"tcb\","
                                    "\"digest\":\"00ff\"}\n");
}

static void an_event_needs_no_fields(void **state)
{
    (void)state;
    rpl_log(RPL_LOG_INFO, "start");
    assert_string_equal(captured(), "{\"level\":\"info\",\"event\":\"start\"}\n");
}

static void a_peer_cannot_forge_a_line(void **state)
{
    (void)state;
    rpl_log(RPL_LOG_INFO, "call", rpl_log_peer("path", rpl_bytes_of_text("\"}\n{\x1b[31m\\\xff")));
    assert_string_equal(captured(), "{\"level\":\"info\",\"event\":\"call\","
                                    "\"path\":\"\\u0022}\\u000a{\\u001b[31m\\u005c\\u00ff\"}\n");
}

static void text_of_a_peer_is_cut(void **state)
{
    (void)state;
    char long_text[300];
    memset(long_text, 'x', sizeof(long_text));
    rpl_log(RPL_LOG_INFO, "e", rpl_log_peer("p", rpl_bytes_of(long_text, sizeof(long_text))));
    assert_int_equal(strlen(captured()),
                     strlen("{\"level\":\"info\",\"event\":\"e\",\"p\":\"\"}\n") + 128);
}

static void a_field_that_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    static const uint8_t many[1500];
    rpl_log(RPL_LOG_INFO, "e", rpl_log_uint("kept", 1),
            rpl_log_public("many", rpl_bytes_of(many, 1500)), rpl_log_uint("after", 2));
    assert_string_equal(captured(),
                        "{\"level\":\"info\",\"event\":\"e\",\"kept\":1,\"cut\":true}\n");
}

static void every_line_up_to_the_ceiling_is_json(void **state)
{
    (void)state;
    static const uint8_t many[1100];
    for (size_t len = 900; len < sizeof(many); len++) {
        assert_int_equal(ftruncate(capture, 0), 0);
        lseek(capture, 0, SEEK_SET);
        rpl_log(RPL_LOG_INFO, "e", rpl_log_public("many", rpl_bytes_of(many, len)));
        RPL_AUTO(json) json_t *line = NULL;
        assert_ok(rpl_json_parse(rpl_bytes_of_text(captured()), 4096, &line));
        assert_true(json_object_get(line, "many") || json_object_get(line, "cut"));
    }
}

static void less_than_the_level_is_silent(void **state)
{
    (void)state;
    rpl_log(RPL_LOG_DEBUG, "debug");
    rpl_log_set_level(RPL_LOG_ERROR);
    rpl_log(RPL_LOG_WARN, "warn");
    assert_string_equal(captured(), "");
    rpl_log(RPL_LOG_ERROR, "error");
    assert_string_not_equal(captured(), "");
}

static void levels_have_names(void **state)
{
    (void)state;
    rpl_log_level level = RPL_LOG_INFO;
    assert_true(rpl_log_level_parse("error", &level) && level == RPL_LOG_ERROR);
    assert_true(rpl_log_level_parse("debug", &level) && level == RPL_LOG_DEBUG);
    assert_false(rpl_log_level_parse("", &level));
    assert_false(rpl_log_level_parse("INFO", &level));
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture_stderr, restore_stderr)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAPTURED(every_kind_of_field_is_written),
        CAPTURED(an_event_needs_no_fields),
        CAPTURED(a_peer_cannot_forge_a_line),
        CAPTURED(text_of_a_peer_is_cut),
        CAPTURED(a_field_that_does_not_fit_is_left_out_whole),
        CAPTURED(every_line_up_to_the_ceiling_is_json),
        CAPTURED(less_than_the_level_is_silent),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
