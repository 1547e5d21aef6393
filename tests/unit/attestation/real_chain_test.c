/* The PCK chains of real quotes under Intel's root, against tests/vectors/dcap/KAT.json. */
#include "attestation/roots.h"
#include "attestation/tdx/pck.h"
#include "attestation/tdx/quote.h"
#include "base/hash.h"
#include "tests/support/pki.h"

#define V4 "phala-dcap-qvl/tdx_v4_b0c06f"

enum { NOW = 1771545600 /* 2026-02-20 */, KNOWN_MIN = 2 };

static rpl_verdict verdict;

static rpl_pck_chain *verify(rpl_bytes pem, const rpl_roots *roots)
{
    rpl_verdict_start(&verdict, 0);
    rpl_pck_chain *chain = rpl_pck_chain_verify(pem, roots, NOW, &verdict);
    assert_non_null(chain);
    return chain;
}

static uint8_t *read_chain(const char *name, rpl_bytes *pem)
{
    char path[256];
    size_t len;
    const char *code;
    rpl_quote q;
    snprintf(path, sizeof(path), "dcap/real/%s/quote.bin", name);
    uint8_t *bytes = read_vector(path, &len);
    assert_ok(rpl_quote_parse(rpl_bytes_of(bytes, len), &q, &code));
    *pem = q.pck_pem;
    return bytes;
}

static void assert_bytes(const json_t *known, const char *key, const void *data, size_t len)
{
    size_t want_len;
    uint8_t *want = bytes_of(known, key, &want_len);
    assert_int_equal(want_len, len);
    assert_memory_equal(data, want, len);
    free(want);
}

static void check_known(const char *name, const json_t *known)
{
    const rpl_roots roots = rpl_roots_intel();
    const json_t *leaf = json_array_get(json_object_get(known, "cert_der"), 0);
    uint8_t digest[RPL_SHA256_LEN];
    rpl_bytes pem;
    uint8_t *quote = read_chain(name, &pem);
    RPL_AUTO(pck_chain) rpl_pck_chain *chain = verify(pem, &roots);
    if (verdict.n_findings > 0 || !chain->leaf_key || !chain->has_pck)
        fail_msg("%s does not hold", name);
    assert_bytes(known, "fmspc", chain->pck.fmspc, 6);
    assert_bytes(known, "pceid", chain->pck.pceid, 2);
    assert_bytes(known, "cpusvn", chain->pck.cpu_svn, 16);
    rpl_sha256(rpl_bytes_of(chain->pck.ppid, 16), digest);
    assert_bytes(known, "ppid_sha256", digest, sizeof(digest));
    assert_int_equal(json_integer_value(json_object_get(known, "pcesvn")), chain->pck.pcesvn);
    assert_int_equal(json_integer_value(json_object_get(known, "sgx_type")), chain->pck.sgx_type);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(json_integer_value(json_array_get(json_object_get(known, "comps"), i)),
                         chain->pck.components[i]);
    assert_bytes(leaf, "serial", chain->leaf.serial, chain->leaf.serial_len);
    assert_int_equal(json_integer_value(json_object_get(leaf, "not_before")), chain->valid_from);
    assert_int_equal(json_integer_value(json_object_get(leaf, "not_after")), chain->valid_until);
    free(quote);
}

static void known_platforms_read_as_known(void **state)
{
    (void)state;
    json_t *all = read_cases("dcap/KAT.json");
    const char *name;
    json_t *known;
    assert_true(json_object_size(all) >= KNOWN_MIN);
    json_object_foreach(all, name, known)
    {
        if (json_integer_value(json_object_get(known, "version")) >= 4)
            check_known(name, known);
    }
    json_decref(all);
}

/* PEM has white space and base64 has unused bits; here neither leaves room for a second spelling. */
static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    const rpl_roots roots = rpl_roots_intel();
    rpl_bytes pem;
    uint8_t *quote = read_chain(V4, &pem), *text = exact_copy(pem.data, pem.len);
    for (size_t i = 0; i < pem.len; i++) {
        text[i] ^= (uint8_t)(1 << i % 8);
        RPL_AUTO(pck_chain) rpl_pck_chain *chain = verify(rpl_bytes_of(text, pem.len), &roots);
        if (!rpl_verdict_has_failure(&verdict) || chain->leaf_key)
            fail_msg("bit %zu of byte %zu makes no difference", i % 8, i);
        text[i] ^= (uint8_t)(1 << i % 8);
    }
    free(text);
    free(quote);
}

static void intels_sample_has_another_root(void **state)
{
    (void)state;
    const rpl_roots roots = rpl_roots_intel();
    size_t leaf_len, ca_len;
    uint8_t *leaf = read_vector("dcap/raw/intel-qvl-synthetic-sample/pckCert.pem", &leaf_len);
    uint8_t *ca = read_vector("dcap/raw/intel-qvl-synthetic-sample/pckSignChain.pem", &ca_len);
    uint8_t *both = malloc(leaf_len + ca_len);
    assert_non_null(both);
    memcpy(both, leaf, leaf_len);
    memcpy(both + leaf_len, ca, ca_len);
    RPL_AUTO(pck_chain)
    rpl_pck_chain *chain = verify(rpl_bytes_of(both, leaf_len + ca_len), &roots);
    assert_int_equal(verdict.state[RPL_CHECK_PCK_ROOT], RPL_FAILED);
    assert_true(verdict_says(&verdict, "ROOT_UNTRUSTED"));
    assert_null(chain->leaf_key);
    free(both);
    free(leaf);
    free(ca);
}

static void a_real_platform_is_nobody_under_another_root(void **state)
{
    (void)state;
    json_t *chains = read_cases("pki/chains.json");
    rpl_roots roots;
    rpl_bytes pem;
    uint8_t *quote = read_chain(V4, &pem);
    assert_ok(rpl_roots_test_from_pem(rpl_bytes_of_text(text_of(chains, "root")), &roots));
    RPL_AUTO(pck_chain) rpl_pck_chain *chain = verify(pem, &roots);
    assert_true(verdict_says(&verdict, "ROOT_UNTRUSTED"));
    assert_null(chain->leaf_key);
    free(quote);
    json_decref(chains);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_platforms_read_as_known),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(intels_sample_has_another_root),
        cmocka_unit_test(a_real_platform_is_nobody_under_another_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
