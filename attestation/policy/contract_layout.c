#include "attestation/policy/contract_layout.h"

#include "base/hash.h"
#include "base/writer.h"

enum { ENTRIES_SLOT = 2, WORD = 32 };

static const char *const kind_names[] = {
#define RPL_KIND_NAME(name, text) text,
    RPL_CONTRACT_KINDS(RPL_KIND_NAME)
#undef RPL_KIND_NAME
};

const char *rpl_contract_kind_name(rpl_contract_kind kind)
{
    return kind_names[kind];
}

void rpl_contract_kind_hash(rpl_contract_kind kind, uint8_t out[static 32])
{
    rpl_keccak256(rpl_bytes_of_text(kind_names[kind]), out);
}

void rpl_contract_any(uint8_t out[static 32])
{
    memset(out, 0xff, WORD);
}

/* keccak256(key . mapping): where a mapping keeps the value of a key. */
static void mapping_slot(const uint8_t key[static WORD], const uint8_t mapping[static WORD],
                         uint8_t out[static WORD])
{
    uint8_t both[2 * WORD];
    rpl_writer w = rpl_writer_over(both, sizeof(both));

    rpl_write_bytes(&w, rpl_bytes_of(key, WORD));
    rpl_write_bytes(&w, rpl_bytes_of(mapping, WORD));
    rpl_keccak256(rpl_writer_bytes(&w), out);
}

void rpl_contract_entry_slot(rpl_contract_kind kind, const uint8_t value[static 32],
                             uint8_t slot[static 32])
{
    const uint8_t entries[WORD] = {[WORD - 1] = ENTRIES_SLOT};
    uint8_t hash[WORD], kind_entries[WORD];

    rpl_contract_kind_hash(kind, hash);
    mapping_slot(hash, entries, kind_entries);
    mapping_slot(value, kind_entries, slot);
}

static uint64_t big_endian(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | bytes[i];
    return value;
}

void rpl_contract_entry_read(const uint8_t word[static 32], rpl_contract_entry *out)
{
    *out = (rpl_contract_entry){
        .not_before = big_endian(word + 24, 8),
        .not_after = big_endian(word + 16, 8),
        .proposed_at = big_endian(word + 8, 8),
        .position = big_endian(word, 8),
    };
}

rpl_entry_state rpl_contract_entry_state(const rpl_contract_entry *entry, uint64_t t)
{
    if (entry->position == 0)
        return RPL_ENTRY_NONE;
    if (entry->not_after <= entry->not_before)
        return RPL_ENTRY_CANCELLED;
    if (entry->not_after <= t)
        return RPL_ENTRY_ENDED;
    return entry->not_before <= t ? RPL_ENTRY_ACTIVE : RPL_ENTRY_PENDING;
}

static uint64_t after_delay(uint64_t from, uint64_t proposed_at)
{
    const uint64_t waited = proposed_at > UINT64_MAX - RPL_CONTRACT_DELAY_S
                                ? UINT64_MAX
                                : proposed_at + RPL_CONTRACT_DELAY_S;
    return from > waited ? from : waited;
}

uint64_t rpl_contract_entry_from(const rpl_contract_entry *entry)
{
    return after_delay(entry->not_before, entry->proposed_at);
}

void rpl_contract_word_slot(rpl_contract_word word, uint8_t slot[static 32])
{
    memset(slot, 0, WORD);
    slot[WORD - 1] = (uint8_t)word;
}

static void copy_word(uint8_t out[static WORD], const uint8_t word[static WORD])
{
    for (size_t i = 0; i < WORD; i++)
        out[i] = word[i];
}

void rpl_contract_identity_read(const uint8_t digest[static 32], const uint8_t next[static 32],
                                const uint8_t next_times[static 32], rpl_contract_identity *out)
{
    copy_word(out->digest, digest);
    copy_word(out->next, next);
    out->next_proposed_at = big_endian(next_times, 6);
    out->next_from = big_endian(next_times + 6, 6);
}

static bool is_zero(const uint8_t word[static WORD])
{
    static const uint8_t zero[WORD];
    return rpl_bytes_equal(rpl_bytes_of(word, WORD), rpl_bytes_of(zero, WORD));
}

const uint8_t *rpl_contract_identity_at(const rpl_contract_identity *identity, uint64_t t)
{
    if (is_zero(identity->next) || t < identity->next_from)
        return is_zero(identity->digest) ? NULL : identity->digest;
    return after_delay(identity->next_from, identity->next_proposed_at) <= t ? identity->next
                                                                             : NULL;
}

uint64_t rpl_contract_number(const uint8_t word[static 32])
{
    uint8_t high = 0;

    for (size_t i = 0; i < WORD - 8; i++)
        high |= word[i];
    return high ? UINT64_MAX : big_endian(word + WORD - 8, 8);
}
