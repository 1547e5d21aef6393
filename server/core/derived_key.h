/* derived_key.h - a key for a service, a path, a purpose and an algorithm, from an epoch's root.
 *
 * HKDF-SHA256(ikm = root, salt = "replicatoor/v1/getkey", info = lp(service) || lp(algorithm) ||
 * lp(purpose) || lp(path) || u8 counter) -> 32 bytes, counter 0 and up while a scalar is out of
 * range. Source: docs/protocol.md, derived keys.
 */
#ifndef RPL_SERVER_CORE_DERIVED_KEY_H
#define RPL_SERVER_CORE_DERIVED_KEY_H

#include "server/core/state.h"

typedef enum {
    RPL_KEY_RAW,
    RPL_KEY_ED25519,
    RPL_KEY_X25519,
    RPL_KEY_SECP256K1,
    RPL_KEY_P256,
    RPL_KEY_ALGORITHM_COUNT
} rpl_key_algorithm;

const char *rpl_key_algorithm_name(rpl_key_algorithm algorithm);
/* "" is raw. False: no such algorithm. */
RPL_CHECKED bool rpl_key_algorithm_parse(rpl_bytes name, rpl_key_algorithm *out);

enum { RPL_KEY_LABEL_MAX = 255 };

/* Views, at most RPL_KEY_LABEL_MAX bytes each. */
typedef struct {
    rpl_bytes service, path, purpose;
    rpl_key_algorithm algorithm;
    uint64_t epoch; /* 0 = the stable epoch */
} rpl_key_request;

typedef struct {
    uint8_t key[32]; /* secret */
    uint8_t public_key[33];
    size_t public_key_len; /* 32, 33, or 0 for raw */
    uint8_t
        attested_key[33]; /* what the last link signs: the public key; for raw SHA-256 of the key */
    size_t attested_key_len;
    uint64_t epoch;
    uint8_t commitment[32];
    uint8_t epoch_pub[32], service_pub[32];
    uint8_t epoch_signature[64], service_signature[64], key_signature[64];
} rpl_derived_key; /* wipe it: rpl_derived_key_wipe */
void rpl_derived_key_wipe(rpl_derived_key *key);

/* RPL_MALFORMED  a label over RPL_KEY_LABEL_MAX bytes; RPL_NOT_READY  no such epoch */
RPL_CHECKED rpl_status rpl_derived_key_at(const rpl_state *state, const rpl_key_request *request,
                                          rpl_derived_key *out);

#endif
