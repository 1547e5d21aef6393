/* The calls and answers are what `cast calldata` and `cast abi-encode` of Foundry 1.7.1 make of the same
 * arguments. */
#include "attestation/policy/contract_call.h"

#include "base/hex.h"
#include "tests/support/check.h"

static const char want_propose[] =
    "84640b3f"
    "abababababababababababababababababababababababababababababababab"
    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
    "0000000000000000000000000000000000000000000000000000000000000001"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "00000000000000000000000000000000000000000000000000000000000000a0"
    "0000000000000000000000000000000000000000000000000000000000000001"
    "3300000000000000000000000000000000000000000000000000000000000000";
static const char want_release[] =
    "bebe0b1b"
    "0000000000000000000000000000000000000000000000000000000000000040"
    "0000000000000000000000000000000000000000000000000000000000000080"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "7b7d000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000c0"
    "1111111111111111111111111111111111111111111111111111111111111111"
    "1111111111111111111111111111111111111111111111111111111111111111"
    "1111111111111111111111111111111111111111111111111111111111111111"
    "1111111111111111111111111111111111111111111111111111111111111111"
    "1111111111111111111111111111111111111111111111111111111111111111"
    "1111111111111111111111111111111111111111111111111111111111111111";
static const char want_revoke[] =
    "e0b30a11"
    "abababababababababababababababababababababababababababababababab"
    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
    "0000000000000000000000000000000000000000000000000000000000000060"
    "0000000000000000000000000000000000000000000000000000000000000001"
    "7800000000000000000000000000000000000000000000000000000000000000";
static const char want_sunset[] =
    "12d67687"
    "abababababababababababababababababababababababababababababababab"
    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
    "000000000000000000000000000000000000000000000000000000006b49d200";
static const char want_set_identity[] =
    "717f8c05"
    "0000000000000000000000000000000000000000000000000000000000000040"
    "00000000000000000000000000000000000000000000000000000000000000c0"
    "0000000000000000000000000000000000000000000000000000000000000041"
    "2222222222222222222222222222222222222222222222222222222222222222"
    "2222222222222222222222222222222222222222222222222222222222222222"
    "2200000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000001"
    "7700000000000000000000000000000000000000000000000000000000000000";
static const char want_cancel[] =
    "34b9aa89"
    "0000000000000000000000000000000000000000000000000000000000000020"
    "0000000000000000000000000000000000000000000000000000000000000008"
    "6e6f74206f757273000000000000000000000000000000000000000000000000";
static const char want_epoch[] = "fe7eefa2"
                                 "0000000000000000000000000000000000000000000000000000000000000007";
static const char want_list[] = "50fd7367"
                                "0000000000000000000000000000000000000000000000000000000000000005"
                                "0000000000000000000000000000000000000000000000000000000000000100";
static const char list_answer[] =
    "0000000000000000000000000000000000000000000000000000000000000020"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "abababababababababababababababababababababababababababababababab"
    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
    "000000000000000000000000000000000000000000000000000000000000000a"
    "0000000000000000000000000000000000000000000000000000000000000014"
    "0000000000000000000000000000000000000000000000000000000000000005"
    "0000000000000000000000000000000000000000000000000000000000000001"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
    "abababababababababababababababababababababababababababababababab"
    "000000000000000000000000000000000000000000000000ffffffffffffffff"
    "0000000000000000000000000000000000000000000000000000000000000001"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "0000000000000000000000000000000000000000000000000000000000000003"
    "0000000000000000000000000000000000000000000000000000000000000003";
static const char pin_answer[] = "abababababababababababababababababababababababababababababababab"
                                 "0000000000000000000000001111111111111111111111111111111111111111"
                                 "000000000000000000000000000000000000000000000000000000000002a305"
                                 "0000000000000000000000000000000000000000000000000000000000000005";

static rpl_contract_key key;

static int fill(void **state)
{
    (void)state;
    memset(key.kind, 0xab, 32);
    memset(key.value, 0xcd, 32);
    return 0;
}

