#include "attestation/policy/rlp.h"

enum {
    STRING = 0x80,
    LIST = 0xc0,
    SHORT_MAX = 55, /* lengths up to here stand in the first byte */
    LENGTH_BYTES_MAX = 4,
};

static const char not_canonical[] = "RLP: expected the one canonical spelling of an item";

/* A length over SHORT_MAX: `n` bytes, big-endian. */
static bool read_length(rpl_reader *r, size_t n, size_t *len)
{
    rpl_bytes bytes;

    if (n > LENGTH_BYTES_MAX || !rpl_read_bytes(r, n, &bytes) || bytes.data[0] == 0)
        return false;
    *len = 0;
    for (size_t i = 0; i < n; i++)
        *len = *len << 8 | bytes.data[i];
    return *len > SHORT_MAX;
}

/* True for a single byte that has to stand for itself. */
static bool is_overlong_byte(const rpl_rlp_item *item)
{
    return !item->is_list && item->body.len == 1 && item->body.data[0] < STRING;
}

rpl_status rpl_rlp_read(rpl_reader *r, rpl_rlp_item *item)
{
    const rpl_bytes from = r->rest;
    const size_t start = r->at;
    uint8_t first;
    size_t len;

    if (!rpl_read_u8(r, &first))
        return rpl_malformed(r, "RLP: an item is missing");
    if (first < STRING) {
        *item = (rpl_rlp_item){false, {from.data, 1}, {from.data, 1}, start};
        return rpl_ok();
    }
    *item = (rpl_rlp_item){.is_list = first >= LIST};
    len = (size_t)first - (item->is_list ? LIST : STRING);
    if (len > SHORT_MAX && !read_length(r, len - SHORT_MAX, &len))
        return rpl_malformed(r, not_canonical);
    item->at = r->at;
    if (!rpl_read_bytes(r, len, &item->body))
        return rpl_malformed(r, "RLP: an item is longer than what is left");
    if (r->at - start == 2 && is_overlong_byte(item))
        return rpl_malformed(r, not_canonical);
    item->whole = (rpl_bytes){from.data, r->at - start};
    return rpl_ok();
}

rpl_status rpl_rlp_read_string(rpl_reader *r, rpl_bytes *string)
{
    rpl_rlp_item item;

    RPL_TRY(rpl_rlp_read(r, &item));
    if (item.is_list)
        return rpl_malformed(r, "RLP: expected a string, not a list");
    *string = item.body;
    return rpl_ok();
}

rpl_status rpl_rlp_read_list(rpl_reader *r, rpl_reader *inside)
{
    rpl_rlp_item item;

    RPL_TRY(rpl_rlp_read(r, &item));
    if (!item.is_list)
        return rpl_malformed(r, "RLP: expected a list, not a string");
    *inside = (rpl_reader){.rest = item.body, .at = item.at};
    return rpl_ok();
}

rpl_status rpl_rlp_read_uint(rpl_reader *r, uint64_t *out)
{
    rpl_bytes bytes;
    uint64_t value = 0;

    RPL_TRY(rpl_rlp_read_string(r, &bytes));
    if (bytes.len > sizeof(value) || (bytes.len > 0 && bytes.data[0] == 0))
        return rpl_malformed(r, "RLP: expected a number of at most 8 bytes without leading zeros");
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.data[i];
    *out = value;
    return rpl_ok();
}

rpl_status rpl_rlp_read_exact(rpl_reader *r, uint8_t *out, size_t len)
{
    rpl_bytes bytes;

    RPL_TRY(rpl_rlp_read_string(r, &bytes));
    rpl_reader exact = rpl_reader_over(bytes);
    if (bytes.len != len || !rpl_read_copy(&exact, out, len))
        return rpl_malformed(r, "RLP: a string of another length was expected");
    return rpl_ok();
}

rpl_status rpl_rlp_open_list(rpl_bytes input, rpl_reader *inside)
{
    rpl_reader r = rpl_reader_over(input);

    RPL_TRY(rpl_rlp_read_list(&r, inside));
    return rpl_read_done(&r) ? rpl_ok() : rpl_malformed(&r, "RLP: bytes behind the item");
}

static void write_prefix(rpl_writer *w, uint8_t base, size_t len)
{
    uint8_t n = 0;

    if (len <= SHORT_MAX) {
        rpl_write_u8(w, (uint8_t)(base + len));
        return;
    }
    while (len >> 8 * n)
        n++;
    rpl_write_u8(w, (uint8_t)(base + SHORT_MAX + n));
    while (n > 0)
        rpl_write_u8(w, (uint8_t)(len >> 8 * --n));
}

void rpl_rlp_write_string(rpl_writer *w, rpl_bytes string)
{
    if (string.len != 1 || string.data[0] >= STRING)
        write_prefix(w, STRING, string.len);
    rpl_write_bytes(w, string);
}

void rpl_rlp_write_list(rpl_writer *w, rpl_bytes items)
{
    write_prefix(w, LIST, items.len);
    rpl_write_bytes(w, items);
}
