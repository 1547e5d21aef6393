#include "attestation/tdx/ossl.h"

#include <openssl/core_names.h>
#include <openssl/ecerr.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdatomic.h>

#include "attestation/tdx/der.h"
#include "base/hash.h"
#include "base/writer.h"

enum { NUMBER_LEN = 32, DER_SIGNATURE_MAX = 72 };

static _Thread_local rpl_p256_counts counts;

rpl_p256_counts rpl_p256_counted(void)
{
    return counts;
}

rpl_status rpl_p256_had_memory(const rpl_p256_counts *before)
{
    return counts.starved == before->starved ? rpl_ok()
                                             : rpl_fail(RPL_INTERNAL, "verification: memory");
}

static bool is_of_point(unsigned long error)
{
    return ERR_GET_LIB(error) == ERR_LIB_EC &&
           (ERR_GET_REASON(error) == EC_R_POINT_IS_NOT_ON_CURVE ||
            ERR_GET_REASON(error) == EC_R_INVALID_ENCODING ||
            ERR_GET_REASON(error) == EC_R_COORDINATES_OUT_OF_RANGE);
}

/* Memory may be so short that libcrypto has no queue for its errors. */
static bool can_be_told(void)
{
    ERR_raise(ERR_LIB_USER, 1);
    return ERR_get_error() != 0;
}

/* Empties the queue of errors after a failure. Short of memory, libcrypto says so, or cannot even say
 * anything; where a failure must have a cause (`needs_cause`) and names none, that is it as well. */
static void note_failure(bool needs_cause)
{
    bool starved = false, named = false;
    for (unsigned long e = ERR_get_error(); e != 0; e = ERR_get_error()) {
        starved = starved || ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
        named = named || is_of_point(e);
    }
    counts.starved += starved || (needs_cause && !named) || !can_be_told();
}

static EVP_PKEY *make_curve(void)
{
    char group[] = "P-256";
    EVP_PKEY *key = NULL;
    RPL_AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_end(),
    };
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS, params) != 1)
        return NULL;
    return key;
}

/* The curve without a point, made once and never changed or freed: copying it costs a fourth of
 * making it. Of two threads that make it at once, one keeps what it made. */
static EVP_PKEY *curve(void)
{
    static EVP_PKEY *_Atomic kept;
    EVP_PKEY *there = atomic_load(&kept);
    if (there)
        return there;
    EVP_PKEY *made = make_curve();
    if (!made || atomic_compare_exchange_strong(&kept, &there, made))
        return made;
    EVP_PKEY_free(made);
    return there;
}

/* libcrypto checks that the point is on the curve. */
static EVP_PKEY *import_point(const uint8_t point[static 65])
{
    EVP_PKEY *without = curve();
    RPL_AUTO(pkey) EVP_PKEY *key = without ? EVP_PKEY_dup(without) : NULL;
    if (!key || EVP_PKEY_set1_encoded_public_key(key, point, 65) != 1)
        return NULL;
    return RPL_TAKE(key);
}

EVP_PKEY *rpl_p256_key(const uint8_t xy[static RPL_P256_KEY_LEN])
{
    uint8_t point[65];
    rpl_writer w = rpl_writer_over(point, sizeof(point));
    rpl_write_u8(&w, 0x04);
    rpl_write_bytes(&w, rpl_bytes_of(xy, RPL_P256_KEY_LEN));
    counts.imports++;
    ERR_clear_error();
    EVP_PKEY *key = import_point(point);
    if (!key)
        note_failure(true);
    return key;
}

EVP_PKEY_CTX *rpl_p256_ready(EVP_PKEY *key)
{
    if (!key)
        return NULL;
    RPL_AUTO(pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx && EVP_PKEY_verify_init(ctx) == 1)
        return RPL_TAKE(ctx);
    counts.starved++;
    ERR_clear_error();
    return NULL;
}

static bool verify(EVP_PKEY_CTX *key, rpl_bytes message, rpl_bytes der)
{
    uint8_t digest[RPL_SHA256_LEN];
    if (!key || der.len > DER_SIGNATURE_MAX)
        return false;
    rpl_sha256(message, digest);
    counts.verifications++;
    ERR_clear_error();
    const bool holds = EVP_PKEY_verify(key, der.data, der.len, digest, sizeof(digest)) == 1;
    if (!holds)
        note_failure(false);
    return holds;
}

bool rpl_p256_verify_der(EVP_PKEY *key, rpl_bytes message, rpl_bytes der_signature)
{
    RPL_AUTO(pkey_ctx) EVP_PKEY_CTX *ready = rpl_p256_ready(key);
    return verify(ready, message, der_signature);
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

bool rpl_p256_verify_ready(EVP_PKEY_CTX *key, rpl_bytes message, rpl_bytes signature)
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
           verify(key, message, rpl_writer_bytes(&all));
}

bool rpl_p256_verify(EVP_PKEY *key, rpl_bytes message, rpl_bytes signature)
{
    RPL_AUTO(pkey_ctx) EVP_PKEY_CTX *ready = rpl_p256_ready(key);
    return rpl_p256_verify_ready(ready, message, signature);
}
