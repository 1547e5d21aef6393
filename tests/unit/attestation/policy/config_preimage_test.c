#include "attestation/policy/config_preimage.h"

#include "base/hex.h"
#include "tests/support/check.h"

#define HEAD "replicatoor/v1/config\n"
#define TEXT HEAD "A=\nAB=x=y\nA_B=\xc3\xa9 \"quoted\"\nCHAIN_ID=1\n_=0\n"

static rpl_config_line line(const char *name, const char *value)
{
    return (rpl_config_line){rpl_bytes_of_text(name), rpl_bytes_of_text(value)};
}

static rpl_status parse(const void *text, size_t len)
{
    rpl_config_preimage p;
    uint8_t *exact = exact_copy(text, len);
    const rpl_status s = rpl_config_preimage_parse(rpl_bytes_of(exact, len), &p);
    free(exact);
    return s;
}

static void settings_in_any_order_give_one_text(void **state)
{
    (void)state;
    const rpl_config_line lines[] = {line("_", "0"), line("CHAIN_ID", "1"), line("AB", "x=y"),
                                     line("A_B", "\xc3\xa9 \"quoted\""), line("A", "")};
    uint8_t out[RPL_CONFIG_PREIMAGE_MAX];
    size_t len = 0;
    for (size_t turn = 0; turn < 5; turn++) {
        rpl_config_line turned[5];
        for (size_t i = 0; i < 5; i++)
            turned[i] = lines[(i + turn) % 5];
        assert_ok(rpl_config_preimage_build(turned, 5, out, &len));
        assert_int_equal(len, strlen(TEXT));
        assert_memory_equal(out, TEXT, len);
    }
    assert_ok(rpl_config_preimage_build(NULL, 0, out, &len));
    assert_int_equal(len, strlen(HEAD));
}

static void what_parses_builds_to_the_same_bytes(void **state)
{
    (void)state;
    rpl_config_preimage p;
    uint8_t out[RPL_CONFIG_PREIMAGE_MAX];
    size_t len;
    assert_ok(rpl_config_preimage_parse(rpl_bytes_of_text(TEXT), &p));
    assert_int_equal(p.count, 5);
    assert_ok(rpl_config_preimage_build(p.lines, p.count, out, &len));
    assert_true(rpl_bytes_equal(rpl_bytes_of(out, len), rpl_bytes_of_text(TEXT)));
}

static void values_are_found_by_whole_names(void **state)
{
    (void)state;
    rpl_config_preimage p;
    assert_ok(rpl_config_preimage_parse(rpl_bytes_of_text(TEXT), &p));
    assert_true(rpl_bytes_equal(rpl_config_preimage_value(&p, "AB"), rpl_bytes_of_text("x=y")));
    assert_true(rpl_bytes_equal(rpl_config_preimage_value(&p, "CHAIN_ID"), rpl_bytes_of_text("1")));
    assert_int_equal(rpl_config_preimage_value(&p, "CHAIN").len, 0);
    assert_int_equal(rpl_config_preimage_value(&p, "A").len, 0);
}

/* Only whole lines remain a text; every other cut is refused. */
static void every_truncation_inside_a_line_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len <= strlen(TEXT); len++) {
        const bool whole = len >= strlen(HEAD) && TEXT[len - 1] == '\n';
        assert_code(parse(TEXT, len), whole ? RPL_OK : RPL_MALFORMED);
    }
}

static void lines_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        HEAD "\n",           HEAD "A\n",
        HEAD "=1\n",         HEAD "a=1\n",
        HEAD "1A=1\n",       HEAD "A =1\n",
        HEAD " A=1\n",       HEAD "A=1\r\n",
        HEAD "A=\t\n",       HEAD "A=\x7f\n",
        HEAD "A=1\n\n",      HEAD "A-B=1\n",
        HEAD HEAD,           "replicatoor/v2/config\n",
        "\n" HEAD,           "A=1\n",
        HEAD "B=1\nA=1\n",   HEAD "A=1\nA=1\n",
        HEAD "A=1\nA=2\n",   HEAD "AB=1\nA=1\n",
        HEAD "A_=1\nAB=1\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_code(parse(texts[i], strlen(texts[i])), RPL_MALFORMED);
    assert_code(parse(HEAD "A=\0\n", strlen(HEAD) + 4), RPL_MALFORMED);
    assert_code(parse(HEAD "A\0=\n", strlen(HEAD) + 4), RPL_MALFORMED);
}

static void the_failing_line_is_named_by_its_offset(void **state)
{
    (void)state;
    const char *text = HEAD "A=1\nB\n";
    assert_int_equal(parse(text, strlen(text)).at, strlen(HEAD) + 4);
}

