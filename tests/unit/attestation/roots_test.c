#include "attestation/roots.h"

#include "attestation/tdx/certificate.h"
#include "attestation/tdx/pck.h"
#include "base/hash.h"
#include "tests/support/pki.h"

static void intels_root_is_the_published_certificate(void **state)
{
    (void)state;
    const rpl_roots roots = rpl_roots_intel();
    uint8_t digest[RPL_SHA256_LEN];
    rpl_certificate c;
    size_t len;
    uint8_t *der = read_vector("dcap/raw/intel-roots/root.der", &len);
    assert_true(rpl_certificate_parse(rpl_bytes_of(der, len), &c));
    assert_memory_equal(roots.key, c.key, sizeof(c.key));
    rpl_sha256(rpl_bytes_of(der, len), digest);
    assert_memory_equal(roots.cert_digest, digest, sizeof(digest));
    assert_false(roots.is_test);
    free(der);
}

/* Whoever names a digest claims that this was done. */
static void intels_root_signed_itself(void **state)
{
    (void)state;
    rpl_certificate c;
    size_t len;
    uint8_t *der = read_vector("dcap/raw/intel-roots/root.der", &len);
    assert_true(rpl_certificate_parse(rpl_bytes_of(der, len), &c));
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_certificate_key(&c);
    assert_true(rpl_certificate_signed_by(&c, key));
    free(der);
}

/* Under a digest that is not the certificate's, the self-signature is asked for. */
static void another_certificate_of_the_same_key_is_verified(void **state)
{
    (void)state;
    static rpl_verdict v;
    json_t *chains = read_cases("pki/chains.json");
    rpl_roots roots;
    assert_ok(rpl_roots_test_from_pem(rpl_bytes_of_text(text_of(chains, "root")), &roots));
    assert_true(roots.is_test);
    const json_t *cases = json_object_get(chains, "cases");
    int seen = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        if (strncmp(text_of(one, "name"), "root_", 5) != 0)
            continue;
        size_t len;
        uint8_t *pem = bytes_of(one, "pem", &len);
        rpl_verdict_start(&v, 0);
        RPL_AUTO(pck_chain)
        rpl_pck_chain *chain = rpl_pck_chain_verify(
            rpl_bytes_of(pem, len), &roots, json_integer_value(json_object_get(chains, "now")), &v);
        assert_expected(one, &v);
        free(pem);
        seen++;
    }
    assert_int_equal(seen, 4);
    json_decref(chains);
}

static void test_roots_are_certificates_that_signed_themselves(void **state)
{
    (void)state;
    json_t *chains = read_cases("pki/chains.json");
    const json_t *cases = json_object_get(chains, "cases");
    rpl_roots roots;
    assert_code(rpl_roots_test_from_pem(rpl_bytes_of_text(""), &roots), RPL_MALFORMED);
    assert_code(rpl_roots_test_from_pem(rpl_bytes_of_text("nothing"), &roots), RPL_MALFORMED);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        if (strcmp(text_of(one, "name"), "one") != 0 &&
            strcmp(text_of(one, "name"), "signer_alone") != 0)
            continue;
        size_t len;
        uint8_t *pem = bytes_of(one, "pem", &len);
        assert_code(rpl_roots_test_from_pem(rpl_bytes_of(pem, len), &roots), RPL_MALFORMED);
        free(pem);
    }
    json_decref(chains);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intels_root_is_the_published_certificate),
        cmocka_unit_test(intels_root_signed_itself),
        cmocka_unit_test(another_certificate_of_the_same_key_is_verified),
        cmocka_unit_test(test_roots_are_certificates_that_signed_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
