#include "server/core/env_file.h"

#include <sodium.h>

#include "tests/support/check.h"

static rpl_env_fault fault;

static rpl_status parse(const char *text, rpl_env_file *out)
{
    const size_t len = strlen(text);
    uint8_t *copy = exact_copy(text, len);
    const rpl_status status = rpl_env_file_parse(rpl_bytes_of(copy, len), out, &fault);
    free(copy);
    return status;
}

static void refused(const char *text, rpl_code code)
{
    rpl_env_file file = {0};
    assert_code(parse(text, &file), code);
    assert_int_equal(file.count, 0);
    assert_null(file.text);
}

static void value_is(const char *line, const char *name, const char *value)
{
    char text[512];
    rpl_env_file file;
    rpl_bytes got;
    snprintf(text, sizeof(text), "%s\n", line);
    assert_ok(parse(text, &file));
    assert_int_equal(file.count, 1);
    assert_true(rpl_env_file_get(&file, name, &got));
    if (!rpl_bytes_equal(got, rpl_bytes_of_text(value)))
        print_error("%s gave %.*s\n", line, (int)got.len, (const char *)got.data);
    assert_true(rpl_bytes_equal(got, rpl_bytes_of_text(value)));
    rpl_env_file_clear(&file);
}

static void lines_comments_and_blank_lines_are_told_apart(void **state)
{
    (void)state;
    rpl_env_file file;
    rpl_bytes value;
    assert_ok(parse("# comment\r\n\r\n  \nA=1\r\n \tB_2=two words \r\n#x\n_C=", &file));
    assert_int_equal(file.count, 3);
    assert_true(rpl_env_file_get(&file, "A", &value));
    assert_true(rpl_bytes_equal(value, rpl_bytes_of_text("1")));
    assert_true(rpl_env_file_get(&file, "B_2", &value));
    assert_true(rpl_bytes_equal(value, rpl_bytes_of_text("two words")));
    assert_true(rpl_env_file_get(&file, "_C", &value));
    assert_int_equal(value.len, 0);
    assert_false(rpl_env_file_get(&file, "D", &value));
    rpl_env_file_clear(&file);
}

static void quotes_are_taken_off(void **state)
{
    (void)state;
    value_is("A='x y'", "A", "x y");
    value_is("A='$HOME \\n'  # why", "A", "$HOME \\n");
    value_is("A=\"x # y\"", "A", "x # y");
    value_is("A=\"a\\\"b\\\\c\\$d\\n\"", "A", "a\"b\\c$d\\n");
    value_is("A=''", "A", "");
    value_is("A=\"\"", "A", "");
    value_is("A=it's", "A", "it's");
    value_is("A=x # y", "A", "x");
    value_is("A=x#y", "A", "x#y");
    value_is("A=#y", "A", "#y");
    value_is("A=${B}`c`", "A", "${B}`c`");
    value_is("A=\xc3\xa4", "A", "\xc3\xa4");
}

static void lines_that_are_no_assignment_are_refused_by_number(void **state)
{
    (void)state;
    static const char *const bad[] = {"A",
                                      "=x",
                                      "1A=x",
                                      "a=x",
                                      "A B=x",
                                      "A-B=x",
                                      "export A=x",
                                      "A='x",
                                      "A=\"x",
                                      "A='x'y",
                                      "A='x'#y",
                                      "A=\"x\\\"",
                                      "A=x\ty",
                                      "A=\x01",
                                      "A=\xff",
                                      "A=\xed\xa0\x80",
                                      "\xef\xbb\xbf"
                                      "A=1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "OK=1\n%s\n", bad[i]);
        refused(text, RPL_MALFORMED);
        assert_int_equal(fault.line, 2);
    }
}

static void a_zero_byte_is_refused(void **state)
{
    (void)state;
    rpl_env_file file;
    assert_code(rpl_env_file_parse(rpl_bytes_of("A=x\0y\n", 6), &file, &fault), RPL_MALFORMED);
}

static void a_name_twice_is_refused(void **state)
{
    (void)state;
    refused("A=1\nB=1\nA=2\n", RPL_MALFORMED);
    assert_int_equal(fault.line, 3);
    assert_string_equal(fault.name, "A");
}

