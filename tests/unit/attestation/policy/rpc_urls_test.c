#include "attestation/policy/rpc_urls.h"

#include "tests/support/check.h"

#define A "https://eth.example.org/v2/"
#define B "https://rpc.example.net/"

static rpl_rpc_prefixes prefixes;
static rpl_rpc_keys keys;
static size_t fault;

static rpl_status parse(const char *text)
{
    uint8_t *exact = exact_copy(text, strlen(text));
    const rpl_status s = rpl_rpc_prefixes_parse(rpl_bytes_of(exact, strlen(text)), &prefixes);
    free(exact);
    return s;
}

static rpl_status parse_keys(const char *text)
{
    uint8_t *exact = exact_copy(text, strlen(text));
    assert_ok(parse(A "," B));
    const rpl_status s =
        rpl_rpc_keys_parse(&prefixes, rpl_bytes_of(exact, strlen(text)), &keys, &fault);
    free(exact);
    return s;
}

static void prefixes_are_whole_urls(void **state)
{
    (void)state;
    static const char *const good[] = {B,
                                       A,
                                       "https://127.0.0.5:8545/",
                                       "https://a.b/",
                                       "https://a-b.c1.example:65535/x/y_z/~q/",
                                       "https://eth.example.org/v1.2/"};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_ok(parse(good[i]));
        assert_int_equal(prefixes.count, 1);
        assert_string_equal(prefixes.text[0], good[i]);
    }
}

static void what_could_lead_elsewhere_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "https://",
        "https:///",
        "https://eth.example.org",
        "https://eth.example.org/v2",
        "http://eth.example.org/",
        "HTTPS://eth.example.org/",
        "https://ETH.example.org/",
        "https://user@eth.example.org/",
        "https://eth.example.org@evil.example/",
        "https://eth.example.org:80@evil.example/",
        "https://eth.example.org/?a=/",
        "https://eth.example.org/#/",
        "https://eth.example.org/../",
        "https://eth.example.org/./",
        "https://eth.example.org/a/../b/",
        "https://eth.example.org/.hidden/",
        "https://eth.example.org//",
        "https://eth.example.org/%2e%2e/",
        "https://eth.example.org/a b/",
        "https://eth.example.org\\evil/",
        "https://eth.example.org:/",
        "https://eth.example.org:0/",
        "https://eth.example.org:65536/",
        "https://eth.example.org:080/",
        "https://eth.example.org:8545",
        "https://localhost/",
        "https://.example.org/",
        "https://example..org/",
        "https://example.org./",
        "https://-a.example/",
        "https://a-.example/",
        "https://[::1]/",
        "https://eth.exampl\xc3\xa9.org/",
        " https://eth.example.org/",
        "https://eth.example.org/ ",
        "https://eth.example.org/\r\nhost: evil/",
        "ftp://eth.example.org/",
        "//eth.example.org/",
        A ",",
        "," A,
        A ", " B,
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (parse(bad[i]).code != RPL_MALFORMED)
            fail_msg("\"%s\"", bad[i]);
    }
}

static void every_prefix_of_a_prefix_is_refused(void **state)
{
    (void)state;
    char text[] = "https://a.example:8545/v2/";
    for (size_t len = strlen(text); len-- > 0;) {
        text[len] = 0;
        if (strcmp(text, "https://a.example:8545/") != 0)
            assert_code(parse(text), RPL_MALFORMED);
    }
}

static void each_host_counts_once(void **state)
{
    (void)state;
    assert_code(parse("https://a.example/,https://a.example/v2/"), RPL_CONFLICT);
    assert_code(parse("https://a.example/,https://a.example:444/"), RPL_CONFLICT);
    assert_ok(parse("https://a.example/,https://b.a.example/"));
    assert_int_equal(prefixes.count, 2);
}

static void their_number_and_length_are_bounded(void **state)
{
    (void)state;
    char text[512] = "";
    for (int i = 0; i < 8; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%shttps://p%d.example/",
                 i ? "," : "", i);
    assert_ok(parse(text));
    assert_int_equal(prefixes.count, 8);
    snprintf(text + strlen(text), sizeof(text) - strlen(text), ",https://p8.example/");
    assert_code(parse(text), RPL_TOO_LARGE);
    snprintf(text, sizeof(text), "https://a.example/%0250d/", 0);
    assert_code(parse(text), RPL_TOO_LARGE);
}

static void a_key_is_one_segment_behind_its_prefix(void **state)
{
    (void)state;
    char url[RPL_RPC_URL_SIZE];
    assert_ok(parse_keys(B "k_2-Z," A "abc"));
    assert_true(rpl_rpc_url(&prefixes, &keys, 0, url));
    assert_string_equal(url, A "abc");
    assert_true(rpl_rpc_url(&prefixes, &keys, 1, url));
    assert_string_equal(url, B "k_2-Z");
    assert_false(rpl_rpc_url(&prefixes, &keys, 2, url));
    assert_ok(parse_keys(B "one"));
    assert_false(rpl_rpc_url(&prefixes, &keys, 0, url));
}

static void whatever_else_is_refused_by_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        rpl_code code;
        size_t fault;
    } cases[] = {
        {"", RPL_DENIED, 1},
        {B, RPL_MALFORMED, 1},
        {A "abc," B, RPL_MALFORMED, 2},
        {A "abc," B "a/b", RPL_MALFORMED, 2},
        {B "abc/", RPL_MALFORMED, 1},
        {B "..", RPL_MALFORMED, 1},
        {B "a?b", RPL_MALFORMED, 1},
        {B "a#b", RPL_MALFORMED, 1},
        {B "a%2fb", RPL_MALFORMED, 1},
        {B "a b", RPL_MALFORMED, 1},
        {B "@evil.example", RPL_MALFORMED, 1},
        {A "abc," A "def", RPL_CONFLICT, 2},
        {"https://evil.example/abc", RPL_DENIED, 1},
        {"https://rpc.example.net.evil.example/abc", RPL_DENIED, 1},
        {"https://rpc.example.net@evil.example/abc", RPL_DENIED, 1},
        {"https://eth.example.org/abc", RPL_DENIED, 1},
        {"http://rpc.example.net/abc", RPL_DENIED, 1},
        {A "abc,", RPL_DENIED, 2},
        {A "abc, " B "def", RPL_DENIED, 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_ok(parse_keys(A "kept"));
        if (parse_keys(cases[i].text).code != cases[i].code || fault != cases[i].fault)
            fail_msg("\"%s\": place %zu", cases[i].text, fault);
        assert_string_equal(keys.text[0], "kept");
    }
}

static void a_key_has_at_most_128_characters(void **state)
{
    (void)state;
    char text[256];
    snprintf(text, sizeof(text), B "%0128d", 7);
    assert_ok(parse_keys(text));
    snprintf(text, sizeof(text), B "%0129d", 7);
    assert_code(parse_keys(text), RPL_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_are_whole_urls),
        cmocka_unit_test(what_could_lead_elsewhere_is_refused),
        cmocka_unit_test(every_prefix_of_a_prefix_is_refused),
        cmocka_unit_test(each_host_counts_once),
        cmocka_unit_test(their_number_and_length_are_bounded),
        cmocka_unit_test(a_key_is_one_segment_behind_its_prefix),
        cmocka_unit_test(whatever_else_is_refused_by_its_place),
        cmocka_unit_test(a_key_has_at_most_128_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
