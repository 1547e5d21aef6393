#include "base/json.h"

#include <stdlib.h>

#include "base/hex.h"
#include "base/json_memory.h"

const char rpl_json_too_deep[] = "JSON: nested too deep";
const char rpl_json_duplicate[] = "JSON: a member appears twice";

/* jansson recurses over nesting and allows 2048 levels; so depth is counted before it runs. Strings
 * are skipped by the same walker that rpl_json_raw_member uses. */
typedef struct {
    rpl_bytes text;
    size_t at;
    size_t depth;
} walker;

/* From the opening quote to behind the closing one; false when the text ends inside. */
static bool skip_string(walker *w)
{
    for (w->at++; w->at < w->text.len; w->at++) {
        if (w->text.data[w->at] == '\\') {
            w->at++;
        } else if (w->text.data[w->at] == '"') {
            w->at++;
            return true;
        }
    }
    return false;
}

/* One string, or one other byte. */
static bool step(walker *w)
{
    const uint8_t c = w->text.data[w->at];
    if (c == '"')
        return skip_string(w);
    if (c == '{' || c == '[')
        w->depth++;
    if ((c == '}' || c == ']') && w->depth > 0)
        w->depth--;
    w->at++;
    return true;
}

/* jansson reads it as a plain 0; "-0.5" is another number. */
static bool is_minus_zero(const walker *w)
{
    static const char end[] = " \t\n\r,]}";
    const uint8_t *at = w->text.data + w->at;
    const size_t left = w->text.len - w->at;
    return left >= 2 && at[0] == '-' && at[1] == '0' &&
           (left == 2 || memchr(end, at[2], sizeof(end) - 1));
}

static rpl_status check_text(rpl_bytes text)
{
    walker w = {.text = text};
    while (w.at < text.len) {
        const size_t at = w.at;
        if (is_minus_zero(&w))
            return (rpl_status){RPL_MALFORMED, (uint32_t)at, "JSON: minus zero"};
        if (!step(&w))
            return (rpl_status){RPL_MALFORMED, (uint32_t)at, "JSON: a string without end"};
        if (w.depth > RPL_JSON_DEPTH_MAX)
            return (rpl_status){RPL_MALFORMED, (uint32_t)at, rpl_json_too_deep};
    }
    return rpl_ok();
}

static const char *parse_failure(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return rpl_json_duplicate;
    case json_error_end_of_input_expected:
        return "JSON: more bytes behind the value";
    case json_error_invalid_utf8:
        return "JSON: invalid UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "JSON: a zero character in a string";
    case json_error_numeric_overflow:
        return "JSON: a number out of range";
    case json_error_premature_end_of_input:
        return "JSON: cut short";
    case json_error_out_of_memory:
    case json_error_unknown:
    case json_error_stack_overflow:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_value:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
        break;
    }
    return "JSON: an object or array was expected, and nothing else";
}

rpl_status rpl_json_parse(rpl_bytes text, size_t max, json_t **out)
{
    if (text.len > max)
        return rpl_fail(RPL_TOO_LARGE, "JSON: longer than allowed here");
    if (text.len == 0)
        return rpl_fail(RPL_MALFORMED, "JSON: empty");
    RPL_TRY(check_text(text));
    json_error_t error;
    json_t *parsed = rpl_json_load(text, &error);
    if (!parsed && json_error_code(&error) == json_error_out_of_memory)
        return rpl_fail(RPL_INTERNAL, "JSON: memory");
    if (!parsed) {
        const uint32_t at = error.position < 0 ? 0 : (uint32_t)error.position;
        return (rpl_status){RPL_MALFORMED, at, parse_failure(&error)};
    }
    *out = parsed;
    return rpl_ok();
}

bool rpl_json_get_uint(const json_t *object, const char *key, uint64_t max, uint64_t *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        return false;
    const json_int_t number = json_integer_value(value);
    if (number < 0 || (uint64_t)number > max)
        return false;
    *out = (uint64_t)number;
    return true;
}

