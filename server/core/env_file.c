#include "server/core/env_file.h"

#include "base/utf8.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool starts_name(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || c == '_';
}

static bool continues_name(uint8_t c)
{
    return starts_name(c) || (c >= '0' && c <= '9');
}

static bool is_word(uint8_t c)
{
    return continues_name(c) || (c >= 'a' && c <= 'z');
}

static bool is_name(rpl_bytes text)
{
    if (text.len == 0 || !starts_name(text.data[0]))
        return false;
    for (size_t i = 1; i < text.len; i++) {
        if (!continues_name(text.data[i]))
            return false;
    }
    return true;
}

static bool one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

/* T ends with a NAME: its trailing run of name characters holds one that may begin it. */
static bool ends_with_name(rpl_bytes word)
{
    for (size_t i = word.len; i-- > 0 && continues_name(word.data[i]);) {
        if (starts_name(word.data[i]))
            return true;
    }
    return false;
}

/* The first = of the text, and `at` one of the = that end it. */
static bool is_base64_padding(rpl_bytes text, size_t first, size_t at)
{
    const size_t len = text.len - first - 1;
    size_t padding = 0;
    while (padding < len && text.data[text.len - 1 - padding] == '=')
        padding++;
    if (len % 4 != 0 || padding > 2 || at < text.len - padding)
        return false;
    for (size_t i = first + 1; i < text.len - padding; i++) {
        if (!is_word(text.data[i]) && !one_of(text.data[i], "+/-"))
            return false;
    }
    return true;
}

static bool glues_at(rpl_bytes text, size_t first, size_t at)
{
    size_t from = at;
    while (from > 0 && is_word(text.data[from - 1]))
        from--;
    const rpl_bytes word = rpl_bytes_of(text.data + from, at - from);
    const uint8_t before = text.data[from - 1]; /* there is one: the first = stands further left */
    if (!ends_with_name(word) || one_of(before, "?&;"))
        return false;
    if (one_of(before, " ,.:#([{@") && is_name(word))
        return false;
    return !is_base64_padding(text, first, at);
}

bool rpl_env_text_is_glued(rpl_bytes text)
{
    if (text.len == 0 || memchr(text.data, '\n', text.len))
        return false;
    if (text.data[0] == '#')
        return true;
    const uint8_t *equals = memchr(text.data, '=', text.len);
    if (!equals)
        return false;
    const size_t first = (size_t)(equals - text.data);
    for (size_t at = first + 1; at < text.len; at++) {
        if (text.data[at] == '=' && glues_at(text, first, at))
            return true;
    }
    return false;
}

