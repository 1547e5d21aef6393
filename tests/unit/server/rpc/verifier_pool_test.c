/* One verifier for each borrower, never one for two, and none is lost. */
#include "server/rpc/verifier_pool.h"

#include <pthread.h>
#include <stdatomic.h>

#include "tests/support/warm.h"

#define GENUINE RPL_VECTORS "/dcap/real/phala-dcap-qvl/tdx_v4_b0c06f"

enum { THREADS = 4, ROUNDS = 200, MORE = RPL_VERIFIER_POOL_SLOTS + 3 };

static test_case genuine;

static rpl_verifier_pool *new_pool(void)
{
    rpl_verifier_pool *pool = rpl_verifier_pool_new(&genuine.roots);
    assert_non_null(pool);
    return pool;
}

static void what_is_given_back_is_lent_again(void **state)
{
    (void)state;
    RPL_AUTO(verifier_pool) rpl_verifier_pool *pool = new_pool();
    const rpl_verifier_loan first = rpl_verifier_pool_borrow(pool);
    const rpl_verifier_loan second = rpl_verifier_pool_borrow(pool);
    assert_non_null(first.verifier);
    assert_ptr_not_equal(first.verifier, second.verifier);
    rpl_verifier_pool_give_back(pool, &first);
    const rpl_verifier_loan third = rpl_verifier_pool_borrow(pool);
    assert_ptr_equal(third.verifier, first.verifier);
    rpl_verifier_pool_give_back(pool, &second);
    rpl_verifier_pool_give_back(pool, &third);
}

static void more_borrowers_than_slots_all_get_one(void **state)
{
    (void)state;
    RPL_AUTO(verifier_pool) rpl_verifier_pool *pool = new_pool();
    rpl_verifier_loan loans[MORE];
    for (size_t i = 0; i < MORE; i++) {
        loans[i] = rpl_verifier_pool_borrow(pool);
        assert_non_null(loans[i].verifier);
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(loans[i].verifier, loans[k].verifier);
    }
    for (size_t i = 0; i < MORE; i++)
        rpl_verifier_pool_give_back(pool, &loans[i]);
    for (size_t i = 0; i < RPL_VERIFIER_POOL_SLOTS; i++)
        assert_ptr_equal(rpl_verifier_pool_borrow(pool).verifier, loans[i].verifier);
    for (size_t i = 0; i < RPL_VERIFIER_POOL_SLOTS; i++)
        rpl_verifier_free(loans[i].verifier);
}

static void nothing_borrowed_is_nothing_to_give_back(void **state)
{
    (void)state;
    RPL_AUTO(verifier_pool) rpl_verifier_pool *pool = new_pool();
    rpl_verifier_pool_give_back(pool, &(rpl_verifier_loan){0});
    assert_int_equal(rpl_verifier_pool_stats(pool).signatures, 0);
    rpl_verifier_pool_free(NULL);
}

static atomic_uint refused;

static void *verify_often(void *data)
{
    rpl_verifier_pool *pool = data;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    answer *a = calloc(1, sizeof(*a));
    for (size_t i = 0; a && i < ROUNDS; i++) {
        const rpl_verifier_loan loan = rpl_verifier_pool_borrow(pool);
        ask(loan.verifier, &genuine, &policy, genuine.now, a);
        rpl_verifier_pool_give_back(pool, &loan);
        if (!rpl_verdict_admits(&a->verdict) ||
            rpl_verification_facts(a->verification)->tcb_status != RPL_TCB_UP_TO_DATE)
            atomic_fetch_add(&refused, 1);
        rpl_verification_free(a->verification);
    }
    free(a);
    return NULL;
}

static void workers_share_them_without_waiting(void **state)
{
    (void)state;
    RPL_AUTO(verifier_pool) rpl_verifier_pool *pool = new_pool();
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, pool), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&refused), 0);
    const rpl_verifier_stats s = rpl_verifier_pool_stats(pool);
    assert_int_equal(s.chain.hits + s.chain.misses, THREADS * ROUNDS);
    assert_true(s.chain.misses >= 1 && s.chain.misses <= THREADS);
    assert_int_equal(s.chain.misses, s.collateral.misses);
    assert_int_equal(s.signatures, THREADS * ROUNDS + 8 * s.chain.misses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_back_is_lent_again),
        cmocka_unit_test(more_borrowers_than_slots_all_get_one),
        cmocka_unit_test(nothing_borrowed_is_nothing_to_give_back),
        cmocka_unit_test(workers_share_them_without_waiting),
    };
    const rpl_roots intel = rpl_roots_intel();
    genuine = load_case(GENUINE, &intel);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free_case(&genuine);
    return failed;
}
