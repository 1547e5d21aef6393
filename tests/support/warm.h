/* warm.h - judging a case with and without a verifier, and comparing the two answers to the byte. */
#ifndef RPL_TESTS_WARM_H
#define RPL_TESTS_WARM_H

#include "attestation/verifier.h"
#include "tests/support/cases.h"

typedef struct {
    rpl_verdict verdict;
    rpl_verification *verification; /* owned; holds the facts */
} answer;

/* Cold when `verifier` is NULL. */
static inline void ask(rpl_verifier *verifier, const test_case *c,
                       const rpl_verifier_policy *policy, int64_t now, answer *out)
{
    const rpl_bytes quote = rpl_bytes_of(c->quote, c->quote_len);
    rpl_verdict *v = &out->verdict;
    rpl_verdict_start(v, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    if (verifier)
        assert_ok(rpl_verification_begin_with(verifier, quote, policy, now, v, &out->verification));
    else
        assert_ok(rpl_verification_begin(quote, &c->roots, policy, now, v, &out->verification));
    assert_ok(rpl_verification_collateral(out->verification, &c->collateral.view, v));
}

static inline bool same_finding(const rpl_finding *a, const rpl_finding *b)
{
    return a->check == b->check && strcmp(a->code, b->code) == 0 && strcmp(a->got, b->got) == 0 &&
           strcmp(a->want, b->want) == 0 && strcmp(a->fix, b->fix) == 0;
}

static inline bool same_verdict(const rpl_verdict *a, const rpl_verdict *b)
{
    bool same = memcmp(a->required, b->required, sizeof(a->required)) == 0 &&
                memcmp(a->state, b->state, sizeof(a->state)) == 0 && a->n_findings == b->n_findings;
    for (size_t i = 0; same && i < a->n_findings; i++)
        same = same_finding(&a->findings[i], &b->findings[i]);
    return same;
}

/* The facts are zero where nothing was set, gaps included; their views are of the same quote. */
static inline bool same_answer(const answer *a, const answer *b)
{
    return same_verdict(&a->verdict, &b->verdict) &&
           memcmp(rpl_verification_facts(a->verification), rpl_verification_facts(b->verification),
                  sizeof(rpl_quote_facts)) == 0;
}

/* Judges with the verifier and without anything; the verdict of the former. */
static inline rpl_verdict ask_both(rpl_verifier *verifier, const test_case *c,
                                   const rpl_verifier_policy *policy, int64_t now)
{
    static answer warm, cold;
    ask(verifier, c, policy, now, &warm);
    ask(NULL, c, policy, now, &cold);
    if (!same_answer(&warm, &cold)) {
        print_error("at %lld: with what is kept:\n", (long long)now);
        print_findings(&warm.verdict);
        print_error("and without:\n");
        print_findings(&cold.verdict);
        fail_msg("the answers differ");
    }
    rpl_verification_free(warm.verification);
    rpl_verification_free(cold.verification);
    return warm.verdict;
}

#endif
