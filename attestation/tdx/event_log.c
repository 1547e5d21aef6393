#include "attestation/tdx/event_log.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/writer.h"

enum { DIGEST_LEN = 48, PADDED_LEN = 32, PADDED_SHORT_LEN = 20, V2_OVERHEAD = 64 };

RPL_DEFINE_AUTO(uint8_t *, storage, free)

/* A TD's own event log has no secrets: it may live in plain memory. */
typedef struct {
    rpl_event_log log;
    rpl_writer kept; /* over log.storage: what names and payloads point into */
} parser;

/* One element of the log as it was written; absent members are empty and say so. */
typedef struct {
    uint64_t imr, type, version;
    bool has_name, has_associated, has_payload, has_digest;
    rpl_bytes name, payload_hex, digest_hex;
    uint8_t digest[DIGEST_LEN];
} element;

static void digest_v1(rpl_event *e)
{
    const uint8_t type[4] = {(uint8_t)e->type, (uint8_t)(e->type >> 8), (uint8_t)(e->type >> 16),
                             (uint8_t)(e->type >> 24)};
    const rpl_bytes colon = rpl_bytes_of_text(":");
    const rpl_bytes parts[] = {{type, sizeof(type)}, colon, e->name, colon, e->payload};
    rpl_sha384_parts(parts, sizeof(parts) / sizeof(*parts), e->digest);
}

static void write_hex(rpl_writer *w, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    rpl_write_u8(w, (uint8_t)digits[byte >> 4]);
    rpl_write_u8(w, (uint8_t)digits[byte & 15]);
}

/* RFC 8785, 3.2.2.2: two-character escapes where JSON has them, \u00xx for other controls. */
static void write_json_character(rpl_writer *w, uint8_t c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", escape[] = "\"\\bfnrt";
    const char *at = c ? strchr(plain, c) : NULL;

    if (at) {
        rpl_write_u8(w, '\\');
        rpl_write_u8(w, (uint8_t)escape[at - plain]);
    } else if (c < 0x20) {
        rpl_write_text(w, "\\u00");
        write_hex(w, c);
    } else {
        rpl_write_u8(w, c);
    }
}

static rpl_status digest_v2(rpl_event *e)
{
    const size_t cap = 6 * e->name.len + 2 * e->payload.len + V2_OVERHEAD;
    RPL_AUTO(storage) uint8_t *text = malloc(cap);

    if (!text)
        return rpl_fail(RPL_INTERNAL, "event digest: no memory");
    rpl_writer w = rpl_writer_over(text, cap);
    rpl_write_text(&w, "{\"name\":\"");
    for (size_t i = 0; i < e->name.len; i++)
        write_json_character(&w, e->name.data[i]);
    rpl_write_text(&w, "\",\"payload\":\"");
    for (size_t i = 0; i < e->payload.len; i++)
        write_hex(&w, e->payload.data[i]);
    rpl_write_text(&w, "\",\"type\":134217729}");
    if (!rpl_writer_done(&w))
        return rpl_fail(RPL_INTERNAL, "event digest: text longer than its bound");
    rpl_sha384(rpl_writer_bytes(&w), e->digest);
    return rpl_ok();
}

static rpl_status digest_padded(rpl_event *e)
{
    if (e->imr != 3)
        return rpl_fail(RPL_MALFORMED, "event: the zero-padded scheme was only used for RTMR3");
    if (e->payload.len != PADDED_LEN && e->payload.len != PADDED_SHORT_LEN)
        return rpl_fail(RPL_MALFORMED, "event: a zero-padded payload has 32 or 20 bytes");
    memset(e->digest, 0, sizeof(e->digest));
    memcpy(e->digest, e->payload.data, e->payload.len);
    return rpl_ok();
}

static rpl_status recompute_digest(rpl_event *e)
{
    if (e->version == 0)
        return digest_padded(e);
    if (e->type != RPL_EVENT_DSTACK)
        return rpl_fail(RPL_MALFORMED, "event: only type 0x08000001 has a digest we can recompute");
    if (e->version == 2)
        return digest_v2(e);
    if (e->version != 1)
        return rpl_fail(RPL_MALFORMED, "event: version must be 1 or 2");
    digest_v1(e);
    return rpl_ok();
}

static rpl_status append(rpl_event_log *log, const rpl_event *e)
{
    if (log->count >= RPL_EVENTS_MAX)
        return rpl_fail(RPL_TOO_LARGE, "event log: more than 256 events");
    log->events[log->count++] = *e;
    return rpl_ok();
}

static rpl_status check_bounds(uint64_t imr, size_t name_len, size_t payload_len)
{
    if (imr > 3)
        return rpl_fail(RPL_MALFORMED, "event: imr must be 0 to 3");
    if (name_len > RPL_EVENT_NAME_MAX)
        return rpl_fail(RPL_TOO_LARGE, "event: a name longer than 128 bytes");
    if (payload_len > RPL_EVENT_PAYLOAD_MAX)
        return rpl_fail(RPL_TOO_LARGE, "event: a payload longer than 32768 bytes");
    return rpl_ok();
}

