/* Slots are what `cast index` of Foundry 1.7.1 says; hashes of kinds those of `cast keccak`. */
#include "attestation/policy/contract_layout.h"

#include "base/hex.h"
#include "tests/support/check.h"

#define HOUR UINT64_C(3600)

static void check_hex(const uint8_t got[static 32], const char *want)
{
    char hex[65];
    rpl_hex_encode(rpl_bytes_of(got, 32), hex);
    assert_string_equal(hex, want);
}

static void kinds_are_hashes_of_their_names(void **state)
{
    (void)state;
    static const char *const hashes[RPL_KIND_COUNT] = {
        [RPL_KIND_RELEASE] = "fdf9bc6c66ec74e6c5681358482a3e63239dfe3c84953e04389495cc16adbb2b",
        [RPL_KIND_SOURCE] = "f7e3126f87228afb82c9b18537eed25aaeb8171a78814781c26ed2cfeff27e69",
        [RPL_KIND_CONFIG] = "0b49c88cd3d1ba3c99fdd9a41ced95ec8629bda85e80b6c506c15db62ab8f761",
        [RPL_KIND_DEVICE] = "8e7eff7e4a57bd436b18f220111863326b17773a8b4460f9fabd87a334233046",
        [RPL_KIND_TCB_STATUS] = "891874fd91149ae54f971799a243a757c2800e144b2e0d3ab7096ed7591ec4cd",
        [RPL_KIND_ADVISORY] = "0e5de42b2fce4f9a02a0c30128c589beec900c470cef9e12e4793f2f4db02727",
        [RPL_KIND_COMPOSE] = "56bdf4352a9ceb1ba8f5c68066725c095e69c1d3f8a437290f0ac1da8fb4e19c",
        [RPL_KIND_OS_IMAGE] = "bc0346dd2a1caffcfdf89515e8a3ad921515d32b39d8e28334b87bd5a1bdb6aa",
        [RPL_KIND_MRTD] = "8215d0ce9f641456d37221d06003b8e62b177c127b563cc686cdeadd751bd050",
        [RPL_KIND_GUARDIAN] = "8fbcb4375b910093bcf636b6b2f26b26eda2a29ef5a8ee7de44b5743c3bf9a28",
    };
    for (rpl_contract_kind kind = 0; kind < RPL_KIND_COUNT; kind++) {
        uint8_t hash[32];
        rpl_contract_kind_hash(kind, hash);
        check_hex(hash, hashes[kind]);
    }
    assert_string_equal(rpl_contract_kind_name(RPL_KIND_RELEASE), "replicatoor-release");
}

static void entries_lie_where_solidity_puts_them(void **state)
{
    (void)state;
    uint8_t value[32], slot[32];
    memset(value, 2, sizeof(value));
    rpl_contract_entry_slot(RPL_KIND_RELEASE, value, slot);
    check_hex(slot, "7d2408b93934fccbfdcd9afab4d8cbc1aff5891a8296f4bcb66cefc2126c9750");
    rpl_contract_any(value);
    rpl_contract_entry_slot(RPL_KIND_DEVICE, value, slot);
    check_hex(slot, "8a7a83da512936cd21ba20a9b5a6a7cef9d80df85ed0300bdff1f19fbbba8628");
    rpl_contract_word_slot(RPL_SLOT_MIN_EPOCH, slot);
    check_hex(slot, "0000000000000000000000000000000000000000000000000000000000000008");
}

static void the_fields_of_an_entry_are_found(void **state)
{
    (void)state;
    uint8_t word[32];
    rpl_contract_entry e;
    for (size_t i = 0; i < 32; i++)
        word[i] = (uint8_t)i;
    rpl_contract_entry_read(word, &e);
    assert_true(e.position == UINT64_C(0x0001020304050607));
    assert_true(e.proposed_at == UINT64_C(0x08090a0b0c0d0e0f));
    assert_true(e.not_after == UINT64_C(0x1011121314151617));
    assert_true(e.not_before == UINT64_C(0x18191a1b1c1d1e1f));
}

