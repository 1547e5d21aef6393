/* The calls are what `cast calldata` of Foundry 1.7.1 makes of the same arguments. */
#include "attestation/policy/abi.h"

#include "base/hex.h"
#include "tests/support/check.h"

#define W0     "00000000000000000000000000000000000000000000000000000000000000"
#define X(c)   c c c c c c c c
#define X32(c) X(c) X(c) X(c) X(c)
#define X48(c) X32(c) X(c) X(c)
#define Z16    X("00") X("00")

static uint8_t word[4][48];

static void check_call(const char *signature, const rpl_abi_value *arguments, size_t count,
                       const char *want)
{
    uint8_t out[1024];
    char hex[2 * sizeof(out) + 1];
    rpl_writer w = rpl_writer_over(out, sizeof(out));
    rpl_abi_write_call(&w, signature, arguments, count);
    assert_true(rpl_writer_done(&w));
    rpl_hex_encode(rpl_writer_bytes(&w), hex);
    assert_string_equal(hex, want);
}

static void a_call_of_four_byte_strings_is_laid_out(void **state)
{
    (void)state;
    const rpl_abi_value arguments[] = {
        rpl_abi_bytes(rpl_bytes_of(word[0], 32)), rpl_abi_bytes(rpl_bytes_of(word[1], 48)),
        rpl_abi_bytes(rpl_bytes_of(word[2], 48)), rpl_abi_bytes(rpl_bytes_of(word[3], 48))};
    check_call("get_mrtd(bytes,bytes,bytes,bytes)", arguments, 4,
               "d38f6a83" W0 "80" W0 "c0"
               "0000000000000000000000000000000000000000000000000000000000000120"
               "0000000000000000000000000000000000000000000000000000000000000180" W0 "20" X32("11")
                   W0 "30" X48("22") Z16 W0 "30" X48("33") Z16 W0 "30" X48("44") Z16);
}

static void fixed_values_numbers_and_texts_mix(void **state)
{
    (void)state;
    uint8_t kind[32], value[32];
    memset(kind, 0xab, 32);
    memset(value, 0xcd, 32);
    const rpl_abi_value revoke[] = {rpl_abi_fixed(kind), rpl_abi_fixed(value),
                                    rpl_abi_bytes(rpl_bytes_of_text("key stolen"))};
    check_call("revoke(bytes32,bytes32,string)", revoke, 3,
               "e0b30a11" X32("ab") X32("cd") W0
               "60" W0 "0a6b65792073746f6c656e00000000000000000000000000000000000000000000");
    const rpl_abi_value propose[] = {rpl_abi_fixed(kind), rpl_abi_fixed(value),
                                     rpl_abi_uint(1800000000), rpl_abi_uint(0),
                                     rpl_abi_bytes((rpl_bytes){NULL, 0})};
    check_call("propose(bytes32,bytes32,uint64,uint64,bytes)", propose, 5,
               "84640b3f" X32("ab")
                   X32("cd") "000000000000000000000000000000000000000000000000000000006b49d200" W0
                             "00" W0 "a0" W0 "00");
}

static void an_address_stands_at_the_end_of_its_word(void **state)
{
    (void)state;
    static const uint8_t owner[20] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
                                      0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01, 0x23, 0x45, 0x67};
    const rpl_abi_value arguments[] = {rpl_abi_address(owner)};
    check_call("transferOwnership(address)", arguments, 1,
               "f2fde38b00000000000000000000000000112233445566778899aabbccddeeff01234567");
}

static void a_call_that_does_not_fit_says_so(void **state)
{
    (void)state;
    uint8_t out[35];
    const rpl_abi_value arguments[] = {rpl_abi_uint(1)};
    rpl_writer w = rpl_writer_over(out, sizeof(out));
    rpl_abi_write_call(&w, "f(uint256)", arguments, 1);
    assert_false(rpl_writer_done(&w));
}

static void only_one_word_of_0_or_1_says_yes_or_no(void **state)
{
    (void)state;
    uint8_t answer[64] = {0};
    for (size_t len = 0; len <= sizeof(answer); len++) {
        bool yes = true;
        uint8_t *exact = exact_copy(answer, len);
        assert_code(rpl_abi_answer_bool(rpl_bytes_of(exact, len), &yes),
                    len == 32 ? RPL_OK : RPL_MALFORMED);
        assert_true(yes == (len != 32));
        free(exact);
    }
    for (size_t bit = 0; bit < 256; bit++) {
        bool yes = false;
        answer[bit / 8] = (uint8_t)(1 << bit % 8);
        assert_code(rpl_abi_answer_bool(rpl_bytes_of(answer, 32), &yes),
                    bit == 248 ? RPL_OK : RPL_MALFORMED);
        assert_true(yes == (bit == 248));
        answer[bit / 8] = 0;
    }
}

static void words_that_are_out_of_range_are_refused(void **state)
{
    (void)state;
    uint8_t answer[32], address[20];
    for (size_t i = 0; i < 32; i++) {
        uint64_t number = 7;
        memset(answer, 0, sizeof(answer));
        answer[i] = 1;
        rpl_reader r = rpl_reader_over(rpl_bytes_of(answer, 32));
        assert_true(rpl_abi_read_uint64(&r, &number) == (i >= 24));
        assert_true(number == (i >= 24 ? UINT64_C(1) << 8 * (31 - i) : 7));
        r = rpl_reader_over(rpl_bytes_of(answer, 32));
        assert_true(rpl_abi_read_address(&r, address) == (i >= 12));
        assert_true(i < 12 || address[i - 12] == 1);
    }
}

static int fill(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        memset(word[i], 0x11 * (i + 1), sizeof(word[i]));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_of_four_byte_strings_is_laid_out),
        cmocka_unit_test(fixed_values_numbers_and_texts_mix),
        cmocka_unit_test(an_address_stands_at_the_end_of_its_word),
        cmocka_unit_test(a_call_that_does_not_fit_says_so),
        cmocka_unit_test(only_one_word_of_0_or_1_says_yes_or_no),
        cmocka_unit_test(words_that_are_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