rpl_status rpl_event_log_add(rpl_event_log *log, uint8_t imr, uint32_t type, uint8_t version,
                             rpl_bytes name, rpl_bytes payload)
{
    rpl_event e = {.imr = imr, .type = type, .version = version, .name = name, .payload = payload};

    RPL_TRY(check_bounds(imr, name.len, payload.len));
    RPL_TRY(recompute_digest(&e));
    return append(log, &e);
}

static rpl_status read_text(const json_t *object, const char *key, rpl_bytes *out, bool *present)
{
    *present = json_object_get(object, key) != NULL;
    if (*present && !rpl_json_get_text(object, key, out))
        return rpl_fail(RPL_MALFORMED, "event log: a member that must be text is not");
    return rpl_ok();
}

static rpl_status read_numbers(const json_t *object, element *e)
{
    e->version = 1;
    if (!rpl_json_get_uint(object, "imr", 3, &e->imr))
        return rpl_fail(RPL_MALFORMED, "event log: imr missing or not 0 to 3");
    if (!rpl_json_get_uint(object, "event_type", UINT32_MAX, &e->type))
        return rpl_fail(RPL_MALFORMED, "event log: event_type missing or not a 32-bit number");
    if (json_object_get(object, "version") && !rpl_json_get_uint(object, "version", 2, &e->version))
        return rpl_fail(RPL_MALFORMED, "event log: version must be 1 or 2");
    return rpl_ok();
}

static rpl_status read_element(const json_t *object, element *e)
{
    bool has_digest_member;

    *e = (element){0};
    if (!json_is_object(object))
        return rpl_fail(RPL_MALFORMED, "event log: an element is not an object");
    RPL_TRY(read_numbers(object, e));
    RPL_TRY(read_text(object, "event", &e->name, &e->has_name));
    if (!e->has_name)
        RPL_TRY(read_text(object, "associated_data", &e->name, &e->has_associated));
    RPL_TRY(read_text(object, "event_payload", &e->payload_hex, &e->has_payload));
    RPL_TRY(read_text(object, "digest", &e->digest_hex, &has_digest_member));
    if (!e->has_name && !e->has_associated)
        return rpl_fail(RPL_MALFORMED,
                        "event log: an element has neither event nor associated_data");
    e->has_digest = e->digest_hex.len > 0; /* stripped logs say "" */
    if (e->has_digest && rpl_hex_decode_exact(e->digest_hex, e->digest, DIGEST_LEN).code != RPL_OK)
        return rpl_fail(RPL_MALFORMED, "event log: digest is not 96 hex characters");
    return rpl_ok();
}

static rpl_status keep(parser *p, rpl_bytes from, rpl_bytes *view)
{
    const size_t at = p->kept.len;

    rpl_write_bytes(&p->kept, from);
    if (!rpl_writer_done(&p->kept))
        return rpl_fail(RPL_INTERNAL, "event log: storage is too small");
    *view = rpl_bytes_of(p->kept.data + at, from.len);
    return rpl_ok();
}

static rpl_status keep_hex(parser *p, rpl_bytes hex, const char *what, rpl_bytes *view)
{
    uint8_t *to = p->kept.data + p->kept.len;
    size_t len = 0;

    if (rpl_hex_decode(hex, to, p->kept.cap - p->kept.len, &len).code != RPL_OK)
        return rpl_fail(RPL_MALFORMED, what);
    p->kept.len += len;
    *view = rpl_bytes_of(to, len);
    return rpl_ok();
}

/* A Dstack event: the digest is made here, and one that came with it must be the same. */
static rpl_status add_runtime_event(parser *p, const element *e)
{
    rpl_bytes name, payload;

    if (e->version == 0)
        return rpl_fail(RPL_MALFORMED, "event log: version must be 1 or 2");
    RPL_TRY(keep(p, e->name, &name));
    RPL_TRY(keep_hex(p, e->payload_hex, "event log: event_payload is not hex", &payload));
    RPL_TRY(rpl_event_log_add(&p->log, (uint8_t)e->imr, (uint32_t)e->type, (uint8_t)e->version,
                              name, payload));
    if (e->has_digest &&
        !rpl_bytes_equal(rpl_bytes_of(e->digest, DIGEST_LEN),
                         rpl_bytes_of(p->log.events[p->log.count - 1].digest, DIGEST_LEN)))
        return rpl_fail(RPL_MALFORMED, "event log: a digest disagrees with its event's name and "
                                       "payload");
    return rpl_ok();
}

