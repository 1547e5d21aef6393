/* requests.h - requests for a state that are outstanding on a joiner: one shared by all calls
 * without a challenge, and a bounded table of challenged ones that refuses and never evicts.
 *
 * A request lives ten minutes, or until a handover for it is accepted; then its key is wiped. The
 * quote belongs to the request, so that asking again costs the guest agent nothing.
 */
#ifndef RPL_SERVER_CORE_REQUESTS_H
#define RPL_SERVER_CORE_REQUESTS_H

#include "server/core/sealed_box.h"
#include "server/core/transcript.h"

enum { RPL_REQUESTS_MAX = 16, RPL_REQUEST_LIFE_S = 600, RPL_ACCEPTED_MAX = 64 };

typedef struct {
    bool in_use, challenged, quoted;
    rpl_request_fields fields;
    rpl_secret *private_key;
    int64_t expires_ms; /* CLOCK_BOOTTIME */
    uint8_t *quote;     /* owned: with evidence trailer */
    size_t quote_len;
    uint8_t *quote_raw; /* owned: as the agent gave it */
    size_t quote_raw_len;
    char *event_log; /* owned */
} rpl_request;

typedef struct {
    rpl_request table[RPL_REQUESTS_MAX + 1]; /* the last is the shared one */
    /* digests of sealed messages that were accepted: the same one again is no error */
    uint8_t accepted[RPL_ACCEPTED_MAX][32];
    size_t n_accepted;
} rpl_requests;

void rpl_requests_free(rpl_requests *r);

/* The outstanding request for this challenge (NULL: the shared one), NULL when there is none. */
rpl_request *rpl_requests_find(rpl_requests *r, const uint8_t *challenge);
/* Makes one; `private_key` (32 random bytes) moves in, on success only. */
RPL_CHECKED rpl_status rpl_requests_add(rpl_requests *r, const uint8_t *challenge,
                                        const uint8_t config_digest[static 32],
                                        rpl_secret *private_key, int64_t boot_ms,
                                        rpl_request **out);
/* Wipes and forgets one. */
void rpl_requests_remove(rpl_request *request);
/* Forgets what has expired; returns how many are left. */
size_t rpl_requests_expire(rpl_requests *r, int64_t boot_ms);
size_t rpl_requests_count(const rpl_requests *r);
/* The request with this public key, or NULL. */
rpl_request *rpl_requests_by_pubk(rpl_requests *r, const uint8_t pubk[static 32]);

/* The request to whose key `sealed` is sealed; `*header` is the caller's to wipe.
 * RPL_MALFORMED not a sealed message; RPL_NOT_READY sealed to none of them */
RPL_CHECKED rpl_status rpl_requests_open(rpl_requests *r, rpl_bytes sealed, rpl_request **out,
                                         rpl_sealed_header *header);

void rpl_requests_remember(rpl_requests *r, const uint8_t message_digest[static 32]);
bool rpl_requests_remembers(const rpl_requests *r, const uint8_t message_digest[static 32]);

#endif
