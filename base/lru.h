/* lru.h - a small map from exact bytes to values, bounded in entries and in bytes: what was not used
 * for longest goes first. For one thread at a time; not a hash table, a few hundred entries at most.
 *
 * A key is several parts in order; two keys are the same when each part is, byte for byte. Nothing
 * is hashed, so nothing can collide. Keys are public bytes: the time of a search depends on them.
 */
#ifndef RPL_BASE_LRU_H
#define RPL_BASE_LRU_H

#include "base/reader.h"
#include "base/status.h"

enum { RPL_LRU_PARTS_MAX = 10 };

typedef struct {
    size_t entries;               /* at least 1 */
    size_t bytes;                 /* keys and what rpl_lru_put is told of values, together */
    void (*release)(void *value); /* frees a value that goes */
} rpl_lru_limits;

typedef struct rpl_lru rpl_lru;

/* Owned by the caller; NULL: no memory. */
rpl_lru *rpl_lru_new(const rpl_lru_limits *limits);
void rpl_lru_free(rpl_lru *lru);
RPL_DEFINE_AUTO(rpl_lru *, lru, rpl_lru_free)

/* NULL when there is none. The value is borrowed until something is put or cleared. */
void *rpl_lru_find(rpl_lru *lru, const rpl_bytes *parts, size_t count);
/* Keeps `value` under a copy of the key, in place of a value of the same key, and lets others go
 * until it fits. `size` is what the value takes, in bytes. On success the value is the map's.
 * RPL_TOO_LARGE  alone over the limit, or too many parts; the value stays the caller's
 * RPL_INTERNAL   no memory; the same */
RPL_CHECKED rpl_status rpl_lru_put(rpl_lru *lru, const rpl_bytes *parts, size_t count, void *value,
                                   size_t size);
void rpl_lru_clear(rpl_lru *lru);

size_t rpl_lru_count(const rpl_lru *lru);
size_t rpl_lru_bytes(const rpl_lru *lru);

#endif
