/* reader.h - a cursor over borrowed bytes; the only way this project looks inside bytes it did not
 * make.
 *
 * Every read checks what is left before it touches it and moves only on success, so a parser is one
 * chain of reads joined by `||` with one failure exit, and it reads like the table of the format.
 * No struct is ever laid over input.
 */
#ifndef RPL_BASE_READER_H
#define RPL_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

/* Borrowed: valid as long as the buffer it points into. */
typedef struct {
    const uint8_t *data;
    size_t len;
} rpl_bytes;

typedef struct {
    rpl_bytes rest;
    size_t at; /* where this is in the whole input, so that every failure names one offset */
} rpl_reader;

static inline rpl_bytes rpl_bytes_of(const void *data, size_t len)
{
    return (rpl_bytes){data, len};
}

static inline rpl_bytes rpl_bytes_of_text(const char *text)
{
    return (rpl_bytes){(const uint8_t *)text, strlen(text)};
}

/* Public bytes only: time depends on the contents. Secrets are compared with rpl_secret_equal. */
static inline bool rpl_bytes_equal(rpl_bytes a, rpl_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline rpl_reader rpl_reader_over(rpl_bytes input)
{
    return (rpl_reader){.rest = input};
}

/* `out` borrows the next `len` bytes. */
RPL_CHECKED static inline bool rpl_read_bytes(rpl_reader *r, size_t len, rpl_bytes *out)
{
    if (len > r->rest.len)
        return false;
    *out = (rpl_bytes){r->rest.data, len};
    if (len > 0) /* an empty view may point nowhere */
        r->rest = (rpl_bytes){r->rest.data + len, r->rest.len - len};
    r->at += len;
    return true;
}

/* `block` reads exactly the next `len` bytes; whoever reads it must end with rpl_read_done. */
RPL_CHECKED static inline bool rpl_read_block(rpl_reader *r, size_t len, rpl_reader *block)
{
    const size_t at = r->at;
    rpl_bytes inside;
    if (!rpl_read_bytes(r, len, &inside))
        return false;
    *block = (rpl_reader){.rest = inside, .at = at};
    return true;
}

RPL_CHECKED static inline bool rpl_read_copy(rpl_reader *r, uint8_t *out, size_t len)
{
    rpl_bytes from;
    if (!rpl_read_bytes(r, len, &from))
        return false;
    if (len > 0)
        memcpy(out, from.data, len);
    return true;
}

RPL_CHECKED static inline bool rpl_read_u8(rpl_reader *r, uint8_t *out)
{
    return rpl_read_copy(r, out, 1);
}

RPL_CHECKED static inline bool rpl_read_u16le(rpl_reader *r, uint16_t *out)
{
    rpl_bytes b;
    if (!rpl_read_bytes(r, 2, &b))
        return false;
    *out = (uint16_t)(b.data[0] | b.data[1] << 8);
    return true;
}

RPL_CHECKED static inline bool rpl_read_u32le(rpl_reader *r, uint32_t *out)
{
    rpl_bytes b;
    if (!rpl_read_bytes(r, 4, &b))
        return false;
    *out = (uint32_t)b.data[0] | (uint32_t)b.data[1] << 8 | (uint32_t)b.data[2] << 16 |
           (uint32_t)b.data[3] << 24;
    return true;
}

RPL_CHECKED static inline bool rpl_read_u64le(rpl_reader *r, uint64_t *out)
{
    const rpl_reader start = *r;
    uint32_t low, high;
    if (!rpl_read_u32le(r, &low) || !rpl_read_u32le(r, &high)) {
        *r = start;
        return false;
    }
    *out = (uint64_t)high << 32 | low;
    return true;
}

RPL_CHECKED static inline bool rpl_read_done(const rpl_reader *r)
{
    return r->rest.len == 0;
}

/* True when nothing but zero bytes is left: the unsigned padding some producers append to a whole
 * input. */
RPL_CHECKED static inline bool rpl_read_zeros_to_end(const rpl_reader *r)
{
    uint8_t seen = 0;
    for (size_t i = 0; i < r->rest.len; i++)
        seen |= r->rest.data[i];
    return seen == 0;
}

static inline rpl_status rpl_malformed(const rpl_reader *r, const char *what)
{
    return (rpl_status){.code = RPL_MALFORMED, .at = (uint32_t)r->at, .what = what};
}

#endif
