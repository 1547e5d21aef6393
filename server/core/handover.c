#include "server/core/handover.h"

#include <pb_decode.h>
#include <pb_encode.h>
#include <stdlib.h>

#include "attestation/tdx/quote.h"
#include "base/hash.h"
#include "proto/replicatoor/v1/state.pb.h"
#include "server/core/canonical.h"
#include "server/core/evidence.h"

typedef replicatoor_v1_Handover message;
typedef replicatoor_v1_Receipt receipt_message;

enum {
    QUOTE_MAX = RPL_QUOTE_MAX + RPL_EVIDENCE_MAX + 64,
    FIELD_MAX = 16, /* tag and length of a field */
};

/* --- receipts --- */

#define COPY_OUT(m, field, from)                                                                   \
    do {                                                                                           \
        (m)->field.size = sizeof(from);                                                            \
        memcpy((m)->field.bytes, (from), sizeof(from));                                            \
    } while (0)
#define COPY_IN(m, field, to)                                                                      \
    ((m)->field.size == sizeof(to) && memcpy((to), (m)->field.bytes, sizeof(to)))

static void fill_receipt(receipt_message *m, const rpl_receipt *r)
{
    *m = (receipt_message)replicatoor_v1_Receipt_init_zero;
    m->kind = r->kind;
    COPY_OUT(m, handover_id, r->handover_id);
    COPY_OUT(m, state_digest, r->state_digest);
    COPY_OUT(m, joiner_quote, r->joiner_quote);
    COPY_OUT(m, holder_quote, r->holder_quote);
    COPY_OUT(m, release, r->release);
    COPY_OUT(m, config_digest, r->config_digest);
    m->at = r->at;
    m->parents_count = (pb_size_t)r->n_parents;
    for (size_t i = 0; i < r->n_parents; i++) {
        m->parents[i].size = 32;
        memcpy(m->parents[i].bytes, r->parents[i], 32);
    }
    COPY_OUT(m, signature, r->signature);
}

static bool read_receipt(const receipt_message *m, rpl_receipt *r)
{
    *r = (rpl_receipt){.kind = m->kind, .at = m->at, .n_parents = m->parents_count};
    for (pb_size_t i = 0; i < m->parents_count; i++)
        if (!COPY_IN(&m[0], parents[i], r->parents[i]))
            return false;
    return COPY_IN(m, handover_id, r->handover_id) && COPY_IN(m, state_digest, r->state_digest) &&
           COPY_IN(m, joiner_quote, r->joiner_quote) && COPY_IN(m, holder_quote, r->holder_quote) &&
           COPY_IN(m, release, r->release) && COPY_IN(m, config_digest, r->config_digest) &&
           COPY_IN(m, signature, r->signature);
}

/* --- encoding --- */

static bool encode_bytes(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const rpl_bytes *bytes = *arg;
    return bytes->len == 0 || (pb_encode_tag_for_field(stream, field) &&
                               pb_encode_string(stream, bytes->data, bytes->len));
}

static bool encode_custody(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const rpl_custody *custody = *arg;
    receipt_message m;
    for (size_t i = 0; i < custody->count; i++) {
        fill_receipt(&m, &custody->receipts[i]);
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_submessage(stream, replicatoor_v1_Receipt_fields, &m))
            return false;
    }
    return true;
}

/* Borrows everything. */
static message message_of(const rpl_bytes *state, const rpl_bytes *quote,
                          const uint8_t signature[static RPL_SIGNATURE_LEN],
                          const rpl_custody *custody, const rpl_chain_block *mark)
{
    message m = replicatoor_v1_Handover_init_zero;
    m.state.funcs.encode = m.quote.funcs.encode = encode_bytes;
    m.state.arg = (void *)(uintptr_t)state;
    m.quote.arg = (void *)(uintptr_t)quote;
    m.signature.size = RPL_SIGNATURE_LEN;
    memcpy(m.signature.bytes, signature, RPL_SIGNATURE_LEN);
    m.custody.funcs.encode = encode_custody;
    m.custody.arg = (void *)(uintptr_t)custody;
    if (mark->number > 0) {
        m.mark_number = mark->number;
        m.mark_timestamp = mark->timestamp;
        m.mark_hash.size = sizeof(mark->hash);
        memcpy(m.mark_hash.bytes, mark->hash, sizeof(mark->hash));
    }
    return m;
}

