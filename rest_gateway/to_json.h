/* to_json.h - a message as JSON by its descriptor, straight into the caller's memory. Pure; no
 * intermediate copies, because secrets pass through it.
 *
 * Names are snake_case, bytes lower-case hex, all integers numbers, a message that is not set null, an
 * empty list []. Text that is not UTF-8 gets U+FFFD for each bad byte. A Check's state is shown as
 * "ok": true, false or null. An Error's rate_limited is not shown, nor a retry_after_s of zero.
 */
#ifndef RPL_REST_GATEWAY_TO_JSON_H
#define RPL_REST_GATEWAY_TO_JSON_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

enum { RPL_TO_JSON_DEPTH_MAX = 8 };

/* Returns how many bytes the text has, without a terminating zero, and writes it when `cap` has room
 * for all of it; else `out` may be NULL and nothing that is in it counts. Deeper messages than
 * RPL_TO_JSON_DEPTH_MAX are shown as null. */
size_t rpl_to_json(const ProtobufCMessage *message, char *out, size_t cap);

#endif
