#include "server/core/curve.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <secp256k1.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/secret.h"

RPL_DEFINE_AUTO(BIGNUM *, bignum, BN_clear_free)
RPL_DEFINE_AUTO(EC_POINT *, ec_point, EC_POINT_clear_free)
RPL_DEFINE_AUTO(BN_CTX *, bn_ctx, BN_CTX_free)

enum { UNCOMPRESSED_LEN = 65 };

/* Made once: a context of libsecp256k1 holds its blinding, and only a randomised one is blinded. */
static struct {
    secp256k1_context *secp256k1;
    EC_GROUP *p256;
} made;
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

static void make(void)
{
    rpl_scratch blinding __attribute__((cleanup(rpl_auto_scratch)));
    made.secp256k1 = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    made.p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    if (sodium_init() < 0 || !made.secp256k1 || !made.p256)
        abort();
    randombytes_buf(blinding.b, sizeof(blinding.b));
    if (secp256k1_context_randomize(made.secp256k1, blinding.b) != 1)
        abort();
}

static void need_made(void)
{
    if (CRYPTO_THREAD_run_once(&once, make) != 1)
        abort();
}

bool rpl_secp256k1_valid(const uint8_t scalar[static RPL_SCALAR_LEN])
{
    need_made();
    return secp256k1_ec_seckey_verify(made.secp256k1, scalar) == 1;
}

/* FIPS 186-4, D.1.2.3: n. Subtracts in constant time; a borrow means that the scalar is smaller. */
bool rpl_p256_valid(const uint8_t scalar[static RPL_SCALAR_LEN])
{
    static const uint8_t order[RPL_SCALAR_LEN] = {
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    };
    unsigned borrow = 0;
    for (size_t i = RPL_SCALAR_LEN; i-- > 0;)
        borrow = ((unsigned)scalar[i] - order[i] - borrow) >> 8 & 1;
    return borrow == 1 && sodium_is_zero(scalar, RPL_SCALAR_LEN) == 0;
}

rpl_status rpl_secp256k1_public(const uint8_t scalar[static RPL_SCALAR_LEN],
                                uint8_t point[static RPL_POINT_LEN])
{
    secp256k1_pubkey pub;
    size_t len = RPL_POINT_LEN;
    need_made();
    if (secp256k1_ec_pubkey_create(made.secp256k1, &pub, scalar) != 1)
        return rpl_fail(RPL_INTERNAL, "secp256k1: not a scalar");
    if (secp256k1_ec_pubkey_serialize(made.secp256k1, point, &len, &pub, SECP256K1_EC_COMPRESSED) !=
        1)
        return rpl_fail(RPL_INTERNAL, "secp256k1: the point cannot be written");
    return rpl_ok();
}

rpl_status rpl_p256_public(const uint8_t scalar[static RPL_SCALAR_LEN],
                           uint8_t point[static RPL_POINT_LEN])
{
    need_made();
    RPL_AUTO(bn_ctx) BN_CTX *ctx = BN_CTX_secure_new();
    RPL_AUTO(bignum) BIGNUM *number = BN_secure_new();
    RPL_AUTO(ec_point) EC_POINT *pub = EC_POINT_new(made.p256);
    if (!ctx || !number || !pub)
        return rpl_fail(RPL_INTERNAL, "P-256: memory is short");
    BN_set_flags(number, BN_FLG_CONSTTIME);
    if (!BN_bin2bn(scalar, RPL_SCALAR_LEN, number) ||
        EC_POINT_mul(made.p256, pub, number, NULL, NULL, ctx) != 1 ||
        EC_POINT_point2oct(made.p256, pub, POINT_CONVERSION_COMPRESSED, point, RPL_POINT_LEN,
                           ctx) != RPL_POINT_LEN)
        return rpl_fail(RPL_INTERNAL, "P-256: not a scalar");
    return rpl_ok();
}

bool rpl_secp256k1_address(const uint8_t point[static RPL_POINT_LEN], uint8_t address[static 20])
{
    secp256k1_pubkey pub;
    uint8_t whole[UNCOMPRESSED_LEN], hash[RPL_KECCAK256_LEN];
    size_t len = sizeof(whole);
    need_made();
    if (secp256k1_ec_pubkey_parse(made.secp256k1, &pub, point, RPL_POINT_LEN) != 1 ||
        secp256k1_ec_pubkey_serialize(made.secp256k1, whole, &len, &pub,
                                      SECP256K1_EC_UNCOMPRESSED) != 1)
        return false;
    rpl_keccak256(rpl_bytes_of(whole + 1, len - 1), hash);
    memcpy(address, hash + sizeof(hash) - 20, 20);
    return true;
}
