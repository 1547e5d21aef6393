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
RPL_DEFINE_AUTO(EVP_PKEY_CTX *, pkey_ctx, EVP_PKEY_CTX_free)

/* Owned by the caller. NULL when x || y is not a point of the curve, or without memory
 * (rpl_p256_had_memory). */
EVP_PKEY *rpl_p256_key(const uint8_t xy[static RPL_P256_KEY_LEN]);
/* True when `signature` (64 bytes r || s) over SHA-256 of `message` verifies. False without memory, too. */
RPL_CHECKED bool rpl_p256_verify(EVP_PKEY *key, rpl_bytes message, rpl_bytes signature);
/* The same for a signature in DER, as certificates and CRLs carry it. */
RPL_CHECKED bool rpl_p256_verify_der(EVP_PKEY *key, rpl_bytes message, rpl_bytes der_signature);

/* A key made ready for many signatures: it saves what each single verification spends on preparing.
 * The result shares the key, belongs to the caller, and is used by one thread at a time. NULL: no
 * key, or no memory. */
EVP_PKEY_CTX *rpl_p256_ready(EVP_PKEY *key);
/* rpl_p256_verify with such a key; false without one. */
RPL_CHECKED bool rpl_p256_verify_ready(EVP_PKEY_CTX *key, rpl_bytes message, rpl_bytes signature);

/* What this thread has asked of the curve since it began: the expensive steps of a verification. */
typedef struct {
    uint64_t verifications; /* signatures for which the curve was asked, whatever the answer */
    uint64_t imports;       /* points made into keys */
    uint64_t starved;       /* answers that are none, for want of memory */
} rpl_p256_counts;
rpl_p256_counts rpl_p256_counted(void);
/* RPL_INTERNAL when memory was short since rpl_p256_counted said `before`: a key that was NULL then may
 * be a point, and a signature that did not verify may hold. Whoever judges by them asks in the end. */
RPL_CHECKED rpl_status rpl_p256_had_memory(const rpl_p256_counts *before);

#endif
