#include "base/hash.h"

#include "base/hex.h"
#include "tests/support/check.h"

static void assert_hex(const uint8_t *got, size_t len, const char *want)
{
    char text[2 * RPL_SHA512_LEN + 1];
    rpl_hex_encode(rpl_bytes_of(got, len), text);
    assert_string_equal(text, want);
}

static rpl_bytes of_hex(const char *text, uint8_t *bytes, size_t cap)
{
    size_t len = 0;
    assert_ok(rpl_hex_decode(rpl_bytes_of_text(text), bytes, cap, &len));
    return rpl_bytes_of(bytes, len);
}

/* FIPS 180-4, example "abc", and the empty message */
static void sha2_has_the_published_answers(void **state)
{
    (void)state;
    uint8_t out[RPL_SHA512_LEN];
    rpl_sha256(rpl_bytes_of_text("abc"), out);
    assert_hex(out, RPL_SHA256_LEN,
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    rpl_sha256((rpl_bytes){0}, out);
    assert_hex(out, RPL_SHA256_LEN,
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    rpl_sha384(rpl_bytes_of_text("abc"), out);
    assert_hex(out, RPL_SHA384_LEN,
               "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
               "8086072ba1e7cc2358baeca134c825a7");
    rpl_sha512(rpl_bytes_of_text("abc"), out);
    assert_hex(out, RPL_SHA512_LEN,
               "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

static void parts_hash_like_the_whole(void **state)
{
    (void)state;
    const rpl_bytes parts[] = {rpl_bytes_of_text("a"), {0}, rpl_bytes_of_text("bc")};
    uint8_t whole[RPL_SHA384_LEN], split[RPL_SHA384_LEN];
    rpl_sha256(rpl_bytes_of_text("abc"), whole);
    rpl_sha256_parts(parts, 3, split);
    assert_memory_equal(whole, split, RPL_SHA256_LEN);
    rpl_sha384(rpl_bytes_of_text("abc"), whole);
    rpl_sha384_parts(parts, 3, split);
    assert_memory_equal(whole, split, RPL_SHA384_LEN);
    rpl_sha256((rpl_bytes){0}, whole);
    rpl_sha256_parts(NULL, 0, split);
    assert_memory_equal(whole, split, RPL_SHA256_LEN);
}

/* The first two are published (Ethereum yellow paper's KEC(()), the ABI's transfer selector); the
 * others come from a plain Python sponge that was first checked against hashlib.sha3_256. Lengths
 * stand around one and two blocks of 136 bytes. */
static void keccak_256_has_the_known_answers(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        const char *want;
    } cases[] = {
        {0, "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
        {135, "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"},
        {136, "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"},
        {137, "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39"},
        {200, "96ea54061def936c4be90b518992fdc6f12f535068a256229aca54267b4d084d"},
        {272, "cf7fcd4f705ee749930d19ca84561a9bf62516bd90a471545fa2f49fdc7e63c8"},
    };
    uint8_t message[272], out[RPL_KECCAK256_LEN];
    memset(message, 'a', sizeof(message));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t *exact = exact_copy(message, cases[i].len);
        rpl_keccak256(rpl_bytes_of(exact, cases[i].len), out);
        assert_hex(out, sizeof(out), cases[i].want);
        free(exact);
    }
    rpl_keccak256(rpl_bytes_of_text("transfer(address,uint256)"), out);
    assert_hex(out, sizeof(out),
               "a9059cbb2ab09eb219583f4a59a5d0623ade346d962bcd4e46b11da047c9049b");
    rpl_keccak256(rpl_bytes_of_text("abc"), out);
    assert_hex(out, sizeof(out),
               "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
}

/* RFC 5869, appendix A, test cases 1 to 3 */
static void hkdf_has_the_answers_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        const char *ikm, *salt, *info;
        size_t len;
        const char *want;
    } cases[] = {
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
         "f0f1f2f3f4f5f6f7f8f9", 42,
         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
         "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
         "404142434445464748494a4b4c4d4e4f",
         "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
         "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
         "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
         "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
         "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
         "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
         82,
         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
         "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
         "cc30c58179ec3e87c14c01d5c1f3434f1d87"},
        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "", 42,
         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t ikm[80], salt[80], info[80], okm[82], want[82];
        assert_ok(rpl_hkdf_sha256(of_hex(cases[i].ikm, ikm, 80), of_hex(cases[i].salt, salt, 80),
                                  of_hex(cases[i].info, info, 80), okm, cases[i].len));
        assert_int_equal(of_hex(cases[i].want, want, 82).len, cases[i].len);
        assert_memory_equal(okm, want, cases[i].len);
    }
}

static void hkdf_gives_at_most_255_blocks(void **state)
{
    (void)state;
    static uint8_t okm[255 * 32 + 1];
    const rpl_bytes key = rpl_bytes_of_text("key");
    assert_ok(rpl_hkdf_sha256(key, (rpl_bytes){0}, (rpl_bytes){0}, okm, 255 * 32));
    assert_code(rpl_hkdf_sha256(key, (rpl_bytes){0}, (rpl_bytes){0}, okm, sizeof(okm)),
                RPL_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha2_has_the_published_answers),
        cmocka_unit_test(parts_hash_like_the_whole),
        cmocka_unit_test(keccak_256_has_the_known_answers),
        cmocka_unit_test(hkdf_has_the_answers_of_the_rfc),
        cmocka_unit_test(hkdf_gives_at_most_255_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
