/* ossl.h - the only place that touches libcrypto's public keys: P-256 points and ECDSA over SHA-256.
 *
 * Keys are 64 bytes x || y big-endian, signatures r || s of 32 bytes each, as quotes and Intel's
 * documents carry them. High s is legal. The error queue of libcrypto is left empty.
 */
#ifndef RPL_ATTESTATION_TDX_OSSL_H
#define RPL_ATTESTATION_TDX_OSSL_H

#include <openssl/evp.h>

#include "base/reader.h"
#include "base/status.h"

enum { RPL_P256_KEY_LEN = 64, RPL_P256_SIGNATURE_LEN = 64 };

RPL_DEFINE_AUTO(EVP_PKEY *, pkey, EVP_PKEY_free)

/* Owned by the caller. NULL when x || y is not a point of the curve. */
EVP_PKEY *rpl_p256_key(const uint8_t xy[static RPL_P256_KEY_LEN]);
/* True when `signature` (64 bytes r || s) over SHA-256 of `message` verifies. */
RPL_CHECKED bool rpl_p256_verify(EVP_PKEY *key, rpl_bytes message, rpl_bytes signature);
/* The same for a signature in DER, as certificates and CRLs carry it. */
RPL_CHECKED bool rpl_p256_verify_der(EVP_PKEY *key, rpl_bytes message, rpl_bytes der_signature);

#endif
