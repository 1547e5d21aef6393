/* A map that holds no more than it may, and never mixes up two keys. */
#include "base/lru.h"
#include "tests/support/check.h"

enum { ENTRIES = 4, BYTES = 100 };

static unsigned released; /* a bit for each value */

static int values[16];

static void release(void *value)
{
    released |= 1u << ((int *)value - values);
}

static rpl_lru *new_map(void)
{
    static const rpl_lru_limits limits = {ENTRIES, BYTES, release};
    rpl_lru *lru = rpl_lru_new(&limits);
    assert_non_null(lru);
    released = 0;
    return lru;
}

static void put(rpl_lru *lru, const char *key, int value, size_t size)
{
    const rpl_bytes part = rpl_bytes_of_text(key);
    assert_ok(rpl_lru_put(lru, &part, 1, &values[value], size));
}

/* Which value it is; -1: none. */
static int find(rpl_lru *lru, const char *key)
{
    const rpl_bytes part = rpl_bytes_of_text(key);
    const int *found = rpl_lru_find(lru, &part, 1);
    return found ? (int)(found - values) : -1;
}

static void what_was_put_is_found(void **state)
{
    (void)state;
    RPL_AUTO(lru) rpl_lru *lru = new_map();
    assert_int_equal(find(lru, "a"), -1);
    put(lru, "a", 1, 10);
    put(lru, "b", 2, 10);
    put(lru, "", 3, 10);
    assert_int_equal(find(lru, "a"), 1);
    assert_int_equal(find(lru, "b"), 2);
    assert_int_equal(find(lru, ""), 3);
    assert_int_equal(find(lru, "ab"), -1);
    assert_int_equal(rpl_lru_count(lru), 3);
    assert_int_equal(rpl_lru_bytes(lru), 32);
    assert_int_equal(released, 0);
}

static void a_key_is_its_parts_and_not_their_sum(void **state)
{
    (void)state;
    RPL_AUTO(lru) rpl_lru *lru = new_map();
    const rpl_bytes ab_c[] = {rpl_bytes_of_text("ab"), rpl_bytes_of_text("c")};
    const rpl_bytes a_bc[] = {rpl_bytes_of_text("a"), rpl_bytes_of_text("bc")};
    const rpl_bytes abc[] = {rpl_bytes_of_text("abc"), rpl_bytes_of_text("")};
    assert_ok(rpl_lru_put(lru, ab_c, 2, &values[1], 0));
    assert_null(rpl_lru_find(lru, a_bc, 2));
    assert_null(rpl_lru_find(lru, abc, 2));
    assert_null(rpl_lru_find(lru, abc, 1));
    assert_null(rpl_lru_find(lru, ab_c, 1));
    assert_ptr_equal(rpl_lru_find(lru, ab_c, 2), &values[1]);
}

static void the_key_is_a_copy(void **state)
{
    (void)state;
    RPL_AUTO(lru) rpl_lru *lru = new_map();
    char text[] = "key";
    put(lru, text, 1, 0);
    text[0] = 'K';
    assert_int_equal(find(lru, "key"), 1);
    assert_int_equal(find(lru, text), -1);
}

static void the_one_not_used_for_longest_goes(void **state)
{
    (void)state;
    RPL_AUTO(lru) rpl_lru *lru = new_map();
    put(lru, "a", 1, 1);
    put(lru, "b", 2, 1);
    put(lru, "c", 3, 1);
    put(lru, "d", 4, 1);
    assert_int_equal(find(lru, "a"), 1);
    put(lru, "e", 5, 1);
    assert_int_equal(released, 1u << 2);
    assert_int_equal(find(lru, "b"), -1);
    put(lru, "f", 6, 1);
    assert_int_equal(released, 1u << 2 | 1u << 3);
    assert_int_equal(find(lru, "a"), 1);
    assert_int_equal(rpl_lru_count(lru), ENTRIES);
}

static void bytes_are_bounded_too(void **state)
{
    (void)state;
    RPL_AUTO(lru) rpl_lru *lru = new_map();
    put(lru, "a", 1, 49);
    put(lru, "b", 2, 49);
    assert_int_equal(rpl_lru_bytes(lru), BYTES);
    put(lru, "c", 3, 0);
    assert_int_equal(released, 1u << 1);
    put(lru, "d", 4, 99);
    assert_int_equal(released, 1u << 1 | 1u << 2 | 1u << 3);
    assert_int_equal(rpl_lru_bytes(lru), BYTES);
    assert_int_equal(find(lru, "d"), 4);
}

static void what_is_too_large_stays_the_callers(void **state)
{
    (void)state;
    RPL_AUTO(lru) rpl_lru *lru = new_map();
    const rpl_bytes key = rpl_bytes_of_text("x");
    const rpl_bytes many[RPL_LRU_PARTS_MAX + 1] = {{0}};
    put(lru, "a", 1, 10);
    assert_int_equal(rpl_lru_put(lru, &key, 1, &values[2], BYTES).code, RPL_TOO_LARGE);
    assert_int_equal(rpl_lru_put(lru, many, RPL_LRU_PARTS_MAX + 1, &values[2], 0).code,
                     RPL_TOO_LARGE);
    assert_int_equal(released, 0);
    assert_int_equal(find(lru, "a"), 1);
    assert_ok(rpl_lru_put(lru, many, RPL_LRU_PARTS_MAX, &values[3], 0));
    assert_ptr_equal(rpl_lru_find(lru, many, RPL_LRU_PARTS_MAX), &values[3]);
}

static void a_new_value_takes_the_place_of_the_old(void **state)
{
    (void)state;
    RPL_AUTO(lru) rpl_lru *lru = new_map();
    put(lru, "a", 1, 10);
    put(lru, "a", 2, 20);
    assert_int_equal(released, 1u << 1);
    assert_int_equal(find(lru, "a"), 2);
    assert_int_equal(rpl_lru_count(lru), 1);
    assert_int_equal(rpl_lru_bytes(lru), 21);
}

static void clearing_and_freeing_release_everything(void **state)
{
    (void)state;
    rpl_lru *lru = new_map();
    put(lru, "a", 1, 1);
    put(lru, "b", 2, 1);
    rpl_lru_clear(lru);
    assert_int_equal(released, 1u << 1 | 1u << 2);
    assert_int_equal(rpl_lru_count(lru), 0);
    assert_int_equal(rpl_lru_bytes(lru), 0);
    assert_int_equal(find(lru, "a"), -1);
    put(lru, "c", 3, 1);
    rpl_lru_free(lru);
    assert_int_equal(released, 1u << 1 | 1u << 2 | 1u << 3);
    rpl_lru_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found),
        cmocka_unit_test(a_key_is_its_parts_and_not_their_sum),
        cmocka_unit_test(the_key_is_a_copy),
        cmocka_unit_test(the_one_not_used_for_longest_goes),
        cmocka_unit_test(bytes_are_bounded_too),
        cmocka_unit_test(what_is_too_large_stays_the_callers),
        cmocka_unit_test(a_new_value_takes_the_place_of_the_old),
        cmocka_unit_test(clearing_and_freeing_release_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
