#include "server/core/identity.h"

#include <sodium.h>

#include "base/hash.h"
#include "base/writer.h"
#include "server/core/curve.h"

enum { COUNTER_MAX = 255 };

struct rpl_identity {
    uint8_t ed25519[crypto_sign_SECRETKEYBYTES];
    uint8_t secp256k1[RPL_SCALAR_LEN];
    rpl_identity_pub pub;
};

static rpl_status expand(rpl_bytes seed, rpl_bytes info, uint8_t out[static 32])
{
    return rpl_hkdf_sha256(seed, rpl_bytes_of_text("replicatoor/v1/identity"), info, out, 32);
}

static rpl_status make_ed25519(rpl_identity *identity, rpl_bytes seed)
{
    rpl_scratch key __attribute__((cleanup(rpl_auto_scratch))) = {{0}};
    RPL_TRY(expand(seed, rpl_bytes_of_text("ed25519"), key.b));
    if (crypto_sign_seed_keypair(identity->pub.b, identity->ed25519, key.b) != 0)
        return rpl_fail(RPL_INTERNAL, "identity: no Ed25519 key");
    return rpl_ok();
}

static rpl_status make_secp256k1(rpl_identity *identity, rpl_bytes seed)
{
    uint8_t info[16];
    rpl_writer w = rpl_writer_over(info, sizeof(info));
    rpl_write_text(&w, "secp256k1");
    for (unsigned counter = 0; counter <= COUNTER_MAX; counter++) {
        rpl_writer with_counter = w;
        rpl_write_u8(&with_counter, (uint8_t)counter);
        RPL_TRY(expand(seed, rpl_writer_bytes(&with_counter), identity->secp256k1));
        if (rpl_secp256k1_valid(identity->secp256k1))
            return rpl_secp256k1_public(identity->secp256k1, identity->pub.b + 32);
    }
    return rpl_fail(RPL_INTERNAL, "identity: no secp256k1 key");
}

rpl_identity *rpl_identity_from_seed(const uint8_t seed[static RPL_SEED_LEN])
{
    const rpl_bytes ikm = rpl_bytes_of(seed, RPL_SEED_LEN);
    RPL_AUTO(identity) rpl_identity *identity = sodium_malloc(sizeof(*identity));
    if (!identity || make_ed25519(identity, ikm).code != RPL_OK ||
        make_secp256k1(identity, ikm).code != RPL_OK)
        return NULL;
    return RPL_TAKE(identity);
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
    crypto_sign_detached(signature, NULL, message.data, message.len, identity->ed25519);
}

bool rpl_identity_verify(const rpl_identity_pub *pub, rpl_bytes message,
                         const uint8_t signature[static RPL_SIGNATURE_LEN])
{
    return crypto_sign_verify_detached(signature, message.data, message.len, pub->b) == 0;
}

void rpl_identity_digest(const rpl_identity_pub *pub, uint8_t out[static 32])
{
    const rpl_bytes parts[] = {rpl_bytes_of_text("replicatoor/v1/identity"),
                               {pub->b, sizeof(pub->b)}};
    rpl_sha256_parts(parts, 2, out);
}

void rpl_identity_address(const rpl_identity_pub *pub, uint8_t out[static 20])
{
    if (!rpl_secp256k1_address(pub->b + 32, out))
        memset(out, 0, 20);
}