static void nothing_at_all_is_refused(void **state)
{
    (void)state;
    refused("", RPL_MALFORMED);
    refused("\n", RPL_MALFORMED);
    refused("# only\n# comments\n", RPL_MALFORMED);
}

static void names_of_power_and_of_ours_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"LD_PRELOAD",
                                      "LD_",
                                      "PATH",
                                      "BASH_ENV",
                                      "HTTP_PROXY",
                                      "NO_PROXY",
                                      "_PROXY",
                                      "CONTRACT",
                                      "CHAIN_ID",
                                      "CONTRACT_CODE",
                                      "ETH_RPC_PREFIX",
                                      "SECURE_FILE",
                                      "REPLICATOOR_POLICY",
                                      "REPLICATOOR_",
                                      "REPLICATOOR_PEERS2",
                                      "REPLICATOOR_TEST_ROOT"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "OK=1\n%s=x\n", bad[i]);
        refused(text, RPL_DENIED);
        assert_string_equal(fault.name, bad[i]);
        assert_int_equal(fault.line, 2);
    }
    value_is("REPLICATOOR_PEERS=a:1", "REPLICATOOR_PEERS", "a:1");
    value_is("ETH_RPC_URL=https://x/y", "ETH_RPC_URL", "https://x/y");
    value_is("MYPATH=1", "MYPATH", "1");
    value_is("PROXY=1", "PROXY", "1");
}

static void limits_are_kept(void **state)
{
    (void)state;
    static char text[RPL_ENV_FILE_MAX + 2];
    rpl_env_file file;
    memset(text, 'x', sizeof(text));
    memcpy(text, "A=", 2);
    text[RPL_ENV_FILE_MAX - 1] = '\n';
    assert_ok(rpl_env_file_parse(rpl_bytes_of(text, RPL_ENV_FILE_MAX), &file, &fault));
    rpl_env_file_clear(&file);
    text[RPL_ENV_FILE_MAX] = '\n';
    assert_code(rpl_env_file_parse(rpl_bytes_of(text, RPL_ENV_FILE_MAX + 1), &file, &fault),
                RPL_TOO_LARGE);
    size_t len = 0;
    for (int i = 0; i < RPL_ENV_NAMES_MAX; i++)
        len += (size_t)sprintf(text + len, "N%d=\n", i);
    assert_ok(rpl_env_file_parse(rpl_bytes_of(text, len), &file, &fault));
    assert_int_equal(file.count, RPL_ENV_NAMES_MAX);
    rpl_env_file_clear(&file);
    len += (size_t)sprintf(text + len, "ONE_MORE=\n");
    assert_code(rpl_env_file_parse(rpl_bytes_of(text, len), &file, &fault), RPL_TOO_LARGE);
    memset(text, 'A', RPL_ENV_NAME_LEN_MAX + 1);
    memcpy(text + RPL_ENV_NAME_LEN_MAX + 1, "=\n", 3);
    refused(text, RPL_MALFORMED);
    assert_ok(rpl_env_file_parse(rpl_bytes_of_text(text + 1), &file, &fault));
    rpl_env_file_clear(&file);
}

static void lines_glued_together_are_noticed(void **state)
{
    (void)state;
    static const char *const glued[] = {
        "A=1B=2",
        "ETH_RPC_URL=https://mainnet.infura.io/v3/abcdef0123API_KEY=abc",
        "ETH_RPC_URL=https://x/API_KEY=abc",
        "ETH_RPC_URL=https://x/?a=bAPI_KEY=abc",
        "DEBUG=TRUEAPI_KEY=abc",
        "A=\"x\"B=2",
        "A='x'B=2",
        "A={\"k\":1}B=2",
        "A=x)B=2",
        "A=1B=",
        "A=B=2",
        "OPTS=KEY=VAL",
        "TOKEN=QUJDRA==API_KEY=abc",
        "TOKEN=QUJDRA=API_KEY=abc",
        "TOKEN=ab-API_KEY=abc",
        "TOKEN=abc%3DAPI_KEY=abc",
        "A=x yB=2",
        "A=1# commentB=2",
        "# commentA=1",
        "#",
        "A=1B=2C=3",
        "A=x_=1",
    };
    for (size_t i = 0; i < sizeof(glued) / sizeof(glued[0]); i++) {
        if (!rpl_env_text_is_glued(rpl_bytes_of_text(glued[i])))
            print_error("not noticed: %s\n", glued[i]);
        assert_true(rpl_env_text_is_glued(rpl_bytes_of_text(glued[i])));
        refused(glued[i], RPL_MALFORMED);
    }
    rpl_env_file file;
    const rpl_status status = parse("A=1B=2", &file);
    assert_non_null(strstr(status.what, "--data-binary"));
}