bool rpl_json_get_text(const json_t *object, const char *key, rpl_bytes *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return false;
    *out = rpl_bytes_of(json_string_value(value), json_string_length(value));
    return true;
}

bool rpl_json_get_hex(const json_t *object, const char *key, uint8_t *out, size_t len)
{
    rpl_bytes text;
    return rpl_json_get_text(object, key, &text) && text.len == 2 * len &&
           rpl_hex_decode_exact(text, out, len).code == RPL_OK;
}

const json_t *rpl_json_get_object(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_object(value) ? value : NULL;
}

const json_t *rpl_json_get_array(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_array(value) ? value : NULL;
}

static void set_or_null(json_t *object, const char *key, json_t *value)
{
    if (!value || json_object_set_new(object, key, value) != 0)
        json_object_set_new(object, key, json_null());
}

void rpl_json_set_hex(json_t *object, const char *key, rpl_bytes bytes)
{
    RPL_AUTO(json_text) char *hex = rpl_json_alloc(2 * bytes.len + 1);
    if (hex)
        rpl_hex_encode(bytes, hex);
    set_or_null(object, key, hex ? json_stringn(hex, 2 * bytes.len) : NULL);
}

void rpl_json_set_text(json_t *object, const char *key, const char *text)
{
    set_or_null(object, key, json_string(text));
}

void rpl_json_set_uint(json_t *object, const char *key, uint64_t value)
{
    set_or_null(object, key, value > INT64_MAX ? NULL : json_integer((json_int_t)value));
}

rpl_status rpl_json_dump(const json_t *value, char **out)
{
    const unsigned before = rpl_json_failures();
    RPL_AUTO(json_text) char *text = json_dumps(value, JSON_COMPACT);
    if (!text || rpl_json_failures() != before) /* jansson goes on where memory misses */
        return rpl_fail(RPL_INTERNAL, "JSON: memory");
    *out = RPL_TAKE(text);
    return rpl_ok();
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(walker *w)
{
    while (w->at < w->text.len && is_space(w->text.data[w->at]))
        w->at++;
}

static rpl_bytes slice(const walker *w, size_t from, size_t to)
{
    return (rpl_bytes){w->text.data + from, to - from};
}

/* With the walker inside the object and before a member: its name as it is spelled, and the bytes
 * of its value. False at the object's end. */
static bool next_member(walker *w, rpl_bytes *name, rpl_bytes *value)
{
    while (w->at < w->text.len && w->text.data[w->at] != '"')
        w->at++;
    const size_t name_at = w->at;
    if (w->at == w->text.len || !skip_string(w))
        return false;
    *name = slice(w, name_at + 1, w->at - 1);
    skip_space(w);
    w->at++; /* the colon */
    skip_space(w);
    const size_t value_at = w->at;
    while (w->at < w->text.len) {
        const uint8_t c = w->text.data[w->at];
        if ((w->depth == 1 && (c == ',' || c == '}')) || !step(w))
            break;
    }
    size_t end = w->at;
    while (end > value_at && is_space(w->text.data[end - 1]))
        end--;
    *value = slice(w, value_at, end);
    return end > value_at;
}

/* jansson has read the text by then, so the walker meets well-formed JSON without duplicates. */
rpl_status rpl_json_raw_member(rpl_bytes text, const char *key, rpl_bytes *value)
{
    RPL_AUTO(json) json_t *parsed = NULL;
    RPL_TRY(rpl_json_parse(text, text.len, &parsed));
    if (!json_is_object(parsed) || !json_object_get(parsed, key))
        return rpl_fail(RPL_MALFORMED, "JSON: an object with the signed member was expected");
    walker w = {.text = text};
    skip_space(&w);
    w.at++;
    w.depth = 1;
    rpl_bytes name, found;
    while (next_member(&w, &name, &found)) {
        if (!rpl_bytes_equal(name, rpl_bytes_of_text(key)))
            continue;
        *value = found;
        return rpl_ok();
    }
    return rpl_fail(RPL_MALFORMED, "JSON: the name of the signed member is spelled with escapes");
}
