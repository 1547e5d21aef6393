#include "server/core/evidence.h"

#include <pb_decode.h>
#include <pb_encode.h>
#include <stdlib.h>

#include "attestation/tdx/quote.h"
#include "base/writer.h"
#include "proto/replicatoor/v1/state.pb.h"
#include "server/core/canonical.h"

typedef replicatoor_v1_Evidence message;
typedef replicatoor_v1_EvidenceEvent event;

static const char magic[] = "RPLEVID1";
enum { MAGIC_LEN = 8, IMR = 3 };

/* Too large for a stack: room for every event. */
static message *new_message(void)
{
    return calloc(1, sizeof(message));
}

static void release_message(message *m)
{
    pb_release(replicatoor_v1_Evidence_fields, m);
    free(m);
}

RPL_DEFINE_AUTO(message *, message, release_message)
RPL_DEFINE_AUTO(uint8_t *, encoded, free)

void rpl_evidence_free(rpl_evidence *e)
{
    rpl_event_log_free(&e->events);
    free(e->config);
    *e = (rpl_evidence){0};
}

static rpl_bytes pb_view(const pb_bytes_array_t *bytes)
{
    return bytes ? rpl_bytes_of(bytes->bytes, bytes->size) : (rpl_bytes){0};
}

/* Names and payloads move into one block that the log owns. */
static rpl_status take_events(const message *m, rpl_event_log *log)
{
    size_t total = 1;
    for (pb_size_t i = 0; i < m->events_count; i++)
        total += m->events[i].name.size + pb_view(m->events[i].payload).len;
    log->storage = malloc(total);
    if (!log->storage)
        return rpl_fail(RPL_INTERNAL, "no memory");
    rpl_writer w = rpl_writer_over(log->storage, total);
    for (pb_size_t i = 0; i < m->events_count; i++) {
        const event *e = &m->events[i];
        const uint8_t *name = w.data + w.len;
        rpl_write_bytes(&w, rpl_bytes_of(e->name.bytes, e->name.size));
        const uint8_t *payload = w.data + w.len;
        rpl_write_bytes(&w, pb_view(e->payload));
        if (e->version > 2)
            return rpl_fail(RPL_MALFORMED, "evidence: an event of an unknown version");
        RPL_TRY(rpl_event_log_add(log, IMR, e->type, (uint8_t)e->version,
                                  rpl_bytes_of(name, e->name.size),
                                  rpl_bytes_of(payload, pb_view(e->payload).len)));
    }
    return rpl_ok();
}

