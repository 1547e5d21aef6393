#include "attestation/tdx/ossl.h"

#include <openssl/err.h>

#include "attestation/tdx/quote.h"
#include "base/hex.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

/* RFC 6979, A.2.5: P-256, SHA-256, message "sample". */
static const char rfc_key[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                              "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char rfc_signature[] =
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char field[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

typedef struct {
    uint8_t b[64];
} pair;

static pair from_hex(const char *hex)
{
    pair p;
    assert_ok(rpl_hex_decode_exact(rpl_bytes_of_text(hex), p.b, sizeof(p.b)));
    return p;
}

static bool verifies(const char *message, const pair *signature)
{
    const pair point = from_hex(rfc_key);
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_p256_key(point.b);
    assert_non_null(key);
    return rpl_p256_verify(key, rpl_bytes_of_text(message), rpl_bytes_of(signature->b, 64));
}

static void the_rfc_signature_holds_and_no_flip_of_it(void **state)
{
    (void)state;
    pair s = from_hex(rfc_signature);
    assert_true(verifies("sample", &s));
    assert_false(verifies("sampld", &s));
    for (size_t bit = 0; bit < 512; bit += 3) {
        s.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(verifies("sample", &s));
        s.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void put(pair *p, size_t at, const char *hex)
{
    assert_ok(rpl_hex_decode_exact(rpl_bytes_of_text(hex), p->b + at, 32));
}

static void numbers_outside_their_range_never_hold(void **state)
{
    (void)state;
    static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const char ones[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    const char *const bad[] = {zero, order, ones};
    for (size_t i = 0; i < 3; i++) {
        pair s = from_hex(rfc_signature);
        put(&s, 0, bad[i]);
        assert_false(verifies("sample", &s));
        put(&s, 32, bad[i]);
        assert_false(verifies("sample", &s));
        s = from_hex(rfc_signature);
        put(&s, 32, bad[i]);
        assert_false(verifies("sample", &s));
    }
}

/* ECDSA has two signatures for each: n - s is as right as s, and nothing may take either for a name. */
static void the_other_half_of_s_holds_too(void **state)
{
    (void)state;
    pair s = from_hex(rfc_signature), n = {0};
    unsigned borrow = 0;
    put(&n, 32, order);
    for (size_t i = 64; i-- > 32;) {
        const unsigned low = 256u + n.b[i] - s.b[i] - borrow;
        s.b[i] = (uint8_t)low;
        borrow = low < 256;
    }
    assert_true(verifies("sample", &s));
}

static void points_off_the_curve_are_no_keys(void **state)
{
    (void)state;
    pair p = {{0}};
    assert_null(rpl_p256_key(p.b));
    p = from_hex(rfc_key);
    p.b[63] ^= 1;
    assert_null(rpl_p256_key(p.b));
    p = from_hex(rfc_key);
    put(&p, 0, field); /* x = p, which is 0 in the field but not a coordinate */
    assert_null(rpl_p256_key(p.b));
}

static void der_signatures_are_exact(void **state)
{
    (void)state;
    const pair point = from_hex(rfc_key), rs = from_hex(rfc_signature);
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_p256_key(point.b);
    uint8_t der[80] = {0x30, 0x46, 0x02, 0x21, 0x00};
    memcpy(der + 5, rs.b, 32);
    memcpy(der + 37, "\x02\x21\x00", 3);
    memcpy(der + 40, rs.b + 32, 32);
    const rpl_bytes sample = rpl_bytes_of_text("sample");
    assert_true(rpl_p256_verify_der(key, sample, rpl_bytes_of(der, 72)));
    for (size_t n = 0; n < 72; n++)
        assert_false(rpl_p256_verify_der(key, sample, rpl_bytes_of(der, n)));
    assert_false(rpl_p256_verify_der(key, sample, rpl_bytes_of(der, 73)));
    for (size_t bit = 0; bit < 40; bit++) {
        der[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(rpl_p256_verify_der(key, sample, rpl_bytes_of(der, 72)));
        der[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    memmove(der + 3, der + 2, 70); /* a length of the long form where the short one fits */
    der[1] = 0x81;
    der[2] = 0x46;
    assert_false(rpl_p256_verify_der(key, sample, rpl_bytes_of(der, 73)));
}

static void no_key_and_no_signature_never_hold(void **state)
{
    (void)state;
    const pair point = from_hex(rfc_key), s = from_hex(rfc_signature);
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_p256_key(point.b);
    const rpl_bytes sample = rpl_bytes_of_text("sample");
    assert_false(rpl_p256_verify(NULL, sample, rpl_bytes_of(s.b, 64)));
    assert_false(rpl_p256_verify(key, sample, rpl_bytes_of(s.b, 63)));
    assert_false(rpl_p256_verify(key, sample, rpl_bytes_of(s.b, 0)));
    assert_false(rpl_p256_verify_der(key, sample, rpl_bytes_of(NULL, 0)));
}

static void openssl_keeps_no_error_of_ours(void **state)
{
    (void)state;
    pair p = from_hex(rfc_key);
    p.b[0] ^= 1;
    assert_null(rpl_p256_key(p.b));
    assert_int_equal(ERR_peek_error(), 0);
    pair s = {{0}};
    assert_false(verifies("sample", &s));
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_real_quote_is_signed_by_its_key(void **state)
{
    (void)state;
    size_t len;
    const char *code;
    rpl_quote q;
    uint8_t *bytes = read_vector("dcap/real/phala-dcap-qvl/tdx_v4_b0c06f/quote.bin", &len);
    assert_ok(rpl_quote_parse(rpl_bytes_of(bytes, len), &q, &code));
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_p256_key(q.attestation_key.data);
    assert_true(rpl_p256_verify(key, q.signed_part, q.signature));
    assert_false(rpl_p256_verify(key, q.qe_report_bytes, q.qe_report_signature));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_signature_holds_and_no_flip_of_it),
        cmocka_unit_test(numbers_outside_their_range_never_hold),
        cmocka_unit_test(the_other_half_of_s_holds_too),
        cmocka_unit_test(points_off_the_curve_are_no_keys),
        cmocka_unit_test(der_signatures_are_exact),
        cmocka_unit_test(no_key_and_no_signature_never_hold),
        cmocka_unit_test(openssl_keeps_no_error_of_ours),
        cmocka_unit_test(a_real_quote_is_signed_by_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
