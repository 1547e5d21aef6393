/* contract_call.h - what an owner, a guardian or a reader says to the UpgradeOperator, as calldata, and
 * the answers that are more than one word. Bytes only: nothing is signed or sent here.
 *
 * What does not fit latches in the writer. Source: contracts/src/UpgradeOperator.sol;
 * contracts/UpgradeOperator.json has the selectors.
 */
#ifndef RPL_ATTESTATION_POLICY_CONTRACT_CALL_H
#define RPL_ATTESTATION_POLICY_CONTRACT_CALL_H

#include "attestation/policy/contract_layout.h"
#include "base/writer.h"

enum {
    RPL_CONTRACT_MEASUREMENTS_LEN = 192, /* mrtd . rtmr0 . rtmr1 . rtmr2 */
    RPL_CONTRACT_IDENTITY_LEN = 65,      /* ed25519 . compressed secp256k1 */
    RPL_CONTRACT_CALL_MAX = 512,         /* calldata beside the texts in it */
    RPL_CONTRACT_PAGE = 256,             /* entries of one answer of list() */
};

/* The entry that a call is about; `kind` is the hash of its name. */
typedef struct {
    uint8_t kind[32], value[32];
} rpl_contract_key;

/* The kind of this name ("device"). False: none of ours. */
RPL_CHECKED bool rpl_contract_kind_named(rpl_bytes name, rpl_contract_kind *out);
/* The kind with this hash. False: none of ours. */
RPL_CHECKED bool rpl_contract_kind_of(const uint8_t hash[static 32], rpl_contract_kind *out);

/* Times are Unix seconds; 0: as early as possible, and without end. */
void rpl_contract_call_propose(rpl_writer *w, const rpl_contract_key *key, uint64_t not_before,
                               uint64_t not_after, rpl_bytes info);
void rpl_contract_call_propose_release(
    rpl_writer *w, rpl_bytes app_compose,
    const uint8_t measurements[static RPL_CONTRACT_MEASUREMENTS_LEN]);
void rpl_contract_call_revoke(rpl_writer *w, const rpl_contract_key *key, rpl_bytes reason);
void rpl_contract_call_sunset(rpl_writer *w, const rpl_contract_key *key, uint64_t not_after);
void rpl_contract_call_set_identity(rpl_writer *w,
                                    const uint8_t identity[static RPL_CONTRACT_IDENTITY_LEN],
                                    rpl_bytes info);
void rpl_contract_call_cancel_identity(rpl_writer *w, rpl_bytes reason);
void rpl_contract_call_raise_min_epoch(rpl_writer *w, uint64_t to);
/* At most RPL_CONTRACT_PAGE entries from number `offset` on. */
void rpl_contract_call_list(rpl_writer *w, uint64_t offset);

/* One entry of the contract's list. */
typedef struct {
    rpl_contract_key key;
    rpl_contract_entry entry;
} rpl_contract_item;

/* An answer of list(). RPL_MALFORMED: not exactly such an answer; RPL_TOO_LARGE: over `cap`. */
RPL_CHECKED rpl_status rpl_contract_read_list(rpl_bytes answer, rpl_contract_item *items,
                                              size_t cap, size_t *count);

/* An answer of pendingIdentity(); zeros: none. RPL_MALFORMED: not exactly such an answer. */
typedef struct {
    uint8_t digest[32], address[20];
    uint64_t from, proposed_at;
} rpl_contract_pin;
RPL_CHECKED rpl_status rpl_contract_read_pin(rpl_bytes answer, rpl_contract_pin *out);

#endif
