#include "attestation/policy/chain_facts.h"

#include <stdlib.h>

#include "attestation/policy/rpc_answer.h"

RPL_DEFINE_AUTO(void *, memory, free)

static const char *const standing_texts[] = {
#define RPL_CHAIN_STANDING_TEXT(name, text) text,
    RPL_CHAIN_STANDINGS(RPL_CHAIN_STANDING_TEXT)
#undef RPL_CHAIN_STANDING_TEXT
};

const char *rpl_chain_standing_text(rpl_chain_standing standing)
{
    return standing_texts[standing];
}

void rpl_chain_slots(const rpl_chain_question *question, rpl_chain_words *slots)
{
    uint8_t any[32];

    rpl_contract_any(any);
    rpl_contract_entry_slot(RPL_KIND_RELEASE, question->release, slots->b[RPL_CHAIN_WORD_RELEASE]);
    rpl_contract_entry_slot(RPL_KIND_SOURCE, question->release, slots->b[RPL_CHAIN_WORD_SOURCE]);
    rpl_contract_entry_slot(RPL_KIND_CONFIG, question->config, slots->b[RPL_CHAIN_WORD_CONFIG]);
    rpl_contract_entry_slot(RPL_KIND_DEVICE, question->device, slots->b[RPL_CHAIN_WORD_DEVICE]);
    rpl_contract_entry_slot(RPL_KIND_DEVICE, any, slots->b[RPL_CHAIN_WORD_ANY_DEVICE]);
    rpl_contract_word_slot(RPL_SLOT_IDENTITY, slots->b[RPL_CHAIN_WORD_IDENTITY]);
    rpl_contract_word_slot(RPL_SLOT_NEXT_IDENTITY, slots->b[RPL_CHAIN_WORD_NEXT_IDENTITY]);
    rpl_contract_word_slot(RPL_SLOT_NEXT_IDENTITY_TIMES,
                           slots->b[RPL_CHAIN_WORD_NEXT_IDENTITY_TIMES]);
    rpl_contract_word_slot(RPL_SLOT_MIN_EPOCH, slots->b[RPL_CHAIN_WORD_MIN_EPOCH]);
}

void rpl_chain_view_read(const rpl_chain_words *words, rpl_chain_view *view)
{
    rpl_contract_entry_read(words->b[RPL_CHAIN_WORD_RELEASE], &view->release);
    rpl_contract_entry_read(words->b[RPL_CHAIN_WORD_SOURCE], &view->source);
    rpl_contract_entry_read(words->b[RPL_CHAIN_WORD_CONFIG], &view->config);
    rpl_contract_entry_read(words->b[RPL_CHAIN_WORD_DEVICE], &view->device);
    rpl_contract_entry_read(words->b[RPL_CHAIN_WORD_ANY_DEVICE], &view->any_device);
    rpl_contract_identity_read(words->b[RPL_CHAIN_WORD_IDENTITY],
                               words->b[RPL_CHAIN_WORD_NEXT_IDENTITY],
                               words->b[RPL_CHAIN_WORD_NEXT_IDENTITY_TIMES], &view->identity);
    view->min_epoch = rpl_contract_number(words->b[RPL_CHAIN_WORD_MIN_EPOCH]);
}

/* The nodes of one proof, decoded into `bytes`, which has room for RPL_TRIE_NODES_MAX full ones. */
static rpl_status read_nodes(const json_t *list, uint8_t *bytes, rpl_trie_nodes *out)
{
    out->count = json_array_size(list);
    if (!json_is_array(list) || out->count > RPL_TRIE_NODES_MAX)
        return rpl_fail(RPL_MALFORMED, "eth_getProof: expected a list of nodes");
    for (size_t i = 0; i < out->count; i++) {
        uint8_t *to = bytes + i * RPL_TRIE_NODE_MAX;
        out->nodes[i].data = to;
        if (!rpl_rpc_data(json_array_get(list, i), to, RPL_TRIE_NODE_MAX, &out->nodes[i].len))
            return rpl_fail(RPL_MALFORMED, "eth_getProof: a node is not DATA, or too long");
    }
    return rpl_ok();
}

/* The proof of the slot at `place` of the question; the answer must name that slot, as DATA or as
 * QUANTITY. */
static rpl_status proof_of_slot(const json_t *answer, size_t place, const uint8_t slot[static 32],
                                const json_t **proof)
{
    const json_t *item = json_array_get(json_object_get(answer, "storageProof"), place);
    const json_t *key = json_object_get(item, "key");
    uint8_t number[32], whole[32] = {0};
    size_t len = 0;

    if (!rpl_rpc_data(key, number, sizeof(number), &len) &&
        !rpl_rpc_quantity_bytes(key, number, sizeof(number), &len))
        return rpl_fail(RPL_MALFORMED, "eth_getProof: expected a storage proof per slot");
    for (size_t i = 0; i < len; i++)
        whole[32 - len + i] = number[i];
    if (!rpl_bytes_equal(rpl_bytes_of(whole, 32), rpl_bytes_of(slot, 32)))
        return rpl_fail(RPL_MALFORMED, "eth_getProof: the proof is of another slot");
    *proof = json_object_get(item, "proof");
    return rpl_ok();
}

rpl_status rpl_chain_view_prove(const json_t *answer, const uint8_t state_root[static 32],
                                const uint8_t address[static 20], const rpl_chain_words *slots,
                                rpl_chain_view *view)
{
    RPL_AUTO(memory) void *bytes = calloc(RPL_TRIE_NODES_MAX, RPL_TRIE_NODE_MAX);
    rpl_trie_account account;
    rpl_chain_words words;
    rpl_trie_nodes nodes;

    if (!bytes)
        return rpl_fail(RPL_INTERNAL, "memory for a proof");
    RPL_TRY(read_nodes(json_object_get(answer, "accountProof"), bytes, &nodes));
    RPL_TRY(rpl_trie_account_of(state_root, address, &nodes, &account));
    for (size_t i = 0; i < RPL_CHAIN_WORDS && account.exists; i++) {
        const json_t *proof = NULL;
        RPL_TRY(proof_of_slot(answer, i, slots->b[i], &proof));
        RPL_TRY(read_nodes(proof, bytes, &nodes));
        RPL_TRY(rpl_trie_slot_of(account.storage_root, slots->b[i], &nodes, words.b[i]));
    }
    if (!account.exists)
        words = (rpl_chain_words){{{0}}};
    rpl_chain_view_read(&words, view);
    for (size_t i = 0; i < sizeof(view->code_hash); i++)
        view->code_hash[i] = account.code_hash[i];
    return rpl_ok();
}
