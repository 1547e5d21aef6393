#include "server/core/challenge.h"

#include <sodium.h>

#include "tests/support/check.h"

enum { BOOT = 1000000, LIFE_MS = RPL_CHALLENGE_LIFE_S * 1000 };
static const uint8_t request_a[32] = {'a'}, request_b[32] = {'b'};

static rpl_challenges *book(uint8_t key_byte)
{
    uint8_t key[32];
    memset(key, key_byte, sizeof(key));
    rpl_challenges *c = rpl_challenges_new(key, BOOT);
    assert_non_null(c);
    return c;
}

/* The n-th challenge that is made at `boot_ms`. */
static void make(const rpl_challenges *c, int64_t boot_ms, uint64_t n,
                 uint8_t out[static RPL_CHALLENGE_LEN])
{
    uint8_t random[8];
    memcpy(random, &n, sizeof(random));
    rpl_challenge_make(c, boot_ms, random, out);
}

static void our_own_is_recognised_without_being_stored(void **state)
{
    (void)state;
    rpl_challenges *c = book(1), *same_key = book(1);
    uint8_t challenge[RPL_CHALLENGE_LEN];
    make(c, BOOT, 1, challenge);
    assert_ok(rpl_challenge_check(c, BOOT, challenge, request_a));
    assert_ok(rpl_challenge_check(same_key, BOOT, challenge, request_a));
    rpl_challenges_free(c);
    rpl_challenges_free(same_key);
}

static void it_lives_ten_minutes_to_the_millisecond(void **state)
{
    (void)state;
    rpl_challenges *c = book(1);
    uint8_t challenge[RPL_CHALLENGE_LEN];
    make(c, BOOT + 77, 1, challenge);
    assert_ok(rpl_challenge_check(c, BOOT + 77 + LIFE_MS, challenge, request_a));
    assert_code(rpl_challenge_check(c, BOOT + 77 + LIFE_MS + 1, challenge, request_a), RPL_STALE);
    rpl_challenges_free(c);
}

static void another_node_does_not_know_it(void **state)
{
    (void)state;
    rpl_challenges *ours = book(1), *other = book(2);
    uint8_t challenge[RPL_CHALLENGE_LEN];
    make(other, BOOT, 1, challenge);
    assert_code(rpl_challenge_check(ours, BOOT, challenge, request_a), RPL_STALE);
    memset(challenge, 0, sizeof(challenge));
    assert_code(rpl_challenge_check(ours, BOOT, challenge, request_a), RPL_STALE);
    rpl_challenges_free(ours);
    rpl_challenges_free(other);
}

static void every_bit_flip_is_refused(void **state)
{
    (void)state;
    rpl_challenges *c = book(1);
    uint8_t challenge[RPL_CHALLENGE_LEN];
    make(c, BOOT, 1, challenge);
    for (size_t bit = 0; bit < 8 * sizeof(challenge); bit++) {
        challenge[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(rpl_challenge_check(c, BOOT, challenge, request_a), RPL_STALE);
        challenge[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(rpl_challenge_check(c, BOOT, challenge, request_a));
    rpl_challenges_free(c);
}

static void one_request_may_use_it_again_and_no_other(void **state)
{
    (void)state;
    rpl_challenges *c = book(1);
    uint8_t challenge[RPL_CHALLENGE_LEN], second[RPL_CHALLENGE_LEN];
    make(c, BOOT, 1, challenge);
    make(c, BOOT, 2, second);
    assert_ok(rpl_challenge_use(c, BOOT, challenge, request_a));
    assert_ok(rpl_challenge_check(c, BOOT, challenge, request_a));
    assert_ok(rpl_challenge_use(c, BOOT, challenge, request_a));
    assert_code(rpl_challenge_check(c, BOOT, challenge, request_b), RPL_STALE);
    assert_ok(rpl_challenge_check(c, BOOT, second, request_b));
    rpl_challenges_free(c);
}

/* Both were checked before either was used, as two calls at once are. */
static void of_two_requests_at_once_one_uses_it(void **state)
{
    (void)state;
    rpl_challenges *c = book(1);
    uint8_t challenge[RPL_CHALLENGE_LEN];
    make(c, BOOT, 1, challenge);
    assert_ok(rpl_challenge_check(c, BOOT, challenge, request_a));
    assert_ok(rpl_challenge_check(c, BOOT, challenge, request_b));
    assert_ok(rpl_challenge_use(c, BOOT, challenge, request_a));
    assert_code(rpl_challenge_use(c, BOOT, challenge, request_b), RPL_STALE);
    rpl_challenges_free(c);
}

static void a_full_table_refuses_until_the_first_expires(void **state)
{
    (void)state;
    rpl_challenges *c = book(1);
    uint8_t challenge[RPL_CHALLENGE_LEN], first[RPL_CHALLENGE_LEN];
    make(c, BOOT, 0, first);
    for (uint64_t i = 0; i < RPL_CHALLENGES_USED_MAX; i++) {
        make(c, BOOT + (int64_t)i, i, challenge);
        assert_ok(rpl_challenge_use(c, BOOT + (int64_t)i, challenge, request_a));
    }
    make(c, BOOT + 1000, 999, challenge);
    assert_code(rpl_challenge_use(c, BOOT + LIFE_MS, challenge, request_a), RPL_UNAVAILABLE);
    assert_code(rpl_challenge_check(c, BOOT + LIFE_MS, first, request_b), RPL_STALE);
    assert_ok(rpl_challenge_use(c, BOOT + LIFE_MS + 1, challenge, request_a));
    assert_code(rpl_challenge_check(c, BOOT + LIFE_MS + 1, challenge, request_b), RPL_STALE);
    rpl_challenges_free(c);
}

static void asking_for_many_fills_nothing(void **state)
{
    (void)state;
    rpl_challenges *c = book(1);
    uint8_t challenge[RPL_CHALLENGE_LEN];
    for (uint64_t i = 0; i < 4 * RPL_CHALLENGES_USED_MAX; i++)
        make(c, BOOT, i, challenge);
    assert_ok(rpl_challenge_check(c, BOOT, challenge, request_a));
    assert_ok(rpl_challenge_use(c, BOOT, challenge, request_a));
    rpl_challenges_free(c);
}

static void refusals_say_what_to_do(void **state)
{
    (void)state;
    rpl_challenges *c = book(1);
    uint8_t challenge[RPL_CHALLENGE_LEN] = {0};
    assert_non_null(
        strstr(rpl_challenge_check(c, BOOT, challenge, request_a).what, "GET /challenge"));
    make(c, BOOT, 1, challenge);
    assert_non_null(strstr(rpl_challenge_check(c, BOOT + LIFE_MS + 1, challenge, request_a).what,
                           "ten minutes"));
    assert_ok(rpl_challenge_use(c, BOOT, challenge, request_a));
    assert_non_null(
        strstr(rpl_challenge_check(c, BOOT, challenge, request_b).what, "another request"));
    rpl_challenges_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_is_recognised_without_being_stored),
        cmocka_unit_test(it_lives_ten_minutes_to_the_millisecond),
        cmocka_unit_test(another_node_does_not_know_it),
        cmocka_unit_test(every_bit_flip_is_refused),
        cmocka_unit_test(one_request_may_use_it_again_and_no_other),
        cmocka_unit_test(of_two_requests_at_once_one_uses_it),
        cmocka_unit_test(a_full_table_refuses_until_the_first_expires),
        cmocka_unit_test(asking_for_many_fills_nothing),
        cmocka_unit_test(refusals_say_what_to_do),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
