/* Words that a chain recorded, against what the contract's own views said at the same block. */
#include "base/hex.h"
#include "tests/support/evm.h"

static json_t *recorded[EVM_FORKS];

static uint64_t number_at(const json_t *list, size_t i)
{
    uint64_t n;
    assert_true(rpl_rpc_quantity(json_array_get(list, i), &n));
    return n;
}

static void check_entry(const json_t *expected, const char *name, const rpl_contract_entry *got)
{
    const json_t *want = json_object_get(expected, name);
    assert_true(got->not_before == number_at(want, 0));
    assert_true(got->not_after == number_at(want, 1));
    assert_true(got->proposed_at == number_at(want, 2));
    assert_true(got->position == number_at(want, 3));
}

static void check_view(const json_t *expected, const rpl_chain_view *view)
{
    uint8_t want[32];
    uint64_t min_epoch;
    check_entry(expected, "release", &view->release);
    check_entry(expected, "source", &view->source);
    check_entry(expected, "config", &view->config);
    check_entry(expected, "device", &view->device);
    check_entry(expected, "any_device", &view->any_device);
    evm_hex(expected, "identity", want, 32);
    assert_memory_equal(view->identity.digest, want, 32);
    evm_hex(expected, "code_hash", want, 32);
    assert_memory_equal(view->code_hash, want, 32);
    assert_true(rpl_json_get_uint(expected, "min_epoch", UINT32_MAX, &min_epoch));
    assert_true(view->min_epoch == min_epoch);
}

static void the_words_are_what_the_contract_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVM_FORKS * EVM_CASES; i++) {
        rpl_chain_view view = {0};
        const evm_case c = evm_case_of(recorded[i / EVM_CASES], evm_cases[i % EVM_CASES]);
        assert_ok(evm_prove(&c, c.answer, &view));
        check_view(c.expected, &view);
    }
}

static void the_slots_are_those_that_cast_computes(void **state)
{
    (void)state;
    const evm_case c = evm_case_of(recorded[0], "approved");
    const json_t *slots = json_object_get(
        json_object_get(json_object_get(recorded[0], "cases"), "approved"), "slots");
    assert_int_equal(json_array_size(slots), RPL_CHAIN_WORDS);
    for (size_t i = 0; i < RPL_CHAIN_WORDS; i++) {
        uint8_t want[32];
        assert_true(rpl_rpc_data_exact(json_array_get(slots, i), want, 32));
        assert_memory_equal(c.slots.b[i], want, 32);
    }
}

