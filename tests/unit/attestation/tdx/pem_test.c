/* Traps that make a whole chain fail are cases of tests/vectors/pki/chains.json; here is the rest. */
#include "attestation/tdx/pem.h"
#include "tests/support/check.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"
#define ONE   BEGIN "AQID\n" END

static rpl_pem_chain chain;

static const char *code_of(const char *text, size_t count, bool zero_allowed)
{
    const char *code = NULL;
    uint8_t *exact = exact_copy(text, strlen(text));
    const rpl_status s =
        rpl_pem_decode(rpl_bytes_of(exact, strlen(text)), count, zero_allowed, &chain, &code);
    free(exact);
    return s.code == RPL_OK ? "ok" : code;
}

static void blocks_come_out_in_order(void **state)
{
    (void)state;
    assert_string_equal(code_of(ONE BEGIN "BA==\n" END, 2, false), "ok");
    assert_int_equal(chain.count, 2);
    assert_int_equal(chain.len[0], 3);
    assert_memory_equal(chain.der[0], "\1\2\3", 3);
    assert_int_equal(chain.len[1], 1);
    assert_int_equal(chain.der[1][0], 4);
}

static void the_number_of_blocks_is_exact(void **state)
{
    (void)state;
    assert_string_equal(code_of(ONE, 1, false), "ok");
    assert_string_equal(code_of("", 1, false), "CHAIN_LEN");
    assert_string_equal(code_of(ONE, 2, false), "CHAIN_LEN");
    assert_string_equal(code_of(ONE ONE, 1, false), "CHAIN_LEN");
    assert_string_equal(code_of(ONE ONE ONE ONE, 3, false), "CHAIN_LEN");
}

static void lines_have_1_to_76_characters(void **state)
{
    (void)state;
    char text[512];
    for (int n = 0; n <= 80; n++) {
        /* n characters, then what is missing to a multiple of four on a line of its own */
        snprintf(text, sizeof(text), BEGIN "%.*s\n%.*s\n" END, n,
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                 4 - n % 4, "AAAA");
        assert_string_equal(code_of(text, 1, false), n >= 1 && n <= 76 ? "ok" : "PEM_FORMAT");
    }
}

static void what_is_not_exactly_a_block_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        BEGIN END,
        BEGIN "\n" END,
        BEGIN "AQID\n",
        BEGIN "AQID",
        BEGIN "AQID" END,
        "-----BEGIN CERTIFICATE-----AQID\n" END,
        "-----BEGIN CERTIFICATE----\nAQID\n" END,
        "----BEGIN CERTIFICATE-----\nAQID\n" END,
        " " ONE,
        "\n" ONE,
        "\xef\xbb\xbf" ONE,
        BEGIN " AQID\n" END,
        BEGIN "AQID \n" END,
        BEGIN "AQI=\n" BEGIN,
        BEGIN "AQ==AQID\n" END,
        BEGIN "AQID\n====\n" END,
        BEGIN "AQI\n" END,
        BEGIN "AQJ=\n" END,
        BEGIN "AR==\n" END,
        BEGIN "A-_D\n" END,
        BEGIN "AQID\r" END,
        BEGIN "AQID\n\n" END,
        BEGIN "AQID\n-----END CERTIFICATE----",
        BEGIN "AQID\n-----END X509 CRL-----\n",
        ONE "\t",
        ONE "x",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *code = code_of(texts[i], 1, true);
        if (strcmp(code, "PEM_FORMAT") != 0)
            fail_msg("%zu (%s): %s", i, texts[i], code);
    }
}

static void one_zero_byte_may_end_it_only_where_allowed(void **state)
{
    (void)state;
    static const char two_zeros[] = ONE "\0";
    const char *code;
    const size_t len = sizeof(two_zeros);
    assert_ok(rpl_pem_decode(rpl_bytes_of(two_zeros, len - 1), 1, true, &chain, &code));
    assert_code(rpl_pem_decode(rpl_bytes_of(two_zeros, len - 1), 1, false, &chain, &code),
                RPL_MALFORMED);
    assert_code(rpl_pem_decode(rpl_bytes_of(two_zeros, len), 1, true, &chain, &code),
                RPL_MALFORMED);
    assert_string_equal(code, "PEM_FORMAT");
}

static void what_precedes_a_wrong_empty_line_is_still_there(void **state)
{
    (void)state;
    assert_string_equal(code_of(ONE "\r\n\n" ONE, 2, false), "PEM_FORMAT");
    assert_int_equal(chain.count, 2);
    assert_string_equal(code_of(ONE "\n", 1, false), "PEM_FORMAT");
    assert_string_equal(code_of(ONE "x" ONE, 2, false), "PEM_FORMAT");
    assert_int_equal(chain.count, 1);
}

static void no_chain_has_more_than_three(void **state)
{
    (void)state;
    const char *code;
    assert_code(rpl_pem_decode(rpl_bytes_of_text(ONE ONE ONE ONE), 4, false, &chain, &code),
                RPL_INTERNAL);
}

static void a_single_block_has_its_own_label(void **state)
{
    (void)state;
    static const char good[] = "-----BEGIN X509 CRL-----\r\nAQID\r\n-----END X509 CRL-----\r\n";
    uint8_t scratch[2 * sizeof(good)];
    rpl_bytes der;
    assert_ok(rpl_pem_decode_one(rpl_bytes_of_text(good), "X509 CRL", scratch, &der));
    assert_true(der.len == 3 && der.data[2] == 3);
    for (size_t n = 0; n + 2 < sizeof(good) - 1; n++) {
        uint8_t *exact = exact_copy(good, n);
        assert_int_not_equal(
            rpl_pem_decode_one(rpl_bytes_of(exact, n), "X509 CRL", scratch, &der).code, RPL_OK);
        free(exact);
    }
    assert_code(rpl_pem_decode_one(rpl_bytes_of_text(ONE), "X509 CRL", scratch, &der),
                RPL_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_come_out_in_order),
        cmocka_unit_test(the_number_of_blocks_is_exact),
        cmocka_unit_test(lines_have_1_to_76_characters),
        cmocka_unit_test(what_is_not_exactly_a_block_is_refused),
        cmocka_unit_test(one_zero_byte_may_end_it_only_where_allowed),
        cmocka_unit_test(what_precedes_a_wrong_empty_line_is_still_there),
        cmocka_unit_test(no_chain_has_more_than_three),
        cmocka_unit_test(a_single_block_has_its_own_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
