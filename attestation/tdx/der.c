#include "attestation/tdx/der.h"

#include "attestation/tdx/calendar.h"

enum { LONG_FORM = 0x80, LENGTH_BYTES_MAX = 3, MULTI_BYTE_TAG = 0x1f };

/* X.690 10.1: the shortest form only. */
static bool read_len(rpl_reader *r, size_t *len)
{
    uint8_t first, next;
    size_t value = 0;
    if (!rpl_read_u8(r, &first))
        return false;
    if (first < LONG_FORM) {
        *len = first;
        return true;
    }
    const int n = first - LONG_FORM;
    if (n < 1 || n > LENGTH_BYTES_MAX)
        return false;
    for (int i = 0; i < n; i++) {
        if (!rpl_read_u8(r, &next))
            return false;
        value = value << 8 | next;
    }
    *len = value;
    return value >= LONG_FORM && value >> 8 * (n - 1) != 0;
}

bool rpl_der_any(rpl_reader *r, uint8_t *tag, rpl_bytes *whole, rpl_bytes *content)
{
    rpl_reader at = *r;
    uint8_t found;
    size_t len;
    rpl_bytes inside;
    if (!rpl_read_u8(&at, &found) || (found & MULTI_BYTE_TAG) == MULTI_BYTE_TAG ||
        !read_len(&at, &len) || !rpl_read_bytes(&at, len, &inside))
        return false;
    *tag = found;
    *whole = (rpl_bytes){r->rest.data, at.at - r->at};
    *content = inside;
    *r = at;
    return true;
}

bool rpl_der_peek(const rpl_reader *r, uint8_t tag)
{
    return r->rest.len > 0 && r->rest.data[0] == tag;
}

bool rpl_der_take(rpl_reader *r, uint8_t tag, rpl_bytes *content)
{
    uint8_t found;
    rpl_bytes whole;
    return rpl_der_peek(r, tag) && rpl_der_any(r, &found, &whole, content);
}

bool rpl_der_whole(rpl_reader *r, uint8_t tag, rpl_bytes *whole)
{
    uint8_t found;
    rpl_bytes content;
    return rpl_der_peek(r, tag) && rpl_der_any(r, &found, whole, &content);
}

bool rpl_der_enter(rpl_reader *r, uint8_t tag, rpl_reader *inside)
{
    rpl_bytes content;
    if (!rpl_der_take(r, tag, &content))
        return false;
    *inside = (rpl_reader){.rest = content, .at = r->at - content.len};
    return true;
}

bool rpl_der_octets(rpl_reader *r, uint8_t *out, size_t len)
{
    rpl_reader inside;
    return rpl_der_enter(r, RPL_DER_OCTET_STRING, &inside) && inside.rest.len == len &&
           rpl_read_copy(&inside, out, len);
}

bool rpl_der_bits(rpl_reader *r, rpl_bytes *bytes)
{
    rpl_reader inside;
    uint8_t unused;
    if (!rpl_der_enter(r, RPL_DER_BIT_STRING, &inside) || !rpl_read_u8(&inside, &unused) ||
        unused != 0)
        return false;
    *bytes = inside.rest;
    return true;
}

bool rpl_der_bool(rpl_reader *r, bool *out)
{
    rpl_bytes content;
    if (!rpl_der_take(r, RPL_DER_BOOLEAN, &content) || content.len != 1 ||
        (content.data[0] != 0x00 && content.data[0] != 0xff))
        return false;
    *out = content.data[0] == 0xff;
    return true;
}

/* X.690 8.3.2: the first nine bits are neither all zero nor all one; here the sign is never minus. */
static bool read_magnitude(rpl_reader *r, uint8_t tag, rpl_bytes *magnitude)
{
    rpl_bytes content;
    if (!rpl_der_take(r, tag, &content) || content.len == 0 || (content.data[0] & 0x80))
        return false;
    if (content.data[0] == 0 && content.len > 1) {
        content = (rpl_bytes){content.data + 1, content.len - 1};
        if (!(content.data[0] & 0x80))
            return false;
    }
    *magnitude = content;
    return true;
}

bool rpl_der_positive(rpl_reader *r, rpl_bytes *magnitude)
{
    rpl_bytes found;
    if (!read_magnitude(r, RPL_DER_INTEGER, &found) || found.data[0] == 0)
        return false;
    *magnitude = found;
    return true;
}

bool rpl_der_uint(rpl_reader *r, uint8_t tag, uint32_t max, uint32_t *out)
{
    rpl_bytes found;
    uint32_t value = 0;
    if (!read_magnitude(r, tag, &found) || found.len > sizeof(value))
        return false;
    for (size_t i = 0; i < found.len; i++)
        value = value << 8 | found.data[i];
    if (value > max)
        return false;
    *out = value;
    return true;
}

static bool read_digits(rpl_reader *r, size_t n, uint32_t *out)
{
    rpl_bytes digits;
    uint32_t value = 0;
    if (!rpl_read_bytes(r, n, &digits))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(digits.data[i] - '0');
    }
    *out = value;
    return true;
}

bool rpl_der_time(rpl_reader *r, int64_t *out)
{
    const bool short_year = rpl_der_peek(r, RPL_DER_UTC_TIME);
    rpl_calendar_time t;
    rpl_reader in;
    uint8_t zone;
    if (!rpl_der_enter(r, short_year ? RPL_DER_UTC_TIME : RPL_DER_GENERALIZED_TIME, &in) ||
        !read_digits(&in, short_year ? 2 : 4, &t.year) || !read_digits(&in, 2, &t.month) ||
        !read_digits(&in, 2, &t.day) || !read_digits(&in, 2, &t.hour) ||
        !read_digits(&in, 2, &t.minute) || !read_digits(&in, 2, &t.second) ||
        !rpl_read_u8(&in, &zone) || zone != 'Z' || !rpl_read_done(&in))
        return false;
    if (short_year)
        t.year += t.year < 50 ? 2000 : 1900; /* RFC 5280 4.1.2.5.1 */
    return rpl_calendar_to_unix(&t, out);
}
