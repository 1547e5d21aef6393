#include "server/core/derived_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <secp256k1.h>
#include <sodium.h>

#include "base/hash.h"
#include "base/writer.h"

static const char key_salt[] = "replicatoor/v1/getkey";
static const char chain_salt[] = "replicatoor/v1/chain";
static const char link_tag[] = "replicatoor/v1/link";
enum { INFO_MAX = 4 * (4 + RPL_KEY_LABEL_MAX) + 16, LINK_MAX = INFO_MAX + 128 };

RPL_DEFINE_AUTO(EC_GROUP *, ec_group, EC_GROUP_free)
RPL_DEFINE_AUTO(EC_POINT *, ec_point, EC_POINT_free)
RPL_DEFINE_AUTO(BIGNUM *, bignum, BN_clear_free)
RPL_DEFINE_AUTO(BN_CTX *, bn_ctx, BN_CTX_free)
RPL_DEFINE_AUTO(secp256k1_context *, secp, secp256k1_context_destroy)

/* Makes the public key of 32 bytes. False: as a scalar they are out of range. */
typedef bool (*public_of)(const uint8_t key[static 32], uint8_t out[static 33], size_t *len);

static bool no_public(const uint8_t key[static 32], uint8_t out[static 33], size_t *len)
{
    (void)key;
    (void)out;
    *len = 0;
    return true;
}

static bool public_ed25519(const uint8_t key[static 32], uint8_t out[static 33], size_t *len)
{
    RPL_AUTO(scratch) rpl_scratch secret;
    *len = 32;
    return crypto_sign_seed_keypair(out, secret.b, key) == 0;
}

static bool public_x25519(const uint8_t key[static 32], uint8_t out[static 33], size_t *len)
{
    *len = 32;
    return crypto_scalarmult_base(out, key) == 0;
}

static bool public_secp256k1(const uint8_t key[static 32], uint8_t out[static 33], size_t *len)
{
    RPL_AUTO(secp) secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
    secp256k1_pubkey pub;
    *len = 33;
    return ctx && secp256k1_ec_pubkey_create(ctx, &pub, key) == 1 &&
           secp256k1_ec_pubkey_serialize(ctx, out, len, &pub, SECP256K1_EC_COMPRESSED) == 1;
}

static bool public_p256(const uint8_t key[static 32], uint8_t out[static 33], size_t *len)
{
    RPL_AUTO(ec_group) EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    RPL_AUTO(ec_point) EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    RPL_AUTO(bignum) BIGNUM *scalar = BN_bin2bn(key, 32, NULL);
    RPL_AUTO(bn_ctx) BN_CTX *ctx = BN_CTX_secure_new();

    *len = 33;
    if (!point || !scalar || !ctx || BN_is_zero(scalar) ||
        BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0)
        return false;
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    return EC_POINT_mul(group, point, scalar, NULL, NULL, ctx) == 1 &&
           EC_POINT_point2oct(group, point, POINT_CONVERSION_COMPRESSED, out, 33, ctx) == 33;
}

static const struct {
    const char *name;
    public_of public;
} algorithms[RPL_KEY_ALGORITHM_COUNT] = {
    [RPL_KEY_RAW] = {"raw", no_public},
    [RPL_KEY_ED25519] = {"ed25519", public_ed25519},
    [RPL_KEY_X25519] = {"x25519", public_x25519},
    [RPL_KEY_SECP256K1] = {"secp256k1", public_secp256k1},
    [RPL_KEY_P256] = {"p256", public_p256},
};

const char *rpl_key_algorithm_name(rpl_key_algorithm algorithm)
{
    return algorithms[algorithm].name;
}

bool rpl_key_algorithm_parse(rpl_bytes name, rpl_key_algorithm *out)
{
    if (name.len == 0) {
        *out = RPL_KEY_RAW;
        return true;
    }
    for (int i = 0; i < RPL_KEY_ALGORITHM_COUNT; i++)
        if (rpl_bytes_equal(name, rpl_bytes_of_text(algorithms[i].name))) {
            *out = (rpl_key_algorithm)i;
            return true;
        }
    return false;
}

