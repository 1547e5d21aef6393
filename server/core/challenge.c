#include "server/core/challenge.h"

#include <sodium.h>

#include "base/writer.h"

enum { STAMPED_LEN = 16, CODE_LEN = 16 };

typedef struct {
    int64_t expires_ms; /* 0: free */
    uint8_t challenge[RPL_CHALLENGE_LEN];
    uint8_t request_digest[32];
} used;

struct rpl_challenges {
    uint8_t key[32];
    int64_t epoch_ms;
    used used[RPL_CHALLENGES_USED_MAX];
};

rpl_challenges *rpl_challenges_new(const uint8_t key[static 32], int64_t boot_ms)
{
    rpl_challenges *c = sodium_malloc(sizeof(*c));
    if (!c)
        return NULL;
    sodium_memzero(c, sizeof(*c));
    memcpy(c->key, key, sizeof(c->key));
    c->epoch_ms = boot_ms;
    return c;
}

void rpl_challenges_free(rpl_challenges *c)
{
    sodium_free(c);
}

static void keyed_code(const rpl_challenges *c, const uint8_t *stamped, uint8_t code[CODE_LEN])
{
    (void)crypto_generichash(code, CODE_LEN, stamped, STAMPED_LEN, c->key, sizeof(c->key));
}

void rpl_challenge_make(const rpl_challenges *c, int64_t boot_ms, const uint8_t random[static 8],
                        uint8_t out[static RPL_CHALLENGE_LEN])
{
    rpl_writer w = rpl_writer_over(out, RPL_CHALLENGE_LEN);
    rpl_write_u64le(&w, (uint64_t)(boot_ms - c->epoch_ms) + RPL_CHALLENGE_LIFE_S * 1000ull);
    rpl_write_bytes(&w, rpl_bytes_of(random, 8));
    keyed_code(c, out, out + STAMPED_LEN);
}

static int64_t expiry_of(const uint8_t challenge[static RPL_CHALLENGE_LEN])
{
    rpl_reader r = rpl_reader_over(rpl_bytes_of(challenge, 8));
    uint64_t ms = 0;
    return rpl_read_u64le(&r, &ms) && ms < INT64_MAX ? (int64_t)ms : 0;
}

static const used *find(const rpl_challenges *c, const uint8_t challenge[static RPL_CHALLENGE_LEN])
{
    for (size_t i = 0; i < RPL_CHALLENGES_USED_MAX; i++)
        if (c->used[i].expires_ms &&
            memcmp(c->used[i].challenge, challenge, RPL_CHALLENGE_LEN) == 0)
            return &c->used[i];
    return NULL;
}

/* `u` may be NULL: not used yet. */
static rpl_status refuse_other(const used *u, const uint8_t request_digest[static 32])
{
    if (u && memcmp(u->request_digest, request_digest, 32) != 0)
        return rpl_fail(RPL_STALE, "the challenge was used by another request: GET /challenge and "
                                   "request again");
    return rpl_ok();
}

rpl_status rpl_challenge_check(const rpl_challenges *c, int64_t boot_ms,
                               const uint8_t challenge[static RPL_CHALLENGE_LEN],
                               const uint8_t request_digest[static 32])
{
    uint8_t code[CODE_LEN];
    keyed_code(c, challenge, code);
    if (sodium_memcmp(code, challenge + STAMPED_LEN, CODE_LEN) != 0)
        return rpl_fail(RPL_STALE, "the challenge is not one of this node (it forgets them when it "
                                   "restarts): GET /challenge here and request again");
    if (expiry_of(challenge) < boot_ms - c->epoch_ms)
        return rpl_fail(RPL_STALE, "the challenge is older than ten minutes: GET /challenge and "
                                   "request again");
    return refuse_other(find(c, challenge), request_digest);
}

rpl_status rpl_challenge_use(rpl_challenges *c, int64_t boot_ms,
                             const uint8_t challenge[static RPL_CHALLENGE_LEN],
                             const uint8_t request_digest[static 32])
{
    const int64_t now_ms = boot_ms - c->epoch_ms;
    const used *before = find(c, challenge);
    used *slot = NULL;

    if (before)
        return refuse_other(before, request_digest);
    for (size_t i = 0; i < RPL_CHALLENGES_USED_MAX && !slot; i++)
        if (c->used[i].expires_ms == 0 || c->used[i].expires_ms < now_ms)
            slot = &c->used[i];
    if (!slot)
        return rpl_fail(RPL_UNAVAILABLE, "too many challenges in use: try again in a minute");
    slot->expires_ms = expiry_of(challenge);
    memcpy(slot->challenge, challenge, RPL_CHALLENGE_LEN);
    memcpy(slot->request_digest, request_digest, 32);
    return rpl_ok();
}
