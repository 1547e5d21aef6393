#include "rest_gateway/input.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"

/* The length stands in front of each block, so that freeing can wipe it. */
enum { HEADER = 16 };

static void *wiping_alloc(void *unused, size_t len)
{
    (void)unused;
    uint8_t *block = len < SIZE_MAX - HEADER ? calloc(1, len + HEADER) : NULL;
    if (!block)
        return NULL;
    memcpy(block, &len, sizeof(len));
    return block + HEADER;
}

static void wiping_free(void *unused, void *pointer)
{
    (void)unused;
    size_t len;
    if (!pointer)
        return;
    uint8_t *block = (uint8_t *)pointer - HEADER;
    memcpy(&len, block, sizeof(len));
    sodium_memzero(block, len + HEADER);
    free(block);
}

static ProtobufCAllocator wiping = {.alloc = wiping_alloc, .free = wiping_free};

rpl_status rpl_input_start(rpl_input *input, const ProtobufCMessageDescriptor *descriptor)
{
    if (descriptor->n_fields > RPL_INPUT_FIELDS_MAX)
        return rpl_fail(RPL_INTERNAL, "the request has more fields than can be tracked");
    ProtobufCMessage *message = wiping_alloc(NULL, descriptor->sizeof_message);
    if (!message)
        return rpl_fail(RPL_INTERNAL, "memory is short");
    descriptor->message_init(message);
    *input = (rpl_input){.message = message};
    return rpl_ok();
}

void rpl_input_free_message(ProtobufCMessage *message)
{
    if (message)
        protobuf_c_message_free_unpacked(message, &wiping);
}

void rpl_input_clear(rpl_input *input)
{
    rpl_input_free_message(input->message);
    *input = (rpl_input){0};
}

static void name_member(rpl_input *input, rpl_bytes name)
{
    size_t len = name.len < RPL_INPUT_MEMBER_MAX ? name.len : RPL_INPUT_MEMBER_MAX;
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = name.data[i];
        input->member[i] = c > 0x20 && c < 0x7f && c != '"' && c != '\\' ? (char)c : '?';
    }
    input->member[len] = 0;
}

/* Finds a field, names it for refusals and notes that it was set. */
static rpl_status claim(rpl_input *input, rpl_bytes name, const ProtobufCFieldDescriptor **field)
{
    const ProtobufCMessageDescriptor *descriptor = input->message->descriptor;
    name_member(input, name);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &descriptor->fields[i];
        if (!rpl_bytes_equal(name, rpl_bytes_of_text(f->name)))
            continue;
        if (input->seen & UINT64_C(1) << i)
            return rpl_fail(RPL_MALFORMED, "is given twice");
        if (f->label == PROTOBUF_C_LABEL_REPEATED || f->type == PROTOBUF_C_TYPE_MESSAGE)
            return rpl_fail(RPL_MALFORMED, "cannot be given in a request");
        input->seen |= UINT64_C(1) << i;
        *field = f;
        return rpl_ok();
    }
    return rpl_fail(RPL_MALFORMED, "is not known to this call");
}

static void *place_of(const rpl_input *input, const ProtobufCFieldDescriptor *field)
{
    return (uint8_t *)input->message + field->offset;
}

static rpl_status store_string(rpl_input *input, const ProtobufCFieldDescriptor *field,
                               rpl_bytes text)
{
    if (!rpl_utf8_ok(text) || (text.len && memchr(text.data, 0, text.len)))
        return rpl_fail(RPL_MALFORMED, "is not UTF-8 text without zero bytes");
    char *copy = wiping_alloc(NULL, text.len + 1);
    if (!copy)
        return rpl_fail(RPL_INTERNAL, "memory is short");
    if (text.len)
        memcpy(copy, text.data, text.len);
    *(char **)place_of(input, field) = copy;
    return rpl_ok();
}

static rpl_status store_bytes(rpl_input *input, const ProtobufCFieldDescriptor *field,
                              rpl_bytes bytes)
{
    ProtobufCBinaryData *place = place_of(input, field);
    if (bytes.len == 0)
        return rpl_ok();
    uint8_t *copy = wiping_alloc(NULL, bytes.len);
    if (!copy)
        return rpl_fail(RPL_INTERNAL, "memory is short");
    memcpy(copy, bytes.data, bytes.len);
    *place = (ProtobufCBinaryData){.len = bytes.len, .data = copy};
    return rpl_ok();
}

static rpl_status store_hex(rpl_input *input, const ProtobufCFieldDescriptor *field, rpl_bytes hex)
{
    ProtobufCBinaryData *place = place_of(input, field);
    if (hex.len == 0)
        return rpl_ok();
    uint8_t *bytes = wiping_alloc(NULL, hex.len / 2 + 1);
    if (!bytes)
        return rpl_fail(RPL_INTERNAL, "memory is short");
    size_t len = 0;
    if (rpl_hex_decode(hex, bytes, hex.len / 2, &len).code != RPL_OK) {
        wiping_free(NULL, bytes);
        return rpl_fail(RPL_MALFORMED, "is not hex: an even number of characters 0-9 a-f");
    }
    *place = (ProtobufCBinaryData){.len = len, .data = bytes};
    return rpl_ok();
}

