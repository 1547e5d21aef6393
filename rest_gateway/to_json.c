#include "rest_gateway/to_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "replicatoor/v1/error.pb-c.h"

/* Counts on when there is no room: the caller learns how much it takes. */
struct sink {
    char *data;
    size_t len, cap;
};

struct frame {
    const ProtobufCMessage *message;
    unsigned field;
    size_t element;
    bool has_member;
};

static void put(struct sink *sink, const void *data, size_t len)
{
    if (sink->data && len && sink->len <= sink->cap && len <= sink->cap - sink->len)
        memcpy(sink->data + sink->len, data, len);
    sink->len += len;
}

static void put_text(struct sink *sink, const char *text)
{
    put(sink, text, strlen(text));
}

static void put_escaped(struct sink *sink, uint8_t c)
{
    char escape[8];
    switch (c) {
    case '"':
        put_text(sink, "\\\"");
        return;
    case '\\':
        put_text(sink, "\\\\");
        return;
    case '\n':
        put_text(sink, "\\n");
        return;
    case '\r':
        put_text(sink, "\\r");
        return;
    case '\t':
        put_text(sink, "\\t");
        return;
    default:
        snprintf(escape, sizeof(escape), "\\u%04x", c);
        put_text(sink, escape);
    }
}

/* How many of the first characters are ASCII that needs no escape: nearly always all. */
static size_t plain_len(rpl_bytes text)
{
    size_t len = 0;
    while (len < text.len && text.data[len] >= 0x20 && text.data[len] < 0x7f &&
           text.data[len] != '"' && text.data[len] != '\\')
        len++;
    return len;
}

static void put_string(struct sink *sink, const char *text)
{
    rpl_bytes rest = rpl_bytes_of_text(text ? text : "");
    put_text(sink, "\"");
    while (rest.len) {
        const size_t plain = plain_len(rest);
        put(sink, rest.data, plain);
        rest = rpl_bytes_of(rest.data + plain, rest.len - plain);
        if (rest.len == 0)
            break;
        const size_t len = rpl_utf8_step(rest);
        const uint8_t c = rest.data[0];
        if (len == 0)
            put_text(sink, "\\ufffd");
        else if (len == 1 && (c < 0x20 || c == '"' || c == '\\'))
            put_escaped(sink, c);
        else
            put(sink, rest.data, len);
        const size_t step = len ? len : 1;
        rest = rpl_bytes_of(rest.data + step, rest.len - step);
    }
    put_text(sink, "\"");
}

/* The encoder's terminating zero falls on the closing quote. */
static void put_hex(struct sink *sink, const ProtobufCBinaryData *bytes)
{
    put_text(sink, "\"");
    if (sink->data && sink->len < sink->cap && bytes->len <= (sink->cap - sink->len - 1) / 2)
        rpl_hex_encode(rpl_bytes_of(bytes->data, bytes->len), sink->data + sink->len);
    sink->len += 2 * bytes->len;
    put_text(sink, "\"");
}

static void put_enum(struct sink *sink, const ProtobufCFieldDescriptor *field, const void *place)
{
    int32_t value;
    memcpy(&value, place, sizeof(value));
    if (field->descriptor == &replicatoor__v1__check_state__descriptor) {
        const bool ran = value == REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_PASSED ||
                         value == REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_FAILED;
        const bool ok = value == REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_PASSED;
        put_text(sink, ran ? (ok ? "true" : "false") : "null");
        return;
    }
    const ProtobufCEnumValue *named =
        protobuf_c_enum_descriptor_get_value(field->descriptor, value);
    if (named)
        put_string(sink, named->name);
    else
        put_text(sink, "null");
}

static void put_number(struct sink *sink, ProtobufCType type, const void *place)
{
    char text[24];
    uint64_t wide = 0;
    uint32_t narrow;
    if (type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_INT64) {
        memcpy(&wide, place, sizeof(wide));
    } else {
        memcpy(&narrow, place, sizeof(narrow));
        wide = type == PROTOBUF_C_TYPE_INT32 ? (uint64_t)(int64_t)(int32_t)narrow : narrow;
    }
    const bool is_signed = type == PROTOBUF_C_TYPE_INT64 || type == PROTOBUF_C_TYPE_INT32;
    if (is_signed)
        snprintf(text, sizeof(text), "%" PRId64, (int64_t)wide);
    else
        snprintf(text, sizeof(text), "%" PRIu64, wide);
    put_text(sink, text);
}

