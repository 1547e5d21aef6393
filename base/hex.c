#include "base/hex.h"

/* No table and no branch looks at a character or a nibble: both may be secret. The masks below are
 * all ones where the condition holds, else zero. */

/* For values below 2^31. */
static uint32_t mask_ge(uint32_t a, uint32_t b)
{
    return ~(0 - ((a - b) >> 31));
}

static uint32_t mask_within(uint32_t c, uint32_t low, uint32_t high)
{
    return mask_ge(c, low) & mask_ge(high, c);
}

static char hex_digit(uint32_t nibble)
{
    return (char)(nibble + '0' + (mask_ge(nibble, 10) & ('a' - '0' - 10)));
}

/* The nibble, or UINT32_MAX. */
static uint32_t hex_value(uint8_t c)
{
    const uint32_t folded = c | 0x20u;
    const uint32_t digit = mask_within(c, '0', '9');
    const uint32_t letter = mask_within(folded, 'a', 'f');
    return (digit & (c - (uint32_t)'0')) | (letter & (folded - 'a' + 10)) | ~(digit | letter);
}

static char base64_digit(uint32_t v)
{
    return (char)((mask_within(v, 0, 25) & (v + 'A')) | (mask_within(v, 26, 51) & (v - 26 + 'a')) |
                  (mask_within(v, 52, 61) & (v - 52 + '0')) | (mask_within(v, 62, 62) & '+') |
                  (mask_within(v, 63, 63) & '/'));
}

/* Six bits, or UINT32_MAX. */
static uint32_t base64_value(uint8_t c)
{
    const uint32_t upper = mask_within(c, 'A', 'Z'), lower = mask_within(c, 'a', 'z');
    const uint32_t digit = mask_within(c, '0', '9');
    const uint32_t plus = mask_within(c, '+', '+'), slash = mask_within(c, '/', '/');
    return (upper & (c - (uint32_t)'A')) | (lower & (c - (uint32_t)'a' + 26)) |
           (digit & (c - (uint32_t)'0' + 52)) | (plus & 62) | (slash & 63) |
           ~(upper | lower | digit | plus | slash);
}

typedef uint32_t (*char_value)(uint8_t);

/* Looks at every character before it says whether one was wrong; where, only if one was. */
static rpl_status check_alphabet(rpl_bytes text, size_t at, char_value value, const char *what)
{
    uint32_t wrong = 0;
    for (size_t i = 0; i < text.len; i++)
        wrong |= value(text.data[i]) >> 31;
    if (!wrong)
        return rpl_ok();
    size_t i = 0;
    while (value(text.data[i]) >> 31 == 0)
        i++;
    return (rpl_status){RPL_MALFORMED, (uint32_t)(at + i), what};
}

/* The eight digits of four bytes at once: one nibble in each byte of a word, then '0' or 'a' - 10 is
 * added by arithmetic alone. */