static rpl_status store_bool(rpl_input *input, const ProtobufCFieldDescriptor *field, bool value)
{
    *(protobuf_c_boolean *)place_of(input, field) = value;
    return rpl_ok();
}

/* Magnitude and sign, so that one function serves the four integer types. */
static rpl_status store_number(rpl_input *input, const ProtobufCFieldDescriptor *field,
                               uint64_t magnitude, bool negative)
{
    const bool narrow = field->type == PROTOBUF_C_TYPE_UINT32 ||
                        field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_ENUM;
    const bool is_signed = field->type == PROTOBUF_C_TYPE_INT32 ||
                           field->type == PROTOBUF_C_TYPE_INT64 ||
                           field->type == PROTOBUF_C_TYPE_ENUM;
    const uint64_t all = narrow ? UINT32_MAX : UINT64_MAX;
    const uint64_t max = is_signed ? all / 2 : all;
    if (magnitude > max || (negative && !is_signed && magnitude != 0))
        return rpl_fail(RPL_MALFORMED, "is a number out of range");
    const uint64_t value = negative ? (uint64_t)0 - magnitude : magnitude;
    const uint32_t narrowed = (uint32_t)value;
    if (narrow)
        memcpy(place_of(input, field), &narrowed, sizeof(narrowed));
    else
        memcpy(place_of(input, field), &value, sizeof(value));
    return rpl_ok();
}

static rpl_status store_decimal(rpl_input *input, const ProtobufCFieldDescriptor *field,
                                rpl_bytes text)
{
    const bool negative = text.len && text.data[0] == '-';
    uint64_t value = 0;
    if (text.len == (size_t)negative)
        return rpl_fail(RPL_MALFORMED, "is not a whole decimal number");
    for (size_t i = negative; i < text.len; i++) {
        const unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9)
            return rpl_fail(RPL_MALFORMED, "is not a whole decimal number");
        if (value > (UINT64_MAX - digit) / 10)
            return rpl_fail(RPL_MALFORMED, "is a number out of range");
        value = value * 10 + digit;
    }
    return store_number(input, field, value, negative);
}

static rpl_status store_flag(rpl_input *input, const ProtobufCFieldDescriptor *field,
                             rpl_bytes text)
{
    const bool yes = rpl_bytes_equal(text, rpl_bytes_of_text("1")) ||
                     rpl_bytes_equal(text, rpl_bytes_of_text("true"));
    const bool no = rpl_bytes_equal(text, rpl_bytes_of_text("0")) ||
                    rpl_bytes_equal(text, rpl_bytes_of_text("false"));
    if (!yes && !no)
        return rpl_fail(RPL_MALFORMED, "is not one of 1 0 true false");
    return store_bool(input, field, yes);
}

typedef enum { TEXT, BYTES, FLAG, NUMBER, OTHER } field_class;

static field_class class_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return TEXT;
    case PROTOBUF_C_TYPE_BYTES:
        return BYTES;
    case PROTOBUF_C_TYPE_BOOL:
        return FLAG;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_ENUM:
        return NUMBER;
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return OTHER;
}

static rpl_status store_text(rpl_input *input, const ProtobufCFieldDescriptor *field,
                             rpl_bytes value)
{
    switch (class_of(field)) {
    case TEXT:
        return store_string(input, field, value);
    case BYTES:
        return store_hex(input, field, value);
    case FLAG:
        return store_flag(input, field, value);
    case NUMBER:
        return store_decimal(input, field, value);
    case OTHER:
        break;
    }
    return rpl_fail(RPL_MALFORMED, "cannot be given in a request");
}

rpl_status rpl_input_set_text(rpl_input *input, rpl_bytes name, rpl_bytes value)
{
    const ProtobufCFieldDescriptor *field = NULL;
    RPL_TRY(claim(input, name, &field));
    return store_text(input, field, value);
}

rpl_status rpl_input_set_json(rpl_input *input, const char *name, const json_t *value)
{
    const ProtobufCFieldDescriptor *field = NULL;
    RPL_TRY(claim(input, rpl_bytes_of_text(name), &field));
    if (json_is_null(value))
        return rpl_ok();
    const field_class class = class_of(field);
    if (class == FLAG)
        return json_is_boolean(value) ? store_bool(input, field, json_is_true(value))
                                      : rpl_fail(RPL_MALFORMED, "is not true or false");
    if (json_is_integer(value) && class == NUMBER) {
        const json_int_t number = json_integer_value(value);
        return store_number(input, field, number < 0 ? 0 - (uint64_t)number : (uint64_t)number,
                            number < 0);
    }
    if (json_is_string(value))
        return store_text(input, field,
                          rpl_bytes_of(json_string_value(value), json_string_length(value)));
    return rpl_fail(RPL_MALFORMED, class == NUMBER ? "is not a whole number" : "is not a string");
}

