/* evidence.h - what travels behind a quote so that the documented flow needs only pubk and quote.
 *
 * quote with trailer = canonical quote || "RPLEVID1" || u32le length || protobuf Evidence
 * (state.proto). The evidence is untrusted: it must hash to the report data and replay to RTMR3.
 */
#ifndef RPL_SERVER_CORE_EVIDENCE_H
#define RPL_SERVER_CORE_EVIDENCE_H

#include "attestation/policy/config_preimage.h"
#include "attestation/tdx/event_log.h"
#include "base/status.h"

enum { RPL_EVIDENCE_MAX = 1 << 18 }; /* bytes of the encoded message */

typedef struct {
    rpl_bytes quote; /* view: canonical when there was a trailer, else the whole input */
    bool has_evidence;
    rpl_event_log events; /* RTMR3 only; owns its storage */
    bool has_challenge;
    uint8_t challenge[32];
    uint8_t *config; /* owned: the configuration preimage */
    size_t config_len;
} rpl_evidence;

/* Cuts the trailer off and decodes it. Without the magic at the quote's canonical end the input is
 * taken as a bare quote (has_evidence false). `quote` borrows `input`.
 * RPL_MALFORMED  a trailer that is not exactly one Evidence; RPL_TOO_LARGE */
RPL_CHECKED rpl_status rpl_evidence_split(rpl_bytes input, rpl_evidence *out);
/* Fills what a bare quote lacks from the fields beside it: the agent's event log JSON, challenge
 * (empty or 32 bytes), configuration preimage. `out->quote` is left alone. */
RPL_CHECKED rpl_status rpl_evidence_from_fields(rpl_bytes event_log_json, rpl_bytes challenge,
                                                rpl_bytes config, rpl_evidence *out);
void rpl_evidence_free(rpl_evidence *e);

/* Canonical part of `quote` with the trailer: RTMR3 events of `events`, challenge (NULL if none),
 * config. `*out` (owned, free()) has `*len` bytes. */
RPL_CHECKED rpl_status rpl_evidence_append(rpl_bytes quote, const rpl_event_log *events,
                                           const uint8_t *challenge, rpl_bytes config,
                                           uint8_t **out, size_t *len);

#endif