static void put_scalar(struct sink *sink, const ProtobufCFieldDescriptor *field, const void *place)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        put_string(sink, *(char *const *)place);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        put_hex(sink, place);
        return;
    case PROTOBUF_C_TYPE_BOOL:
        put_text(sink, *(const protobuf_c_boolean *)place ? "true" : "false");
        return;
    case PROTOBUF_C_TYPE_ENUM:
        put_enum(sink, field, place);
        return;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
        put_number(sink, field->type, place);
        return;
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_MESSAGE:
        put_text(sink, "null"); /* our messages have none of these */
    }
}

static size_t element_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return 4;
}

static const void *place_of(const struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    return (const uint8_t *)frame->message + field->offset;
}

static bool is_hidden(const struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    if (frame->message->descriptor != &replicatoor__v1__error__descriptor)
        return false;
    const Replicatoor__V1__Error *error = (const void *)frame->message;
    return strcmp(field->name, "rate_limited") == 0 ||
           (strcmp(field->name, "retry_after_s") == 0 && error->retry_after_s == 0);
}

static void put_key(struct sink *sink, struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    const bool is_check = field->descriptor == &replicatoor__v1__check_state__descriptor;
    put_text(sink, frame->has_member ? "," : "");
    put_string(sink, is_check ? "ok" : field->name);
    put_text(sink, ":");
    frame->has_member = true;
}

/* The next message to descend into, or NULL when there is none at this step. */
static const ProtobufCMessage *step_list(struct sink *sink, struct frame *frame,
                                         const ProtobufCFieldDescriptor *field)
{
    size_t count;
    memcpy(&count, (const uint8_t *)frame->message + field->quantifier_offset, sizeof(count));
    if (frame->element == 0) {
        put_key(sink, frame, field);
        put_text(sink, "[");
    }
    if (frame->element >= count) {
        put_text(sink, "]");
        frame->field++;
        frame->element = 0;
        return NULL;
    }
    const uint8_t *elements = *(uint8_t *const *)place_of(frame, field);
    const void *place = elements + frame->element * element_size(field->type);
    put_text(sink, frame->element ? "," : "");
    frame->element++;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(ProtobufCMessage *const *)place;
    put_scalar(sink, field, place);
    return NULL;
}

static const ProtobufCMessage *step_single(struct sink *sink, struct frame *frame,
                                           const ProtobufCFieldDescriptor *field)
{
    frame->field++;
    if (is_hidden(frame, field))
        return NULL;
    put_key(sink, frame, field);
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
        put_scalar(sink, field, place_of(frame, field));
        return NULL;
    }
    const ProtobufCMessage *inner = *(ProtobufCMessage *const *)place_of(frame, field);
    if (!inner)
        put_text(sink, "null");
    return inner;
}

static const ProtobufCMessage *step(struct sink *sink, struct frame *frame)
{
    const ProtobufCFieldDescriptor *field = &frame->message->descriptor->fields[frame->field];
    return field->label == PROTOBUF_C_LABEL_REPEATED ? step_list(sink, frame, field)
                                                     : step_single(sink, frame, field);
}

size_t rpl_to_json(const ProtobufCMessage *message, char *out, size_t cap)
{
    struct sink sink = {.data = out, .cap = cap};
    struct frame frames[RPL_TO_JSON_DEPTH_MAX] = {{.message = message}};
    size_t depth = 1;
    put_text(&sink, "{");
    while (depth) {
        struct frame *frame = &frames[depth - 1];
        if (frame->field == frame->message->descriptor->n_fields) {
            put_text(&sink, "}");
            depth--;
            continue;
        }
        const ProtobufCMessage *inner = step(&sink, frame);
        if (inner && depth == RPL_TO_JSON_DEPTH_MAX) {
            put_text(&sink, "null");
        } else if (inner) {
            put_text(&sink, "{");
            frames[depth++] = (struct frame){.message = inner};
        }
    }
    return sink.len;
}
