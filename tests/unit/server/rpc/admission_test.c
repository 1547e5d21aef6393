#include "server/rpc/admission.h"

#include "tests/support/check.h"

static rpl_admission table; /* large; each test begins with init */

static void v4(uint8_t key[static 16], uint32_t address)
{
    memset(key, 0, 16);
    key[10] = key[11] = 0xff;
    for (int i = 0; i < 4; i++)
        key[12 + i] = (uint8_t)(address >> (24 - 8 * i));
}

static rpl_code take(const uint8_t key[static 16], uint32_t tokens, int64_t now_ms, uint32_t *retry)
{
    return rpl_admission_take(&table, key, tokens, now_ms, retry).code;
}

static void a_burst_is_taken_then_refused_then_comes_back(void **state)
{
    (void)state;
    uint8_t key[16];
    uint32_t retry = 0;
    rpl_admission_init(&table, (rpl_admission_rate){.burst = 3, .per_minute = 6});
    v4(key, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(key, 1, 1000, &retry), RPL_OK);
    assert_int_equal(take(key, 1, 1000, &retry), RPL_UNAVAILABLE);
    assert_int_equal(retry, 10);
    assert_int_equal(take(key, 1, 10999, &retry), RPL_UNAVAILABLE);
    assert_int_equal(retry, 1);
    assert_int_equal(take(key, 1, 11000, &retry), RPL_OK);
    assert_int_equal(take(key, 1, 11000, &retry), RPL_UNAVAILABLE);
}

static void a_bucket_never_holds_more_than_its_burst(void **state)
{
    (void)state;
    uint8_t key[16];
    uint32_t retry;
    rpl_admission_init(&table, (rpl_admission_rate){.burst = 2, .per_minute = 600});
    v4(key, 1);
    assert_int_equal(take(key, 1, 0, &retry), RPL_OK);
    assert_int_equal(take(key, 2, INT64_MAX / 2, &retry), RPL_OK);
    assert_int_equal(take(key, 1, INT64_MAX / 2, &retry), RPL_UNAVAILABLE);
    assert_int_equal(take(key, 1, INT64_MAX, &retry), RPL_OK);
}

static void more_than_a_burst_is_never_given(void **state)
{
    (void)state;
    uint8_t key[16];
    uint32_t retry;
    rpl_admission_init(&table, (rpl_admission_rate){.burst = 5, .per_minute = 5});
    v4(key, 1);
    assert_int_equal(take(key, 6, 0, &retry), RPL_UNAVAILABLE);
    assert_int_equal(take(key, 5, 0, &retry), RPL_OK);
}

static void time_that_goes_back_gives_nothing(void **state)
{
    (void)state;
    uint8_t key[16];
    uint32_t retry;
    rpl_admission_init(&table, (rpl_admission_rate){.burst = 1, .per_minute = 60});
    v4(key, 1);
    assert_int_equal(take(key, 1, 50000, &retry), RPL_OK);
    assert_int_equal(take(key, 1, 10000, &retry), RPL_UNAVAILABLE);
    assert_int_equal(take(key, 1, 50500, &retry), RPL_UNAVAILABLE);
    assert_int_equal(take(key, 1, 51000, &retry), RPL_OK);
}

static void addresses_do_not_pay_for_each_other(void **state)
{
    (void)state;
    uint8_t a[16], b[16];
    uint32_t retry;
    rpl_admission_init(&table, (rpl_admission_rate){.burst = 1, .per_minute = 1});
    v4(a, 1);
    v4(b, 2);
    assert_int_equal(take(a, 1, 0, &retry), RPL_OK);
    assert_int_equal(take(b, 1, 0, &retry), RPL_OK);
    assert_int_equal(take(a, 1, 0, &retry), RPL_UNAVAILABLE);
}

static void an_ipv6_network_of_64_bits_is_one_caller(void **state)
{
    (void)state;
    uint8_t a[16] = {0x20, 0x01, [7] = 1, [15] = 1}, same[16] = {0x20, 0x01, [7] = 1, [15] = 2},
            other[16] = {0x20, 0x01, [7] = 2, [15] = 1};
    uint32_t retry;
    rpl_admission_init(&table, (rpl_admission_rate){.burst = 1, .per_minute = 1});
    assert_int_equal(take(a, 1, 0, &retry), RPL_OK);
    assert_int_equal(take(same, 1, 0, &retry), RPL_UNAVAILABLE);
    assert_int_equal(take(other, 1, 0, &retry), RPL_OK);
}

static void a_flood_of_addresses_resets_nobody(void **state)
{
    (void)state;
    uint8_t first[16], key[16];
    uint32_t retry;
    rpl_admission_init(&table, (rpl_admission_rate){.burst = 1, .per_minute = 1});
    v4(first, 0);
    assert_int_equal(take(first, 1, 0, &retry), RPL_OK);
    for (uint32_t i = 1; i < RPL_ADMISSION_ADDRESSES; i++) {
        v4(key, i);
        assert_int_equal(take(key, 1, 1, &retry), RPL_OK);
    }
    v4(key, RPL_ADMISSION_ADDRESSES);
    assert_int_equal(take(key, 1, 2, &retry), RPL_UNAVAILABLE);
    assert_true(retry > 0);
    assert_int_equal(take(first, 1, 2, &retry), RPL_UNAVAILABLE);
    /* when the longest unused bucket is full again its place is free */
    assert_int_equal(take(key, 1, 60002, &retry), RPL_OK);
}

static void slots_are_counted_and_come_back(void **state)
{
    (void)state;
    rpl_admission_init(&table, (rpl_admission_rate){0});
    for (int i = 0; i < RPL_ADMISSION_OUTSTANDING; i++)
        assert_ok(rpl_admission_enter(&table, RPL_SLOT_VERIFY));
    assert_code(rpl_admission_enter(&table, RPL_SLOT_VERIFY), RPL_UNAVAILABLE);
    for (int i = 0; i < RPL_ADMISSION_SEALING; i++)
        assert_ok(rpl_admission_enter(&table, RPL_SLOT_SEAL));
    assert_code(rpl_admission_enter(&table, RPL_SLOT_SEAL), RPL_UNAVAILABLE);
    rpl_admission_leave(&table, RPL_SLOT_VERIFY);
    assert_ok(rpl_admission_enter(&table, RPL_SLOT_VERIFY));
    assert_code(rpl_admission_enter(&table, RPL_SLOT_VERIFY), RPL_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_taken_then_refused_then_comes_back),
        cmocka_unit_test(a_bucket_never_holds_more_than_its_burst),
        cmocka_unit_test(more_than_a_burst_is_never_given),
        cmocka_unit_test(time_that_goes_back_gives_nothing),
        cmocka_unit_test(addresses_do_not_pay_for_each_other),
        cmocka_unit_test(an_ipv6_network_of_64_bits_is_one_caller),
        cmocka_unit_test(a_flood_of_addresses_resets_nobody),
        cmocka_unit_test(slots_are_counted_and_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
