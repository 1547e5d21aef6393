/* cases.h - a verification case of tests/vectors: a folder with quote.bin, collateral.json and
 * meta.json, judged by the whole verifier. */
#ifndef RPL_TESTS_CASES_H
#define RPL_TESTS_CASES_H

#include "attestation/collateral_bundle.h"
#include "base/hex.h"
#include "base/json.h"
#include "tests/support/file.h"
#include "tests/support/verdicts.h"

typedef struct {
    uint8_t *quote;
    size_t quote_len;
    json_t *meta;
    rpl_collateral_set collateral;
    rpl_roots roots;
    int64_t now;
} test_case;

enum { EVERY_STATUS = (1u << RPL_TCB_STATUS_COUNT) - 1 };

/* The root of a private test PKI, from its DER. */
static inline rpl_roots test_root(const char *path)
{
    static uint8_t pem[8192];
    rpl_roots roots;
    size_t len;
    uint8_t *der = read_file(path, &len);
    char base64[4096];
    assert_true(rpl_base64_encoded_len(len) < sizeof(base64));
    rpl_base64_encode(rpl_bytes_of(der, len), base64);
    int n = snprintf((char *)pem, sizeof(pem), "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < strlen(base64); i += 64)
        n += snprintf((char *)pem + n, sizeof(pem) - (size_t)n, "%.64s\n", base64 + i);
    n += snprintf((char *)pem + n, sizeof(pem) - (size_t)n, "-----END CERTIFICATE-----\n");
    assert_ok(rpl_roots_test_from_pem(rpl_bytes_of(pem, (size_t)n), &roots));
    free(der);
    return roots;
}

/* `folder` is a whole path. */
static inline test_case load_case(const char *folder, const rpl_roots *roots)
{
    char path[1024];
    size_t len;
    test_case c = {.roots = *roots};
    snprintf(path, sizeof(path), "%s/quote.bin", folder);
    c.quote = read_file(path, &c.quote_len);
    snprintf(path, sizeof(path), "%s/collateral.json", folder);
    uint8_t *bundle = read_file(path, &len);
    assert_ok(rpl_collateral_bundle_read(rpl_bytes_of(bundle, len), &c.collateral));
    free(bundle);
    snprintf(path, sizeof(path), "%s/meta.json", folder);
    uint8_t *meta = read_file(path, &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(meta, len), len, &c.meta));
    free(meta);
    c.now = json_integer_value(json_object_get(c.meta, "verification_time_unix"));
    return c;
}

static inline void free_case(test_case *c)
{
    free(c->quote);
    json_decref(c->meta);
    rpl_collateral_set_free(&c->collateral);
}

/* Both steps. The facts' views borrow `quote`. */
static inline void judge_case(const test_case *c, rpl_bytes quote,
                              const rpl_verifier_policy *policy, rpl_verdict *verdict,
                              rpl_quote_facts *facts)
{
    RPL_AUTO(verification) rpl_verification *v = NULL;
    rpl_verdict_start(verdict, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    assert_ok(rpl_verification_begin(quote, &c->roots, policy, c->now, verdict, &v));
    assert_ok(rpl_verification_collateral(v, &c->collateral.view, verdict));
    *facts = *rpl_verification_facts(v);
}

#endif
