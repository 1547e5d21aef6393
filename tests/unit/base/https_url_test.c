#include "base/https_url.h"

#include "tests/support/check.h"

static void assert_text(rpl_bytes found, const char *want)
{
    assert_int_equal(found.len, strlen(want));
    assert_memory_equal(found.data, want, found.len);
}

static void plain_addresses_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
        const char *path;
    } good[] = {
        {"https://a", "a", 443, ""},
        {"https://a/", "a", 443, "/"},
        {"https://eth-mainnet.example.com/v2/", "eth-mainnet.example.com", 443, "/v2/"},
        {"https://127.0.0.1:8443", "127.0.0.1", 8443, ""},
        {"https://A.b-c.D1:65535/x/.y/z~_-", "A.b-c.D1", 65535, "/x/.y/z~_-"},
        {"https://a:1/...", "a", 1, "/..."},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        rpl_https_url url;
        uint8_t *exact = exact_copy(good[i].text, strlen(good[i].text));
        assert_ok(rpl_https_url_parse(rpl_bytes_of(exact, strlen(good[i].text)), &url));
        assert_text(url.host, good[i].host);
        assert_int_equal(url.port, good[i].port);
        assert_text(url.path, good[i].path);
        free(exact);
    }
}

static const char *const refused[] = {
    "",
    "https",
    "https://",
    "http://a",
    "HTTPS://a",
    "https:/a",
    "//a",
    "a",
    " https://a",
    "https://a ",
    "https://user@a",
    "https://user:pw@a",
    "https://a@b",
    "https://a:1@b/",
    "https://a?b",
    "https://a/?b",
    "https://a#b",
    "https://a/#b",
    "https://a/b?c=d",
    "https://a\\b",
    "https://a/b\\c",
    "https://a%2eb",
    "https://a/%2e%2e/",
    "https://a//b",
    "https://a/../b",
    "https://a/..",
    "https://a/.",
    "https://a/./b",
    "https://a:",
    "https://a:0",
    "https://a:01",
    "https://a:65536",
    "https://a:99999",
    "https://a:100000",
    "https://a:+1",
    "https://a:1x",
    "https://.a",
    "https://a.",
    "https://a..b",
    "https://-a",
    "https://a-",
    "https://a-.b",
    "https://a_b",
    "https://[::1]",
    "https://a\tb",
    "https://a/b\nc",
    "https://a/b\x7f",
    "https://\xc3\xa4",
    "https://a,b",
    "https://a/b,c",
    "https://a/;b",
};

static void whatever_parsers_disagree_on_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        rpl_https_url url = {.port = 7};
        uint8_t *exact = exact_copy(refused[i], strlen(refused[i]));
        const rpl_status s = rpl_https_url_parse(rpl_bytes_of(exact, strlen(refused[i])), &url);
        if (s.code != RPL_MALFORMED)
            fail_msg("taken: %s", refused[i]);
        assert_int_equal(url.port, 7);
        free(exact);
    }
    rpl_https_url url;
    assert_code(rpl_https_url_parse(rpl_bytes_of("https://a\0b", 11), &url), RPL_MALFORMED);
    assert_code(rpl_https_url_parse(rpl_bytes_of("https://a/\0", 11), &url), RPL_MALFORMED);
}

static rpl_code code_of_host(size_t label, size_t labels, size_t path)
{
    char text[2048] = "https://";
    rpl_https_url url;
    for (size_t i = 0; i < labels; i++) {
        if (i > 0)
            strcat(text, ".");
        memset(text + strlen(text), 'a', label);
    }
    strcat(text, "/");
    memset(text + strlen(text), 'p', path);
    return rpl_https_url_parse(rpl_bytes_of_text(text), &url).code;
}

static void lengths_have_limits(void **state)
{
    (void)state;
    assert_int_equal(code_of_host(63, 1, 0), RPL_OK);
    assert_int_equal(code_of_host(64, 1, 0), RPL_MALFORMED);
    assert_int_equal(code_of_host(1, 127, 0), RPL_OK);
    assert_int_equal(code_of_host(1, 128, 0), RPL_MALFORMED);
    assert_int_equal(code_of_host(3, 1, RPL_HTTPS_URL_MAX - 12), RPL_OK);
    assert_int_equal(code_of_host(3, 1, RPL_HTTPS_URL_MAX - 11), RPL_MALFORMED);
}

static void host_names_compare_without_case(void **state)
{
    (void)state;
    const rpl_bytes name = rpl_bytes_of_text("Api.Example");
    assert_true(rpl_host_equal(name, rpl_bytes_of_text("aPI.eXAMPLE")));
    assert_false(rpl_host_equal(name, rpl_bytes_of_text("api.example2")));
    assert_false(rpl_host_equal(name, rpl_bytes_of_text("apj.example")));
    assert_false(rpl_host_equal(rpl_bytes_of_text("-"), rpl_bytes_of_text("\r")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_addresses_are_taken_apart),
        cmocka_unit_test(whatever_parsers_disagree_on_is_refused),
        cmocka_unit_test(lengths_have_limits),
        cmocka_unit_test(host_names_compare_without_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
