#include "server/rpc/verifier_pool.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { N_COUNTS = sizeof(rpl_verifier_stats) / sizeof(uint64_t) };

/* The numbers of rpl_verifier_stats, in its order. */
typedef union {
    rpl_verifier_stats stats;
    uint64_t counts[N_COUNTS];
} numbers;

_Static_assert(sizeof(numbers) == sizeof(rpl_verifier_stats), "statistics are numbers alone");

struct rpl_verifier_pool {
    rpl_roots roots;
    rpl_verifier *_Atomic slots[RPL_VERIFIER_POOL_SLOTS];
    _Atomic uint64_t counts[N_COUNTS];
};

rpl_verifier_pool *rpl_verifier_pool_new(const rpl_roots *roots)
{
    rpl_verifier_pool *pool = calloc(1, sizeof(*pool));
    if (pool)
        pool->roots = *roots;
    return pool;
}

void rpl_verifier_pool_free(rpl_verifier_pool *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < RPL_VERIFIER_POOL_SLOTS; i++)
        rpl_verifier_free(atomic_exchange(&pool->slots[i], NULL));
    free(pool);
}

static rpl_verifier *take(rpl_verifier_pool *pool)
{
    for (size_t i = 0; i < RPL_VERIFIER_POOL_SLOTS; i++) {
        rpl_verifier *there = atomic_exchange(&pool->slots[i], NULL);
        if (there)
            return there;
    }
    return rpl_verifier_new(&pool->roots);
}

rpl_verifier_loan rpl_verifier_pool_borrow(rpl_verifier_pool *pool)
{
    rpl_verifier_loan loan = {.verifier = take(pool)};
    if (loan.verifier)
        loan.before = *rpl_verifier_stats_of(loan.verifier);
    return loan;
}

static void add_counts(rpl_verifier_pool *pool, const rpl_verifier_loan *loan)
{
    const numbers before = {.stats = loan->before};
    const numbers after = {.stats = *rpl_verifier_stats_of(loan->verifier)};
    for (size_t i = 0; i < N_COUNTS; i++)
        atomic_fetch_add(&pool->counts[i], after.counts[i] - before.counts[i]);
}

void rpl_verifier_pool_give_back(rpl_verifier_pool *pool, const rpl_verifier_loan *loan)
{
    if (!loan->verifier)
        return;
    add_counts(pool, loan);
    for (size_t i = 0; i < RPL_VERIFIER_POOL_SLOTS; i++) {
        rpl_verifier *none = NULL;
        if (atomic_compare_exchange_strong(&pool->slots[i], &none, loan->verifier))
            return;
    }
    rpl_verifier_free(loan->verifier);
}

rpl_verifier_stats rpl_verifier_pool_stats(rpl_verifier_pool *pool)
{
    numbers sum;
    for (size_t i = 0; i < N_COUNTS; i++)
        sum.counts[i] = atomic_load(&pool->counts[i]);
    return sum.stats;
}