static void check_call(const rpl_writer *w, const char *want)
{
    char hex[2048 + 1];
    assert_true(rpl_writer_done(w));
    rpl_hex_encode(rpl_writer_bytes(w), hex);
    assert_string_equal(hex, want);
}

static void entries_are_proposed_revoked_and_ended(void **state)
{
    (void)state;
    uint8_t out[1024];
    rpl_writer w = rpl_writer_over(out, sizeof(out));
    rpl_contract_call_propose(&w, &key, 1, 2, rpl_bytes_of("\x33", 1));
    check_call(&w, want_propose);
    w = rpl_writer_over(out, sizeof(out));
    rpl_contract_call_revoke(&w, &key, rpl_bytes_of_text("x"));
    check_call(&w, want_revoke);
    w = rpl_writer_over(out, sizeof(out));
    rpl_contract_call_sunset(&w, &key, 1800000000);
    check_call(&w, want_sunset);
}

static void a_release_is_proposed_in_full(void **state)
{
    (void)state;
    uint8_t out[1024], measurements[RPL_CONTRACT_MEASUREMENTS_LEN];
    rpl_writer w = rpl_writer_over(out, sizeof(out));
    memset(measurements, 0x11, sizeof(measurements));
    rpl_contract_call_propose_release(&w, rpl_bytes_of_text("{}"), measurements);
    check_call(&w, want_release);
}

static void what_is_no_entry_has_calls_of_its_own(void **state)
{
    (void)state;
    uint8_t out[1024], identity[RPL_CONTRACT_IDENTITY_LEN];
    rpl_writer w = rpl_writer_over(out, sizeof(out));
    memset(identity, 0x22, sizeof(identity));
    rpl_contract_call_set_identity(&w, identity, rpl_bytes_of("\x77", 1));
    check_call(&w, want_set_identity);
    w = rpl_writer_over(out, sizeof(out));
    rpl_contract_call_cancel_identity(&w, rpl_bytes_of_text("not ours"));
    check_call(&w, want_cancel);
    w = rpl_writer_over(out, sizeof(out));
    rpl_contract_call_raise_min_epoch(&w, 7);
    check_call(&w, want_epoch);
    w = rpl_writer_over(out, sizeof(out));
    rpl_contract_call_list(&w, 5);
    check_call(&w, want_list);
}

static void every_call_fits_into_its_bound(void **state)
{
    (void)state;
    uint8_t out[RPL_CONTRACT_CALL_MAX + 1], measurements[RPL_CONTRACT_MEASUREMENTS_LEN] = {0};
    rpl_writer w = rpl_writer_over(out, sizeof(out));
    rpl_contract_call_propose_release(&w, rpl_bytes_of("x", 1), measurements);
    assert_true(rpl_writer_done(&w));
    w = rpl_writer_over(out, sizeof(out));
    rpl_contract_call_propose(&w, &key, 0, 0, rpl_bytes_of(measurements, sizeof(measurements)));
    assert_true(rpl_writer_done(&w));
}

static void kinds_have_names_and_hashes(void **state)
{
    (void)state;
    for (int i = 0; i < RPL_KIND_COUNT; i++) {
        uint8_t hash[32];
        rpl_contract_kind named = RPL_KIND_COUNT, found = RPL_KIND_COUNT;
        const rpl_bytes name = rpl_bytes_of_text(rpl_contract_kind_name((rpl_contract_kind)i));
        rpl_contract_kind_hash((rpl_contract_kind)i, hash);
        assert_true(rpl_contract_kind_named(name, &named) && (int)named == i);
        assert_true(rpl_contract_kind_of(hash, &found) && (int)found == i);
        hash[31] ^= 1;
        assert_false(rpl_contract_kind_of(hash, &found));
        assert_false(rpl_contract_kind_named(rpl_bytes_of(name.data, name.len - 1), &named));
    }
}

static size_t bytes_of_hex(const char *hex, uint8_t *out, size_t cap)
{
    size_t len;
    assert_ok(rpl_hex_decode(rpl_bytes_of_text(hex), out, cap, &len));
    return len;
}

