#include "attestation/tdx/certificate.h"
#include "tests/support/pki.h"

enum { CASES_MIN = 90 };

static const rpl_certificate_checks checks = {RPL_CHECK_PCK_PROFILE, RPL_CHECK_PCK_NAMES,
                                              RPL_CHECK_PCK_VALIDITY};

static rpl_certificate_role role_of(const char *name)
{
    if (strcmp(name, "pck") == 0)
        return RPL_ROLE_PCK;
    if (strcmp(name, "root") == 0)
        return RPL_ROLE_ROOT;
    return strcmp(name, "signer") == 0 ? RPL_ROLE_TCB_SIGNER : RPL_ROLE_PLATFORM;
}

static uint8_t *der_named(const char *name, size_t *len)
{
    json_t *cases = read_cases("pki/certificates.json");
    uint8_t *der = NULL;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        if (strcmp(text_of(json_array_get(cases, i), "name"), name) == 0)
            der = bytes_of(json_array_get(cases, i), "der", len);
    }
    json_decref(cases);
    assert_non_null(der);
    return der;
}

static bool is_unreadable(const json_t *one)
{
    const char *first = json_string_value(json_array_get(json_object_get(one, "expect"), 0));
    return first && strcmp(first, "unreadable") == 0;
}

static void check_case(const json_t *one)
{
    static rpl_verdict v;
    rpl_certificate c;
    size_t len;
    uint8_t *der = bytes_of(one, "der", &len);
    const bool readable = rpl_certificate_parse(rpl_bytes_of(der, len), &c);
    if (readable == is_unreadable(one))
        fail_msg("%s: %s", text_of(one, "name"), readable ? "was read" : "could not be read");
    if (readable) {
        rpl_verdict_start(&v, 0);
        const int64_t now = json_integer_value(json_object_get(one, "now"));
        const bool holds =
            rpl_certificate_judge(&c, role_of(text_of(one, "role")), now, &checks, &v);
        assert_expected(one, &v);
        assert_int_equal(holds, v.state[RPL_CHECK_PCK_PROFILE] != RPL_FAILED &&
                                    v.state[RPL_CHECK_PCK_NAMES] != RPL_FAILED);
    }
    free(der);
}

static void each_rule_accepts_and_refuses(void **state)
{
    (void)state;
    json_t *cases = read_cases("pki/certificates.json");
    assert_true(json_array_size(cases) >= CASES_MIN);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_case(json_array_get(cases, i));
    json_decref(cases);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    rpl_certificate c;
    size_t len;
    uint8_t *der = der_named("pck", &len);
    for (size_t n = 0; n < len; n++) {
        uint8_t *exact = exact_copy(der, n);
        assert_false(rpl_certificate_parse(rpl_bytes_of(exact, n), &c));
        free(exact);
    }
    free(der);
}

/* What is signed and its algorithm must be read the same way by whoever verifies: a flip is refused by
 * the reader, or breaks the signature, or is in the signature itself. */
static void every_flipped_bit_is_refused_or_breaks_the_signature(void **state)
{
    (void)state;
    size_t len, ca_len;
    uint8_t *der = der_named("pck", &len), *ca_der = der_named("platform", &ca_len);
    rpl_certificate c, ca;
    assert_true(rpl_certificate_parse(rpl_bytes_of(ca_der, ca_len), &ca));
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_certificate_key(&ca);
    assert_true(rpl_certificate_parse(rpl_bytes_of(der, len), &c));
    assert_true(rpl_certificate_issued_by(&c, &ca) && rpl_certificate_signed_by(&c, key));
    for (size_t i = 0; i < len; i++) {
        der[i] ^= (uint8_t)(1 << i % 8);
        assert_false(rpl_certificate_parse(rpl_bytes_of(der, len), &c) &&
                     rpl_certificate_signed_by(&c, key));
        der[i] ^= (uint8_t)(1 << i % 8);
    }
    free(der);
    free(ca_der);
}

static void assert_hex(const void *data, size_t len, const char *hex)
{
    char text[256];
    assert_true(len < sizeof(text) / 2);
    rpl_hex_encode(rpl_bytes_of(data, len), text);
    assert_string_equal(text, hex);
}

/* The numbers are dcap/KAT.json's and openssl x509's. */
static void intels_certificates_read_as_published(void **state)
{
    (void)state;
    rpl_certificate c;
    size_t len;
    uint8_t *der = read_vector("dcap/raw/intel-roots/platform_ca.der", &len);
    assert_true(rpl_certificate_parse(rpl_bytes_of(der, len), &c));
    assert_string_equal(c.common_name, "Intel SGX PCK Platform CA");
    assert_hex(c.serial, c.serial_len, "956f5dcdbd1be1e94049c9d4f433ce01570bde54");
    assert_int_equal(c.not_before, 1526899810);
    assert_int_equal(c.not_after, 2000285410);
    assert_true(c.is_ca && c.has_path_len && c.path_len == 0 && c.is_p256 && c.is_ecdsa_sha256);
    assert_int_equal(c.key_usage, 1 << 5 | 1 << 6);
    free(der);
    der = read_vector("dcap/raw/intel-roots/root.der", &len);
    assert_true(rpl_certificate_parse(rpl_bytes_of(der, len), &c));
    assert_hex(c.serial, c.serial_len, "22650cd65a9d3489f383b49552bf501b392706ac");
    assert_int_equal(c.not_after, 2524607999);
    assert_true(rpl_certificate_issued_by(&c, &c) && c.path_len == 1);
    free(der);
}

static void the_signer_issued_twice_has_one_key_and_serial(void **state)
{
    (void)state;
    rpl_certificate old, new;
    size_t old_len, new_len;
    uint8_t *a = read_vector("dcap/raw/intel-roots/tcb_signing_2018_2025.der", &old_len);
    uint8_t *b = read_vector("dcap/raw/intel-roots/tcb_signing_2025_2032.der", &new_len);
    assert_true(rpl_certificate_parse(rpl_bytes_of(a, old_len), &old));
    assert_true(rpl_certificate_parse(rpl_bytes_of(b, new_len), &new));
    assert_memory_equal(old.key, new.key, sizeof(old.key));
    assert_memory_equal(old.serial, new.serial, sizeof(old.serial));
    assert_true(old.not_after < new.not_after);
    free(a);
    free(b);
}

static void a_key_that_is_no_point_is_none(void **state)
{
    (void)state;
    size_t len;
    uint8_t *der = der_named("key_explicit_parameters", &len);
    rpl_certificate c;
    assert_true(rpl_certificate_parse(rpl_bytes_of(der, len), &c));
    assert_null(rpl_certificate_key(&c));
    free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_accepts_and_refuses),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused_or_breaks_the_signature),
        cmocka_unit_test(intels_certificates_read_as_published),
        cmocka_unit_test(the_signer_issued_twice_has_one_key_and_serial),
        cmocka_unit_test(a_key_that_is_no_point_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