size_t rpl_handover_len_max(size_t state_len, size_t quote_len, size_t receipts)
{
    return state_len + quote_len + receipts * (replicatoor_v1_Receipt_size + FIELD_MAX) +
           RPL_SIGNATURE_LEN + sizeof(rpl_chain_block) + 6 * FIELD_MAX;
}

rpl_status rpl_handover_encode(rpl_bytes state, rpl_bytes quote,
                               const uint8_t signature[static RPL_SIGNATURE_LEN],
                               const rpl_custody *custody, const rpl_chain_block *mark,
                               rpl_secret **out)
{
    const message m = message_of(&state, &quote, signature, custody, mark);
    size_t len;

    if (!pb_get_encoded_size(&len, replicatoor_v1_Handover_fields, &m))
        return rpl_fail(RPL_INTERNAL, "the handover cannot be encoded");
    if (len > RPL_SECRET_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the state is too large to be handed over");
    RPL_AUTO(secret) rpl_secret *encoded = rpl_secret_new(len);
    if (!encoded)
        return rpl_fail(RPL_INTERNAL, "no memory for the handover");
    pb_ostream_t stream = pb_ostream_from_buffer(rpl_secret_fill(encoded), len);
    if (!pb_encode(&stream, replicatoor_v1_Handover_fields, &m) || stream.bytes_written != len)
        return rpl_fail(RPL_INTERNAL, "the handover cannot be encoded");
    *out = RPL_TAKE(encoded);
    return rpl_ok();
}

/* --- decoding --- */

static bool decode_state(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    rpl_secret **state = *arg;
    (void)field;
    if (*state || stream->bytes_left == 0 || stream->bytes_left > RPL_SECRET_MAX)
        return false;
    *state = rpl_secret_new(stream->bytes_left);
    return *state && pb_read(stream, rpl_secret_fill(*state), stream->bytes_left);
}

static bool decode_quote(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    rpl_handover *h = *arg;
    (void)field;
    if (h->quote || stream->bytes_left == 0 || stream->bytes_left > QUOTE_MAX)
        return false;
    h->quote_len = stream->bytes_left;
    h->quote = malloc(h->quote_len);
    return h->quote && pb_read(stream, h->quote, h->quote_len);
}

/* Receipts are kept in the order in which they came; custody_merge sorts and checks them. */
static bool decode_receipt(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    rpl_custody *custody = *arg;
    receipt_message m = replicatoor_v1_Receipt_init_zero;

    (void)field;
    if (custody->count == RPL_RECEIPTS_MAX || !pb_decode(stream, replicatoor_v1_Receipt_fields, &m))
        return false;
    rpl_receipt *grown = realloc(custody->receipts, (custody->count + 1) * sizeof(*grown));
    if (!grown)
        return false;
    custody->receipts = grown;
    return read_receipt(&m, &grown[custody->count]) && ++custody->count;
}

typedef struct {
    rpl_secret *state;
    rpl_custody custody;
} parts;

static void free_parts(parts *p)
{
    rpl_secret_free(p->state);
    rpl_custody_free(&p->custody);
}

static rpl_status require_canonical(rpl_bytes plaintext, const parts *p, const rpl_handover *h)
{
    const rpl_bytes state = rpl_secret_expose(p->state), quote = {h->quote, h->quote_len};
    const message m =
        message_of(&state, &quote, h->signature, rpl_state_custody(h->state), &h->mark);
    return rpl_encodes_to(replicatoor_v1_Handover_fields, &m, plaintext)
               ? rpl_ok()
               : rpl_fail(RPL_MALFORMED, "the handover is not in canonical form");
}

/* All of it or nothing; the rest is the canonical form's business. */
static bool read_mark(const message *m, rpl_chain_block *out)
{
    if (m->mark_number == 0)
        return true;
    *out = (rpl_chain_block){.number = m->mark_number, .timestamp = m->mark_timestamp};
    if (m->mark_hash.size != sizeof(out->hash))
        return false;
    memcpy(out->hash, m->mark_hash.bytes, sizeof(out->hash));
    return true;
}

static rpl_status decode(rpl_bytes plaintext, parts *p, rpl_handover *h)
{
    message m = replicatoor_v1_Handover_init_zero;
    pb_istream_t stream = pb_istream_from_buffer(plaintext.data, plaintext.len);

    m.state.funcs.decode = decode_state;
    m.state.arg = &p->state;
    m.quote.funcs.decode = decode_quote;
    m.quote.arg = h;
    m.custody.funcs.decode = decode_receipt;
    m.custody.arg = &p->custody;
    if (!pb_decode(&stream, replicatoor_v1_Handover_fields, &m) || !p->state || !h->quote ||
        m.signature.size != RPL_SIGNATURE_LEN || !read_mark(&m, &h->mark))
        return rpl_fail(RPL_MALFORMED, "the handover cannot be decoded");
    memcpy(h->signature, m.signature.bytes, RPL_SIGNATURE_LEN);
    rpl_sha256(rpl_secret_expose(p->state), h->state_digest);
    RPL_TRY(rpl_state_decode(rpl_secret_expose(p->state), &h->state));
    RPL_TRY(rpl_custody_merge(rpl_state_custody_mut(h->state), &p->custody,
                              rpl_identity_public(rpl_state_identity(h->state))));
    return require_canonical(plaintext, p, h);
}

rpl_status rpl_handover_decode(rpl_bytes plaintext, rpl_handover *out)
{
    __attribute__((cleanup(free_parts))) parts p = {0};
    rpl_handover h = {0};
    const rpl_status s = decode(plaintext, &p, &h);
    if (s.code != RPL_OK)
        rpl_handover_free(&h);
    else
        *out = h;
    return s;
}

void rpl_handover_free(rpl_handover *handover)
{
    rpl_state_free(handover->state);
    free(handover->quote);
    *handover = (rpl_handover){0};
}

void rpl_handover_check(const rpl_handover *handover, const uint8_t sealed_digest[static 32],
                        const rpl_request_fields *request, const uint8_t holder_config[static 32],
                        rpl_verdict *verdict, rpl_onboard_fields *fields)
{
    uint8_t text[RPL_ONBOARD_MESSAGE_MAX];
    const rpl_identity_pub *identity = rpl_identity_public(rpl_state_identity(handover->state));

    rpl_request_digest(request, fields->request_digest);
    memcpy(fields->state_digest, handover->state_digest, 32);
    fields->identity = *identity;
    fields->highest_epoch = rpl_state_highest_epoch(handover->state);
    memcpy(fields->config_digest, holder_config, 32);
    rpl_verdict_require(verdict, RPL_CHECK_HANDOVER_DIGEST);
    rpl_verdict_require(verdict, RPL_CHECK_HANDOVER_SIGNATURE);
    (void)rpl_verdict_equal(verdict, RPL_CHECK_HANDOVER_DIGEST, "STATE_DIGEST",
                            rpl_bytes_of(handover->state_digest, 32),
                            rpl_bytes_of(sealed_digest, 32),
                            "the state inside is not the one that was sealed: onboard again");
    if (rpl_identity_verify(identity, rpl_bytes_of(text, rpl_onboard_message(fields, text)),
                            handover->signature))
        rpl_verdict_pass(verdict, RPL_CHECK_HANDOVER_SIGNATURE);
    else
        rpl_verdict_fail(verdict, RPL_CHECK_HANDOVER_SIGNATURE, "HANDOVER_SIGNATURE",
                         "a signature over another handover",
                         "one by the state's identity over this request and this state",
                         "onboard this request again on the holder");
}
