/* der.h - reading DER: one element at a time, minimal lengths only, no recursion.
 *
 * Source: X.690. Tags of one byte, definite lengths below 2^24 in their shortest form.
 */
#ifndef RPL_ATTESTATION_TDX_DER_H
#define RPL_ATTESTATION_TDX_DER_H

#include "base/reader.h"

enum {
    RPL_DER_BOOLEAN = 0x01,
    RPL_DER_INTEGER = 0x02,
    RPL_DER_BIT_STRING = 0x03,
    RPL_DER_OCTET_STRING = 0x04,
    RPL_DER_NULL = 0x05,
    RPL_DER_OID = 0x06,
    RPL_DER_ENUMERATED = 0x0a,
    RPL_DER_UTF8 = 0x0c,
    RPL_DER_PRINTABLE = 0x13,
    RPL_DER_UTC_TIME = 0x17,
    RPL_DER_GENERALIZED_TIME = 0x18,
    RPL_DER_SEQUENCE = 0x30,
    RPL_DER_SET = 0x31,
    RPL_DER_CONTEXT_0 = 0xa0,
    RPL_DER_CONTEXT_1 = 0xa1,
    RPL_DER_CONTEXT_2 = 0xa2,
    RPL_DER_CONTEXT_3 = 0xa3,
};

/* The next element, whatever its tag: `whole` with tag and length, `content` without. */
RPL_CHECKED bool rpl_der_any(rpl_reader *r, uint8_t *tag, rpl_bytes *whole, rpl_bytes *content);
/* The next element must have `tag`. */
RPL_CHECKED bool rpl_der_take(rpl_reader *r, uint8_t tag, rpl_bytes *content);
/* The same, entered: `inside` must be read to its end (rpl_read_done). */
RPL_CHECKED bool rpl_der_enter(rpl_reader *r, uint8_t tag, rpl_reader *inside);
/* True when the next element has `tag`; reads nothing. */
RPL_CHECKED bool rpl_der_peek(const rpl_reader *r, uint8_t tag);
/* The whole element, which must have `tag`. */
RPL_CHECKED bool rpl_der_whole(rpl_reader *r, uint8_t tag, rpl_bytes *whole);
/* An OCTET STRING of exactly `len` bytes. */
RPL_CHECKED bool rpl_der_octets(rpl_reader *r, uint8_t *out, size_t len);
/* A BIT STRING of whole bytes. */
RPL_CHECKED bool rpl_der_bits(rpl_reader *r, rpl_bytes *bytes);
RPL_CHECKED bool rpl_der_bool(rpl_reader *r, bool *out);
/* A minimal INTEGER above zero: its magnitude, big-endian, without a leading zero. */
RPL_CHECKED bool rpl_der_positive(rpl_reader *r, rpl_bytes *magnitude);
/* A minimal INTEGER (or ENUMERATED) that is not negative and at most `max`. */
RPL_CHECKED bool rpl_der_uint(rpl_reader *r, uint8_t tag, uint32_t max, uint32_t *out);
/* UTCTime or GeneralizedTime in the form of RFC 5280 (seconds, Z) as Unix seconds. */
RPL_CHECKED bool rpl_der_time(rpl_reader *r, int64_t *out);

#endif