void rpl_derived_key_wipe(rpl_derived_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

static rpl_status derive_key(const rpl_secret *root, const rpl_key_request *r, rpl_derived_key *out)
{
    uint8_t buffer[INFO_MAX], counter = 0;
    rpl_writer info = rpl_writer_over(buffer, sizeof(buffer));

    rpl_write_lp(&info, r->service);
    rpl_write_lp_text(&info, algorithms[r->algorithm].name);
    rpl_write_lp(&info, r->purpose);
    rpl_write_lp(&info, r->path);
    rpl_write_u8(&info, counter);
    if (!rpl_writer_done(&info))
        return rpl_fail(RPL_MALFORMED, "path, purpose and service: at most 255 bytes each");
    do {
        buffer[info.len - 1] = counter;
        RPL_TRY(rpl_hkdf_sha256(rpl_secret_expose(root), rpl_bytes_of_text(key_salt),
                                rpl_writer_bytes(&info), out->key, sizeof(out->key)));
        if (algorithms[r->algorithm].public(out->key, out->public_key, &out->public_key_len))
            return rpl_ok();
    } while (++counter);
    return rpl_fail(RPL_INTERNAL, "no key in range");
}

/* An Ed25519 key pair of the chain: info is "epoch", or lp("service") || lp(name). */
static rpl_status chain_key(const rpl_secret *root, rpl_bytes info, uint8_t pub[static 32],
                            rpl_scratch *secret)
{
    RPL_AUTO(scratch) rpl_scratch seed = {0};
    RPL_TRY(
        rpl_hkdf_sha256(rpl_secret_expose(root), rpl_bytes_of_text(chain_salt), info, seed.b, 32));
    return crypto_sign_seed_keypair(pub, secret->b, seed.b) == 0
               ? rpl_ok()
               : rpl_fail(RPL_INTERNAL, "chain key");
}

static rpl_writer begin_link(uint8_t buffer[static LINK_MAX])
{
    rpl_writer w = rpl_writer_over(buffer, LINK_MAX);
    rpl_write_text(&w, link_tag);
    rpl_write_u8(&w, 0);
    return w;
}

static void sign_epoch(const rpl_state *state, rpl_derived_key *key)
{
    uint8_t buffer[LINK_MAX], number[8];
    rpl_writer n = rpl_writer_over(number, sizeof(number)), w = begin_link(buffer);
    rpl_write_u64le(&n, key->epoch);
    rpl_write_lp(&w, rpl_writer_bytes(&n));
    rpl_write_lp(&w, rpl_bytes_of(key->commitment, sizeof(key->commitment)));
    rpl_write_lp(&w, rpl_bytes_of(key->epoch_pub, sizeof(key->epoch_pub)));
    rpl_identity_sign(rpl_state_identity(state), rpl_writer_bytes(&w), key->epoch_signature);
}

static void sign_service(const rpl_scratch *epoch_key, rpl_bytes service, rpl_derived_key *key)
{
    uint8_t buffer[LINK_MAX];
    rpl_writer w = begin_link(buffer);
    rpl_write_lp(&w, service);
    rpl_write_lp(&w, rpl_bytes_of(key->service_pub, sizeof(key->service_pub)));
    (void)crypto_sign_detached(key->service_signature, NULL, buffer, w.len, epoch_key->b);
}

static void sign_key(const rpl_scratch *service_key, const rpl_key_request *r, rpl_derived_key *key)
{
    uint8_t buffer[LINK_MAX];
    rpl_writer w = begin_link(buffer);
    rpl_write_lp_text(&w, algorithms[r->algorithm].name);
    rpl_write_lp(&w, r->purpose);
    rpl_write_lp(&w, r->path);
    rpl_write_lp(&w, rpl_bytes_of(key->attested_key, key->attested_key_len));
    (void)crypto_sign_detached(key->key_signature, NULL, buffer, w.len, service_key->b);
}

static rpl_status sign_chain(const rpl_state *state, const rpl_secret *root,
                             const rpl_key_request *r, rpl_derived_key *key)
{
    RPL_AUTO(scratch) rpl_scratch epoch_key = {0};
    RPL_AUTO(scratch) rpl_scratch service_key = {0};
    uint8_t buffer[INFO_MAX];
    rpl_writer info = rpl_writer_over(buffer, sizeof(buffer));

    rpl_write_lp_text(&info, "service");
    rpl_write_lp(&info, r->service);
    RPL_TRY(chain_key(root, rpl_bytes_of_text("epoch"), key->epoch_pub, &epoch_key));
    RPL_TRY(chain_key(root, rpl_writer_bytes(&info), key->service_pub, &service_key));
    sign_epoch(state, key);
    sign_service(&epoch_key, r->service, key);
    sign_key(&service_key, r, key);
    return rpl_ok();
}

static void set_attested_key(rpl_key_algorithm algorithm, rpl_derived_key *key)
{
    if (algorithm == RPL_KEY_RAW) {
        rpl_sha256(rpl_bytes_of(key->key, sizeof(key->key)), key->attested_key);
        key->attested_key_len = RPL_SHA256_LEN;
        return;
    }
    memcpy(key->attested_key, key->public_key, key->public_key_len);
    key->attested_key_len = key->public_key_len;
}

rpl_status rpl_derived_key_at(const rpl_state *state, const rpl_key_request *request,
                              rpl_derived_key *out)
{
    rpl_derived_key key = {0};
    rpl_epoch epoch;
    const rpl_secret *root = rpl_state_root(state, request->epoch, &epoch);

    if (request->service.len > RPL_KEY_LABEL_MAX || request->purpose.len > RPL_KEY_LABEL_MAX ||
        request->path.len > RPL_KEY_LABEL_MAX)
        return rpl_fail(RPL_MALFORMED, "path, purpose and service: at most 255 bytes each");
    if (!root)
        return rpl_fail(RPL_NOT_READY,
                        "this node has no such epoch: leave epoch out for the stable "
                        "one");
    key.epoch = epoch.number;
    memcpy(key.commitment, epoch.commitment, sizeof(key.commitment));
    rpl_status s = derive_key(root, request, &key);
    if (s.code == RPL_OK) {
        set_attested_key(request->algorithm, &key);
        s = sign_chain(state, root, request, &key);
    }
    if (s.code == RPL_OK)
        *out = key;
    rpl_derived_key_wipe(&key);
    return s;
}