static void one_line_works_whatever_its_value_holds(void **state)
{
    (void)state;
    static const char *const whole[] = {
        "A=1",
        "A=",
        "ETH_RPC_URL=https://x/?a=b&C=d",
        "ETH_RPC_URL=https://x/?KEY=abc",
        "ETH_RPC_URL=https://x/?apiKEY=abc&D=e;F=g",
        "ETH_RPC_URL=https://user:pw@x/y?z=1",
        "OPTS=--key=value --other=thing",
        "LABELS=a=b,c=d",
        "LABELS=a=b,C=d",
        "JAVA=-Da.B=1 -Dc.D=2",
        "CMD=run A=1 B=2",
        "TOKEN=QUJDRA==",
        "TOKEN=QUJDREU=",
        "TOKEN=QUJD+/A=",
        "MATH=1=1",
        "MATH=x2=4",
        "LOWER=key=val",
        "JSON={\"a\":\"b=c\"}",
        "EMPTY==",
    };
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        rpl_env_file file;
        if (rpl_env_text_is_glued(rpl_bytes_of_text(whole[i])))
            print_error("wrongly refused: %s\n", whole[i]);
        assert_false(rpl_env_text_is_glued(rpl_bytes_of_text(whole[i])));
        assert_ok(parse(whole[i], &file));
        assert_int_equal(file.count, 1);
        rpl_env_file_clear(&file);
    }
}

static void with_a_newline_nothing_is_taken_for_glue(void **state)
{
    (void)state;
    value_is("OPTS=KEY=VAL", "OPTS", "KEY=VAL");
    value_is("A=1B=2", "A", "1B=2");
}

static void the_file_is_single_quoted_and_reads_back(void **state)
{
    (void)state;
    static const char want[] = "A='1'\nB='it'\\''s $HOME \"x\"'\nC=''\n";
    rpl_env_file file;
    RPL_AUTO(secret) rpl_secret *text = NULL;
    assert_ok(parse("A=1\nB=it's $HOME \"x\"\nC=\n", &file));
    assert_ok(rpl_env_file_text(&file, &text));
    assert_int_equal(rpl_secret_len(text), sizeof(want) - 1);
    assert_memory_equal(rpl_secret_expose(text).data, want, sizeof(want) - 1);
    rpl_env_file_clear(&file);
}

static void only_listed_names_may_be_required(void **state)
{
    (void)state;
    rpl_env_file file;
    assert_ok(parse("A=1\nB_2=2\n", &file));
    assert_ok(rpl_env_file_only(&file, " B_2 , A", &fault));
    assert_code(rpl_env_file_only(&file, "A,B", &fault), RPL_DENIED);
    assert_string_equal(fault.name, "B_2");
    assert_code(rpl_env_file_only(&file, "", &fault), RPL_DENIED);
    rpl_env_file_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_comments_and_blank_lines_are_told_apart),
        cmocka_unit_test(quotes_are_taken_off),
        cmocka_unit_test(lines_that_are_no_assignment_are_refused_by_number),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(a_name_twice_is_refused),
        cmocka_unit_test(nothing_at_all_is_refused),
        cmocka_unit_test(names_of_power_and_of_ours_are_refused),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(lines_glued_together_are_noticed),
        cmocka_unit_test(one_line_works_whatever_its_value_holds),
        cmocka_unit_test(with_a_newline_nothing_is_taken_for_glue),
        cmocka_unit_test(the_file_is_single_quoted_and_reads_back),
        cmocka_unit_test(only_listed_names_may_be_required),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
