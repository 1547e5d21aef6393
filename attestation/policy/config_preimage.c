#include "attestation/policy/config_preimage.h"

#include "base/hash.h"
#include "base/writer.h"

static const char heading[] = "replicatoor/v1/config\n";

static bool is_name(rpl_bytes name)
{
    if (name.len == 0 || name.len > RPL_CONFIG_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t c = name.data[i];
        const bool letter = (c >= 'A' && c <= 'Z') || c == '_', digit = c >= '0' && c <= '9';
        if (!letter && !(digit && i > 0))
            return false;
    }
    return true;
}

static bool is_value(rpl_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < 0x20 || value.data[i] == 0x7f)
            return false;
    }
    return true;
}

/* ASCII order: negative, zero, positive like memcmp; a prefix stands first. */
static int compare(rpl_bytes a, rpl_bytes b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    const int order = common ? memcmp(a.data, b.data, common) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

/* By insertion: there are few, and they mostly come in order. */
static rpl_status sort_lines(const rpl_config_line *lines, size_t count, rpl_config_preimage *out)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = out->count++;
        for (; at > 0 && compare(out->lines[at - 1].name, lines[i].name) > 0; at--)
            out->lines[at] = out->lines[at - 1];
        if (at > 0 && compare(out->lines[at - 1].name, lines[i].name) == 0)
            return rpl_fail(RPL_CONFLICT, "configuration: a name stands twice");
        out->lines[at] = lines[i];
    }
    return rpl_ok();
}

rpl_status rpl_config_preimage_build(const rpl_config_line *lines, size_t count,
                                     uint8_t out[static RPL_CONFIG_PREIMAGE_MAX], size_t *len)
{
    rpl_config_preimage sorted = {0};
    rpl_writer w = rpl_writer_over(out, RPL_CONFIG_PREIMAGE_MAX);

    if (count > RPL_CONFIG_LINES_MAX)
        return rpl_fail(RPL_TOO_LARGE, "configuration: more than 128 settings");
    for (size_t i = 0; i < count; i++) {
        if (!is_name(lines[i].name))
            return rpl_fail(RPL_MALFORMED, "configuration: a name is not [A-Z_][A-Z0-9_]*");
        if (!is_value(lines[i].value))
            return rpl_fail(RPL_MALFORMED, "configuration: a value has a control character");
    }
    RPL_TRY(sort_lines(lines, count, &sorted));
    rpl_write_text(&w, heading);
    for (size_t i = 0; i < sorted.count; i++) {
        rpl_write_bytes(&w, sorted.lines[i].name);
        rpl_write_u8(&w, '=');
        rpl_write_bytes(&w, sorted.lines[i].value);
        rpl_write_u8(&w, '\n');
    }
    if (!rpl_writer_done(&w))
        return rpl_fail(RPL_TOO_LARGE, "configuration: the preimage is longer than 16384 bytes");
    *len = w.len;
    return rpl_ok();
}

/* Everything up to `end`, which is consumed and not part of `out`. */
static bool read_until(rpl_reader *r, uint8_t end, rpl_bytes *out)
{
    const uint8_t *at = r->rest.len ? memchr(r->rest.data, end, r->rest.len) : NULL;
    rpl_bytes skipped;

    return at && rpl_read_bytes(r, (size_t)(at - r->rest.data), out) &&
           rpl_read_bytes(r, 1, &skipped);
}

static rpl_status read_line(rpl_reader *r, rpl_config_preimage *p)
{
    const rpl_reader start = *r;
    rpl_bytes text;
    rpl_config_line line;

    if (!read_until(r, '\n', &text))
        return rpl_malformed(&start, "config preimage: a line does not end");
    rpl_reader in = {.rest = text, .at = start.at};
    if (!read_until(&in, '=', &line.name) || !is_name(line.name))
        return rpl_malformed(&start, "config preimage: a line is not NAME=value");
    line.value = in.rest;
    if (!is_value(line.value))
        return rpl_malformed(&in, "config preimage: a value has a control character");
    if (p->count == RPL_CONFIG_LINES_MAX)
        return rpl_fail(RPL_TOO_LARGE, "config preimage: more than 128 lines");
    if (p->count > 0 && compare(p->lines[p->count - 1].name, line.name) >= 0)
        return rpl_malformed(&start, "config preimage: names are not in strict ASCII order");
    p->lines[p->count++] = line;
    return rpl_ok();
}

rpl_status rpl_config_preimage_parse(rpl_bytes text, rpl_config_preimage *out)
{
    rpl_config_preimage p = {0};
    rpl_reader r = rpl_reader_over(text);
    rpl_bytes first;

    if (text.len > RPL_CONFIG_PREIMAGE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "config preimage: longer than 16384 bytes");
    if (!rpl_read_bytes(&r, sizeof(heading) - 1, &first) ||
        !rpl_bytes_equal(first, rpl_bytes_of_text(heading)))
        return rpl_malformed(&r, "config preimage: does not begin with replicatoor/v1/config");
    while (!rpl_read_done(&r))
        RPL_TRY(read_line(&r, &p));
    *out = p;
    return rpl_ok();
}

rpl_bytes rpl_config_preimage_value(const rpl_config_preimage *config, const char *name)
{
    for (size_t i = 0; i < config->count; i++) {
        if (rpl_bytes_equal(config->lines[i].name, rpl_bytes_of_text(name)))
            return config->lines[i].value;
    }
    return (rpl_bytes){0};
}

void rpl_config_digest(rpl_bytes text, uint8_t out[static 32])
{
    rpl_sha256(text, out);
}
