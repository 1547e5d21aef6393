#include "server/core/sealed_box.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/writer.h"

enum {
    STREAM_HEADER_LEN = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    OVERHEAD = crypto_secretstream_xchacha20poly1305_ABYTES,
    HEADER_LEN = 32 + 32 + 8,
    SEALED_HEADER_LEN = HEADER_LEN + crypto_box_SEALBYTES,
    PREFIX_LEN = 1 + SEALED_HEADER_LEN + STREAM_HEADER_LEN,
};
_Static_assert(OVERHEAD == 17, "docs/protocol.md, sealed message");
_Static_assert(STREAM_HEADER_LEN == 24, "docs/protocol.md, sealed message");

typedef crypto_secretstream_xchacha20poly1305_state stream;

static void wipe_stream(stream *s)
{
    sodium_memzero(s, sizeof(*s));
}
#define AUTO_STREAM __attribute__((cleanup(wipe_stream))) stream

void rpl_sealed_header_wipe(rpl_sealed_header *header)
{
    sodium_memzero(header, sizeof(*header));
}

size_t rpl_sealed_len(size_t plaintext_len)
{
    const size_t chunks = (plaintext_len + RPL_SEALED_CHUNK - 1) / RPL_SEALED_CHUNK;
    return PREFIX_LEN + plaintext_len + chunks * OVERHEAD;
}

static void push_chunks(stream *s, rpl_bytes plaintext, uint8_t *out)
{
    while (plaintext.len) {
        const bool last = plaintext.len <= RPL_SEALED_CHUNK;
        const size_t len = last ? plaintext.len : RPL_SEALED_CHUNK;
        (void)crypto_secretstream_xchacha20poly1305_push(
            s, out, NULL, plaintext.data, len, NULL, 0,
            last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
        out += len + OVERHEAD;
        plaintext = (rpl_bytes){plaintext.data + len, plaintext.len - len};
    }
}

rpl_status rpl_sealed_box_seal(const uint8_t pubk[static 32], rpl_bytes plaintext,
                               const uint8_t state_digest[static 32], uint8_t **out, size_t *len)
{
    uint8_t header[HEADER_LEN];
    rpl_writer w = rpl_writer_over(header, sizeof(header));
    AUTO_STREAM s;
    const size_t total = rpl_sealed_len(plaintext.len);

    if (plaintext.len == 0 || plaintext.len > RPL_SECRET_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the state is too large to be sealed");
    uint8_t *sealed = malloc(total);
    if (!sealed)
        return rpl_fail(RPL_INTERNAL, "no memory to seal");
    crypto_secretstream_xchacha20poly1305_keygen(header);
    w.len = 32;
    rpl_write_bytes(&w, rpl_bytes_of(state_digest, 32));
    rpl_write_u64le(&w, plaintext.len);
    sealed[0] = RPL_SEALED_FORMAT;
    const bool made = crypto_box_seal(sealed + 1, header, sizeof(header), pubk) == 0 &&
                      crypto_secretstream_xchacha20poly1305_init_push(
                          &s, sealed + 1 + SEALED_HEADER_LEN, header) == 0;
    sodium_memzero(header, sizeof(header));
    if (!made) {
        free(sealed);
        return rpl_fail(RPL_MALFORMED, "pubk is not an X25519 key that can be sealed to");
    }
    push_chunks(&s, plaintext, sealed + PREFIX_LEN);
    *out = sealed;
    *len = total;
    return rpl_ok();
}

rpl_status rpl_sealed_box_open_header(rpl_bytes sealed, const uint8_t pubk[static 32],
                                      const rpl_secret *private_key, rpl_sealed_header *header)
{
    RPL_AUTO(secret) rpl_secret *opened = rpl_secret_new(HEADER_LEN);

    if (!opened)
        return rpl_fail(RPL_INTERNAL, "no memory");
    if (sealed.len < rpl_sealed_len(1) || sealed.data[0] != RPL_SEALED_FORMAT)
        return rpl_fail(RPL_MALFORMED, "not a sealed message of format 1");
    if (crypto_box_seal_open(rpl_secret_fill(opened), sealed.data + 1, SEALED_HEADER_LEN, pubk,
                             rpl_secret_expose(private_key).data) != 0)
        return rpl_fail(RPL_UNTRUSTED, "sealed to another key");
    rpl_reader r = rpl_reader_over(rpl_secret_expose(opened));
    rpl_sealed_header h;
    if (!rpl_read_copy(&r, h.stream_key, sizeof(h.stream_key)) ||
        !rpl_read_copy(&r, h.state_digest, sizeof(h.state_digest)) ||
        !rpl_read_u64le(&r, &h.length))
        return rpl_malformed(&r, "sealed header");
    *header = h;
    rpl_sealed_header_wipe(&h);
    return rpl_ok();
}

static rpl_status pull_chunks(stream *s, rpl_bytes chunks, uint8_t *out)
{
    while (chunks.len) {
        const size_t max = RPL_SEALED_CHUNK + OVERHEAD;
        const size_t len = chunks.len < max ? chunks.len : max;
        const bool last = len == chunks.len;
        unsigned char tag;
        if (len <= OVERHEAD || crypto_secretstream_xchacha20poly1305_pull(
                                   s, out, NULL, &tag, chunks.data, len, NULL, 0) != 0)
            return rpl_fail(RPL_UNTRUSTED, "the sealed message was altered");
        if (last != (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL))
            return rpl_fail(RPL_UNTRUSTED, "the sealed message was cut or has something behind it");
        out += len - OVERHEAD;
        chunks = (rpl_bytes){chunks.data + len, chunks.len - len};
    }
    return rpl_ok();
}

rpl_status rpl_sealed_box_open(rpl_bytes sealed, const rpl_sealed_header *header, size_t max,
                               rpl_secret **plaintext)
{
    RPL_AUTO(secret) rpl_secret *opened = NULL;
    AUTO_STREAM s;

    if (header->length == 0 || header->length > max || header->length > RPL_SECRET_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the sealed state is larger than REPLICATOOR_MAX_STATE");
    if (sealed.len != rpl_sealed_len((size_t)header->length))
        return rpl_fail(RPL_MALFORMED,
                        "the sealed message has another length than its header says");
    opened = rpl_secret_new((size_t)header->length);
    if (!opened)
        return rpl_fail(RPL_INTERNAL, "no memory");
    if (crypto_secretstream_xchacha20poly1305_init_pull(&s, sealed.data + 1 + SEALED_HEADER_LEN,
                                                        header->stream_key) != 0)
        return rpl_fail(RPL_UNTRUSTED, "the sealed message was altered");
    RPL_TRY(pull_chunks(&s, (rpl_bytes){sealed.data + PREFIX_LEN, sealed.len - PREFIX_LEN},
                        rpl_secret_fill(opened)));
    *plaintext = RPL_TAKE(opened);
    return rpl_ok();
}
