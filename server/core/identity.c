#include "server/core/identity.h"

#include <secp256k1.h>
#include <sodium.h>

#include "base/hash.h"

static const char salt[] = "replicatoor/v1/identity";

struct rpl_identity {
    uint8_t ed25519[crypto_sign_SECRETKEYBYTES];
    rpl_identity_pub pub;
};

/* HKDF-SHA256(seed, salt, label || counter) */
static bool expand(const uint8_t seed[static RPL_SEED_LEN], const char *label, uint8_t counter,
                   uint8_t out[static 32])
{
    uint8_t info[32];
    const size_t len = strlen(label);
    memcpy(info, label, len);
    info[len] = counter;
    return rpl_hkdf_sha256(rpl_bytes_of(seed, RPL_SEED_LEN), rpl_bytes_of_text(salt),
                           rpl_bytes_of(info, len + 1), out, 32)
               .code == RPL_OK;
}

static bool derive_ed25519(rpl_identity *identity, const uint8_t seed[static RPL_SEED_LEN])
{
    RPL_AUTO(scratch) rpl_scratch key = {0};
    return expand(seed, "ed25519", 0, key.b) &&
           crypto_sign_seed_keypair(identity->pub.b, identity->ed25519, key.b) == 0;
}

static bool derive_secp256k1(rpl_identity *identity, const uint8_t seed[static RPL_SEED_LEN])
{
    RPL_AUTO(scratch) rpl_scratch scalar = {0};
    secp256k1_pubkey pub;
    uint8_t counter = 0;
    size_t len = 33;

    do {
        if (!expand(seed, "secp256k1", counter, scalar.b))
            return false;
    } while (!secp256k1_ec_seckey_verify(secp256k1_context_static, scalar.b) && ++counter);
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
    if (!ctx)
        return false;
    const bool made = secp256k1_ec_pubkey_create(ctx, &pub, scalar.b) == 1 &&
                      secp256k1_ec_pubkey_serialize(ctx, identity->pub.b + 32, &len, &pub,
                                                    SECP256K1_EC_COMPRESSED) == 1;
    secp256k1_context_destroy(ctx);
    return made;
}

rpl_identity *rpl_identity_from_seed(const uint8_t seed[static RPL_SEED_LEN])
{
    rpl_identity *identity = sodium_malloc(sizeof(*identity));
    if (!identity)
        return NULL;
    if (!derive_ed25519(identity, seed) || !derive_secp256k1(identity, seed)) {
        sodium_free(identity);
        return NULL;
    }
    return identity;
}

void rpl_identity_free(rpl_identity *identity)
{
    sodium_free(identity);
}

const rpl_identity_pub *rpl_identity_public(const rpl_identity *identity)
{
    return &identity->pub;
}

void rpl_identity_sign(const rpl_identity *identity, rpl_bytes message,
                       uint8_t signature[static RPL_SIGNATURE_LEN])
{
    (void)crypto_sign_detached(signature, NULL, message.data, message.len, identity->ed25519);
}

bool rpl_identity_verify(const rpl_identity_pub *pub, rpl_bytes message,
                         const uint8_t signature[static RPL_SIGNATURE_LEN])
{
    return crypto_sign_verify_detached(signature, message.data, message.len, pub->b) == 0;
}

void rpl_identity_digest(const rpl_identity_pub *pub, uint8_t out[static 32])
{
    const rpl_bytes parts[] = {rpl_bytes_of_text(salt), rpl_bytes_of(pub->b, sizeof(pub->b))};
    rpl_sha256_parts(parts, 2, out);
}

void rpl_identity_address(const rpl_identity_pub *pub, uint8_t out[static 20])
{
    secp256k1_pubkey key;
    uint8_t point[65], digest[RPL_KECCAK256_LEN];
    size_t len = sizeof(point);

    memset(out, 0, 20);
    if (secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, pub->b + 32, 33) != 1)
        return;
    (void)secp256k1_ec_pubkey_serialize(secp256k1_context_static, point, &len, &key,
                                        SECP256K1_EC_UNCOMPRESSED);
    rpl_keccak256(rpl_bytes_of(point + 1, 64), digest);
    memcpy(out, digest + 12, 20);
}
