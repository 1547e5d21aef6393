#include "tests/support/evm.h"

static json_t *recorded[EVM_FORKS];

static json_t *block_of(size_t fork)
{
    return json_object_get(recorded[fork], "block");
}

static void recorded_blocks_hash_to_their_hash(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVM_FORKS; i++) {
        rpl_block_header h;
        uint8_t want[32];
        uint64_t number;
        assert_ok(rpl_block_header_read(block_of(i), &h));
        evm_hex(block_of(i), "hash", want, 32);
        assert_memory_equal(h.hash, want, 32);
        evm_hex(block_of(i), "stateRoot", want, 32);
        assert_memory_equal(h.state_root, want, 32);
        evm_hex(block_of(i), "parentHash", want, 32);
        assert_memory_equal(h.parent_hash, want, 32);
        assert_true(rpl_rpc_quantity(json_object_get(block_of(i), "number"), &number));
        assert_true(h.number == number);
        assert_true(rpl_rpc_quantity(json_object_get(block_of(i), "timestamp"), &number));
        assert_true(h.timestamp == (int64_t)number);
    }
}

/* Each hashed member in turn gets another value of the same form, is dropped, or is no text. */
static void every_hashed_field_counts(void **state)
{
    (void)state;
    static const char *const hashed[] = {
        "parentHash",   "sha3Uncles",       "miner",
        "stateRoot",    "transactionsRoot", "logsBloom",
        "receiptsRoot", "difficulty",       "number",
        "gasLimit",     "gasUsed",          "timestamp",
        "extraData",    "mixHash",          "nonce",
        "hash",         "baseFeePerGas",    "withdrawalsRoot",
        "blobGasUsed",  "excessBlobGas",    "parentBeaconBlockRoot",
        "requestsHash"};
    for (size_t i = 0; i < sizeof(hashed) / sizeof(*hashed); i++) {
        rpl_block_header h;
        json_t *block = json_deep_copy(block_of(2));
        char text[520];
        snprintf(text, sizeof(text), "%s", json_string_value(json_object_get(block, hashed[i])));
        const size_t last = strlen(text) - 1;
        if (last == 1) /* "0x" */
            snprintf(text, sizeof(text), "0x00");
        else
            text[last] = text[last] == '1' ? '2' : '1';
        json_object_set_new(block, hashed[i], json_string(text));
        assert_int_not_equal(rpl_block_header_read(block, &h).code, RPL_OK);
        json_object_set_new(block, hashed[i], json_integer(1));
        assert_code(rpl_block_header_read(block, &h), RPL_MALFORMED);
        json_object_del(block, hashed[i]);
        assert_int_not_equal(rpl_block_header_read(block, &h).code, RPL_OK);
        json_decref(block);
    }
}

static void a_field_of_a_later_fork_needs_the_earlier(void **state)
{
    (void)state;
    rpl_block_header h;
    json_t *block = json_deep_copy(block_of(2));
    json_object_del(block, "blobGasUsed");
    assert_code(rpl_block_header_read(block, &h), RPL_MALFORMED);
    json_decref(block);
}

static void an_announced_field_is_appended_and_covered(void **state)
{
    (void)state;
    rpl_block_header h;
    json_t *block = json_deep_copy(block_of(2));
    json_object_set_new(block, "blockAccessListHash", json_string("0x11"));
    assert_code(rpl_block_header_read(block, &h), RPL_UNTRUSTED);
    json_object_set_new(block, "blockAccessListHash", json_null());
    assert_ok(rpl_block_header_read(block, &h));
    json_decref(block);
}

static void fields_that_are_not_hashed_do_not_matter(void **state)
{
    (void)state;
    rpl_block_header h;
    json_t *block = json_deep_copy(block_of(0));
    json_object_set_new(block, "totalDifficulty", json_string("0x1234"));
    json_object_set_new(block, "aFieldOfTomorrow", json_true());
    assert_ok(rpl_block_header_read(block, &h));
    json_decref(block);
}

static void a_header_of_bytes_is_strict(void **state)
{
    (void)state;
    static const uint8_t none[] = {0xc0}, trailing[] = {0xc1, 0x80, 0x80};
    static uint8_t large[RPL_BLOCK_HEADER_MAX + 1];
    rpl_block_header h;
    assert_code(rpl_block_header_parse(rpl_bytes_of(none, 1), &h), RPL_MALFORMED);
    assert_code(rpl_block_header_parse(rpl_bytes_of(trailing, 3), &h), RPL_MALFORMED);
    assert_code(rpl_block_header_parse(rpl_bytes_of(large, sizeof(large)), &h), RPL_TOO_LARGE);
}

static void every_prefix_and_other_length_is_refused(void **state)
{
    (void)state;
    size_t len;
    rpl_block_header h, flipped;
    uint8_t rlp[RPL_BLOCK_HEADER_MAX];
    assert_true(rpl_rpc_data(json_object_get(recorded[2], "header"), rlp, sizeof(rlp), &len));
    assert_ok(rpl_block_header_parse(rpl_bytes_of(rlp, len), &h));
    uint8_t want[32];
    evm_hex(block_of(2), "hash", want, 32);
    assert_memory_equal(h.hash, want, 32);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = exact_copy(rlp, cut);
        assert_code(rpl_block_header_parse(rpl_bytes_of(exact, cut), &flipped), RPL_MALFORMED);
        free(exact);
    }
    for (size_t bit = 0; bit < 8 * len; bit++) {
        rlp[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (rpl_block_header_parse(rpl_bytes_of(rlp, len), &flipped).code == RPL_OK)
            assert_memory_not_equal(flipped.hash, h.hash, 32);
        rlp[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static int load(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVM_FORKS; i++)
        recorded[i] = load_evm(evm_forks[i]);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVM_FORKS; i++)
        json_decref(recorded[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_blocks_hash_to_their_hash),
        cmocka_unit_test(every_hashed_field_counts),
        cmocka_unit_test(a_field_of_a_later_fork_needs_the_earlier),
        cmocka_unit_test(an_announced_field_is_appended_and_covered),
        cmocka_unit_test(fields_that_are_not_hashed_do_not_matter),
        cmocka_unit_test(a_header_of_bytes_is_strict),
        cmocka_unit_test(every_prefix_and_other_length_is_refused),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
