/* transcript.h - exactly which bytes each report data binds, and in which order.
 *
 * report data = tag (16 ASCII bytes, zero padded) || SHA-384(tag || fields); always sent and
 * compared raw. Builds with RPL_TEST_ROOTS use the tags rplT/v1/.. so that no test quote fits a
 * release peer. Source: docs/protocol.md, report data.
 */
#ifndef RPL_SERVER_CORE_TRANSCRIPT_H
#define RPL_SERVER_CORE_TRANSCRIPT_H

#include "server/core/identity.h"

typedef struct {
    uint8_t b[64];
} rpl_report_data;

/* Fields of the joiner's request. */
typedef struct {
    uint8_t pubk[32];
    uint8_t challenge[32]; /* zero if none */
    uint8_t config_digest[32];
} rpl_request_fields;

/* Fields of the holder's answer. */
typedef struct {
    uint8_t request_digest[32]; /* SHA-256 of the request fields: also the handover id */
    uint8_t state_digest[32];
    rpl_identity_pub identity;
    uint64_t highest_epoch;
    uint8_t config_digest[32]; /* the holder's */
} rpl_onboard_fields;

typedef struct {
    uint8_t nonce[32];
    rpl_identity_pub identity; /* zero without a state */
    uint32_t phase;
    uint64_t highest_epoch;
    uint8_t config_digest[32];
} rpl_status_fields;

void rpl_transcript_request(const rpl_request_fields *f, rpl_report_data *out);
void rpl_transcript_onboard(const rpl_onboard_fields *f, rpl_report_data *out);
void rpl_transcript_status(const rpl_status_fields *f, rpl_report_data *out);

/* SHA-256(pubk || challenge || config_digest). */
void rpl_request_digest(const rpl_request_fields *f, uint8_t out[static 32]);

/* What the identity signs in a handover: the onboard tag (its ASCII characters, unpadded) || 0x00 ||
 * lp of each onboard field in order. Returns the length. */
enum { RPL_ONBOARD_MESSAGE_MAX = 256 };
size_t rpl_onboard_message(const rpl_onboard_fields *f,
                           uint8_t out[static RPL_ONBOARD_MESSAGE_MAX]);

/* True for report data that begins with our visible tag: guest sockets refuse to quote it. */
bool rpl_report_data_is_ours(rpl_bytes report_data);

#endif
