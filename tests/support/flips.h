/* flips.h - the two laws of the verifier over one genuine quote: what is cut is refused, and so is
 * what differs in a single bit, wherever it stands. */
#ifndef RPL_TESTS_FLIPS_H
#define RPL_TESTS_FLIPS_H

#include "tests/support/cases.h"

static test_case flip_case;
static rpl_verifier_policy flip_policy;

/* A quote that fails by itself is not carried on to its collateral. */
static inline bool is_admitted(rpl_bytes quote)
{
    RPL_AUTO(verification) rpl_verification *v = NULL;
    rpl_verdict verdict;
    rpl_verdict_start(&verdict, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    assert_ok(
        rpl_verification_begin(quote, &flip_case.roots, &flip_policy, flip_case.now, &verdict, &v));
    if (rpl_verdict_has_failure(&verdict))
        return false;
    assert_ok(rpl_verification_collateral(v, &flip_case.collateral.view, &verdict));
    return rpl_verdict_admits(&verdict);
}

static inline void the_quote_itself_is_admitted(void **state)
{
    (void)state;
    assert_true(is_admitted(rpl_bytes_of(flip_case.quote, flip_case.quote_len)));
}

static inline void every_prefix_is_refused(void **state)
{
    (void)state;
    size_t canonical;
    assert_ok(
        rpl_quote_canonical_len(rpl_bytes_of(flip_case.quote, flip_case.quote_len), &canonical));
    assert_true(is_admitted(rpl_bytes_of(flip_case.quote, canonical)));
    for (size_t len = 0; len < canonical; len++) {
        uint8_t *copy = exact_copy(flip_case.quote, len);
        if (is_admitted(rpl_bytes_of(copy, len)))
            fail_msg("%zu bytes of %zu are admitted", len, canonical);
        free(copy);
    }
}

static inline void every_single_bit_flip_is_refused(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * flip_case.quote_len; bit++) {
        flip_case.quote[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (is_admitted(rpl_bytes_of(flip_case.quote, flip_case.quote_len)))
            fail_msg("bit %zu of byte %zu may differ", bit % 8, bit / 8);
        flip_case.quote[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static inline int run_flips(const char *vector)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quote_itself_is_admitted),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_single_bit_flip_is_refused),
    };
    const rpl_roots intel = rpl_roots_intel();
    flip_policy = rpl_verifier_policy_default();
    flip_case = load_case(vector, &intel);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free_case(&flip_case);
    return failed;
}

#endif