/* Images before the hashed events: the payload is the digest without its zero padding. */
static rpl_status add_padded_event(parser *p, const element *e, rpl_bytes name)
{
    const rpl_reader padding = {.rest = {e->digest + PADDED_LEN, DIGEST_LEN - PADDED_LEN}};
    rpl_bytes payload;

    if (e->payload_hex.len > 0 || !rpl_read_zeros_to_end(&padding))
        return rpl_fail(RPL_MALFORMED, "event log: an RTMR3 event is neither Dstack's "
                                       "(type 0x08000001) nor zero-padded");
    RPL_TRY(keep(p, rpl_bytes_of(e->digest, PADDED_LEN), &payload));
    return rpl_event_log_add(&p->log, 3, (uint32_t)e->type, 0, name, payload);
}

static rpl_status add_digest_event(parser *p, const element *e)
{
    rpl_event event = {.imr = (uint8_t)e->imr, .type = (uint32_t)e->type};

    if (!e->has_digest)
        return rpl_fail(RPL_MALFORMED, "event log: an event has no digest and none can be made");
    /* November 2024: "event" was the hex of the name, and there was no payload member */
    if (e->has_name && !e->has_payload)
        RPL_TRY(keep_hex(p, e->name, "event log: event is not the hex of a name", &event.name));
    else
        RPL_TRY(keep(p, e->name, &event.name));
    if (e->imr == 3)
        return add_padded_event(p, e, event.name);
    RPL_TRY(keep_hex(p, e->payload_hex, "event log: event_payload is not hex", &event.payload));
    RPL_TRY(check_bounds(e->imr, event.name.len, event.payload.len));
    memcpy(event.digest, e->digest, DIGEST_LEN);
    return append(&p->log, &event);
}

static rpl_status add_element(parser *p, const json_t *object)
{
    element e;

    RPL_TRY(read_element(object, &e));
    if (e.type == RPL_EVENT_DSTACK && e.has_payload)
        return add_runtime_event(p, &e);
    return add_digest_event(p, &e);
}

static rpl_status parse_array(parser *p, rpl_bytes text)
{
    RPL_AUTO(json) json_t *array = NULL;

    RPL_TRY(rpl_json_parse(text, RPL_EVENT_LOG_MAX, &array));
    if (!json_is_array(array))
        return rpl_fail(RPL_MALFORMED, "event log: not an array of events");
    for (size_t i = 0; i < json_array_size(array); i++)
        RPL_TRY(add_element(p, json_array_get(array, i)));
    return rpl_ok();
}

static bool is_blank(rpl_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!memchr(" \t\r\n", text.data[i], 4))
            return false;
    }
    return true;
}

static rpl_status parse_line(parser *p, rpl_bytes line, size_t at)
{
    RPL_AUTO(json) json_t *object = NULL;

    if (is_blank(line))
        return rpl_ok();
    rpl_status s = rpl_json_parse(line, RPL_EVENT_LOG_MAX, &object);
    if (s.code == RPL_OK)
        s = add_element(p, object);
    if (s.code != RPL_OK)
        s.at += (uint32_t)at;
    return s;
}

static rpl_status parse_lines(parser *p, rpl_bytes text)
{
    for (size_t at = 0; at < text.len;) {
        const uint8_t *start = text.data + at, *end = memchr(start, '\n', text.len - at);
        const size_t len = end ? (size_t)(end - start) : text.len - at;
        RPL_TRY(parse_line(p, rpl_bytes_of(start, len), at));
        at += len + 1;
    }
    return rpl_ok();
}

rpl_status rpl_event_log_parse(rpl_bytes json_text, rpl_event_log *log)
{
    parser p = {0};
    size_t skip = 0;

    if (json_text.len > RPL_EVENT_LOG_MAX)
        return rpl_fail(RPL_TOO_LARGE, "event log: longer than 1 MiB");
    /* Decoded names and payloads are never longer than the text they came from. */
    RPL_AUTO(storage) uint8_t *storage = malloc(json_text.len + 1);
    if (!storage)
        return rpl_fail(RPL_INTERNAL, "event log: no memory");
    p.kept = rpl_writer_over(storage, json_text.len + 1);
    while (skip < json_text.len && is_blank(rpl_bytes_of(json_text.data + skip, 1)))
        skip++;
    if (skip < json_text.len && json_text.data[skip] == '[')
        RPL_TRY(parse_array(&p, json_text));
    else
        RPL_TRY(parse_lines(&p, json_text));
    *log = p.log;
    log->storage = RPL_TAKE(storage);
    return rpl_ok();
}

void rpl_event_log_free(rpl_event_log *log)
{
    free(log->storage);
    *log = (rpl_event_log){0};
}

void rpl_event_log_replay(const rpl_event_log *log, uint8_t imr, uint8_t mr[static 48])
{
    uint8_t next[DIGEST_LEN];

    memset(mr, 0, DIGEST_LEN);
    for (size_t i = 0; i < log->count; i++) {
        if (log->events[i].imr != imr)
            continue;
        const rpl_bytes parts[] = {{mr, DIGEST_LEN}, {log->events[i].digest, DIGEST_LEN}};
        rpl_sha384_parts(parts, 2, next);
        memcpy(mr, next, DIGEST_LEN);
    }
}