static bool starts_with(rpl_bytes text, const char *prefix)
{
    const size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static bool ends_with(rpl_bytes text, const char *suffix)
{
    const size_t len = strlen(suffix);
    return text.len >= len && memcmp(text.data + text.len - len, suffix, len) == 0;
}

static bool is_exactly(rpl_bytes text, const char *wanted)
{
    return rpl_bytes_equal(text, rpl_bytes_of_text(wanted));
}

static const char *objection_to(rpl_bytes name)
{
    static const char *const ours[] = {"SECURE_FILE", "CONTRACT", "CHAIN_ID", "CONTRACT_CODE",
                                       "ETH_RPC_PREFIX"};
    if (starts_with(name, "LD_") || is_exactly(name, "PATH") || is_exactly(name, "BASH_ENV") ||
        ends_with(name, "_PROXY"))
        return "this name changes how programs are run or connected; it cannot be set from outside";
    bool trusted = starts_with(name, "REPLICATOOR_") && !is_exactly(name, "REPLICATOOR_PEERS");
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        trusted = trusted || is_exactly(name, ours[i]);
    return trusted ? "this setting is trusted only where it stands in the measured compose file"
                   : NULL;
}

static void name_fault(rpl_env_fault *fault, rpl_bytes name)
{
    const size_t len = name.len < RPL_ENV_NAME_LEN_MAX ? name.len : RPL_ENV_NAME_LEN_MAX;
    memcpy(fault->name, name.data, len);
    fault->name[len] = 0;
}

static rpl_bytes trimmed(rpl_bytes text)
{
    while (text.len && is_space(text.data[0]))
        text = rpl_bytes_of(text.data + 1, text.len - 1);
    while (text.len && (is_space(text.data[text.len - 1]) || text.data[text.len - 1] == '\r'))
        text.len--;
    return text;
}

static rpl_status no_more_behind(rpl_bytes rest)
{
    const rpl_bytes text = trimmed(rest);
    if (text.len == 0 || (text.data[0] == '#' && text.len < rest.len))
        return rpl_ok();
    return rpl_fail(RPL_MALFORMED, "something stands behind the closing quote");
}

static rpl_status unquote_single(uint8_t *from, size_t len, rpl_bytes *value)
{
    const uint8_t *end = memchr(from, '\'', len);
    if (!end)
        return rpl_fail(RPL_MALFORMED, "a value begins with ' and the line has no second one");
    *value = rpl_bytes_of(from, (size_t)(end - from));
    return no_more_behind(rpl_bytes_of(end + 1, len - value->len - 1));
}

/* The value shrinks where it stands. */
static rpl_status unquote_double(uint8_t *from, size_t len, rpl_bytes *value)
{
    size_t to = 0, at = 0;
    for (; at < len && from[at] != '"'; at++) {
        if (from[at] == '\\' && at + 1 < len && one_of(from[at + 1], "\"\\$"))
            at++;
        from[to++] = from[at];
    }
    if (at == len)
        return rpl_fail(RPL_MALFORMED, "a value begins with \" and the line has no second one");
    *value = rpl_bytes_of(from, to);
    return no_more_behind(rpl_bytes_of(from + at + 1, len - at - 1));
}

static rpl_bytes unquoted(const uint8_t *from, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        if (from[i] == '#' && is_space(from[i - 1]))
            len = i;
    }
    return trimmed(rpl_bytes_of(from, len));
}

static rpl_status read_value(uint8_t *from, size_t len, rpl_bytes *value)
{
    if (len && from[0] == '\'')
        return unquote_single(from + 1, len - 1, value);
    if (len && from[0] == '"')
        return unquote_double(from + 1, len - 1, value);
    *value = unquoted(from, len);
    return rpl_ok();
}

static rpl_status check_value(rpl_bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < 0x20 || value.data[i] == 0x7f)
            return rpl_fail(RPL_MALFORMED, "a value holds a control character");
    }
    return rpl_utf8_ok(value) ? rpl_ok() : rpl_fail(RPL_MALFORMED, "a value is not UTF-8");
}

static rpl_status check_name(rpl_bytes name, rpl_env_fault *fault)
{
    if (!is_name(name) || name.len > RPL_ENV_NAME_LEN_MAX)
        return rpl_fail(RPL_MALFORMED, "a line is not NAME=VALUE with a name of A-Z, 0-9 and _");
    name_fault(fault, name);
    const char *objection = objection_to(name);
    return objection ? rpl_fail(RPL_DENIED, objection) : rpl_ok();
}

static rpl_status add_entry(rpl_env_file *file, rpl_env_entry entry)
{
    for (size_t i = 0; i < file->count; i++) {
        if (rpl_bytes_equal(file->entries[i].name, entry.name))
            return rpl_fail(RPL_MALFORMED, "a name is given twice");
    }
    if (file->count == RPL_ENV_NAMES_MAX)
        return rpl_fail(RPL_TOO_LARGE, "more names than 256");
    file->entries[file->count++] = entry;
    return rpl_ok();
}

static rpl_status read_line(uint8_t *line, size_t len, rpl_env_file *file, rpl_env_fault *fault)
{
    const rpl_bytes text = trimmed(rpl_bytes_of(line, len));
    if (text.len == 0 || text.data[0] == '#')
        return rpl_ok();
    uint8_t *start = line + (text.data - line);
    const uint8_t *equals = memchr(start, '=', text.len);
    const size_t name_len = equals ? (size_t)(equals - start) : 0;
    rpl_env_entry entry = {.name = rpl_bytes_of(start, name_len)};
    fault->name[0] = 0;
    RPL_TRY(check_name(entry.name, fault));
    RPL_TRY(read_value(start + name_len + 1, text.len - name_len - 1, &entry.value));
    RPL_TRY(check_value(entry.value));
    return add_entry(file, entry);
}