/* The lists of nodes of an answer, the account's first. */
static json_t *list_of(json_t *answer, size_t i)
{
    if (i == 0)
        return json_object_get(answer, "accountProof");
    return json_object_get(json_array_get(json_object_get(answer, "storageProof"), i - 1), "proof");
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* One change somewhere in one node, or of the list of nodes. */
static void mutate(json_t *answer, uint32_t *seed)
{
    json_t *list = list_of(answer, next_random(seed) % (RPL_CHAIN_WORDS + 1));
    const size_t place = next_random(seed) % json_array_size(list);
    const char *text = json_string_value(json_array_get(list, place));
    const size_t digits = strlen(text) - 2;
    char changed[2 * RPL_TRIE_NODE_MAX + 8];
    snprintf(changed, sizeof(changed), "%s", text);
    char *digit = changed + 2 + next_random(seed) % digits;
    switch (next_random(seed) % 5) {
    case 0:
        json_array_remove(list, place);
        return;
    case 1:
        json_array_insert(list, place, json_array_get(list, place));
        return;
    case 2: /* cut */
        changed[digits] = 0;
        break;
    case 3: /* longer */
        snprintf(changed + digits + 2, 3, "00");
        break;
    default:
        *digit = *digit == 'a' ? '3' : 'a';
        break;
    }
    json_array_set_new(list, place, json_string(changed));
}

static void three_hundred_mutated_proofs_are_refused(void **state)
{
    (void)state;
    uint32_t seed = 20260101;
    for (int n = 0; n < 300; n++) {
        rpl_chain_view view, before;
        memset(&view, 0x5a, sizeof(view));
        before = view;
        const evm_case c = evm_case_of(recorded[n % EVM_FORKS], evm_cases[n % EVM_CASES]);
        json_t *answer = json_deep_copy(c.answer);
        mutate(answer, &seed);
        if (evm_prove(&c, answer, &view).code == RPL_OK)
            fail_msg("mutation %d is believed", n);
        assert_memory_equal(&view, &before, sizeof(view));
        json_decref(answer);
    }
}

/* What a lying provider writes beside an honest proof. */
static void claimed_values_change_nothing(void **state)
{
    (void)state;
    rpl_chain_view view = {0};
    const evm_case c = evm_case_of(recorded[1], "unknown");
    json_t *answer = json_deep_copy(c.answer);
    json_object_set_new(answer, "codeHash", json_string("0x00"));
    json_object_set_new(answer, "storageHash", json_string("0x00"));
    json_t *first = json_array_get(json_object_get(answer, "storageProof"), 0);
    json_object_set_new(first, "value", json_string("0xffffffffffffffffffffffffffffffff"));
    assert_ok(evm_prove(&c, answer, &view));
    check_view(c.expected, &view);
    json_decref(answer);
}

static void the_proof_of_another_slot_is_refused(void **state)
{
    (void)state;
    rpl_chain_view view;
    const evm_case approved = evm_case_of(recorded[2], "approved"),
                   unknown = evm_case_of(recorded[2], "unknown");
    assert_int_not_equal(evm_prove(&unknown, approved.answer, &view).code, RPL_OK);
    /* renamed to the slot that was asked for, its path still leads elsewhere */
    json_t *answer = json_deep_copy(approved.answer);
    for (size_t i = 0; i < RPL_CHAIN_WORDS; i++) {
        char key[67] = "0x";
        rpl_hex_encode(rpl_bytes_of(unknown.slots.b[i], 32), key + 2);
        json_object_set_new(json_array_get(json_object_get(answer, "storageProof"), i), "key",
                            json_string(key));
    }
    assert_int_not_equal(evm_prove(&unknown, answer, &view).code, RPL_OK);
    json_decref(answer);
}

static void a_right_proof_under_another_name_is_refused(void **state)
{
    (void)state;
    rpl_chain_view view;
    const evm_case c = evm_case_of(recorded[0], "approved");
    static const char *const names[] = {"0x1", "0x", "4", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        json_t *answer = json_deep_copy(c.answer);
        json_object_set_new(json_array_get(json_object_get(answer, "storageProof"), 5), "key",
                            json_string(names[i]));
        assert_code(evm_prove(&c, answer, &view), RPL_MALFORMED);
        json_decref(answer);
    }
    /* as a number is as good as 32 bytes: clients do both */
    json_t *answer = json_deep_copy(c.answer);
    json_object_set_new(json_array_get(json_object_get(answer, "storageProof"), 5), "key",
                        json_string("0x4"));
    assert_ok(evm_prove(&c, answer, &view));
    json_decref(answer);
}

static void another_address_and_another_root_are_refused(void **state)
{
    (void)state;
    rpl_chain_view view;
    evm_case c = evm_case_of(recorded[2], "approved");
    c.address[19] ^= 1;
    assert_int_not_equal(evm_prove(&c, c.answer, &view).code, RPL_OK);
    c.address[19] ^= 1;
    c.header.state_root[0] ^= 1;
    assert_code(evm_prove(&c, c.answer, &view), RPL_UNTRUSTED);
}

static void an_address_without_an_account_has_no_code(void **state)
{
    (void)state;
    static const uint8_t zero[32];
    for (size_t i = 0; i < EVM_FORKS; i++) {
        rpl_chain_view view = {0};
        evm_case c = evm_case_of(recorded[i], "approved");
        const json_t *stranger = json_object_get(recorded[i], "stranger");
        evm_hex(stranger, "address", c.address, sizeof(c.address));
        assert_ok(evm_prove(&c, json_object_get(stranger, "proof"), &view));
        assert_memory_equal(view.code_hash, zero, 32);
        assert_int_equal(rpl_contract_entry_state(&view.release, 1700300000), RPL_ENTRY_NONE);
    }
}

static void answers_of_another_shape_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}",
                                        "[]",
                                        "{\"accountProof\":\"0x\"}",
                                        "{\"accountProof\":[1]}",
                                        "{\"accountProof\":[\"0xf\"]}",
                                        "{\"accountProof\":[],\"storageProof\":[]}"};
    const evm_case c = evm_case_of(recorded[0], "approved");
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        rpl_chain_view view;
        json_t *answer = NULL;
        assert_ok(rpl_json_parse(rpl_bytes_of_text(texts[i]), 4096, &answer));
        assert_int_not_equal(evm_prove(&c, answer, &view).code, RPL_OK);
        json_decref(answer);
    }
    json_t *answer = json_deep_copy(c.answer);
    rpl_chain_view view;
    json_array_remove(json_object_get(answer, "storageProof"), RPL_CHAIN_WORDS - 1);
    assert_code(evm_prove(&c, answer, &view), RPL_MALFORMED);
    json_decref(answer);
}

static void every_standing_has_a_text(void **state)
{
    (void)state;
    for (rpl_chain_standing s = 0; s < RPL_CHAIN_STANDING_COUNT; s++)
        assert_true(strlen(rpl_chain_standing_text(s)) > 3);
    assert_int_equal(RPL_CHAIN_UNASKED, 0);
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
        cmocka_unit_test(the_words_are_what_the_contract_says),
        cmocka_unit_test(the_slots_are_those_that_cast_computes),
        cmocka_unit_test(three_hundred_mutated_proofs_are_refused),
        cmocka_unit_test(claimed_values_change_nothing),
        cmocka_unit_test(the_proof_of_another_slot_is_refused),
        cmocka_unit_test(a_right_proof_under_another_name_is_refused),
        cmocka_unit_test(another_address_and_another_root_are_refused),
        cmocka_unit_test(an_address_without_an_account_has_no_code),
        cmocka_unit_test(answers_of_another_shape_are_refused),
        cmocka_unit_test(every_standing_has_a_text),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
