#include "base/secret.h"

#include <sodium.h>
#include <stdatomic.h>

struct rpl_secret {
    size_t len;
    uint8_t *bytes; /* from sodium_malloc */
};

static atomic_bool some_not_locked;

/* sodium_malloc asks for mlock and keeps silent about a refusal; asking once more tells. */
static uint8_t *allocate_locked(size_t len)
{
    uint8_t *bytes = sodium_malloc(len);
    if (bytes && sodium_mlock(bytes, len) != 0)
        atomic_store(&some_not_locked, true);
    return bytes;
}

rpl_secret *rpl_secret_new(size_t len)
{
    if (len == 0 || len > RPL_SECRET_MAX)
        return NULL;
    rpl_secret *secret = sodium_malloc(sizeof(*secret));
    if (!secret)
        return NULL;
    *secret = (rpl_secret){.len = len, .bytes = allocate_locked(len)};
    if (!secret->bytes) {
        sodium_free(secret);
        return NULL;
    }
    sodium_memzero(secret->bytes, len);
    return secret;
}

rpl_secret *rpl_secret_copy(rpl_bytes from)
{
    rpl_secret *secret = rpl_secret_new(from.len);
    if (secret)
        memcpy(secret->bytes, from.data, from.len);
    return secret;
}

void rpl_secret_free(rpl_secret *secret)
{
    if (!secret)
        return;
    sodium_free(secret->bytes);
    sodium_free(secret);
}

size_t rpl_secret_len(const rpl_secret *secret)
{
    return secret->len;
}

rpl_bytes rpl_secret_expose(const rpl_secret *secret)
{
    return (rpl_bytes){secret->bytes, secret->len};
}

uint8_t *rpl_secret_fill(rpl_secret *secret)
{
    return secret->bytes;
}

bool rpl_secret_equal(const rpl_secret *a, const rpl_secret *b)
{
    return a->len == b->len && sodium_memcmp(a->bytes, b->bytes, a->len) == 0;
}

rpl_memory_lock rpl_secret_memory_lock(void)
{
    return atomic_load(&some_not_locked) ? RPL_MEMORY_PARTIAL : RPL_MEMORY_LOCKED;
}

void rpl_auto_scratch(rpl_scratch *scratch)
{
    sodium_memzero(scratch, sizeof(*scratch));
}
