/* chain_source.h - asks every pinned provider about one peer: what the contract says of it at a
 * finalized and at a latest block that enough providers have reached. Bytes are fetched here; what
 * counts is decided by attestation/policy (block_header.h, chain_facts.h, chain_rule.h).
 *
 *   each    chain id, own latest and own finalized header
 *   all     of each kind the highest number that a quorum of providers has reached; a provider that
 *           is behind it is asked about its own, for its refusal counts; so is one that is ahead, as
 *           well, so that nobody who lags keeps a fresh revocation unheard
 *   each    header by that number and eth_getProof of all words, in one batch, verified against each
 *           other; where a provider gives no proofs, eth_getStorageAt and eth_getCode by block hash
 *
 * One provider far ahead or far behind so moves nothing. `pending` is never asked. Answers that are
 * not known (cut, late, limited, malformed) are asked for again with growing pauses while a quorum is
 * missing and the deadline is not near. Providers are asked side by side. Blocking; thread-safe.
 */
#ifndef RPL_SERVER_IO_CHAIN_SOURCE_H
#define RPL_SERVER_IO_CHAIN_SOURCE_H

#include "attestation/policy/chain_push.h"
#include "attestation/policy/contract_call.h"
#include "attestation/policy/rpc_urls.h"

typedef struct {
    int64_t request_ms;  /* one exchange */
    int64_t deadline_ms; /* all of it: no exchange begins after it, nor lasts longer */
    int64_t retry_first_ms, retry_max_ms;
} rpl_chain_pace;

#define RPL_CHAIN_PACE_DEFAULT ((rpl_chain_pace){5000, 12000, 250, 2000})

/* The texts are borrowed, the rest is copied. */
typedef struct {
    rpl_chain_pin pin;
    const rpl_rpc_prefixes *prefixes; /* borrowed; as many as the pin has providers */
    const char *ca_file;              /* NULL: the system's bundle */
    rpl_chain_pace pace;
} rpl_chain_source_config;

typedef struct rpl_chain_source rpl_chain_source;

/* Without keys yet: every provider is RPL_CHAIN_NO_URL. NULL: no memory. */
rpl_chain_source *rpl_chain_source_new(const rpl_chain_source_config *config);
void rpl_chain_source_free(rpl_chain_source *source);
/* From the next question on; quick. */
void rpl_chain_source_keys(rpl_chain_source *source, const rpl_rpc_keys *keys);
/* Does not fail: each report says what is known, or why nothing is. */
void rpl_chain_source_ask(rpl_chain_source *source, const rpl_chain_question *question,
                          rpl_chain_facts *out);

/* What each provider knows of two blocks by number, and which its own are; the same promise, and the
 * same deadline, but nobody is asked twice. */
void rpl_chain_source_witness(rpl_chain_source *source, uint64_t finalized, uint64_t latest,
                              rpl_chain_witnesses *out);
/* The end of the contract's list at a block, as one provider has it (chain_list.h).
 * RPL_UNAVAILABLE  there is no key for it, or it does not answer; else as rpl_chain_list_ask */
RPL_CHECKED rpl_status rpl_chain_source_list(rpl_chain_source *source, size_t provider,
                                             const uint8_t block[static 32],
                                             rpl_contract_item *items, size_t cap, size_t *count);

#endif