static rpl_status read_lines(uint8_t *text, size_t len, rpl_env_file *file, rpl_env_fault *fault)
{
    for (size_t at = 0; at < len;) {
        const uint8_t *newline = memchr(text + at, '\n', len - at);
        const size_t line_len = newline ? (size_t)(newline - text) - at : len - at;
        fault->line++;
        RPL_TRY(read_line(text + at, line_len, file, fault));
        at += line_len + 1;
    }
    *fault = (rpl_env_fault){0};
    return file->count ? rpl_ok() : rpl_fail(RPL_MALFORMED, "no NAME=VALUE line");
}

rpl_status rpl_env_file_parse(rpl_bytes text, rpl_env_file *out, rpl_env_fault *fault)
{
    *fault = (rpl_env_fault){0};
    if (text.len == 0)
        return rpl_fail(RPL_MALFORMED, "no NAME=VALUE line");
    if (text.len > RPL_ENV_FILE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "more than 64 KiB");
    if (rpl_env_text_is_glued(text))
        return rpl_fail(RPL_MALFORMED, "several lines arrived as one: curl -d @file removes "
                                       "newlines; send the file with --data-binary @file");
    RPL_AUTO(secret) rpl_secret *copy = rpl_secret_copy(text);
    if (!copy)
        return rpl_fail(RPL_INTERNAL, "memory is short");
    rpl_env_file file = {0};
    RPL_TRY(read_lines(rpl_secret_fill(copy), text.len, &file, fault));
    file.text = RPL_TAKE(copy);
    *out = file;
    return rpl_ok();
}

void rpl_env_file_clear(rpl_env_file *file)
{
    rpl_secret_free(file->text);
    *file = (rpl_env_file){0};
}

bool rpl_env_file_get(const rpl_env_file *file, const char *name, rpl_bytes *value)
{
    for (size_t i = 0; i < file->count; i++) {
        if (is_exactly(file->entries[i].name, name)) {
            *value = file->entries[i].value;
            return true;
        }
    }
    return false;
}

static bool is_listed(rpl_bytes name, const char *names)
{
    for (const char *at = names; *at;) {
        const size_t len = strcspn(at, ",");
        if (rpl_bytes_equal(trimmed(rpl_bytes_of(at, len)), name))
            return true;
        at += at[len] ? len + 1 : len;
    }
    return false;
}

rpl_status rpl_env_file_only(const rpl_env_file *file, const char *names, rpl_env_fault *fault)
{
    *fault = (rpl_env_fault){0};
    for (size_t i = 0; i < file->count; i++) {
        if (is_listed(file->entries[i].name, names))
            continue;
        name_fault(fault, file->entries[i].name);
        return rpl_fail(RPL_DENIED, "this name is not one of REPLICATOOR_CONFIGURE_KEYS");
    }
    return rpl_ok();
}

/* Counts when `out` is NULL. */
static size_t write_entry(const rpl_env_entry *entry, uint8_t *out)
{
    static const char quote[] = "'\\''";
    uint8_t scrap[4];
    size_t len = 0;
    for (size_t i = 0; i < entry->name.len; i++, len++)
        *(out ? out + len : scrap) = entry->name.data[i];
    memcpy(out ? out + len : scrap, "='", 2);
    len += 2;
    for (size_t i = 0; i < entry->value.len; i++) {
        const bool quoted = entry->value.data[i] == '\'';
        const void *from = quoted ? (const void *)quote : &entry->value.data[i];
        const size_t from_len = quoted ? sizeof(quote) - 1 : 1;
        memcpy(out ? out + len : scrap, from, from_len);
        len += from_len;
    }
    memcpy(out ? out + len : scrap, "'\n", 2);
    return len + 2;
}

rpl_status rpl_env_file_text(const rpl_env_file *file, rpl_secret **out)
{
    size_t len = 0;
    for (size_t i = 0; i < file->count; i++)
        len += write_entry(&file->entries[i], NULL);
    rpl_secret *text = rpl_secret_new(len);
    if (!text)
        return rpl_fail(RPL_INTERNAL, "memory is short, or there is nothing to write");
    uint8_t *at = rpl_secret_fill(text);
    for (size_t i = 0; i < file->count; i++)
        at += write_entry(&file->entries[i], at);
    *out = text;
    return rpl_ok();
}
