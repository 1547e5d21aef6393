/* challenge.h - challenges of a holder: ours, ten minutes, for one request.
 *
 * A challenge is not stored when it is given out (nobody can fill a table by asking): it carries its
 * expiry and a code by which it is recognised.
 *   u64le expiry (ms since the book was made) || 8 random bytes || first 16 bytes of a keyed hash
 * Which request used it is remembered until it expires; the same request may come again.
 */
#ifndef RPL_SERVER_CORE_CHALLENGE_H
#define RPL_SERVER_CORE_CHALLENGE_H

#include "base/secret.h"

enum { RPL_CHALLENGE_LEN = 32, RPL_CHALLENGE_LIFE_S = 600, RPL_CHALLENGES_USED_MAX = 256 };

typedef struct rpl_challenges rpl_challenges;

/* `key` is 32 random bytes, copied; `boot_ms` the time from which expiries count. NULL: no memory. */
rpl_challenges *rpl_challenges_new(const uint8_t key[static 32], int64_t boot_ms);
void rpl_challenges_free(rpl_challenges *c);

/* `random` is 8 fresh bytes. */
void rpl_challenge_make(const rpl_challenges *c, int64_t boot_ms, const uint8_t random[static 8],
                        uint8_t out[static RPL_CHALLENGE_LEN]);
/* RPL_STALE  not ours, expired, or used by another request than `request_digest` */
RPL_CHECKED rpl_status rpl_challenge_check(const rpl_challenges *c, int64_t boot_ms,
                                           const uint8_t challenge[static RPL_CHALLENGE_LEN],
                                           const uint8_t request_digest[static 32]);
/* Remembers the use; check first.
 * RPL_STALE        another request has used it since the check
 * RPL_UNAVAILABLE  too many are remembered */
RPL_CHECKED rpl_status rpl_challenge_use(rpl_challenges *c, int64_t boot_ms,
                                         const uint8_t challenge[static RPL_CHALLENGE_LEN],
                                         const uint8_t request_digest[static 32]);

#endif
