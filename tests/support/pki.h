/* pki.h - for tests over tests/vectors/pki: cases of certificates, chains, CRLs and extensions, each
 * with the codes that a verifier finds. */
#ifndef RPL_TESTS_PKI_H
#define RPL_TESTS_PKI_H

#include "base/hex.h"
#include "base/json.h"
#include "tests/support/file.h"
#include "tests/support/verdicts.h"

static inline json_t *read_cases(const char *file)
{
    size_t len;
    uint8_t *text = read_vector(file, &len);
    json_t *cases = json_loadb((const char *)text, len, 0, NULL);
    free(text);
    assert_non_null(cases);
    return cases;
}

static inline const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

/* The bytes that a member has as hex, in a heap copy of exact size. */
static inline uint8_t *bytes_of(const json_t *object, const char *key, size_t *len)
{
    const rpl_bytes hex = rpl_bytes_of_text(text_of(object, key));
    uint8_t *out = malloc(hex.len / 2 + 1);
    assert_non_null(out);
    *len = 0;
    if (hex.len > 0)
        assert_ok(rpl_hex_decode(hex, out, hex.len / 2, len));
    uint8_t *exact = exact_copy(out, *len);
    free(out);
    return exact;
}

static inline size_t count_of(const rpl_verdict *v, const char *code)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_findings; i++)
        n += strcmp(v->findings[i].code, code) == 0;
    return n;
}

/* The findings are exactly the codes of the member "expect", each as often as there. */
static inline void assert_expected(const json_t *one, const rpl_verdict *v)
{
    const json_t *expect = json_object_get(one, "expect");
    bool same = json_array_size(expect) == v->n_findings;
    for (size_t i = 0; i < json_array_size(expect); i++) {
        const char *code = json_string_value(json_array_get(expect, i));
        size_t n = 0;
        for (size_t k = 0; k < json_array_size(expect); k++)
            n += strcmp(json_string_value(json_array_get(expect, k)), code) == 0;
        same = same && count_of(v, code) == n;
    }
    for (size_t i = 0; i < v->n_findings; i++)
        same = same && v->findings[i].got[0] && v->findings[i].want[0] && v->findings[i].fix[0];
    if (same)
        return;
    print_findings(v);
    fail_msg("%s: other findings than expected", text_of(one, "name"));
}

#endif