static void a_list_is_read(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    rpl_contract_item items[2];
    size_t count = 0;
    const size_t len = bytes_of_hex(list_answer, bytes, sizeof(bytes));
    assert_ok(rpl_contract_read_list(rpl_bytes_of(bytes, len), items, 2, &count));
    assert_int_equal(count, 2);
    assert_memory_equal(&items[0].key, &key, sizeof(key));
    assert_true(items[0].entry.not_before == 10 && items[0].entry.not_after == 20);
    assert_true(items[0].entry.proposed_at == 5 && items[0].entry.position == 1);
    assert_memory_equal(items[1].key.kind, key.value, 32);
    assert_true(items[1].entry.not_before == UINT64_MAX && items[1].entry.position == 3);
    assert_code(rpl_contract_read_list(rpl_bytes_of(bytes, len), items, 1, &count), RPL_TOO_LARGE);
}

static void a_list_cut_or_extended_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[1024] = {0};
    rpl_contract_item items[3];
    size_t count = 7;
    const size_t len = bytes_of_hex(list_answer, bytes, sizeof(bytes));
    for (size_t cut = 0; cut <= len + 33; cut++) {
        if (cut == len)
            continue;
        uint8_t *exact = exact_copy(bytes, cut);
        assert_code(rpl_contract_read_list(rpl_bytes_of(exact, cut), items, 3, &count),
                    RPL_MALFORMED);
        free(exact);
    }
    assert_int_equal(count, 7);
}

/* The head, the length and the high bytes of numbers: no bit of them may be another. */
static void a_flipped_bit_of_the_frame_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    rpl_contract_item items[3];
    size_t count;
    const size_t len = bytes_of_hex(list_answer, bytes, sizeof(bytes));
    for (size_t bit = 0; bit < 8 * len; bit++) {
        const size_t byte = bit / 8, word = byte / 32 < 2 ? 0 : 1 + (byte / 32 - 2) % 7;
        const bool is_value = word == 1 || word == 2;
        const bool is_low = word > 2 && byte % 32 >= 24; /* any number is a number */
        bytes[byte] ^= (uint8_t)(1 << bit % 8);
        const rpl_code code =
            rpl_contract_read_list(rpl_bytes_of(bytes, len), items, 3, &count).code;
        const bool is_small_status = word == 7 && byte % 32 == 31 && bytes[byte] <= 3;
        if (word == 7 ? is_small_status : is_value || is_low)
            assert_int_equal(code, RPL_OK);
        else
            assert_true(code == RPL_MALFORMED || code == RPL_TOO_LARGE);
        bytes[byte] ^= (uint8_t)(1 << bit % 8);
    }
}

static void a_pending_identity_is_read_or_refused(void **state)
{
    (void)state;
    uint8_t bytes[256] = {0};
    rpl_contract_pin pin;
    const size_t len = bytes_of_hex(pin_answer, bytes, sizeof(bytes));
    assert_ok(rpl_contract_read_pin(rpl_bytes_of(bytes, len), &pin));
    assert_memory_equal(pin.digest, key.kind, 32);
    assert_true(pin.address[0] == 0x11 && pin.address[19] == 0x11);
    assert_true(pin.from == 172805 && pin.proposed_at == 5);
    for (size_t cut = 0; cut <= len + 1; cut++) {
        uint8_t *exact = exact_copy(bytes, cut);
        assert_code(rpl_contract_read_pin(rpl_bytes_of(exact, cut), &pin),
                    cut == len ? RPL_OK : RPL_MALFORMED);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_proposed_revoked_and_ended),
        cmocka_unit_test(a_release_is_proposed_in_full),
        cmocka_unit_test(what_is_no_entry_has_calls_of_its_own),
        cmocka_unit_test(every_call_fits_into_its_bound),
        cmocka_unit_test(kinds_have_names_and_hashes),
        cmocka_unit_test(a_list_is_read),
        cmocka_unit_test(a_list_cut_or_extended_is_refused),
        cmocka_unit_test(a_flipped_bit_of_the_frame_is_refused),
        cmocka_unit_test(a_pending_identity_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, fill, NULL);
}
