#include "base/lru.h"

#include <stdlib.h>

#include "base/writer.h"

typedef struct {
    uint64_t used; /* when last; 0: the slot is free */
    size_t count, lens[RPL_LRU_PARTS_MAX];
    uint8_t *key; /* owned: the parts, one behind the other */
    size_t size;  /* of key and value */
    void *value;  /* owned */
} slot;

struct rpl_lru {
    rpl_lru_limits limits;
    uint64_t now; /* counts uses */
    size_t count, bytes;
    slot slots[];
};

rpl_lru *rpl_lru_new(const rpl_lru_limits *limits)
{
    rpl_lru *lru = calloc(1, sizeof(*lru) + limits->entries * sizeof(slot));
    if (lru)
        lru->limits = *limits;
    return lru;
}

static void drop(rpl_lru *lru, slot *s)
{
    lru->limits.release(s->value);
    free(s->key);
    lru->count--;
    lru->bytes -= s->size;
    *s = (slot){0};
}

void rpl_lru_clear(rpl_lru *lru)
{
    for (size_t i = 0; i < lru->limits.entries; i++) {
        if (lru->slots[i].used)
            drop(lru, &lru->slots[i]);
    }
}

void rpl_lru_free(rpl_lru *lru)
{
    if (lru)
        rpl_lru_clear(lru);
    free(lru);
}

/* Lengths first: they are at hand, and keys that differ mostly differ in their first bytes. */
static bool has_key(const slot *s, const rpl_bytes *parts, size_t count)
{
    if (!s->used || s->count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (s->lens[i] != parts[i].len)
            return false;
    }
    const uint8_t *at = s->key;
    for (size_t i = 0; i < count; at += s->lens[i], i++) {
        if (!rpl_bytes_equal(rpl_bytes_of(at, s->lens[i]), parts[i]))
            return false;
    }
    return true;
}

static slot *search(rpl_lru *lru, const rpl_bytes *parts, size_t count)
{
    for (size_t i = 0; i < lru->limits.entries; i++) {
        if (has_key(&lru->slots[i], parts, count))
            return &lru->slots[i];
    }
    return NULL;
}

void *rpl_lru_find(rpl_lru *lru, const rpl_bytes *parts, size_t count)
{
    slot *found = search(lru, parts, count);
    if (!found)
        return NULL;
    found->used = ++lru->now;
    return found->value;
}

/* A free slot (its `used` is 0), else the one that was not used for longest. */
static slot *oldest(rpl_lru *lru)
{
    slot *found = &lru->slots[0];
    for (size_t i = 1; i < lru->limits.entries; i++) {
        if (lru->slots[i].used < found->used)
            found = &lru->slots[i];
    }
    return found;
}

static slot *oldest_in_use(rpl_lru *lru)
{
    slot *found = NULL;
    for (size_t i = 0; i < lru->limits.entries; i++) {
        slot *s = &lru->slots[i];
        if (s->used && (!found || s->used < found->used))
            found = s;
    }
    return found;
}

static slot *make_room(rpl_lru *lru, size_t size)
{
    while (lru->bytes + size > lru->limits.bytes)
        drop(lru, oldest_in_use(lru));
    slot *s = oldest(lru);
    if (s->used)
        drop(lru, s);
    return s;
}

rpl_status rpl_lru_put(rpl_lru *lru, const rpl_bytes *parts, size_t count, void *value, size_t size)
{
    slot made = {.count = count, .value = value};
    size_t len = 0;
    for (size_t i = 0; i < count && i < RPL_LRU_PARTS_MAX; i++) {
        made.lens[i] = parts[i].len;
        len += parts[i].len;
    }
    made.size = len + size;
    if (count > RPL_LRU_PARTS_MAX || made.size > lru->limits.bytes)
        return rpl_fail(RPL_TOO_LARGE, "a value too large to be kept");
    made.key = malloc(len + 1); /* an empty key is one, too */
    if (!made.key)
        return rpl_fail(RPL_INTERNAL, "no memory to keep a value");
    rpl_writer w = rpl_writer_over(made.key, len);
    for (size_t i = 0; i < count; i++)
        rpl_write_bytes(&w, parts[i]);
    slot *same = search(lru, parts, count);
    if (same)
        drop(lru, same);
    made.used = ++lru->now;
    *make_room(lru, made.size) = made;
    lru->count++;
    lru->bytes += made.size;
    return rpl_ok();
}

size_t rpl_lru_count(const rpl_lru *lru)
{
    return lru->count;
}

size_t rpl_lru_bytes(const rpl_lru *lru)
{
    return lru->bytes;
}
