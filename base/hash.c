#include "base/hash.h"

/* Its hash functions without EVP: they need no memory, so a hash cannot fail; nor be looked up first. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>

RPL_DEFINE_AUTO(EVP_KDF_CTX *, kdf_ctx, EVP_KDF_CTX_free)

void rpl_sha256_parts(const rpl_bytes *parts, size_t count, uint8_t out[static RPL_SHA256_LEN])
{
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    for (size_t i = 0; i < count; i++)
        SHA256_Update(&ctx, parts[i].data, parts[i].len);
    SHA256_Final(out, &ctx);
    OPENSSL_cleanse(&ctx, sizeof(ctx));
}

void rpl_sha384_parts(const rpl_bytes *parts, size_t count, uint8_t out[static RPL_SHA384_LEN])
{
    SHA512_CTX ctx;
    SHA384_Init(&ctx);
    for (size_t i = 0; i < count; i++)
        SHA384_Update(&ctx, parts[i].data, parts[i].len);
    SHA384_Final(out, &ctx);
    OPENSSL_cleanse(&ctx, sizeof(ctx));
}

void rpl_sha256(rpl_bytes in, uint8_t out[static RPL_SHA256_LEN])
{
    rpl_sha256_parts(&in, 1, out);
}

void rpl_sha384(rpl_bytes in, uint8_t out[static RPL_SHA384_LEN])
{
    rpl_sha384_parts(&in, 1, out);
}

void rpl_sha512(rpl_bytes in, uint8_t out[static RPL_SHA512_LEN])
{
    SHA512_CTX ctx;
    SHA512_Init(&ctx);
    SHA512_Update(&ctx, in.data, in.len);
    SHA512_Final(out, &ctx);
    OPENSSL_cleanse(&ctx, sizeof(ctx));
}

/* Fetched once: looking an algorithm up by name costs more than the derivation. */
static EVP_KDF *hkdf;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
}

struct rpl_sha384_stream {
    SHA512_CTX ctx;
};

/* Only `replicatoorctl measure` hashes in pieces; it may end for lack of memory. */
rpl_sha384_stream *rpl_sha384_start(void)
{
    rpl_sha384_stream *stream = malloc(sizeof(*stream));
    if (!stream)
        abort();
    SHA384_Init(&stream->ctx);
    return stream;
}

void rpl_sha384_add(rpl_sha384_stream *stream, rpl_bytes in)
{
    SHA384_Update(&stream->ctx, in.data, in.len);
}

void rpl_sha384_finish(rpl_sha384_stream *stream, uint8_t out[static RPL_SHA384_LEN])
{
    SHA384_Final(out, &stream->ctx);
    OPENSSL_cleanse(&stream->ctx, sizeof(stream->ctx));
    free(stream);
}

/* libcrypto's parameters take pointers to non-const and only read through them. */
static OSSL_PARAM octets(const char *name, rpl_bytes bytes)
{
    static uint8_t empty;
    const union {
        const uint8_t *in;
        uint8_t *out;
    } from = {.in = bytes.len ? bytes.data : &empty};
    return OSSL_PARAM_construct_octet_string(name, from.out, bytes.len);
}

rpl_status rpl_hkdf_sha256(rpl_bytes ikm, rpl_bytes salt, rpl_bytes info, uint8_t *okm, size_t len)
{
    char sha256[] = "SHA2-256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256, 0),
        octets(OSSL_KDF_PARAM_KEY, ikm),
        octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end(),
    };
    if (pthread_once(&once, fetch) != 0 || !hkdf)
        return rpl_fail(RPL_INTERNAL, "HKDF-SHA256: libcrypto does not offer it");
    RPL_AUTO(kdf_ctx) EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(hkdf);
    if (!ctx || EVP_KDF_derive(ctx, okm, len, params) != 1)
        return rpl_fail(RPL_INTERNAL,
                        "HKDF-SHA256: no input key, or more than 255 * 32 bytes asked");
    return rpl_ok();
}
