#include "attestation/tdx/ossl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "attestation/tdx/der.h"
#include "base/hash.h"
#include "base/writer.h"

RPL_DEFINE_AUTO(EVP_PKEY_CTX *, pkey_ctx, EVP_PKEY_CTX_free)

enum { NUMBER_LEN = 32, DER_SIGNATURE_MAX = 72 };

static EVP_PKEY *import_point(uint8_t point[static 65])
{
    char group[] = "P-256";
    EVP_PKEY *key = NULL;
    RPL_AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 65),
        OSSL_PARAM_construct_end(),
    };
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return key;
}

EVP_PKEY *rpl_p256_key(const uint8_t xy[static RPL_P256_KEY_LEN])
{
    uint8_t point[65];
    rpl_writer w = rpl_writer_over(point, sizeof(point));
    rpl_write_u8(&w, 0x04);
    rpl_write_bytes(&w, rpl_bytes_of(xy, RPL_P256_KEY_LEN));
    EVP_PKEY *key = import_point(point);
    ERR_clear_error();
    return key;
}

static bool verify(EVP_PKEY *key, rpl_bytes message, rpl_bytes der)
{
    uint8_t digest[RPL_SHA256_LEN];
    rpl_sha256(message, digest);
    RPL_AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    return ctx && EVP_PKEY_verify_init(ctx) == 1 &&
           EVP_PKEY_verify(ctx, der.data, der.len, digest, sizeof(digest)) == 1;
}

bool rpl_p256_verify_der(EVP_PKEY *key, rpl_bytes message, rpl_bytes der_signature)
{
    const bool holds =
        key && der_signature.len <= DER_SIGNATURE_MAX && verify(key, message, der_signature);
    ERR_clear_error();
    return holds;
}

/* INTEGER in its shortest form: no leading zeros, but one where the top bit would mean minus. */
static void write_integer(rpl_writer *w, const uint8_t *number)
{
    size_t skip = 0;
    while (skip < NUMBER_LEN - 1 && number[skip] == 0)
        skip++;
    const bool pad = number[skip] & 0x80;
    rpl_write_u8(w, RPL_DER_INTEGER);
    rpl_write_u8(w, (uint8_t)(NUMBER_LEN - skip + pad));
    if (pad)
        rpl_write_u8(w, 0);
    rpl_write_bytes(w, rpl_bytes_of(number + skip, NUMBER_LEN - skip));
}

bool rpl_p256_verify(EVP_PKEY *key, rpl_bytes message, rpl_bytes signature)
{
    uint8_t numbers[DER_SIGNATURE_MAX], der[DER_SIGNATURE_MAX];
    if (signature.len != RPL_P256_SIGNATURE_LEN)
        return false;
    rpl_writer both = rpl_writer_over(numbers, sizeof(numbers));
    write_integer(&both, signature.data);
    write_integer(&both, signature.data + NUMBER_LEN);
    rpl_writer all = rpl_writer_over(der, sizeof(der));
    rpl_write_u8(&all, RPL_DER_SEQUENCE);
    rpl_write_u8(&all, (uint8_t)both.len);
    rpl_write_bytes(&all, rpl_writer_bytes(&both));
    return rpl_writer_done(&both) && rpl_writer_done(&all) &&
           rpl_p256_verify_der(key, message, rpl_writer_bytes(&all));
}
