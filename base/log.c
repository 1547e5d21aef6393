#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/hex.h"
#include "base/writer.h"

enum { LINE_MAX_LEN = 2048, PEER_MAX = 128, TAIL_LEN = 24 };

static atomic_int least_level = RPL_LOG_INFO;

static const char *const level_names[] = {
    [RPL_LOG_DEBUG] = "debug",
    [RPL_LOG_INFO] = "info",
    [RPL_LOG_WARN] = "warn",
    [RPL_LOG_ERROR] = "error",
};

void rpl_log_set_level(rpl_log_level least)
{
    atomic_store(&least_level, (int)least);
}

bool rpl_log_level_parse(const char *text, rpl_log_level *out)
{
    for (int level = RPL_LOG_DEBUG; level <= RPL_LOG_ERROR; level++) {
        if (strcmp(text, level_names[level]) == 0) {
            *out = (rpl_log_level)level;
            return true;
        }
    }
    return false;
}

static void write_hex(rpl_writer *w, rpl_bytes bytes)
{
    for (size_t i = 0; i < bytes.len && !w->overflowed; i++) {
        char pair[3];
        rpl_hex_encode((rpl_bytes){bytes.data + i, 1}, pair);
        rpl_write_text(w, pair);
    }
}

/* Nobody's bytes reach a terminal raw: what is not printable ASCII leaves as \u00XX, byte by byte. */
static void write_escaped(rpl_writer *w, rpl_bytes text)
{
    for (size_t i = 0; i < text.len && !w->overflowed; i++) {
        const uint8_t c = text.data[i];
        const bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        if (plain) {
            rpl_write_u8(w, c);
        } else {
            rpl_write_text(w, "\\u00");
            write_hex(w, (rpl_bytes){&c, 1});
        }
    }
}

static void write_number(rpl_writer *w, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    rpl_write_bytes(w, rpl_bytes_of(digits + at, sizeof(digits) - at));
}

static void write_text(rpl_writer *w, rpl_bytes text)
{
    rpl_write_text(w, "\"");
    write_escaped(w, text);
    rpl_write_text(w, "\"");
}

static void write_value(rpl_writer *w, const rpl_log_field *field)
{
    switch (field->kind) {
    case RPL_FIELD_UINT:
        write_number(w, field->number);
        break;
    case RPL_FIELD_TEXT:
        write_text(w, field->bytes);
        break;
    case RPL_FIELD_PUBLIC:
        rpl_write_text(w, "\"");
        write_hex(w, field->bytes);
        rpl_write_text(w, "\"");
        break;
    case RPL_FIELD_PEER:
        write_text(w, (rpl_bytes){field->bytes.data,
                                  field->bytes.len < PEER_MAX ? field->bytes.len : PEER_MAX});
        break;
    case RPL_FIELD_END:
        break;
    }
}

static void write_member(rpl_writer *w, const char *name, const rpl_log_field *field)
{
    rpl_write_text(w, w->len == 1 ? "" : ",");
    write_text(w, rpl_bytes_of_text(name));
    rpl_write_text(w, ":");
    write_value(w, field);
}

/* A field that does not fit is left out whole, and the line says so. */
static void write_fields(rpl_writer *w, const rpl_log_field *fields)
{
    for (; fields->kind != RPL_FIELD_END; fields++) {
        const rpl_writer before = *w;
        write_member(w, fields->name, fields);
        if (w->overflowed) {
            *w = before;
            w->cap += TAIL_LEN;
            rpl_write_text(w, ",\"cut\":true");
            return;
        }
    }
}

void rpl_log_write(rpl_log_level level, const char *event, const rpl_log_field *fields)
{
    if ((int)level < atomic_load(&least_level) || level > RPL_LOG_ERROR)
        return;
    char line[LINE_MAX_LEN];
    rpl_writer w = rpl_writer_over(line, sizeof(line) - TAIL_LEN - TAIL_LEN);
    const rpl_log_field level_field = rpl_log_text("level", level_names[level]);
    const rpl_log_field event_field = rpl_log_text("event", event);
    rpl_write_text(&w, "{");
    write_member(&w, level_field.name, &level_field);
    write_member(&w, event_field.name, &event_field);
    write_fields(&w, fields);
    w.cap = sizeof(line);
    rpl_write_text(&w, "}\n");
    /* stderr is unbuffered: one call, one write, no line inside another */
    (void)fwrite(line, 1, w.len, stderr);
}