static void encode_four(const uint8_t *in, char *out)
{
    const uint64_t spread =
        in[0] | (uint64_t)in[1] << 16 | (uint64_t)in[2] << 32 | (uint64_t)in[3] << 48;
    const uint64_t nibbles =
        (spread >> 4 & UINT64_C(0x000f000f000f000f)) | (spread & UINT64_C(0x000f000f000f000f)) << 8;
    const uint64_t letters =
        (nibbles + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
    const uint64_t digits = nibbles + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
    for (unsigned i = 0; i < 8; i++)
        out[i] = (char)(digits >> 8 * i);
}

void rpl_hex_encode(rpl_bytes in, char *out)
{
    size_t i = 0;
    for (; i + 4 <= in.len; i += 4)
        encode_four(in.data + i, out + 2 * i);
    for (; i < in.len; i++) {
        out[2 * i] = hex_digit(in.data[i] >> 4);
        out[2 * i + 1] = hex_digit(in.data[i] & 15);
    }
    out[2 * in.len] = 0;
}

static rpl_bytes without_prefix(rpl_bytes text)
{
    const bool prefixed = text.len >= 2 && text.data[0] == '0' && text.data[1] == 'x';
    return prefixed ? (rpl_bytes){text.data + 2, text.len - 2} : text;
}

rpl_status rpl_hex_decode(rpl_bytes text, uint8_t *out, size_t cap, size_t *len)
{
    const rpl_bytes digits = without_prefix(text);
    const size_t prefix = text.len - digits.len;
    RPL_TRY(check_alphabet(digits, prefix, hex_value, "hex: a character that is not 0-9 a-f A-F"));
    if (digits.len % 2 != 0)
        return (rpl_status){RPL_MALFORMED, (uint32_t)text.len, "hex: an odd number of digits"};
    if (digits.len / 2 > cap)
        return rpl_fail(RPL_TOO_LARGE, "hex: longer than expected");
    for (size_t i = 0; i < digits.len / 2; i++)
        out[i] = (uint8_t)(hex_value(digits.data[2 * i]) << 4 | hex_value(digits.data[2 * i + 1]));
    *len = digits.len / 2;
    return rpl_ok();
}

rpl_status rpl_hex_decode_exact(rpl_bytes text, uint8_t *out, size_t len)
{
    if (without_prefix(text).len != 2 * len)
        return rpl_fail(RPL_MALFORMED, "hex: not of the expected length");
    size_t decoded;
    return rpl_hex_decode(text, out, len, &decoded);
}

void rpl_base64_encode(rpl_bytes in, char *out)
{
    for (size_t i = 0; i < in.len; i += 3) {
        const size_t left = in.len - i;
        const uint32_t group = (uint32_t)in.data[i] << 16 |
                               (left > 1 ? (uint32_t)in.data[i + 1] << 8 : 0) |
                               (left > 2 ? (uint32_t)in.data[i + 2] : 0);
        *out++ = base64_digit(group >> 18);
        *out++ = base64_digit(group >> 12 & 63);
        *out++ = left > 1 ? base64_digit(group >> 6 & 63) : '=';
        *out++ = left > 2 ? base64_digit(group & 63) : '=';
    }
    *out = 0;
}

static size_t padding_of(rpl_bytes text)
{
    if (text.len == 0 || text.data[text.len - 1] != '=')
        return 0;
    return text.data[text.len - 2] == '=' ? 2 : 1;
}

/* The bits of the last digit that carry nothing must be zero. */
static rpl_status check_unused_bits(rpl_bytes digits, size_t padding)
{
    static const uint32_t unused[] = {0, 3, 15};
    if (digits.len == 0 || (base64_value(digits.data[digits.len - 1]) & unused[padding]) == 0)
        return rpl_ok();
    return (rpl_status){RPL_MALFORMED, (uint32_t)digits.len - 1,
                        "base64: unused bits are not zero"};
}

/* Writes at most `left` bytes of the group of up to four digits. */
static void decode_group(rpl_bytes digits, uint8_t *out, size_t left)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++)
        group = group << 6 | (i < digits.len ? base64_value(digits.data[i]) : 0);
    for (size_t i = 0; i < 3 && i < left; i++)
        out[i] = (uint8_t)(group >> (16 - 8 * i));
}

rpl_status rpl_base64_decode(rpl_bytes text, uint8_t *out, size_t cap, size_t *len)
{
    if (text.len % 4 != 0)
        return (rpl_status){RPL_MALFORMED, (uint32_t)text.len, "base64: not a multiple of 4"};
    const size_t padding = padding_of(text);
    const rpl_bytes digits = {text.data, text.len - padding};
    RPL_TRY(check_alphabet(digits, 0, base64_value, "base64: a character outside its alphabet"));
    RPL_TRY(check_unused_bits(digits, padding));
    const size_t decoded = text.len / 4 * 3 - padding;
    if (decoded > cap)
        return rpl_fail(RPL_TOO_LARGE, "base64: longer than expected");
    for (size_t i = 0; i < digits.len; i += 4) {
        const size_t n = digits.len - i < 4 ? digits.len - i : 4;
        decode_group((rpl_bytes){digits.data + i, n}, out + i / 4 * 3, decoded - i / 4 * 3);
    }
    *len = decoded;
    return rpl_ok();
}
