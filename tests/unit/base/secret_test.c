#include "base/secret.h"

#include <sodium.h>

#include "tests/support/check.h"

static void a_new_secret_is_zero_bytes(void **state)
{
    (void)state;
    static const uint8_t zeros[33];
    RPL_AUTO(secret) rpl_secret *secret = rpl_secret_new(33);
    assert_non_null(secret);
    assert_int_equal(rpl_secret_len(secret), 33);
    assert_memory_equal(rpl_secret_expose(secret).data, zeros, 33);
}

static void lengths_out_of_range_give_nothing(void **state)
{
    (void)state;
    assert_null(rpl_secret_new(0));
    assert_null(rpl_secret_new((size_t)RPL_SECRET_MAX + 1));
    assert_null(rpl_secret_new(SIZE_MAX));
    assert_null(rpl_secret_copy((rpl_bytes){0}));
    rpl_secret_free(NULL);
}

static void equal_needs_length_and_every_byte(void **state)
{
    (void)state;
    RPL_AUTO(secret) rpl_secret *a = rpl_secret_copy(rpl_bytes_of_text("secret"));
    RPL_AUTO(secret) rpl_secret *same = rpl_secret_copy(rpl_bytes_of_text("secret"));
    RPL_AUTO(secret) rpl_secret *longer = rpl_secret_copy(rpl_bytes_of_text("secret."));
    assert_true(rpl_secret_equal(a, same));
    assert_false(rpl_secret_equal(a, longer));
    for (size_t i = 0; i < 6; i++) {
        rpl_secret_fill(same)[i] ^= 1;
        assert_false(rpl_secret_equal(a, same));
        rpl_secret_fill(same)[i] ^= 1;
    }
}

static void a_scratch_is_wiped_when_it_leaves_scope(void **state)
{
    (void)state;
    static const uint8_t zeros[sizeof(rpl_scratch)];
    rpl_scratch scratch;
    memset(scratch.b, 's', sizeof(scratch.b));
    rpl_auto_scratch(&scratch);
    assert_memory_equal(scratch.b, zeros, sizeof(scratch.b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_secret_is_zero_bytes),
        cmocka_unit_test(lengths_out_of_range_give_nothing),
        cmocka_unit_test(equal_needs_length_and_every_byte),
        cmocka_unit_test(a_scratch_is_wiped_when_it_leaves_scope),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