static void an_entry_is_in_exactly_one_state(void **state)
{
    (void)state;
    const rpl_contract_entry none = {0}, live = {100, 200, 50, 1}, cancelled = {100, 60, 50, 1},
                             never_active = {100, 100, 50, 1}, endless = {100, UINT64_MAX, 50, 1};
    assert_int_equal(rpl_contract_entry_state(&none, 0), RPL_ENTRY_NONE);
    assert_int_equal(rpl_contract_entry_state(&none, UINT64_MAX), RPL_ENTRY_NONE);
    assert_int_equal(rpl_contract_entry_state(&live, 99), RPL_ENTRY_PENDING);
    assert_int_equal(rpl_contract_entry_state(&live, 100), RPL_ENTRY_ACTIVE);
    assert_int_equal(rpl_contract_entry_state(&live, 199), RPL_ENTRY_ACTIVE);
    assert_int_equal(rpl_contract_entry_state(&live, 200), RPL_ENTRY_ENDED);
    assert_int_equal(rpl_contract_entry_state(&cancelled, 55), RPL_ENTRY_CANCELLED);
    assert_int_equal(rpl_contract_entry_state(&cancelled, 150), RPL_ENTRY_CANCELLED);
    assert_int_equal(rpl_contract_entry_state(&never_active, 100), RPL_ENTRY_CANCELLED);
    assert_int_equal(rpl_contract_entry_state(&endless, UINT64_MAX - 1), RPL_ENTRY_ACTIVE);
}

static void the_wait_counts_from_the_proposal(void **state)
{
    (void)state;
    const rpl_contract_entry genesis = {1000, UINT64_MAX, 1000, 1},
                             late = {1000 + 72 * HOUR, UINT64_MAX, 1000, 1},
                             absurd = {1000, UINT64_MAX, UINT64_MAX - 5, 1};
    assert_true(rpl_contract_entry_from(&genesis) == 1000 + 48 * HOUR);
    assert_true(rpl_contract_entry_from(&late) == 1000 + 72 * HOUR);
    assert_true(rpl_contract_entry_from(&absurd) == UINT64_MAX);
}

/* Word 7 as the contract packs it: proposedAt, from, xPub. */
static void times_word(uint8_t word[static 32], uint64_t proposed_at, uint64_t from)
{
    memset(word, 0xee, 32);
    for (int i = 0; i < 6; i++) {
        word[i] = (uint8_t)(proposed_at >> 8 * (5 - i));
        word[6 + i] = (uint8_t)(from >> 8 * (5 - i));
    }
}

static void a_new_identity_holds_after_48_hours(void **state)
{
    (void)state;
    uint8_t first[32] = {1}, next[32] = {2}, times[32];
    rpl_contract_identity id;
    times_word(times, 5000, 5000 + 48 * HOUR);
    rpl_contract_identity_read(first, next, times, &id);
    assert_true(id.next_proposed_at == 5000 && id.next_from == 5000 + 48 * HOUR);
    assert_true(rpl_contract_identity_at(&id, 5000 + 48 * HOUR - 1) == id.digest);
    assert_true(rpl_contract_identity_at(&id, 5000 + 48 * HOUR) == id.next);
}

static void a_change_that_did_not_wait_leaves_no_pin(void **state)
{
    (void)state;
    uint8_t first[32] = {1}, next[32] = {2}, times[32];
    rpl_contract_identity id;
    times_word(times, 5000, 5000);
    rpl_contract_identity_read(first, next, times, &id);
    assert_true(rpl_contract_identity_at(&id, 4999) == id.digest);
    assert_null(rpl_contract_identity_at(&id, 5000));
    assert_null(rpl_contract_identity_at(&id, 5000 + 48 * HOUR - 1));
    assert_true(rpl_contract_identity_at(&id, 5000 + 48 * HOUR) == id.next);
}

static void an_identity_that_was_never_set_is_none(void **state)
{
    (void)state;
    const uint8_t zero[32] = {0};
    rpl_contract_identity id;
    rpl_contract_identity_read(zero, zero, zero, &id);
    assert_null(rpl_contract_identity_at(&id, 0));
    assert_null(rpl_contract_identity_at(&id, UINT64_MAX));
}

static void a_number_beyond_64_bits_is_the_largest(void **state)
{
    (void)state;
    uint8_t word[32] = {0};
    word[31] = 9;
    assert_true(rpl_contract_number(word) == 9);
    for (size_t i = 0; i < 24; i++) {
        word[i] = 1;
        assert_true(rpl_contract_number(word) == UINT64_MAX);
        word[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_hashes_of_their_names),
        cmocka_unit_test(entries_lie_where_solidity_puts_them),
        cmocka_unit_test(the_fields_of_an_entry_are_found),
        cmocka_unit_test(an_entry_is_in_exactly_one_state),
        cmocka_unit_test(the_wait_counts_from_the_proposal),
        cmocka_unit_test(a_new_identity_holds_after_48_hours),
        cmocka_unit_test(a_change_that_did_not_wait_leaves_no_pin),
        cmocka_unit_test(an_identity_that_was_never_set_is_none),
        cmocka_unit_test(a_number_beyond_64_bits_is_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
