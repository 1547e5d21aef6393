/* identity.h - the keys by which an app is known: Ed25519 for handover, receipts and epochs,
 * secp256k1 for statements that the EVM can check. Both come from one 32-byte seed.
 *
 * Source: docs/protocol.md, keys and state. HKDF-SHA256(seed, salt "replicatoor/v1/identity", info
 * "ed25519" | "secp256k1" || u8 counter), counter 0 and up while a scalar is out of range.
 */
#ifndef RPL_SERVER_CORE_IDENTITY_H
#define RPL_SERVER_CORE_IDENTITY_H

#include "base/secret.h"

enum { RPL_IDENTITY_PUB_LEN = 65, RPL_SIGNATURE_LEN = 64, RPL_SEED_LEN = 32 };

/* ed25519_pub(32) || secp256k1_pub(33, compressed) */
typedef struct {
    uint8_t b[RPL_IDENTITY_PUB_LEN];
} rpl_identity_pub;

typedef struct rpl_identity rpl_identity; /* the private halves; wiped when freed */

/* Owned by the caller; NULL when memory is short. */
rpl_identity *rpl_identity_from_seed(const uint8_t seed[static RPL_SEED_LEN]);
void rpl_identity_free(rpl_identity *identity);
const rpl_identity_pub *rpl_identity_public(const rpl_identity *identity);
/* Ed25519 over `message`, which must begin with a tag and 0x00. */
void rpl_identity_sign(const rpl_identity *identity, rpl_bytes message,
                       uint8_t signature[static RPL_SIGNATURE_LEN]);
RPL_CHECKED bool rpl_identity_verify(const rpl_identity_pub *pub, rpl_bytes message,
                                     const uint8_t signature[static RPL_SIGNATURE_LEN]);
/* SHA-256("replicatoor/v1/identity" || identity public): what contracts and pins name. */
void rpl_identity_digest(const rpl_identity_pub *pub, uint8_t out[static 32]);
/* The Ethereum address of the secp256k1 key: xPub; zero when `pub` holds no such point. */
void rpl_identity_address(const rpl_identity_pub *pub, uint8_t out[static 20]);

RPL_DEFINE_AUTO(rpl_identity *, identity, rpl_identity_free)

#endif
