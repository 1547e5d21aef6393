/* admission.h - who may cause work, and how much of it at once. Pure: the time is an argument.
 *
 * Two limits. A token bucket per address, taken before a call that costs (requestKey, onboard,
 * receiveKey, bootstrap, status with a nonce); never for /status and /healthz. And slots: how many
 * such calls are outstanding over all callers. An IPv6 caller is counted by its /64. All unix
 * callers of one guest folder share what the caller of these functions gives as their key.
 * The table of addresses is bounded; when it is full the longest unused one makes room, and only if
 * even that is not yet full again is a new address refused: a flood of addresses cannot reset
 * anybody's bucket.
 */
#ifndef RPL_SERVER_RPC_ADMISSION_H
#define RPL_SERVER_RPC_ADMISSION_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RPL_ADMISSION_ADDRESSES = 1024,
    RPL_ADMISSION_OUTSTANDING = 16, /* onboard and other verifying calls */
    RPL_ADMISSION_SEALING = 2,
    RPL_ADMISSION_QUOTING =
        2, /* the agent makes one at a time: the workers must not all wait there */
};

typedef enum {
    RPL_SLOT_VERIFY, /* a foreign quote is being verified */
    RPL_SLOT_SEAL,   /* a state is being sealed */
    RPL_SLOT_QUOTE,  /* the guest agent is asked for a fresh quote on somebody's behalf */
    RPL_SLOT_COUNT
} rpl_slot;

typedef struct {
    uint32_t burst;      /* tokens of a full bucket; 1..1000000 */
    uint32_t per_minute; /* tokens that come back in a minute; 1..1000000 */
} rpl_admission_rate;

typedef struct {
    uint8_t address[16];
    int64_t at_ms;  /* when `level` was computed */
    uint64_t level; /* token * 60000 */
    bool used;
} rpl_bucket;

typedef struct {
    rpl_admission_rate rate;
    rpl_bucket buckets[RPL_ADMISSION_ADDRESSES];
    unsigned outstanding[RPL_SLOT_COUNT];
    unsigned slots[RPL_SLOT_COUNT];
} rpl_admission;

/* Rate zero = 20 at once, 60 a minute; slots as the constants above. */
void rpl_admission_init(rpl_admission *admission, rpl_admission_rate rate);
/* Takes `tokens` of the address (rpl_peer.key). `now_ms` does not go back; when it does it counts
 * as not having moved.
 * RPL_UNAVAILABLE  too many calls from there; *retry_after_s says when there is enough again */
RPL_CHECKED rpl_status rpl_admission_take(rpl_admission *admission, const uint8_t key[static 16],
                                          uint32_t tokens, int64_t now_ms, uint32_t *retry_after_s);
/* One slot until rpl_admission_leave.
 * RPL_UNAVAILABLE  all are taken */
RPL_CHECKED rpl_status rpl_admission_enter(rpl_admission *admission, rpl_slot slot);
void rpl_admission_leave(rpl_admission *admission, rpl_slot slot);

#endif
