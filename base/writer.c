#include "base/writer.h"

void rpl_write_bytes(rpl_writer *w, rpl_bytes bytes)
{
    if (w->overflowed || bytes.len > w->cap - w->len) {
        w->overflowed = true;
        return;
    }
    if (bytes.len)
        memcpy(w->data + w->len, bytes.data, bytes.len);
    w->len += bytes.len;
}

void rpl_write_text(rpl_writer *w, const char *text)
{
    rpl_write_bytes(w, rpl_bytes_of_text(text));
}

static void write_le(rpl_writer *w, uint64_t value, size_t len)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    rpl_write_bytes(w, (rpl_bytes){bytes, len});
}

void rpl_write_u8(rpl_writer *w, uint8_t value)
{
    write_le(w, value, 1);
}

void rpl_write_u16le(rpl_writer *w, uint16_t value)
{
    write_le(w, value, 2);
}

void rpl_write_u32le(rpl_writer *w, uint32_t value)
{
    write_le(w, value, 4);
}

void rpl_write_u64le(rpl_writer *w, uint64_t value)
{
    write_le(w, value, 8);
}

void rpl_write_lp(rpl_writer *w, rpl_bytes bytes)
{
    w->overflowed = w->overflowed || bytes.len > UINT32_MAX;
    rpl_write_u32le(w, (uint32_t)bytes.len);
    rpl_write_bytes(w, bytes);
}

void rpl_write_lp_text(rpl_writer *w, const char *text)
{
    rpl_write_lp(w, rpl_bytes_of_text(text));
}
