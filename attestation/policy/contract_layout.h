/* contract_layout.h - where the UpgradeOperator keeps what a node reads, and what the words mean.
 * Bytes only: whether a word is true of the chain is trie_proof.h's question, whether it approves
 * anything is chain_rule.h's.
 *
 * Source: contracts/STORAGE.md, which the contract's tests hold the compiler to.
 */
#ifndef RPL_ATTESTATION_POLICY_CONTRACT_LAYOUT_H
#define RPL_ATTESTATION_POLICY_CONTRACT_LAYOUT_H

#include "base/reader.h"
#include "base/status.h"

/* What a node waits at least, whatever the contract says. Seconds. */
#define RPL_CONTRACT_DELAY_S ((uint64_t)48 * 3600)

/* X(name, text): a kind of entries is the keccak-256 of its text. */
#define RPL_CONTRACT_KINDS(X)                                                                      \
    X(RELEASE, "replicatoor-release") /* may give and take */                                      \
    X(SOURCE, "source")               /* may only be taken from */                                 \
    X(CONFIG, "config")               /* config digest of a node governed otherwise */             \
    X(DEVICE, "device")               /* SHA-256 of a PPID, or RPL_CONTRACT_ANY */                 \
    X(TCB_STATUS, "tcb-status")                                                                    \
    X(ADVISORY, "tolerated-advisory")                                                              \
    X(COMPOSE, "compose-hash")                                                                     \
    X(OS_IMAGE, "os-image")                                                                        \
    X(MRTD, "mrtd-tuple")                                                                          \
    X(GUARDIAN, "guardian")

typedef enum {
#define RPL_KIND_ENUM(name, text) RPL_KIND_##name,
    RPL_CONTRACT_KINDS(RPL_KIND_ENUM)
#undef RPL_KIND_ENUM
        RPL_KIND_COUNT
} rpl_contract_kind;

const char *rpl_contract_kind_name(rpl_contract_kind kind);
void rpl_contract_kind_hash(rpl_contract_kind kind, uint8_t out[static 32]);
/* The value that stands for all of a kind: 2^256 - 1. */
void rpl_contract_any(uint8_t out[static 32]);

/* The slot of the entry (kind, value). */
void rpl_contract_entry_slot(rpl_contract_kind kind, const uint8_t value[static 32],
                             uint8_t slot[static 32]);

/* Times are Unix seconds of block timestamps. An entry that never was is all zero. */
typedef struct {
    uint64_t not_before, not_after, proposed_at;
    uint64_t position; /* in the contract's list, from 1 */
} rpl_contract_entry;

void rpl_contract_entry_read(const uint8_t word[static 32], rpl_contract_entry *out);

typedef enum {
    RPL_ENTRY_NONE,      /* never proposed */
    RPL_ENTRY_PENDING,   /* t < notBefore < notAfter */
    RPL_ENTRY_ACTIVE,    /* notBefore <= t < notAfter */
    RPL_ENTRY_ENDED,     /* notBefore < notAfter <= t: revoked, or its time is over */
    RPL_ENTRY_CANCELLED, /* notAfter <= notBefore: taken back before it was ever active */
} rpl_entry_state;

/* As the contract sees it at `t`; the node's own delay is not in it. */
rpl_entry_state rpl_contract_entry_state(const rpl_contract_entry *entry, uint64_t t);
/* From when a node counts it: the later of notBefore and proposedAt + 48 h. */
uint64_t rpl_contract_entry_from(const rpl_contract_entry *entry);

/* The words with slots of their own. */
typedef enum {
    RPL_SLOT_OWNER = 0,
    RPL_SLOT_IDENTITY = 4,
    RPL_SLOT_NEXT_IDENTITY = 6,
    RPL_SLOT_NEXT_IDENTITY_TIMES = 7,
    RPL_SLOT_MIN_EPOCH = 8,
} rpl_contract_word;

void rpl_contract_word_slot(rpl_contract_word word, uint8_t slot[static 32]);

/* The pinned identity and the change that was proposed; digests of zeros: none. */
typedef struct {
    uint8_t digest[32], next[32];
    uint64_t next_from, next_proposed_at;
} rpl_contract_identity;

/* Of the words at the three slots above. */
void rpl_contract_identity_read(const uint8_t digest[static 32], const uint8_t next[static 32],
                                const uint8_t next_times[static 32], rpl_contract_identity *out);
/* The identity that holds at `t`, borrowed; NULL when none does: never set, or a change is in force
 * that has not waited 48 hours. */
const uint8_t *rpl_contract_identity_at(const rpl_contract_identity *identity, uint64_t t);

/* The number in a word; UINT64_MAX for one that does not fit in 64 bits. */
uint64_t rpl_contract_number(const uint8_t word[static 32]);

#endif
