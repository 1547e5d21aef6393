/* handover.h - the message that carries a state: composing it on the holder, reading it on the
 * joiner.
 *
 * Reading checks what needs nothing but the message itself: form, state digest, signature. Whether
 * the holder's quote is good is the verifier's business, whether it may give is the policy's.
 */
#ifndef RPL_SERVER_CORE_HANDOVER_H
#define RPL_SERVER_CORE_HANDOVER_H

#include "attestation/policy/chain_facts.h"
#include "attestation/tdx/verdict.h"
#include "server/core/custody.h"
#include "server/core/state.h"
#include "server/core/transcript.h"

/* `state` is the canonical encoding whose digest stands in the onboard fields; `quote` the holder's
 * quote with evidence trailer; `mark` a hint for the joiner, number 0: none. `*out` is the plaintext for rpl_sealed_box_seal. */
RPL_CHECKED rpl_status rpl_handover_encode(rpl_bytes state, rpl_bytes quote,
                                           const uint8_t signature[static RPL_SIGNATURE_LEN],
                                           const rpl_custody *custody, const rpl_chain_block *mark,
                                           rpl_secret **out);

/* Bytes of that plaintext, at most. */
size_t rpl_handover_len_max(size_t state_len, size_t quote_len, size_t receipts);

typedef struct {
    rpl_state *state; /* owned; its custody log is the message's */
    uint8_t state_digest[32];
    uint8_t *quote; /* owned, with trailer */
    size_t quote_len;
    uint8_t signature[RPL_SIGNATURE_LEN];
    rpl_chain_block mark; /* as the holder says; number 0: none */
} rpl_handover;

/* RPL_MALFORMED  not such a message, or a state or custody log that does not decode
 * RPL_UNTRUSTED  a receipt that the state's identity did not sign */
RPL_CHECKED rpl_status rpl_handover_decode(rpl_bytes plaintext, rpl_handover *out);
void rpl_handover_free(rpl_handover *handover);

/* Runs handover.digest (the sealed header's digest is the state's) and handover.signature (by the
 * state's own identity over the onboard fields) into `verdict`; `*fields` receives the onboard
 * fields that the holder's report data must bind. */
void rpl_handover_check(const rpl_handover *handover, const uint8_t sealed_digest[static 32],
                        const rpl_request_fields *request, const uint8_t holder_config[static 32],
                        rpl_verdict *verdict, rpl_onboard_fields *fields);

#endif
