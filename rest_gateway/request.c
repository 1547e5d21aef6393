#include "rest_gateway/request.h"

#include <string.h>
#include <strings.h>

typedef enum { TYPE_NONE, TYPE_JSON, TYPE_FORM, TYPE_TEXT, TYPE_BINARY, TYPE_OTHER } media_type;

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static rpl_bytes trimmed(rpl_bytes text)
{
    while (text.len && is_space(text.data[0]))
        text = rpl_bytes_of(text.data + 1, text.len - 1);
    while (text.len && is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

/* Media types are case-insensitive; parameters behind ; do not matter here. */
static bool names_type(rpl_bytes text, const char *type)
{
    const uint8_t *semicolon = text.len ? memchr(text.data, ';', text.len) : NULL;
    if (semicolon)
        text.len = (size_t)(semicolon - text.data);
    text = trimmed(text);
    return text.len == strlen(type) && strncasecmp((const char *)text.data, type, text.len) == 0;
}

static media_type type_of(rpl_bytes header)
{
    static const struct {
        const char *name;
        media_type type;
    } types[] = {
        {"application/json", TYPE_JSON},
        {"application/x-www-form-urlencoded", TYPE_FORM},
        {"text/plain", TYPE_TEXT},
        {"application/octet-stream", TYPE_BINARY},
    };
    if (trimmed(header).len == 0)
        return TYPE_NONE;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (names_type(header, types[i].name))
            return types[i].type;
    }
    return TYPE_OTHER;
}

static rpl_status wrong_type(void)
{
    return rpl_fail(RPL_MALFORMED, "this path does not take a body of this content type");
}

static rpl_status read_object(media_type type, rpl_bytes body, rpl_input *input)
{
    const rpl_bytes text = trimmed(body);
    if (text.len == 0)
        return rpl_ok();
    if (type == TYPE_OTHER || type == TYPE_BINARY)
        return wrong_type();
    if (type == TYPE_JSON || text.data[0] == '{')
        return rpl_input_from_json(input, text);
    return rpl_input_from_form(input, text, NULL);
}

static rpl_status read_hex(const rpl_route *route, media_type type, rpl_bytes body,
                           rpl_input *input)
{
    const rpl_bytes text = trimmed(body);
    if (type == TYPE_OTHER)
        return wrong_type();
    if (type == TYPE_JSON)
        return rpl_input_from_json(input, text);
    if (text.len == 0)
        return rpl_fail(RPL_MALFORMED, "the body is empty; expected hex");
    return rpl_input_set_hex(input, route->body_field, text);
}

static rpl_status read_body(const rpl_route *route, const rpl_request_parts *parts,
                            rpl_input *input)
{
    const media_type type = type_of(parts->content_type);
    switch (route->body) {
    case RPL_BODY_NONE:
        return parts->body.len == 0 ? rpl_ok() : rpl_fail(RPL_MALFORMED, "this path takes no body");
    case RPL_BODY_OBJECT:
        return read_object(type, parts->body, input);
    case RPL_BODY_TEXT:
        if (type == TYPE_OTHER || type == TYPE_JSON)
            return wrong_type();
        return rpl_input_set_bytes(input, route->body_field, parts->body);
    case RPL_BODY_HEX:
        return read_hex(route, type, parts->body, input);
    }
    return rpl_fail(RPL_INTERNAL, "a route without a kind of body");
}

rpl_status rpl_request_read(const rpl_route *route, const rpl_request_parts *parts, size_t body_max,
                            rpl_input *input)
{
    if (parts->body.len > body_max)
        return rpl_fail(RPL_TOO_LARGE, "the body is larger than this path takes");
    if (parts->query.len)
        RPL_TRY(rpl_input_from_form(input, parts->query, route->query));
    return read_body(route, parts, input);
}

bool rpl_accepts_json(rpl_bytes accept)
{
    while (accept.len) {
        const uint8_t *comma = memchr(accept.data, ',', accept.len);
        const size_t len = comma ? (size_t)(comma - accept.data) : accept.len;
        if (names_type(rpl_bytes_of(accept.data, len), "application/json"))
            return true;
        const size_t used = comma ? len + 1 : len;
        accept = rpl_bytes_of(accept.data + used, accept.len - used);
    }
    return false;
}
