/* measurement.h - the hashes by which releases are named: image hash, release, MRCONFIGID forms.
 *
 *   image_hash = SHA-256(mrtd || rtmr0 || rtmr1 || rtmr2)    everything measured before the app
 *   release    = Keccak-256(compose_hash || image_hash)
 */
#ifndef RPL_ATTESTATION_MEASUREMENT_H
#define RPL_ATTESTATION_MEASUREMENT_H

#include "attestation/tdx/event_log.h"
#include "attestation/tdx/quote.h"
#include "attestation/tdx/verdict.h"

void rpl_image_hash(const rpl_measurement *m, uint8_t out[static 32]);
void rpl_release_hash(const uint8_t compose_hash[static 32], const uint8_t image_hash[static 32],
                      uint8_t out[static 32]);

/* Everything the policy decides by, taken from one verified peer. */
typedef struct {
    rpl_measurement measurement;
    uint8_t compose_hash[32], image_hash[32], release[32];
    uint8_t device[32]; /* SHA-256 of the PPID */
} rpl_peer_identity;

/* Replays the RTMR3 events against the quote, reads the OS part, checks MRCONFIGID and that neither
 * RTMR1 nor RTMR2 is zero; runs event_log.replay, td.mr_config_id and policy.image into `verdict`.
 * `*out` is filled as far as the checks passed (zero otherwise); device is the caller's to set. */
void rpl_measurement_check(const rpl_quote *quote, const rpl_event_log *log, rpl_verdict *verdict,
                           rpl_peer_identity *out);

#endif