static void settings_that_cannot_be_written_are_refused(void **state)
{
    (void)state;
    uint8_t out[RPL_CONFIG_PREIMAGE_MAX];
    size_t len = 77;
    static const char *const names[] = {"", "a", "A=", "1", "A\n", "A B"};
    static const char *const values[] = {"\n", "a\rb", "\x1f", "\x7f"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const rpl_config_line bad = line(names[i], "1");
        assert_code(rpl_config_preimage_build(&bad, 1, out, &len), RPL_MALFORMED);
    }
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        const rpl_config_line bad = line("A", values[i]);
        assert_code(rpl_config_preimage_build(&bad, 1, out, &len), RPL_MALFORMED);
    }
    const rpl_config_line twice[] = {line("B", "1"), line("A", "1"), line("B", "1")};
    assert_code(rpl_config_preimage_build(twice, 3, out, &len), RPL_CONFLICT);
    assert_int_equal(len, 77);
}

static void the_length_of_the_text_is_limited_exactly(void **state)
{
    (void)state;
    static char value[RPL_CONFIG_PREIMAGE_MAX + 1], name[RPL_CONFIG_NAME_MAX + 2];
    static uint8_t out[RPL_CONFIG_PREIMAGE_MAX];
    const size_t most = RPL_CONFIG_PREIMAGE_MAX - strlen(HEAD) - strlen("A=\n");
    rpl_config_preimage p;
    size_t len;

    memset(value, 'v', sizeof(value));
    rpl_config_line one = {rpl_bytes_of_text("A"), rpl_bytes_of(value, most)};
    assert_ok(rpl_config_preimage_build(&one, 1, out, &len));
    assert_int_equal(len, RPL_CONFIG_PREIMAGE_MAX);
    assert_ok(rpl_config_preimage_parse(rpl_bytes_of(out, len), &p));
    one.value.len++;
    assert_code(rpl_config_preimage_build(&one, 1, out, &len), RPL_TOO_LARGE);
    assert_code(parse(value, sizeof(value)), RPL_TOO_LARGE);
    memset(name, 'N', RPL_CONFIG_NAME_MAX);
    one = line(name, "");
    assert_ok(rpl_config_preimage_build(&one, 1, out, &len));
    name[RPL_CONFIG_NAME_MAX] = 'N';
    one = line(name, "");
    assert_code(rpl_config_preimage_build(&one, 1, out, &len), RPL_MALFORMED);
}

static void the_number_of_lines_is_limited_exactly(void **state)
{
    (void)state;
    static uint8_t out[RPL_CONFIG_PREIMAGE_MAX];
    static rpl_config_line lines[RPL_CONFIG_LINES_MAX + 1];
    static char names[RPL_CONFIG_LINES_MAX + 1][24];
    rpl_config_preimage p;
    size_t len;

    for (size_t i = 0; i <= RPL_CONFIG_LINES_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "N%03zu", i);
        lines[i] = line(names[i], "");
    }
    assert_ok(rpl_config_preimage_build(lines, RPL_CONFIG_LINES_MAX, out, &len));
    assert_ok(rpl_config_preimage_parse(rpl_bytes_of(out, len), &p));
    memcpy(out + len, "N128=\n", 6);
    assert_code(parse(out, len + 6), RPL_TOO_LARGE);
    assert_code(rpl_config_preimage_build(lines, RPL_CONFIG_LINES_MAX + 1, out, &len),
                RPL_TOO_LARGE);
}

/* printf 'replicatoor/v1/config\n' | sha256sum */
static void the_digest_is_sha256_of_the_text(void **state)
{
    (void)state;
    uint8_t digest[32], want[32];
    assert_ok(rpl_hex_decode_exact(
        rpl_bytes_of_text("28d93951763608478343d1f22659c6886acbb6e8d5df387b66967e6b56d95a39"), want,
        32));
    rpl_config_digest(rpl_bytes_of_text(HEAD), digest);
    assert_memory_equal(digest, want, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_in_any_order_give_one_text),
        cmocka_unit_test(what_parses_builds_to_the_same_bytes),
        cmocka_unit_test(values_are_found_by_whole_names),
        cmocka_unit_test(every_truncation_inside_a_line_is_refused),
        cmocka_unit_test(lines_that_are_none_are_refused),
        cmocka_unit_test(the_failing_line_is_named_by_its_offset),
        cmocka_unit_test(settings_that_cannot_be_written_are_refused),
        cmocka_unit_test(the_length_of_the_text_is_limited_exactly),
        cmocka_unit_test(the_number_of_lines_is_limited_exactly),
        cmocka_unit_test(the_digest_is_sha256_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
