/* chain_facts.h - what the RPC providers say about one question, as far as it was checked: the words
 * of the contract at the finalized and at the latest block, per provider. Who fetches them stands
 * behind a port; what follows from them is chain_rule.h.
 *
 * A question is one peer: its release, configuration and device. Its words lie in fixed slots, in one
 * order, so that one eth_getProof takes them all.
 */
#ifndef RPL_ATTESTATION_POLICY_CHAIN_FACTS_H
#define RPL_ATTESTATION_POLICY_CHAIN_FACTS_H

#include "attestation/policy/contract_layout.h"
#include "base/json.h"

enum { RPL_CHAIN_PROVIDERS_MAX = 8 };

/* The measured configuration: which contract on which chain, and how many must agree. */
typedef struct {
    bool is_set; /* false: no contract, the static policy alone decides */
    uint64_t chain_id;
    uint8_t address[20], code_hash[32];
    size_t n_providers, quorum; /* 1 <= quorum <= n_providers */
} rpl_chain_pin;

typedef struct {
    uint64_t number;
    int64_t timestamp;
    uint8_t hash[32];
} rpl_chain_block;

typedef struct {
    uint8_t release[32], config[32], device[32];
} rpl_chain_question;

/* The words of a question, in the order in which they are asked. */
typedef enum {
    RPL_CHAIN_WORD_RELEASE,
    RPL_CHAIN_WORD_SOURCE, /* of the same release */
    RPL_CHAIN_WORD_CONFIG,
    RPL_CHAIN_WORD_DEVICE,
    RPL_CHAIN_WORD_ANY_DEVICE,
    RPL_CHAIN_WORD_IDENTITY,
    RPL_CHAIN_WORD_NEXT_IDENTITY,
    RPL_CHAIN_WORD_NEXT_IDENTITY_TIMES,
    RPL_CHAIN_WORD_MIN_EPOCH,
    RPL_CHAIN_WORDS
} rpl_chain_word;

typedef struct {
    uint8_t b[RPL_CHAIN_WORDS][32];
} rpl_chain_words;

/* The slot of each word. */
void rpl_chain_slots(const rpl_chain_question *question, rpl_chain_words *slots);

/* The contract at one block. */
typedef struct {
    rpl_chain_block block;
    uint8_t code_hash[32];
    rpl_contract_entry release, source, config, device, any_device;
    rpl_contract_identity identity;
    uint64_t min_epoch;
} rpl_chain_view;

/* Sets all but the block and the code hash. */
void rpl_chain_view_read(const rpl_chain_words *words, rpl_chain_view *view);

/* Checks an answer of eth_getProof for `slots` against the block's state root, and reads it: the
 * block must be set in `view`, the rest is written, on success only. The values that the answer claims
 * beside its proof are not looked at.
 * RPL_MALFORMED, RPL_UNTRUSTED, RPL_TOO_LARGE  as trie_proof.h; not such an answer */
RPL_CHECKED rpl_status rpl_chain_view_prove(const json_t *answer,
                                            const uint8_t state_root[static 32],
                                            const uint8_t address[static 20],
                                            const rpl_chain_words *slots, rpl_chain_view *view);

/* Why one provider's word is not known. Zero is "unknown", so that nothing becomes known by being
 * forgotten. X(name, text) */
#define RPL_CHAIN_STANDINGS(X)                                                                     \
    X(UNASKED, "was not asked")                                                                    \
    X(NO_URL, "has no key: no ETH_RPC_URL under its prefix was configured")                        \
    X(UNREACHABLE, "did not answer in time")                                                       \
    X(REFUSED, "answered with an error")                                                           \
    X(MALFORMED, "gave an answer of the wrong form")                                               \
    X(UNPROVEN, "gave a header or a proof that does not verify")                                   \
    X(OTHER_CHAIN, "is on another chain than CHAIN_ID")                                            \
    X(OTHER_CODE, "shows other code than CONTRACT_CODE at CONTRACT")                               \
    X(ORDER, "gave a finalized block above its latest")                                            \
    X(NO_TIME, "cannot be judged without a trusted time")                                          \
    X(STALE, "gave a latest block that is too old")                                                \
    X(FINALIZED_STALE, "gave a finalized block that is too old")                                   \
    X(FUTURE, "gave a block from the future")                                                      \
    X(BACKWARDS, "gave a finalized block below one that was confirmed before")                     \
    X(OVERTAKEN, "knows the block that was brought, but the chain has left that behind")           \
    X(DISAGREES, "does not agree on the blocks with enough others")                                \
    X(KNOWN, "agrees")

typedef enum {
#define RPL_CHAIN_STANDING_ENUM(name, text) RPL_CHAIN_##name,
    RPL_CHAIN_STANDINGS(RPL_CHAIN_STANDING_ENUM)
#undef RPL_CHAIN_STANDING_ENUM
        RPL_CHAIN_STANDING_COUNT
} rpl_chain_standing;

const char *rpl_chain_standing_text(rpl_chain_standing standing);

/* One provider. Of a KNOWN one the views are read from words that were proven against, or asked
 * for, exactly these blocks. */
typedef struct {
    rpl_chain_standing standing;
    uint64_t chain_id;
    rpl_chain_view finalized, latest;
    bool has_newest; /* it is ahead of `latest`, which it was asked about for the quorum's sake */
    rpl_chain_view newest; /* its own latest block: it may refuse, and approves nothing */
} rpl_chain_report;

/* In the order of the pinned prefixes. */
typedef struct {
    size_t count;
    rpl_chain_report reports[RPL_CHAIN_PROVIDERS_MAX];
} rpl_chain_facts;

#endif