rpl_status rpl_input_set_bytes(rpl_input *input, const char *name, rpl_bytes value)
{
    const ProtobufCFieldDescriptor *field = NULL;
    RPL_TRY(claim(input, rpl_bytes_of_text(name), &field));
    return class_of(field) == BYTES ? store_bytes(input, field, value)
                                    : rpl_fail(RPL_INTERNAL, "is not a field of bytes");
}

rpl_status rpl_input_set_hex(rpl_input *input, const char *name, rpl_bytes hex)
{
    const ProtobufCFieldDescriptor *field = NULL;
    RPL_TRY(claim(input, rpl_bytes_of_text(name), &field));
    return class_of(field) == BYTES ? store_hex(input, field, hex)
                                    : rpl_fail(RPL_INTERNAL, "is not a field of bytes");
}

rpl_status rpl_input_from_json(rpl_input *input, rpl_bytes text)
{
    RPL_AUTO(json) json_t *root = NULL;
    const char *name;
    json_t *value;
    if (rpl_json_parse(text, text.len, &root).code != RPL_OK || !json_is_object(root))
        return rpl_fail(RPL_MALFORMED, "the body is not one strict JSON object");
    json_object_foreach(root, name, value) RPL_TRY(rpl_input_set_json(input, name, value));
    input->member[0] = 0;
    return rpl_ok();
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* Decodes in place; `*part` shrinks. */
static bool decode_percent(uint8_t *data, size_t *len)
{
    size_t to = 0;
    for (size_t from = 0; from < *len; from++) {
        if (data[from] != '%') {
            data[to++] = data[from] == '+' ? ' ' : data[from];
            continue;
        }
        const int high = *len - from > 2 ? hex_digit(data[from + 1]) : -1;
        const int low = *len - from > 2 ? hex_digit(data[from + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        data[to++] = (uint8_t)(high * 16 + low);
        from += 2;
    }
    *len = to;
    return true;
}

static bool is_allowed(rpl_bytes name, const char *const *allowed)
{
    for (; allowed && *allowed; allowed++) {
        if (rpl_bytes_equal(name, rpl_bytes_of_text(*allowed)))
            return true;
    }
    return !allowed;
}

/* One name=value of `len` bytes, decoded where it stands. */
static rpl_status take_pair(rpl_input *input, uint8_t *pair, size_t len, const char *const *allowed)
{
    uint8_t *equals = len ? memchr(pair, '=', len) : NULL;
    input->member[0] = 0;
    if (!equals || equals == pair)
        return rpl_fail(RPL_MALFORMED, "expected name=value pairs joined by &");
    size_t name_len = (size_t)(equals - pair), value_len = len - name_len - 1;
    if (!decode_percent(pair, &name_len) || !decode_percent(equals + 1, &value_len))
        return rpl_fail(RPL_MALFORMED, "a % that two hex digits do not follow");
    const rpl_bytes name = {pair, name_len};
    if (!is_allowed(name, allowed)) {
        name_member(input, name);
        return rpl_fail(RPL_MALFORMED, "is not a parameter of this path");
    }
    return rpl_input_set_text(input, name, rpl_bytes_of(equals + 1, value_len));
}

static rpl_status take_pairs(rpl_input *input, uint8_t *text, size_t len,
                             const char *const *allowed)
{
    for (size_t count = 0; count < RPL_INPUT_FIELDS_MAX; count++) {
        uint8_t *end = len ? memchr(text, '&', len) : NULL;
        const size_t pair_len = end ? (size_t)(end - text) : len;
        RPL_TRY(take_pair(input, text, pair_len, allowed));
        if (!end)
            return rpl_ok();
        text += pair_len + 1;
        len -= pair_len + 1;
    }
    return rpl_fail(RPL_MALFORMED, "more name=value pairs than any call takes");
}

static rpl_bytes without_line_end(rpl_bytes text)
{
    while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.len--;
    return text;
}

rpl_status rpl_input_from_form(rpl_input *input, rpl_bytes text, const char *const *allowed)
{
    text = without_line_end(text);
    uint8_t *copy = wiping_alloc(NULL, text.len + 1);
    if (!copy)
        return rpl_fail(RPL_INTERNAL, "memory is short");
    if (text.len)
        memcpy(copy, text.data, text.len);
    const rpl_status status = take_pairs(input, copy, text.len, allowed);
    wiping_free(NULL, copy);
    if (status.code == RPL_OK)
        input->member[0] = 0;
    return status;
}
