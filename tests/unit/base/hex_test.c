#include "base/hex.h"

#include "tests/support/check.h"

typedef rpl_status (*decoder)(rpl_bytes text, uint8_t *out, size_t cap, size_t *len);

static void assert_decodes(decoder decode, const char *text, const char *want)
{
    uint8_t out[64];
    size_t len = 0;
    uint8_t *exact = exact_copy(text, strlen(text));
    assert_ok(decode(rpl_bytes_of(exact, strlen(text)), out, sizeof(out), &len));
    assert_int_equal(len, strlen(want));
    assert_memory_equal(out, want, len);
    free(exact);
}

/* Refused at `at`, and nothing was written. */
static void assert_refused(decoder decode, const char *text, size_t text_len, size_t at)
{
    uint8_t out[64] = {0};
    static const uint8_t zeros[64];
    size_t len = 77;
    uint8_t *exact = exact_copy(text, text_len);
    const rpl_status s = decode(rpl_bytes_of(exact, text_len), out, sizeof(out), &len);
    assert_code(s, RPL_MALFORMED);
    assert_int_equal(s.at, at);
    assert_int_equal(len, 77);
    assert_memory_equal(out, zeros, sizeof(out));
    free(exact);
}

static void hex_leaves_in_lower_case(void **state)
{
    (void)state;
    char text[9];
    rpl_hex_encode(rpl_bytes_of("\x00\x9a\xbf\xff", 4), text);
    assert_string_equal(text, "009abfff");
    rpl_hex_encode((rpl_bytes){0}, text);
    assert_string_equal(text, "");
}

static void hex_enters_in_either_case_with_or_without_prefix(void **state)
{
    (void)state;
    assert_decodes(rpl_hex_decode, "", "");
    assert_decodes(rpl_hex_decode, "0x", "");
    assert_decodes(rpl_hex_decode, "4a4B4c", "JKL");
    assert_decodes(rpl_hex_decode, "0x4A4b4C", "JKL");
    assert_decodes(rpl_hex_decode, "30", "0");
}

static void every_hex_byte_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[256], back[256];
    char text[513];
    size_t len = 0;
    for (size_t i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    rpl_hex_encode(rpl_bytes_of(bytes, 256), text);
    assert_ok(rpl_hex_decode(rpl_bytes_of_text(text), back, sizeof(back), &len));
    assert_int_equal(len, 256);
    assert_memory_equal(bytes, back, 256);
}

static void every_other_character_is_refused_where_it_stands(void **state)
{
    (void)state;
    static const char allowed[] = "0123456789abcdefABCDEF";
    for (int c = 0; c < 256; c++) {
        const char text[] = {'0', '0', '0', (char)c};
        if (c == 0 || !strchr(allowed, c))
            assert_refused(rpl_hex_decode, text, 4, 3);
    }
    assert_refused(rpl_hex_decode, "0x0x00", 6, 3);
    assert_refused(rpl_hex_decode, "0X00", 4, 1);
    assert_refused(rpl_hex_decode, "00\n", 3, 2);
    assert_refused(rpl_hex_decode, "000", 3, 3);
}

static void hex_of_another_length_is_refused(void **state)
{
    (void)state;
    uint8_t out[4];
    size_t len;
    assert_code(rpl_hex_decode(rpl_bytes_of_text("0011223344"), out, 4, &len), RPL_TOO_LARGE);
    assert_ok(rpl_hex_decode_exact(rpl_bytes_of_text("0x00112233"), out, 4));
    assert_code(rpl_hex_decode_exact(rpl_bytes_of_text("001122"), out, 4), RPL_MALFORMED);
    assert_code(rpl_hex_decode_exact(rpl_bytes_of_text("0011223344"), out, 4), RPL_MALFORMED);
    assert_code(rpl_hex_decode_exact(rpl_bytes_of_text("0x112233"), out, 4), RPL_MALFORMED);
}

/* RFC 4648, section 10 */
static void base64_has_the_answers_of_the_rfc(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        char text[16];
        rpl_base64_encode(rpl_bytes_of_text(pairs[i][0]), text);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(strlen(text), rpl_base64_encoded_len(strlen(pairs[i][0])));
        assert_decodes(rpl_base64_decode, pairs[i][1], pairs[i][0]);
    }
}

static void every_base64_byte_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[256], back[256];
    char text[345];
    size_t len = 0;
    for (size_t i = 0; i < 256; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t n = 0; n <= 256; n++) {
        rpl_base64_encode(rpl_bytes_of(bytes, n), text);
        assert_ok(rpl_base64_decode(rpl_bytes_of_text(text), back, n, &len));
        assert_int_equal(len, n);
        assert_memory_equal(bytes, back, n);
    }
}

static void base64_has_one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"Zh==", 1},     {"Zm9=", 2}, {"Zg=", 3},  {"Zg", 2},
        {"Zg===", 5},    {"Z===", 1}, {"====", 0}, {"=", 1},
        {"Zg==Zg==", 2}, {"Zm-v", 2}, {"Zm_v", 2}, {"Zm9v\n", 5},
        {" m9v", 0},     {"Zm 9", 2}, {"Z=9v", 1}, {"Zm9vYmE=\n\n\n\n", 7},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_refused(rpl_base64_decode, cases[i].text, strlen(cases[i].text), cases[i].at);
}

static void base64_over_the_cap_is_refused(void **state)
{
    (void)state;
    uint8_t out[3];
    size_t len;
    assert_ok(rpl_base64_decode(rpl_bytes_of_text("Zm9v"), out, 3, &len));
    assert_code(rpl_base64_decode(rpl_bytes_of_text("Zm9vYg=="), out, 3, &len), RPL_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_leaves_in_lower_case),
        cmocka_unit_test(hex_enters_in_either_case_with_or_without_prefix),
        cmocka_unit_test(every_hex_byte_comes_back),
        cmocka_unit_test(every_other_character_is_refused_where_it_stands),
        cmocka_unit_test(hex_of_another_length_is_refused),
        cmocka_unit_test(base64_has_the_answers_of_the_rfc),
        cmocka_unit_test(every_base64_byte_comes_back),
        cmocka_unit_test(base64_has_one_spelling),
        cmocka_unit_test(base64_over_the_cap_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
