#include "server/core/derived_key.h"

#include <sodium.h>

#include "base/hash.h"
#include "base/writer.h"
#include "server/core/curve.h"

enum { INFO_MAX = 4 * (4 + RPL_KEY_LABEL_MAX) + 1, MESSAGE_MAX = 1200, COUNTER_MAX = 255 };

/* An Ed25519 key of the chain, wiped when it leaves scope. */
typedef struct {
    uint8_t pub[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
} signer;

static void wipe_signer(signer *s)
{
    sodium_memzero(s, sizeof(*s));
}

#define WIPED_SIGNER __attribute__((cleanup(wipe_signer)))
#define WIPED        __attribute__((cleanup(rpl_auto_scratch)))

static const char *const names[RPL_KEY_ALGORITHM_COUNT] = {
    [RPL_KEY_RAW] = "raw",       [RPL_KEY_ED25519] = "ed25519",
    [RPL_KEY_X25519] = "x25519", [RPL_KEY_SECP256K1] = "secp256k1",
    [RPL_KEY_P256] = "p256",
};

const char *rpl_key_algorithm_name(rpl_key_algorithm algorithm)
{
    return names[algorithm];
}

bool rpl_key_algorithm_parse(rpl_bytes name, rpl_key_algorithm *out)
{
    if (name.len == 0) {
        *out = RPL_KEY_RAW;
        return true;
    }
    for (size_t i = 0; i < RPL_KEY_ALGORITHM_COUNT; i++) {
        if (rpl_bytes_equal(name, rpl_bytes_of_text(names[i]))) {
            *out = (rpl_key_algorithm)i;
            return true;
        }
    }
    return false;
}

void rpl_derived_key_wipe(rpl_derived_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

static bool is_valid(rpl_key_algorithm algorithm, const uint8_t key[static 32])
{
    if (algorithm == RPL_KEY_SECP256K1)
        return rpl_secp256k1_valid(key);
    return algorithm != RPL_KEY_P256 || rpl_p256_valid(key);
}

static rpl_status derive(rpl_bytes root, const rpl_key_request *request, rpl_derived_key *out)
{
    uint8_t info[INFO_MAX];
    rpl_writer labels = rpl_writer_over(info, sizeof(info));
    rpl_write_lp(&labels, request->service);
    rpl_write_lp_text(&labels, names[request->algorithm]);
    rpl_write_lp(&labels, request->purpose);
    rpl_write_lp(&labels, request->path);
    for (unsigned counter = 0; counter <= COUNTER_MAX; counter++) {
        rpl_writer w = labels;
        rpl_write_u8(&w, (uint8_t)counter);
        if (!rpl_writer_done(&w))
            return rpl_fail(RPL_INTERNAL, "derived key: labels longer than their bound");
        RPL_TRY(rpl_hkdf_sha256(root, rpl_bytes_of_text("replicatoor/v1/getkey"),
                                rpl_writer_bytes(&w), out->key, sizeof(out->key)));
        if (is_valid(request->algorithm, out->key))
            return rpl_ok();
    }
    return rpl_fail(RPL_INTERNAL, "derived key: no scalar in range");
}

static rpl_status ed25519_public(const uint8_t seed[static 32], uint8_t pub[static 32])
{
    WIPED_SIGNER signer s;
    if (crypto_sign_seed_keypair(s.pub, s.secret, seed) != 0)
        return rpl_fail(RPL_INTERNAL, "derived key: no Ed25519 key");
    memcpy(pub, s.pub, sizeof(s.pub));
    return rpl_ok();
}

static rpl_status add_public(rpl_key_algorithm algorithm, rpl_derived_key *out)
{
    switch (algorithm) {
    case RPL_KEY_ED25519:
        out->public_key_len = 32;
        return ed25519_public(out->key, out->public_key);
    case RPL_KEY_X25519:
        out->public_key_len = 32;
        if (crypto_scalarmult_base(out->public_key, out->key) != 0)
            return rpl_fail(RPL_INTERNAL, "derived key: no X25519 key");
        return rpl_ok();
    case RPL_KEY_SECP256K1:
        out->public_key_len = RPL_POINT_LEN;
        return rpl_secp256k1_public(out->key, out->public_key);
    case RPL_KEY_P256:
        out->public_key_len = RPL_POINT_LEN;
        return rpl_p256_public(out->key, out->public_key);
    case RPL_KEY_RAW:
    case RPL_KEY_ALGORITHM_COUNT:
        break;
    }
    return rpl_ok();
}

/* What the last link signs. */
static void add_attested(rpl_derived_key *out)
{
    if (out->public_key_len == 0) {
        rpl_sha256(rpl_bytes_of(out->key, sizeof(out->key)), out->attested_key);
        out->attested_key_len = RPL_SHA256_LEN;
        return;
    }
    memcpy(out->attested_key, out->public_key, sizeof(out->attested_key));
    out->attested_key_len = out->public_key_len;
}

static rpl_status make_signer(rpl_bytes root, rpl_bytes info, signer *out)
{
    WIPED rpl_scratch seed;
    RPL_TRY(rpl_hkdf_sha256(root, rpl_bytes_of_text("replicatoor/v1/chain"), info, seed.b,
                            crypto_sign_SEEDBYTES));
    if (crypto_sign_seed_keypair(out->pub, out->secret, seed.b) != 0)
        return rpl_fail(RPL_INTERNAL, "derived key: no chain key");
    return rpl_ok();
}

static rpl_status make_service_signer(rpl_bytes root, rpl_bytes service, signer *out)
{
    uint8_t info[INFO_MAX];
    rpl_writer w = rpl_writer_over(info, sizeof(info));
    rpl_write_lp_text(&w, "service");
    rpl_write_lp(&w, service);
    return make_signer(root, rpl_writer_bytes(&w), out);
}

static rpl_writer start_link(uint8_t out[static MESSAGE_MAX])
{
    rpl_writer w = rpl_writer_over(out, MESSAGE_MAX);
    rpl_write_text(&w, "replicatoor/v1/link");
    rpl_write_u8(&w, 0);
    return w;
}

static void link_epoch(const rpl_identity *identity, const signer *epoch, rpl_derived_key *out)
{
    uint8_t message[MESSAGE_MAX], number[8];
    rpl_writer w = start_link(message), n = rpl_writer_over(number, sizeof(number));
    rpl_write_u64le(&n, out->epoch);
    rpl_write_lp(&w, rpl_writer_bytes(&n));
    rpl_write_lp(&w, rpl_bytes_of(out->commitment, sizeof(out->commitment)));
    rpl_write_lp(&w, rpl_bytes_of(epoch->pub, sizeof(epoch->pub)));
    rpl_identity_sign(identity, rpl_writer_bytes(&w), out->epoch_signature);
}

static void link_service(const signer *epoch, rpl_bytes name, const signer *service,
                         rpl_derived_key *out)
{
    uint8_t message[MESSAGE_MAX];
    rpl_writer w = start_link(message);
    rpl_write_lp(&w, name);
    rpl_write_lp(&w, rpl_bytes_of(service->pub, sizeof(service->pub)));
    crypto_sign_detached(out->service_signature, NULL, w.data, w.len, epoch->secret);
}

static void link_key(const signer *service, const rpl_key_request *request, rpl_derived_key *out)
{
    uint8_t message[MESSAGE_MAX];
    rpl_writer w = start_link(message);
    rpl_write_lp_text(&w, names[request->algorithm]);
    rpl_write_lp(&w, request->purpose);
    rpl_write_lp(&w, request->path);
    rpl_write_lp(&w, rpl_bytes_of(out->attested_key, out->attested_key_len));
    crypto_sign_detached(out->key_signature, NULL, w.data, w.len, service->secret);
}

static rpl_status add_chain(const rpl_identity *identity, rpl_bytes root,
                            const rpl_key_request *request, rpl_derived_key *out)
{
    WIPED_SIGNER signer epoch;
    WIPED_SIGNER signer service;
    RPL_TRY(make_signer(root, rpl_bytes_of_text("epoch"), &epoch));
    RPL_TRY(make_service_signer(root, request->service, &service));
    memcpy(out->epoch_pub, epoch.pub, sizeof(out->epoch_pub));
    memcpy(out->service_pub, service.pub, sizeof(out->service_pub));
    link_epoch(identity, &epoch, out);
    link_service(&epoch, request->service, &service, out);
    link_key(&service, request, out);
    return rpl_ok();
}

static rpl_status check_request(const rpl_key_request *request)
{
    if (request->service.len > RPL_KEY_LABEL_MAX || request->path.len > RPL_KEY_LABEL_MAX ||
        request->purpose.len > RPL_KEY_LABEL_MAX)
        return rpl_fail(RPL_MALFORMED, "service, path and purpose have at most 255 bytes each");
    if ((unsigned)request->algorithm >= RPL_KEY_ALGORITHM_COUNT)
        return rpl_fail(RPL_MALFORMED, "no such key algorithm");
    return rpl_ok();
}

rpl_status rpl_derived_key_at(const rpl_state *state, const rpl_key_request *request,
                              rpl_derived_key *out)
{
    __attribute__((cleanup(rpl_derived_key_wipe))) rpl_derived_key key = {0};
    rpl_epoch epoch;
    RPL_TRY(check_request(request));
    const rpl_secret *secret = rpl_state_root(state, request->epoch, &epoch);
    if (!secret)
        return rpl_fail(RPL_NOT_READY, "no such epoch: this node has not received it");
    const rpl_bytes root = rpl_secret_expose(secret);
    key.epoch = epoch.number;
    memcpy(key.commitment, epoch.commitment, sizeof(key.commitment));
    RPL_TRY(derive(root, request, &key));
    RPL_TRY(add_public(request->algorithm, &key));
    add_attested(&key);
    RPL_TRY(add_chain(rpl_state_identity(state), root, request, &key));
    *out = key;
    return rpl_ok();
}
