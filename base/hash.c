#include "base/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdlib.h>

RPL_DEFINE_AUTO(EVP_MD_CTX *, md_ctx, EVP_MD_CTX_free)
RPL_DEFINE_AUTO(EVP_KDF_CTX *, kdf_ctx, EVP_KDF_CTX_free)

/* Fetched once: looking an algorithm up by name costs more than a short hash. Without these nothing
 * here can answer, and a hash has no way to say so: the process ends. */
static struct {
    EVP_MD *sha256, *sha384, *sha512;
    EVP_KDF *hkdf;
} fetched;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    fetched.sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    fetched.sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    fetched.sha512 = EVP_MD_fetch(NULL, "SHA2-512", NULL);
    fetched.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    if (!fetched.sha256 || !fetched.sha384 || !fetched.sha512 || !fetched.hkdf)
        abort();
}

static void need_fetched(void)
{
    if (pthread_once(&once, fetch) != 0)
        abort();
}

static void digest(const EVP_MD *md, const rpl_bytes *parts, size_t count, uint8_t *out)
{
    RPL_AUTO(md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestInit_ex2(ctx, md, NULL) != 1)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) != 1)
            abort();
    }
    if (EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        abort();
}

void rpl_sha256_parts(const rpl_bytes *parts, size_t count, uint8_t out[static RPL_SHA256_LEN])
{
    need_fetched();
    digest(fetched.sha256, parts, count, out);
}

void rpl_sha384_parts(const rpl_bytes *parts, size_t count, uint8_t out[static RPL_SHA384_LEN])
{
    need_fetched();
    digest(fetched.sha384, parts, count, out);
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
    need_fetched();
    digest(fetched.sha512, &in, 1, out);
}

/* The stream is libcrypto's context under a name of ours. */
rpl_sha384_stream *rpl_sha384_start(void)
{
    need_fetched();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestInit_ex2(ctx, fetched.sha384, NULL) != 1)
        abort();
    return (rpl_sha384_stream *)ctx;
}

void rpl_sha384_add(rpl_sha384_stream *stream, rpl_bytes in)
{
    if (EVP_DigestUpdate((EVP_MD_CTX *)stream, in.data, in.len) != 1)
        abort();
}

void rpl_sha384_finish(rpl_sha384_stream *stream, uint8_t out[static RPL_SHA384_LEN])
{
    RPL_AUTO(md_ctx) EVP_MD_CTX *ctx = (EVP_MD_CTX *)stream;
    if (EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        abort();
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
    need_fetched();
    RPL_AUTO(kdf_ctx) EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(fetched.hkdf);
    if (!ctx || EVP_KDF_derive(ctx, okm, len, params) != 1)
        return rpl_fail(RPL_INTERNAL,
                        "HKDF-SHA256: no input key, or more than 255 * 32 bytes asked");
    return rpl_ok();
}
