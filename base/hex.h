/* hex.h - hex and base64, both ways.
 *
 * Hex leaves lower-case and without 0x; it is accepted in either case and with one leading "0x".
 * Base64 is RFC 4648 with padding; unused bits must be zero and no other character may appear, so
 * every byte string has one spelling. Encoding and decoding run in constant time in the contents
 * (they may be secret); lengths are public.
 */
#ifndef RPL_BASE_HEX_H
#define RPL_BASE_HEX_H

#include "base/reader.h"
#include "base/status.h"

/* `out` receives 2 * in.len characters and a terminating zero. */
void rpl_hex_encode(rpl_bytes in, char *out);
/* `out` has room for `cap` bytes; *len is what was decoded.
 * RPL_MALFORMED  odd length, or a character that is not hex; `at` says which
 * RPL_TOO_LARGE  more than `cap` bytes */
RPL_CHECKED rpl_status rpl_hex_decode(rpl_bytes text, uint8_t *out, size_t cap, size_t *len);
/* Exactly `len` bytes, else RPL_MALFORMED. */
RPL_CHECKED rpl_status rpl_hex_decode_exact(rpl_bytes text, uint8_t *out, size_t len);

static inline size_t rpl_base64_encoded_len(size_t len)
{
    return (len + 2) / 3 * 4;
}
/* `out` receives rpl_base64_encoded_len(in.len) characters and a terminating zero. */
void rpl_base64_encode(rpl_bytes in, char *out);
RPL_CHECKED rpl_status rpl_base64_decode(rpl_bytes text, uint8_t *out, size_t cap, size_t *len);

#endif
