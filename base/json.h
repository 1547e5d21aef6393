/* json.h - strict JSON over jansson: one way to read foreign JSON, one way to write ours.
 *
 * Reading refuses what lenient parsers let through: duplicate keys at any level, trailing bytes,
 * a byte order mark, invalid UTF-8, embedded zeros, minus zero, depth over RPL_JSON_DEPTH_MAX, input over the
 * caller's limit. Getters are typed and exact: an integer is a plain integer in range, never a
 * float, a string or a boolean.
 */
#ifndef RPL_BASE_JSON_H
#define RPL_BASE_JSON_H

#include <jansson.h>

#include "base/reader.h"
#include "base/status.h"

#define RPL_JSON_DEPTH_MAX 16

RPL_DEFINE_AUTO(json_t *, json, json_decref)
RPL_DEFINE_AUTO(char *, json_text, free)

/* The two refusals that callers name on their own: `what` is then one of these pointers. */
extern const char rpl_json_too_deep[], rpl_json_duplicate[];

/* `*out` is owned by the caller. RPL_MALFORMED says where in `at`; RPL_TOO_LARGE over `max` bytes. */
RPL_CHECKED rpl_status rpl_json_parse(rpl_bytes text, size_t max, json_t **out);

/* Members of an object. False: absent, or of another type or out of range. */
RPL_CHECKED bool rpl_json_get_uint(const json_t *object, const char *key, uint64_t max,
                                   uint64_t *out);
/* Borrowed from the object. */
RPL_CHECKED bool rpl_json_get_text(const json_t *object, const char *key, rpl_bytes *out);
/* Hex of exactly `len` bytes, either case, no prefix. */
RPL_CHECKED bool rpl_json_get_hex(const json_t *object, const char *key, uint8_t *out, size_t len);
/* Borrowed; NULL when absent or of another type. */
const json_t *rpl_json_get_object(const json_t *object, const char *key);
const json_t *rpl_json_get_array(const json_t *object, const char *key);

/* Adding members to our own answers. Hex is lower-case. What jansson cannot hold (text that is not
 * UTF-8, a number over INT64_MAX, memory) is written as null, so that no member silently misses. */
void rpl_json_set_hex(json_t *object, const char *key, rpl_bytes bytes);
void rpl_json_set_text(json_t *object, const char *key, const char *text);
void rpl_json_set_uint(json_t *object, const char *key, uint64_t value);
/* How many allocations of JSON have failed on this thread: whoever builds a value asks before and
 * after, and drops a value from which something may miss. */
unsigned rpl_json_failures(void);
/* Compact text, zero-terminated, owned by the caller. RPL_INTERNAL: memory. */
RPL_CHECKED rpl_status rpl_json_dump(const json_t *value, char **out);

/* The exact bytes of the value of the top-level member `key` inside `text`, which must be one
 * strict JSON object: what a signature over a member covers. Borrowed from `text`.
 * RPL_MALFORMED  not an object, member missing or twice, or its name spelled with escapes */
RPL_CHECKED rpl_status rpl_json_raw_member(rpl_bytes text, const char *key, rpl_bytes *value);

#endif
