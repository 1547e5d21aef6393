/* secret.h - bytes that must not outlive their use, reach a log, or be compared in variable time.
 *
 * A secret is opaque and lives in memory from sodium_malloc: guard pages around it, kept out of
 * core dumps, wiped when freed. Locking against swap is asked for, but libsodium does not treat
 * its refusal as an error, so the server checks RLIMIT_MEMLOCK when it starts. The only ways to the
 * bytes are rpl_secret_expose and rpl_secret_fill: to review what touches a secret, search for them.
 */
#ifndef RPL_BASE_SECRET_H
#define RPL_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/status.h"

typedef struct rpl_secret rpl_secret;

/* `len` zero bytes, 1..RPL_SECRET_MAX. The caller owns the result. NULL when memory is short or len
 * is out of range. */
#define RPL_SECRET_MAX (64 << 20) /* the largest state that is handed over, and room around it */
rpl_secret *rpl_secret_new(size_t len);
/* Wipes, then frees. NULL is allowed. */
void rpl_secret_free(rpl_secret *secret);
size_t rpl_secret_len(const rpl_secret *secret);
/* Borrowed until the secret is freed. */
rpl_bytes rpl_secret_expose(const rpl_secret *secret);
uint8_t *rpl_secret_fill(rpl_secret *secret);
/* Constant time in the contents; the lengths are public. */
RPL_CHECKED bool rpl_secret_equal(const rpl_secret *a, const rpl_secret *b);

/* A copy of `from`, which must not be empty; the source is the caller's to wipe. */
rpl_secret *rpl_secret_copy(rpl_bytes from);

/* How much of the memory asked for so far could be locked: what /status says of it. */
typedef enum { RPL_MEMORY_LOCKED, RPL_MEMORY_PARTIAL } rpl_memory_lock;
rpl_memory_lock rpl_secret_memory_lock(void);

RPL_DEFINE_AUTO(rpl_secret *, secret, rpl_secret_free)

/* Up to 64 secret bytes on the stack (a digest on its way into a key), wiped when it leaves scope.
 */
typedef struct {
    uint8_t b[64];
} rpl_scratch;
void rpl_auto_scratch(rpl_scratch *scratch);

#endif