static rpl_status take_config(rpl_bytes config, rpl_evidence *e)
{
    if (config.len > RPL_CONFIG_PREIMAGE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the configuration in the evidence is over 16 KiB");
    e->config = malloc(config.len + 1);
    if (!e->config)
        return rpl_fail(RPL_INTERNAL, "no memory");
    if (config.len)
        memcpy(e->config, config.data, config.len);
    e->config[config.len] = 0;
    e->config_len = config.len;
    return rpl_ok();
}

static rpl_status take_challenge(rpl_bytes challenge, rpl_evidence *e)
{
    if (challenge.len != 0 && challenge.len != sizeof(e->challenge))
        return rpl_fail(RPL_MALFORMED, "challenge: expected 32 bytes, or none");
    e->has_challenge = challenge.len != 0;
    if (e->has_challenge)
        memcpy(e->challenge, challenge.data, challenge.len);
    return rpl_ok();
}

static rpl_status encode(const message *m, uint8_t **out, size_t *len)
{
    if (!pb_get_encoded_size(len, replicatoor_v1_Evidence_fields, m))
        return rpl_fail(RPL_INTERNAL, "evidence cannot be encoded");
    uint8_t *bytes = malloc(*len + 1);
    if (!bytes)
        return rpl_fail(RPL_INTERNAL, "no memory");
    pb_ostream_t stream = pb_ostream_from_buffer(bytes, *len);
    if (!pb_encode(&stream, replicatoor_v1_Evidence_fields, m)) {
        free(bytes);
        return rpl_fail(RPL_INTERNAL, "evidence cannot be encoded");
    }
    *out = bytes;
    return rpl_ok();
}

/* Fields behind pointers are encoded also when they are empty, where canonical is to leave them out. */
static bool spells_out_empty(const message *m)
{
    bool found = m->config && m->config->size == 0;
    for (pb_size_t i = 0; i < m->events_count; i++)
        found = found || (m->events[i].payload && m->events[i].payload->size == 0);
    return found;
}

/* One message has one encoding: what does not come back the same is refused. */
static rpl_status require_canonical(const message *m, rpl_bytes encoded)
{
    if (spells_out_empty(m))
        return rpl_fail(RPL_MALFORMED, "the evidence has an empty field");
    return rpl_encodes_to(replicatoor_v1_Evidence_fields, m, encoded)
               ? rpl_ok()
               : rpl_fail(RPL_MALFORMED, "the evidence is not in canonical form");
}

static rpl_status decode(rpl_bytes encoded, rpl_evidence *e)
{
    RPL_AUTO(message) message *m = new_message();
    pb_istream_t stream = pb_istream_from_buffer(encoded.data, encoded.len);

    if (!m)
        return rpl_fail(RPL_INTERNAL, "no memory");
    if (!pb_decode(&stream, replicatoor_v1_Evidence_fields, m))
        return rpl_fail(RPL_MALFORMED, "the evidence behind the quote cannot be decoded");
    RPL_TRY(require_canonical(m, encoded));
    RPL_TRY(take_challenge(rpl_bytes_of(m->challenge.bytes, m->challenge.size), e));
    RPL_TRY(take_config(pb_view(m->config), e));
    return take_events(m, &e->events);
}

rpl_status rpl_evidence_split(rpl_bytes input, rpl_evidence *out)
{
    rpl_evidence e = {.quote = input};
    size_t canonical;
    uint32_t len;
    rpl_bytes skipped;

    if (rpl_quote_canonical_len(input, &canonical).code != RPL_OK ||
        input.len - canonical < MAGIC_LEN + 4 ||
        memcmp(input.data + canonical, magic, MAGIC_LEN) != 0) {
        *out = e;
        return rpl_ok();
    }
    rpl_reader r = rpl_reader_over(input);
    if (!rpl_read_bytes(&r, canonical, &e.quote) || !rpl_read_bytes(&r, MAGIC_LEN, &skipped) ||
        !rpl_read_u32le(&r, &len) || len != r.rest.len)
        return rpl_malformed(&r, "the evidence behind the quote has another length than it says");
    if (len > RPL_EVIDENCE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the evidence behind the quote is over 256 KiB");
    const rpl_status s = decode(r.rest, &e);
    if (s.code != RPL_OK) {
        rpl_evidence_free(&e);
        return s;
    }
    e.has_evidence = true;
    *out = e;
    return rpl_ok();
}

/* Only RTMR3 is evidence; the other registers are judged as they stand in the quote. */
static void keep_imr(rpl_event_log *log)
{
    size_t kept = 0;
    for (size_t i = 0; i < log->count; i++)
        if (log->events[i].imr == IMR)
            log->events[kept++] = log->events[i];
    log->count = kept;
}

static rpl_status fill_from_fields(rpl_bytes event_log_json, rpl_bytes challenge, rpl_bytes config,
                                   rpl_evidence *e)
{
    RPL_TRY(take_challenge(challenge, e));
    RPL_TRY(take_config(config, e));
    if (event_log_json.len)
        RPL_TRY(rpl_event_log_parse(event_log_json, &e->events));
    keep_imr(&e->events);
    return rpl_ok();
}

rpl_status rpl_evidence_from_fields(rpl_bytes event_log_json, rpl_bytes challenge, rpl_bytes config,
                                    rpl_evidence *out)
{
    rpl_evidence e = {.quote = out->quote};
    const rpl_status s = fill_from_fields(event_log_json, challenge, config, &e);
    if (s.code != RPL_OK)
        rpl_evidence_free(&e);
    else
        *out = e;
    return s;
}

static pb_bytes_array_t *pb_copy(rpl_bytes bytes)
{
    pb_bytes_array_t *copy = malloc(PB_BYTES_ARRAY_T_ALLOCSIZE(bytes.len));
    if (copy) {
        copy->size = (pb_size_t)bytes.len;
        if (bytes.len)
            memcpy(copy->bytes, bytes.data, bytes.len);
    }
    return copy;
}

static rpl_status add_event(message *m, const rpl_event *from)
{
    event *e = &m->events[m->events_count];
    if (from->name.len > sizeof(e->name.bytes) || from->payload.len > RPL_EVENT_PAYLOAD_MAX)
        return rpl_fail(RPL_TOO_LARGE, "an event is too long for the evidence");
    m->events_count++;
    *e = (event){.type = from->type, .version = from->version};
    e->name.size = (pb_size_t)from->name.len;
    memcpy(e->name.bytes, from->name.data, from->name.len);
    if (from->payload.len) {
        e->payload = pb_copy(from->payload);
        if (!e->payload)
            return rpl_fail(RPL_INTERNAL, "no memory");
    }
    return rpl_ok();
}

static rpl_status compose(message *m, const rpl_event_log *events, const uint8_t *challenge,
                          rpl_bytes config)
{
    if (config.len > RPL_CONFIG_PREIMAGE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the configuration is over 16 KiB");
    for (size_t i = 0; i < events->count; i++)
        if (events->events[i].imr == IMR)
            RPL_TRY(add_event(m, &events->events[i]));
    if (challenge) {
        m->challenge.size = 32;
        memcpy(m->challenge.bytes, challenge, 32);
    }
    if (config.len) {
        m->config = pb_copy(config);
        if (!m->config)
            return rpl_fail(RPL_INTERNAL, "no memory");
    }
    return rpl_ok();
}

rpl_status rpl_evidence_append(rpl_bytes quote, const rpl_event_log *events,
                               const uint8_t *challenge, rpl_bytes config, uint8_t **out,
                               size_t *len)
{
    RPL_AUTO(message) message *m = new_message();
    RPL_AUTO(encoded) uint8_t *encoded = NULL;
    size_t canonical, encoded_len;

    if (!m)
        return rpl_fail(RPL_INTERNAL, "no memory");
    RPL_TRY(rpl_quote_canonical_len(quote, &canonical));
    RPL_TRY(compose(m, events, challenge, config));
    RPL_TRY(encode(m, &encoded, &encoded_len));
    if (encoded_len > RPL_EVIDENCE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the evidence is over 256 KiB");
    const size_t total = canonical + MAGIC_LEN + 4 + encoded_len;
    uint8_t *joined = malloc(total);
    if (!joined)
        return rpl_fail(RPL_INTERNAL, "no memory");
    rpl_writer w = rpl_writer_over(joined, total);
    rpl_write_bytes(&w, rpl_bytes_of(quote.data, canonical));
    rpl_write_text(&w, magic);
    rpl_write_u32le(&w, (uint32_t)encoded_len);
    rpl_write_bytes(&w, rpl_bytes_of(encoded, encoded_len));
    *out = joined;
    *len = total;
    return rpl_ok();
}
