/* log.h - one JSON line per event on stderr; typed fields only.
 *
 * There is no format string and no way to log bytes that are not said to be public: a field is a
 * number, a static text, public bytes (hex) or text from a peer (escaped and cut). Thread-safe.
 */
#ifndef RPL_BASE_LOG_H
#define RPL_BASE_LOG_H

#include "base/reader.h"

typedef enum { RPL_LOG_DEBUG, RPL_LOG_INFO, RPL_LOG_WARN, RPL_LOG_ERROR } rpl_log_level;

typedef struct {
    enum { RPL_FIELD_END, RPL_FIELD_UINT, RPL_FIELD_TEXT, RPL_FIELD_PUBLIC, RPL_FIELD_PEER } kind;
    const char *name;
    uint64_t number;
    rpl_bytes bytes;
} rpl_log_field;

static inline rpl_log_field rpl_log_uint(const char *name, uint64_t value)
{
    return (rpl_log_field){.kind = RPL_FIELD_UINT, .name = name, .number = value};
}
/* Static text of ours. */
static inline rpl_log_field rpl_log_text(const char *name, const char *text)
{
    return (rpl_log_field){RPL_FIELD_TEXT, name, 0, rpl_bytes_of_text(text)};
}
/* Bytes that anybody may see: digests, measurements, public keys. Written as hex. */
static inline rpl_log_field rpl_log_public(const char *name, rpl_bytes bytes)
{
    return (rpl_log_field){RPL_FIELD_PUBLIC, name, 0, bytes};
}
/* Text that somebody else chose, and that is no secret: an address, a method. Escaped, cut at 128 bytes. */
static inline rpl_log_field rpl_log_peer(const char *name, rpl_bytes text)
{
    return (rpl_log_field){RPL_FIELD_PEER, name, 0, text};
}

void rpl_log_set_level(rpl_log_level least);
bool rpl_log_level_parse(const char *text, rpl_log_level *out); /* "debug info warn error" */
/* `event` is static text; `fields` ends with RPL_FIELD_END. */
void rpl_log_write(rpl_log_level level, const char *event, const rpl_log_field *fields);

#define rpl_log(level, event, ...)                                                                 \
    rpl_log_write((level), (event), (const rpl_log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})

#endif
