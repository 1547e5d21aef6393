/* Every recorded and every generated case, in mixed order and more than once through one verifier:
 * what it keeps from other cases never changes an answer. */
#include <dirent.h>

#include "tests/support/warm.h"

enum { CASES_MAX = 2000, CASES_AT_LEAST = 399, ROUNDS = 2 };

typedef struct {
    char name[300];
    test_case c;
    rpl_verifier *verifier; /* borrowed: the one of its root */
} one;

static one *cases;
static size_t n_cases;
static rpl_verifier *verifiers[3];

static bool is_case(const char *folder)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/meta.json", folder);
    FILE *f = fopen(path, "rb");
    if (f)
        fclose(f);
    return f != NULL;
}

static void load_folder(const char *folder, const rpl_roots *roots, rpl_verifier *verifier)
{
    char path[1024];
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.' || !is_case(path))
            continue;
        assert_true(n_cases < CASES_MAX);
        one *o = &cases[n_cases++];
        snprintf(o->name, sizeof(o->name), "%s", e->d_name);
        o->c = load_case(path, roots);
        o->verifier = verifier;
    }
    closedir(dir);
}

static void load_all(void)
{
    static const char *const real[] = {"automata-dcap-rs",       "dstack",
                                       "google-go-tdx-guest",    "phala-dcap-qvl",
                                       "phala-dcap-qvl-history", "ruteri-dummy-tdx-dcap"};
    const rpl_roots roots[3] = {rpl_roots_intel(),
                                test_root(RPL_VECTORS "/dcap/synthetic/root_ca.der"),
                                test_root(RPL_GENERATED "/root_ca.der")};
    for (size_t i = 0; i < 3; i++) {
        verifiers[i] = rpl_verifier_new(&roots[i]);
        assert_non_null(verifiers[i]);
    }
    for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
        char folder[1024];
        snprintf(folder, sizeof(folder), RPL_VECTORS "/dcap/real/%s", real[i]);
        load_folder(folder, &roots[0], verifiers[0]);
    }
    load_folder(RPL_VECTORS "/dcap/derived", &roots[0], verifiers[0]);
    load_folder(RPL_VECTORS "/dcap/synthetic", &roots[1], verifiers[1]);
    load_folder(RPL_GENERATED, &roots[2], verifiers[2]);
}

/* Fixed, so that a failure can be had again. */
static uint32_t next_random(void)
{
    static uint32_t state = 20260220;
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

static void shuffle(void)
{
    for (size_t i = n_cases; i > 1; i--) {
        const size_t k = next_random() % i;
        const one kept = cases[k];
        cases[k] = cases[i - 1];
        cases[i - 1] = kept;
    }
}

static rpl_verifier_uses uses(rpl_verifier_uses (*of)(const rpl_verifier_stats *))
{
    rpl_verifier_uses sum = {0};
    for (size_t i = 0; i < 3; i++) {
        const rpl_verifier_uses u = of(rpl_verifier_stats_of(verifiers[i]));
        sum.hits += u.hits;
        sum.misses += u.misses;
    }
    return sum;
}

static rpl_verifier_uses of_chain(const rpl_verifier_stats *s)
{
    return s->chain;
}

static rpl_verifier_uses of_key(const rpl_verifier_stats *s)
{
    return s->key;
}

static rpl_verifier_uses of_collateral(const rpl_verifier_stats *s)
{
    return s->collateral;
}

static void no_case_changes_the_answer_to_another(void **state)
{
    (void)state;
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    for (size_t round = 0; round < ROUNDS; round++) {
        policy.accepted_tcb = round == 1 ? EVERY_STATUS & ~(1u << RPL_TCB_REVOKED)
                                         : rpl_verifier_policy_default().accepted_tcb;
        shuffle();
        for (size_t i = 0; i < n_cases; i++) {
            const one *o = &cases[i];
            ask_both(o->verifier, &o->c, &policy, o->c.now);
            ask_both(o->verifier, &o->c, &policy, o->c.now);
        }
    }
    const rpl_verifier_uses chain = uses(of_chain), key = uses(of_key);
    const rpl_verifier_uses collateral = uses(of_collateral);
    print_message(
        "%zu cases; chains %llu of %llu kept, keys %llu of %llu, collateral %llu of %llu\n",
        n_cases, (unsigned long long)chain.hits, (unsigned long long)(chain.hits + chain.misses),
        (unsigned long long)key.hits, (unsigned long long)(key.hits + key.misses),
        (unsigned long long)collateral.hits,
        (unsigned long long)(collateral.hits + collateral.misses));
    assert_true(n_cases >= CASES_AT_LEAST);
    assert_true(chain.hits > n_cases && key.hits > n_cases / 2 && collateral.hits > n_cases / 2);
}

/* The quote of one case with the collateral of another, as a hostile source would have it. */
static void nor_does_a_mixture_of_two(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    for (size_t i = 0; i < n_cases; i++) {
        const one *o = &cases[i], *p = &cases[next_random() % n_cases];
        test_case mixed = o->c;
        mixed.collateral = p->c.collateral;
        ask_both(o->verifier, &mixed, &policy, i % 2 ? o->c.now : p->c.now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_case_changes_the_answer_to_another),
        cmocka_unit_test(nor_does_a_mixture_of_two),
    };
    cases = calloc(CASES_MAX, sizeof(*cases));
    if (!cases)
        return 1;
    load_all();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < n_cases; i++)
        free_case(&cases[i].c);
    for (size_t i = 0; i < 3; i++)
        rpl_verifier_free(verifiers[i]);
    free(cases);
    return failed;
}
