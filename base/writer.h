/* writer.h - a bounded builder of bytes: the only way this project assembles a transcript or a
 * message by hand.
 *
 * The ceiling is the caller's buffer, given when the writer is made; a write past it is refused and
 * latches, so a chain of writes needs one look at rpl_writer_done at its end. For secrets use a
 * buffer inside an rpl_secret or an rpl_scratch: the writer neither allocates nor wipes.
 */
#ifndef RPL_BASE_WRITER_H
#define RPL_BASE_WRITER_H

#include "base/reader.h"

typedef struct {
    uint8_t *data;
    size_t len, cap;
    bool overflowed;
} rpl_writer;

static inline rpl_writer rpl_writer_over(void *data, size_t cap)
{
    return (rpl_writer){.data = data, .cap = cap};
}

void rpl_write_bytes(rpl_writer *w, rpl_bytes bytes);
void rpl_write_text(rpl_writer *w, const char *text); /* without the terminating zero */
void rpl_write_u8(rpl_writer *w, uint8_t value);
void rpl_write_u16le(rpl_writer *w, uint16_t value);
void rpl_write_u32le(rpl_writer *w, uint32_t value);
void rpl_write_u64le(rpl_writer *w, uint64_t value);
/* lp(x) of docs/protocol.md: u32 little-endian length, then the bytes. */
void rpl_write_lp(rpl_writer *w, rpl_bytes bytes);
void rpl_write_lp_text(rpl_writer *w, const char *text);

/* False when anything did not fit: what was written so far is then not to be used. */
RPL_CHECKED static inline bool rpl_writer_done(const rpl_writer *w)
{
    return !w->overflowed;
}

static inline rpl_bytes rpl_writer_bytes(const rpl_writer *w)
{
    return (rpl_bytes){w->data, w->len};
}

#endif
