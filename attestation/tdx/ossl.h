/* ossl.h - P-256 keys and ECDSA signatures with SHA-256: the only place of the verifier that asks
 * libcrypto for them. Certificates are read by us (certificate.h), since what we need of them is
 * little and must be exact.
 *
 * A key is immutable once made and may be used by several threads at once. OpenSSL's error queue is
 * empty after each call, whatever happened.
 */
#ifndef RPL_ATTESTATION_TDX_OSSL_H
#define RPL_ATTESTATION_TDX_OSSL_H

#include "base/reader.h"
#include "base/status.h"

enum {
    RPL_P256_POINT_LEN = 64,     /* x || y, big-endian */
    RPL_P256_SIGNATURE_LEN = 64, /* r || s, big-endian */
    RPL_P256_SPKI_LEN = 91,
};

typedef struct evp_pkey_st rpl_p256_key;

/* From x || y. NULL when that is no point of the curve (also not the one at infinity), or not 64
 * bytes, or memory is short. Owned by the caller. */
rpl_p256_key *rpl_p256_key_from_point(rpl_bytes xy);
/* From a SubjectPublicKeyInfo, which must be exactly ecPublicKey, prime256v1 by name, uncompressed:
 * keys that bring parameters of their own (CVE-2020-0601) are none. NULL as above. */
rpl_p256_key *rpl_p256_key_from_spki(rpl_bytes der);
/* The 64 bytes inside such a SubjectPublicKeyInfo, borrowed; false when it is another. */
RPL_CHECKED bool rpl_p256_point_of_spki(rpl_bytes der, rpl_bytes *xy);
void rpl_p256_key_free(rpl_p256_key *key);
RPL_DEFINE_AUTO(rpl_p256_key *, p256_key, rpl_p256_key_free)

/* Does `signature` (r || s) of SHA-256(message) hold under `key`? False also for a NULL key, a wrong
 * length, r or s of 0 or not below the order. Both halves of s are right: ECDSA is malleable, so
 * signed bytes are never an identity. */
RPL_CHECKED bool rpl_ecdsa_verify(const rpl_p256_key *key, rpl_bytes message, rpl_bytes signature);

#endif
