/* hash.h - SHA-256, SHA-384, SHA-512, HKDF-SHA256 and Keccak-256.
 *
 * SHA-2 and HKDF (RFC 5869) are OpenSSL's libcrypto; Keccak-256 (the Keccak team's padding 0x01, as
 * Ethereum uses it, not FIPS 202's SHA3-256) is ours, since no Debian library offers it in C.
 */
#ifndef RPL_BASE_HASH_H
#define RPL_BASE_HASH_H

#include "base/reader.h"
#include "base/status.h"

enum { RPL_SHA256_LEN = 32, RPL_SHA384_LEN = 48, RPL_SHA512_LEN = 64, RPL_KECCAK256_LEN = 32 };

void rpl_sha256(rpl_bytes in, uint8_t out[static RPL_SHA256_LEN]);
void rpl_sha384(rpl_bytes in, uint8_t out[static RPL_SHA384_LEN]);
void rpl_sha512(rpl_bytes in, uint8_t out[static RPL_SHA512_LEN]);
void rpl_keccak256(rpl_bytes in, uint8_t out[static RPL_KECCAK256_LEN]);

/* The same over several parts in order, as if they stood one behind the other. */
void rpl_sha256_parts(const rpl_bytes *parts, size_t count, uint8_t out[static RPL_SHA256_LEN]);
void rpl_sha384_parts(const rpl_bytes *parts, size_t count, uint8_t out[static RPL_SHA384_LEN]);

/* SHA-384 of what comes in pieces. `start` is owned by the caller until `finish`, which releases it. */
typedef struct rpl_sha384_stream rpl_sha384_stream;
rpl_sha384_stream *rpl_sha384_start(void);
void rpl_sha384_add(rpl_sha384_stream *stream, rpl_bytes in);
void rpl_sha384_finish(rpl_sha384_stream *stream, uint8_t out[static RPL_SHA384_LEN]);

/* HKDF-SHA256, extract then expand. `okm` receives `len` bytes, at most 255 * 32.
 * RPL_INTERNAL  libcrypto refused */
RPL_CHECKED rpl_status rpl_hkdf_sha256(rpl_bytes ikm, rpl_bytes salt, rpl_bytes info, uint8_t *okm,
                                       size_t len);

#endif
