#include "server/rpc/admission.h"

#include <string.h>

enum { LEVEL_PER_TOKEN = 60000, RATE_MAX = 1000000 };

static uint32_t within(uint32_t value, uint32_t fallback)
{
    if (value == 0)
        return fallback;
    return value < RATE_MAX ? value : RATE_MAX;
}

void rpl_admission_init(rpl_admission *admission, rpl_admission_rate rate)
{
    *admission = (rpl_admission){
        .rate = {.burst = within(rate.burst, 20), .per_minute = within(rate.per_minute, 60)},
        .slots = {[RPL_SLOT_VERIFY] = RPL_ADMISSION_OUTSTANDING,
                  [RPL_SLOT_SEAL] = RPL_ADMISSION_SEALING,
                  [RPL_SLOT_QUOTE] = RPL_ADMISSION_QUOTING},
    };
}

static uint64_t full_level(const rpl_admission *admission)
{
    return (uint64_t)admission->rate.burst * LEVEL_PER_TOKEN;
}

/* One millisecond brings back per_minute / 60000 tokens, that is per_minute units of level. */
static uint64_t level_at(const rpl_admission *admission, const rpl_bucket *bucket, int64_t now_ms)
{
    const uint64_t full = full_level(admission);
    if (now_ms <= bucket->at_ms)
        return bucket->level;
    const uint64_t elapsed = (uint64_t)now_ms - (uint64_t)bucket->at_ms;
    const uint64_t missing = full - bucket->level;
    if (elapsed >= missing / admission->rate.per_minute + 1)
        return full;
    return bucket->level + elapsed * admission->rate.per_minute;
}

/* An IPv4-mapped address counts whole, an IPv6 one by its /64. */
static void address_of(const uint8_t key[static 16], uint8_t out[static 16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(out, key, 16);
    if (memcmp(key, mapped, sizeof(mapped)) != 0)
        memset(out + 8, 0, 8);
}

static rpl_bucket *find_bucket(rpl_admission *admission, const uint8_t address[static 16])
{
    for (size_t i = 0; i < RPL_ADMISSION_ADDRESSES; i++) {
        rpl_bucket *bucket = &admission->buckets[i];
        if (bucket->used && memcmp(bucket->address, address, 16) == 0)
            return bucket;
    }
    return NULL;
}

/* A place for a new address: an unused one, else the longest unused whose bucket is full again, so
 * that forgetting it changes nothing for its address. */
static rpl_bucket *free_bucket(rpl_admission *admission, int64_t now_ms)
{
    rpl_bucket *oldest = &admission->buckets[0];
    for (size_t i = 0; i < RPL_ADMISSION_ADDRESSES; i++) {
        rpl_bucket *bucket = &admission->buckets[i];
        if (!bucket->used)
            return bucket;
        if (bucket->at_ms < oldest->at_ms)
            oldest = bucket;
    }
    return level_at(admission, oldest, now_ms) == full_level(admission) ? oldest : NULL;
}

rpl_status rpl_admission_take(rpl_admission *admission, const uint8_t key[static 16],
                              uint32_t tokens, int64_t now_ms, uint32_t *retry_after_s)
{
    uint8_t address[16];
    address_of(key, address);
    rpl_bucket *bucket = find_bucket(admission, address);
    if (!bucket) {
        bucket = free_bucket(admission, now_ms);
        if (!bucket) {
            *retry_after_s = 60;
            return rpl_fail(RPL_UNAVAILABLE, "too many callers at once; try again later");
        }
        *bucket = (rpl_bucket){.at_ms = now_ms, .level = full_level(admission), .used = true};
        memcpy(bucket->address, address, 16);
    }
    const uint64_t level = level_at(admission, bucket, now_ms);
    const uint64_t price = (uint64_t)tokens * LEVEL_PER_TOKEN;
    if (now_ms > bucket->at_ms)
        bucket->at_ms = now_ms;
    bucket->level = level;
    if (level < price) {
        const uint64_t per_s = (uint64_t)admission->rate.per_minute * 1000;
        *retry_after_s = (uint32_t)((price - level + per_s - 1) / per_s);
        return rpl_fail(RPL_UNAVAILABLE, "too many calls from this address; try again later");
    }
    bucket->level = level - price;
    return rpl_ok();
}

rpl_status rpl_admission_enter(rpl_admission *admission, rpl_slot slot)
{
    if (admission->outstanding[slot] >= admission->slots[slot])
        return rpl_fail(RPL_UNAVAILABLE, "as many calls of this kind as allowed are outstanding; "
                                         "try again later");
    admission->outstanding[slot]++;
    return rpl_ok();
}

void rpl_admission_leave(rpl_admission *admission, rpl_slot slot)
{
    if (admission->outstanding[slot] > 0)
        admission->outstanding[slot]--;
}
