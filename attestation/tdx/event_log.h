/* event_log.h - the guest's event log: reading it, replaying it into RTMR values, and finding in it
 * what the operating system stated before the app ran.
 *
 * The log is untrusted until its replay equals the quote's RTMR. Digests in it are never believed
 * where they can be recomputed: a Dstack event's digest is made from its name and payload.
 *   V1  SHA384(u32le type || ":" || name || ":" || payload)
 *   V2  SHA384 of the canonical JSON {"name":..,"payload":"<hex>","type":..}
 *   padded  the oldest scheme: a 32 or 20 byte payload, zero-padded right to 48, is the digest
 * Replay: mr = 48 zeros; for each event in order mr = SHA384(mr || digest).
 */
#ifndef RPL_ATTESTATION_TDX_EVENT_LOG_H
#define RPL_ATTESTATION_TDX_EVENT_LOG_H

#include "attestation/tdx/quote.h"
#include "base/reader.h"
#include "base/status.h"

enum {
    RPL_EVENTS_MAX = 256,
    RPL_EVENT_LOG_MAX = 1 << 20, /* bytes of JSON text */
    RPL_EVENT_NAME_MAX = 128,
    RPL_EVENT_PAYLOAD_MAX = 32768,
    RPL_EVENT_DSTACK = 0x08000001,
};

typedef struct {
    uint8_t imr; /* 0..3: the RTMR it extended */
    uint32_t type;
    uint8_t
        version; /* 1, 2; 0 = only a digest is known (TCG events of RTMR 0..2, the oldest scheme) */
    rpl_bytes name, payload; /* views */
    uint8_t digest[48];      /* recomputed where version > 0 */
} rpl_event;

typedef struct {
    size_t count;
    rpl_event events[RPL_EVENTS_MAX];
    uint8_t *storage; /* owned: what names and payloads point into; NULL when they are borrowed */
} rpl_event_log;

/* From the JSON text of the guest agent (all eras). `*log` is released with rpl_event_log_free.
 * RPL_MALFORMED  not such a log; RPL_TOO_LARGE  over a limit above */
RPL_CHECKED rpl_status rpl_event_log_parse(rpl_bytes json_text, rpl_event_log *log);
void rpl_event_log_free(rpl_event_log *log);

/* Appends an event whose digest is recomputed from name and payload (borrowed).
 * version 0 is the padded scheme here. */
RPL_CHECKED rpl_status rpl_event_log_add(rpl_event_log *log, uint8_t imr, uint32_t type,
                                         uint8_t version, rpl_bytes name, rpl_bytes payload);

void rpl_event_log_replay(const rpl_event_log *log, uint8_t imr, uint8_t mr[static 48]);

/* What the OS said, from RTMR3 events up to the first system-ready. */
typedef struct {
    bool has_system_ready;
    bool
        has_compose_hash; /* the oldest images have none: then app_id is the hash of the compose file */
    uint8_t compose_hash[32];
    rpl_bytes app_id, instance_id, key_provider, os_image_hash,
        rootfs_hash; /* views; empty: absent */
} rpl_os_statement;

/* Call after the replay matched.
 * RPL_MALFORMED  a name twice before system-ready, a name with ':', an order that is none of a known
 *                era, a wrong payload length, no compose hash */
RPL_CHECKED rpl_status rpl_event_log_os_statement(const rpl_event_log *log, rpl_os_statement *out);

#endif
