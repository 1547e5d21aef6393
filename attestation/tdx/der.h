/* der.h - reading DER (X.690) exactly: one tag, the shortest length, the content, nothing lenient.
 *
 * Every call reads one element from the reader, must find the tag it names, and leaves the reader
 * behind it. Multi-byte tags and indefinite lengths do not exist here. There is no recursion: a
 * format is read by a chain of calls, each inner reader ending with rpl_read_done.
 */
#ifndef RPL_ATTESTATION_TDX_DER_H
#define RPL_ATTESTATION_TDX_DER_H

#include "base/reader.h"
#include "base/status.h"

enum {
    RPL_DER_BOOLEAN = 0x01,
    RPL_DER_INTEGER = 0x02,
    RPL_DER_BIT_STRING = 0x03,
    RPL_DER_OCTET_STRING = 0x04,
    RPL_DER_OID = 0x06,
    RPL_DER_ENUMERATED = 0x0a,
    RPL_DER_UTF8_STRING = 0x0c,
    RPL_DER_PRINTABLE_STRING = 0x13,
    RPL_DER_UTC_TIME = 0x17,
    RPL_DER_GENERALIZED_TIME = 0x18,
    RPL_DER_SEQUENCE = 0x30,
    RPL_DER_SET = 0x31,
    RPL_DER_CONTEXT_0 = 0xa0, /* constructed; [n] is RPL_DER_CONTEXT_0 + n */
};

/* Is an element with this tag next? */
RPL_CHECKED bool rpl_der_next_is(const rpl_reader *r, uint8_t tag);
/* `content` reads the element's content. */
RPL_CHECKED bool rpl_der_read(rpl_reader *r, uint8_t tag, rpl_reader *content);
/* The content as bytes; the whole element, header and all, as bytes. Borrowed. */
RPL_CHECKED bool rpl_der_read_content(rpl_reader *r, uint8_t tag, rpl_bytes *content);
RPL_CHECKED bool rpl_der_read_whole(rpl_reader *r, uint8_t tag, rpl_bytes *element);
/* Any tag: its value and the content. */
RPL_CHECKED bool rpl_der_read_any(rpl_reader *r, uint8_t *tag, rpl_bytes *content);

/* An INTEGER that is positive: its magnitude, big-endian, without leading zeros. */
RPL_CHECKED bool rpl_der_read_positive(rpl_reader *r, rpl_bytes *magnitude);
/* An INTEGER or ENUMERATED from 0 to `max`. */
RPL_CHECKED bool rpl_der_read_uint(rpl_reader *r, uint8_t tag, uint32_t max, uint32_t *out);
RPL_CHECKED bool rpl_der_read_bool(rpl_reader *r, bool *out); /* exactly 00 or ff */
/* An OCTET STRING of exactly `len` bytes. */
RPL_CHECKED bool rpl_der_read_octets(rpl_reader *r, uint8_t *out, size_t len);
/* A BIT STRING of whole bytes. */
RPL_CHECKED bool rpl_der_read_bits(rpl_reader *r, rpl_bytes *bytes);
/* UTCTime or GeneralizedTime, with seconds and Z as RFC 5280 4.1.2.5 wants: unix seconds. */
RPL_CHECKED bool rpl_der_read_time(rpl_reader *r, int64_t *out);

#endif
