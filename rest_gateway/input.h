/* input.h - a message of a call as it is filled from JSON, a form, a query or plain bytes. Pure.
 *
 * Its memory is wiped when freed, since what callers send may be secret. A member set twice is
 * refused wherever the two came from. Requests are flat: nested and repeated fields cannot be set.
 */
#ifndef RPL_REST_GATEWAY_INPUT_H
#define RPL_REST_GATEWAY_INPUT_H

#include <protobuf-c/protobuf-c.h>

#include "base/json.h"
#include "base/reader.h"

enum { RPL_INPUT_FIELDS_MAX = 64, RPL_INPUT_MEMBER_MAX = 63 };

typedef struct {
    ProtobufCMessage *message; /* owned */
    uint64_t seen;             /* one bit per field of its descriptor */
    char
        member[RPL_INPUT_MEMBER_MAX + 1]; /* what a refusal is about, printable; "" for the whole */
} rpl_input;

/* RPL_INTERNAL  memory is short, or more fields than RPL_INPUT_FIELDS_MAX */
RPL_CHECKED rpl_status rpl_input_start(rpl_input *input,
                                       const ProtobufCMessageDescriptor *descriptor);
void rpl_input_clear(rpl_input *input);
/* Frees a message that was taken out of an input. NULL is allowed. */
void rpl_input_free_message(ProtobufCMessage *message);

/* From a form or a query: numbers decimal, bytes hex (either case, one 0x allowed), booleans
 * 1 0 true false.
 * RPL_MALFORMED  unknown member, set twice, or a value of another type */
RPL_CHECKED rpl_status rpl_input_set_text(rpl_input *input, rpl_bytes name, rpl_bytes value);
/* From JSON: numbers also as decimal strings, bytes as hex strings; null is as if it were not there.
 * RPL_MALFORMED  the same */
RPL_CHECKED rpl_status rpl_input_set_json(rpl_input *input, const char *name, const json_t *value);
/* A field of bytes as they are. */
RPL_CHECKED rpl_status rpl_input_set_bytes(rpl_input *input, const char *name, rpl_bytes value);
/* A field of bytes from hex. */
RPL_CHECKED rpl_status rpl_input_set_hex(rpl_input *input, const char *name, rpl_bytes hex);

/* All members of one JSON object.
 * RPL_MALFORMED  not one strict JSON object, or a member is refused */
RPL_CHECKED rpl_status rpl_input_from_json(rpl_input *input, rpl_bytes text);
/* name=value pairs joined by &, percent-encoded, + for a space (WHATWG URL, 5.1); a line end behind
 * the last one is tolerated. `allowed` limits the names (NULL: any field; else ended by NULL).
 * RPL_MALFORMED  a pair without = or name, a bad escape, more than RPL_INPUT_FIELDS_MAX pairs, or a
 *                member is refused */
RPL_CHECKED rpl_status rpl_input_from_form(rpl_input *input, rpl_bytes text,
                                           const char *const *allowed);

#endif
