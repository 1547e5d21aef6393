/* sealed_box.h - sealing a message to an X25519 key, and opening it.
 *
 * u8 format (1) || crypto_box_seal to pubk of { stream key(32), state digest(32), u64le length }
 * || secretstream header(24) || chunks: 64 KiB of plaintext each (the last may be shorter, is not
 * empty, and is tagged FINAL), each 17 bytes longer when sealed. `length` is that of the whole
 * plaintext. libsodium draws the ephemeral key, the stream key and the stream's nonce.
 */
#ifndef RPL_SERVER_CORE_SEALED_BOX_H
#define RPL_SERVER_CORE_SEALED_BOX_H

#include "base/secret.h"

enum { RPL_SEALED_CHUNK = 65536, RPL_SEALED_FORMAT = 1 };

typedef struct {
    uint8_t stream_key[32];
    uint8_t state_digest[32];
    uint64_t length;
} rpl_sealed_header; /* wipe it: rpl_sealed_header_wipe */
void rpl_sealed_header_wipe(rpl_sealed_header *header);

/* Length of the sealed message for a plaintext of `plaintext_len` > 0 bytes. */
size_t rpl_sealed_len(size_t plaintext_len);

/* `*out` (owned, free()) has `*len` bytes. */
RPL_CHECKED rpl_status rpl_sealed_box_seal(const uint8_t pubk[static 32], rpl_bytes plaintext,
                                           const uint8_t state_digest[static 32], uint8_t **out,
                                           size_t *len);
/* Tries one key. RPL_MALFORMED: not of this format; RPL_UNTRUSTED: not sealed to this key. */
RPL_CHECKED rpl_status rpl_sealed_box_open_header(rpl_bytes sealed, const uint8_t pubk[static 32],
                                                  const rpl_secret *private_key,
                                                  rpl_sealed_header *header);
/* The plaintext, whose length must be header->length, at most `max`. */
RPL_CHECKED rpl_status rpl_sealed_box_open(rpl_bytes sealed, const rpl_sealed_header *header,
                                           size_t max, rpl_secret **plaintext);

#endif
