/* Recorded blocks, brought by a host; witnesses are made up. */
#include "attestation/policy/chain_push.h"

#include "tests/support/evm.h"

static json_t *recorded;
static uint8_t header[RPL_CHAIN_WORDS * 256];
static size_t header_len;
static char *proof;
static evm_case approved;
static rpl_chain_pushed pushed;

static rpl_status read_with(size_t finalized_len, size_t latest_len, size_t proof_len)
{
    uint8_t *first = exact_copy(header, finalized_len), *second = exact_copy(header, latest_len),
            *text = exact_copy(proof, proof_len);
    const rpl_pushed_view finalized = {rpl_bytes_of(first, finalized_len),
                                       rpl_bytes_of(text, proof_len)},
                          latest = {rpl_bytes_of(second, latest_len),
                                    rpl_bytes_of(text, proof_len)};
    const rpl_status s =
        rpl_chain_push_read(&approved.question, approved.address, &finalized, &latest, &pushed);
    free(first);
    free(second);
    free(text);
    return s;
}

static void headers_and_proofs_are_read(void **state)
{
    (void)state;
    assert_ok(read_with(header_len, header_len, strlen(proof)));
    assert_memory_equal(pushed.latest.block.hash, approved.header.hash, 32);
    assert_memory_equal(pushed.finalized.block.hash, approved.header.hash, 32);
    assert_true(pushed.latest.block.timestamp == approved.header.timestamp);
    assert_true(pushed.latest.release.not_before == 1700000000);
    assert_memory_equal(pushed.question.release, approved.question.release, 32);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < header_len; len++) {
        assert_int_not_equal(read_with(len, header_len, strlen(proof)).code, RPL_OK);
        if (len % 29 == 0)
            assert_int_not_equal(read_with(header_len, len, strlen(proof)).code, RPL_OK);
    }
    for (size_t len = 0; len < strlen(proof); len += 97)
        assert_int_not_equal(read_with(header_len, header_len, len).code, RPL_OK);
}

/* It hashes to something else, which nobody vouches for, or to another state. */
static void every_other_bit_of_a_header_is_another_block(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * header_len; bit += 61) {
        header[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (read_with(header_len, header_len, strlen(proof)).code == RPL_OK)
            assert_memory_not_equal(pushed.latest.block.hash, approved.header.hash, 32);
        header[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static rpl_chain_witness witness(void)
{
    rpl_chain_witness w = {.standing = RPL_CHAIN_KNOWN,
                           .chain_id = 8453,
                           .finalized_number = approved.header.number,
                           .latest_number = approved.header.number};
    memcpy(w.finalized_hash, approved.header.hash, 32);
    memcpy(w.latest_hash, approved.header.hash, 32);
    return w;
}

static void only_who_confirms_both_blocks_vouches(void **state)
{
    (void)state;
    rpl_chain_facts facts;
    rpl_chain_witnesses w = {6, {witness(), witness(), witness(), witness(), witness(), {0}}};
    assert_ok(read_with(header_len, header_len, strlen(proof)));
    w.witnesses[1].latest_hash[0] ^= 1;
    w.witnesses[2].finalized_hash[31] ^= 1;
    w.witnesses[3].finalized_number--;
    w.witnesses[4].standing = RPL_CHAIN_UNREACHABLE;
    rpl_chain_push_facts(&pushed, 8453, &w, &facts);
    assert_int_equal(facts.count, 6);
    assert_int_equal(facts.reports[0].standing, RPL_CHAIN_KNOWN);
    assert_true(facts.reports[0].chain_id == 8453);
    assert_memory_equal(&facts.reports[0].latest, &pushed.latest, sizeof(pushed.latest));
    assert_int_equal(facts.reports[1].standing, RPL_CHAIN_DISAGREES);
    assert_int_equal(facts.reports[2].standing, RPL_CHAIN_DISAGREES);
    assert_int_equal(facts.reports[3].standing, RPL_CHAIN_DISAGREES);
    assert_int_equal(facts.reports[4].standing, RPL_CHAIN_UNREACHABLE);
    assert_int_equal(facts.reports[5].standing, RPL_CHAIN_UNASKED);
}

/* Who has left the block behind need not confirm it to be heard. */
static void one_who_is_ahead_is_enough(void **state)
{
    (void)state;
    const struct {
        uint64_t ahead, chain_id;
        rpl_chain_standing standing, want;
    } cases[] = {
        {2, 8453, RPL_CHAIN_KNOWN, RPL_CHAIN_KNOWN},
        {3, 8453, RPL_CHAIN_KNOWN, RPL_CHAIN_OVERTAKEN},
        {UINT64_MAX - approved.header.number, 8453, RPL_CHAIN_KNOWN, RPL_CHAIN_OVERTAKEN},
        {3, 1, RPL_CHAIN_KNOWN, RPL_CHAIN_KNOWN},
        {3, 8453, RPL_CHAIN_UNREACHABLE, RPL_CHAIN_KNOWN},
    };
    rpl_chain_facts facts;
    assert_ok(read_with(header_len, header_len, strlen(proof)));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rpl_chain_witnesses w = {3, {witness(), witness(), witness()}};
        w.witnesses[0].latest_number = 0; /* who lags says nothing */
        w.witnesses[2].latest_number += cases[i].ahead;
        w.witnesses[2].latest_hash[0] ^= 1;
        w.witnesses[2].chain_id = cases[i].chain_id;
        w.witnesses[2].standing = cases[i].standing;
        rpl_chain_push_facts(&pushed, 8453, &w, &facts);
        if (facts.reports[0].standing != cases[i].want ||
            facts.reports[1].standing != cases[i].want)
            fail_msg("case %zu: one that %s", i,
                     rpl_chain_standing_text(facts.reports[1].standing));
    }
}

static int load(void **state)
{
    (void)state;
    recorded = load_evm("osaka");
    approved = evm_case_of(recorded, "approved");
    assert_true(
        rpl_rpc_data(json_object_get(recorded, "header"), header, sizeof(header), &header_len));
    return rpl_json_dump(approved.answer, &proof).code == RPL_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(recorded);
    free(proof);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_and_proofs_are_read),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_other_bit_of_a_header_is_another_block),
        cmocka_unit_test(only_who_confirms_both_blocks_vouches),
        cmocka_unit_test(one_who_is_ahead_is_enough),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
