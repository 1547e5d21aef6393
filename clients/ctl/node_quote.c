#include "clients/ctl/node_quote.h"

#include <sodium.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/writer.h"

#ifdef RPL_TEST_ROOTS
#define TAG "rplT/v1/status"
#else
#define TAG "rpl/v1/status"
#endif
enum { NONCE_LEN = 32, IDENTITY_LEN = 65, TAG_LEN = 16, FIELDS_MAX = 256 };

/* What the report data binds. */
typedef struct {
    uint8_t nonce[NONCE_LEN], identity[IDENTITY_LEN], config_digest[RPL_SHA256_LEN];
    uint32_t phase;
    uint64_t highest_epoch;
} fields;

static bool read_phase(const json_t *quote, uint32_t *out)
{
    static const char *const phases[] = {"starting", "empty", "requested", "awaiting_pin",
                                         "holding",  "stale", "retired"};
    rpl_bytes name;
    if (!rpl_json_get_text(quote, "phase", &name))
        return false;
    for (uint32_t i = 0; i < sizeof(phases) / sizeof(*phases); i++) {
        *out = i;
        if (rpl_bytes_equal(name, rpl_bytes_of_text(phases[i])))
            return true;
    }
    return false;
}

/* A node without a state has none: zeros. */
static bool read_identity(const json_t *quote, uint8_t out[static IDENTITY_LEN])
{
    rpl_bytes hex;
    return rpl_json_get_text(quote, "identity", &hex) &&
           (hex.len == 0 || rpl_hex_decode_exact(hex, out, IDENTITY_LEN).code == RPL_OK);
}

static bool read_fields(const json_t *status, fields *f)
{
    rpl_bytes preimage;
    const json_t *quote = rpl_json_get_object(status, "quote");
    if (!quote || !read_phase(quote, &f->phase) || !read_identity(quote, f->identity) ||
        !rpl_json_get_uint(quote, "highest_epoch", UINT64_MAX, &f->highest_epoch) ||
        !rpl_json_get_text(status, "config_preimage", &preimage))
        return false;
    rpl_sha256(preimage, f->config_digest);
    return true;
}

static void make_report_data(const fields *f, uint8_t out[static 64])
{
    uint8_t buffer[FIELDS_MAX], tag[TAG_LEN] = {0};
    rpl_writer head = rpl_writer_over(tag, sizeof(tag)),
               w = rpl_writer_over(buffer, sizeof(buffer));
    rpl_writer data = rpl_writer_over(out, 64);

    rpl_write_text(&head, TAG);
    rpl_write_bytes(&w, rpl_bytes_of(f->nonce, sizeof(f->nonce)));
    rpl_write_bytes(&w, rpl_bytes_of(f->identity, sizeof(f->identity)));
    rpl_write_u32le(&w, f->phase);
    rpl_write_u64le(&w, f->highest_epoch);
    rpl_write_bytes(&w, rpl_bytes_of(f->config_digest, sizeof(f->config_digest)));
    rpl_write_bytes(&data, rpl_bytes_of(tag, sizeof(tag)));
    const rpl_bytes parts[] = {{tag, sizeof(tag)}, rpl_writer_bytes(&w)};
    rpl_sha384_parts(parts, 2, out + TAG_LEN);
}

static bool take_text(const json_t *quote, const char *key, uint8_t **out, size_t *len)
{
    rpl_bytes text;
    if (!rpl_json_get_text(quote, key, &text))
        return false;
    *out = (uint8_t *)strndup((const char *)text.data, text.len);
    *len = text.len;
    return *out != NULL;
}

/* Hex in place: the bytes are shorter than their text. */
static bool decode(uint8_t *text, size_t *len)
{
    RPL_AUTO(bytes) uint8_t *copy = (uint8_t *)strndup((const char *)text, *len);
    return copy && rpl_hex_decode(rpl_bytes_of(copy, *len), text, *len, len).code == RPL_OK;
}

static bool read_answer(const json_t *status, fields *f, rpl_ctl_node_quote *out)
{
    const json_t *quote = rpl_json_get_object(status, "quote");
    if (!read_fields(status, f) || !take_text(quote, "quote_raw", &out->quote, &out->quote_len) ||
        !take_text(quote, "event_log", &out->event_log, &out->event_log_len) ||
        !decode(out->quote, &out->quote_len))
        return false;
    make_report_data(f, out->report_data);
    return true;
}

int rpl_ctl_node_quote_ask(const char *node, rpl_ctl_node_quote *out)
{
    fields f = {0};
    char hex[2 * NONCE_LEN + 1], target[128];
    RPL_AUTO(answer) rpl_ctl_answer answer = {0};

    *out = (rpl_ctl_node_quote){0};
    randombytes_buf(f.nonce, sizeof(f.nonce));
    rpl_hex_encode(rpl_bytes_of(f.nonce, sizeof(f.nonce)), hex);
    snprintf(target, sizeof(target), "/status?nonce=%s", hex);
    const int refused = rpl_ctl_ask(&(rpl_ctl_call){.node = node, .target = target}, &answer);
    if (refused)
        return refused;
    if (answer.json && read_answer(answer.json, &f, out))
        return 0;
    free(out->quote);
    free(out->event_log);
    *out = (rpl_ctl_node_quote){0};
    return rpl_ctl_fail(node, rpl_fail(RPL_MALFORMED, "its /status shows no quote of its own"));
}
