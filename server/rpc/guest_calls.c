#include "server/rpc/guest_calls.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/writer.h"
#include "server/core/derived_key.h"
#include "server/rpc/status_call.h"

enum { CACHE_SLOTS = 256, LABELS_MAX = 4 * (4 + RPL_KEY_LABEL_MAX) + 16 };

/* One slot per hash of the request: a collision only costs a derivation. */
typedef struct {
    bool used;
    uint8_t request[32]; /* SHA-256 of everything the key depends on */
    rpl_derived_key key;
} cache_slot;

struct rpl_key_cache {
    cache_slot slots[CACHE_SLOTS];
};

rpl_key_cache *rpl_key_cache_new(void)
{
    rpl_key_cache *cache = sodium_malloc(sizeof(*cache));
    if (cache)
        rpl_key_cache_clear(cache);
    return cache;
}

void rpl_key_cache_free(rpl_key_cache *cache)
{
    sodium_free(cache);
}

void rpl_key_cache_clear(rpl_key_cache *cache)
{
    sodium_memzero(cache, sizeof(*cache));
}

static void request_digest(const rpl_key_request *request, uint8_t out[static 32])
{
    uint8_t buffer[LABELS_MAX];
    rpl_writer w = rpl_writer_over(buffer, sizeof(buffer));
    rpl_write_u64le(&w, request->epoch);
    rpl_write_u8(&w, (uint8_t)request->algorithm);
    rpl_write_lp(&w, request->service);
    rpl_write_lp(&w, request->purpose);
    rpl_write_lp(&w, request->path);
    rpl_sha256(rpl_writer_bytes(&w), out);
}

static bool labels_fit(const rpl_key_request *r)
{
    return r->service.len <= RPL_KEY_LABEL_MAX && r->purpose.len <= RPL_KEY_LABEL_MAX &&
           r->path.len <= RPL_KEY_LABEL_MAX;
}

static rpl_status derive(rpl_services *s, const rpl_key_request *request,
                         const rpl_derived_key **out)
{
    uint8_t digest[32];
    if (!labels_fit(request))
        return rpl_fail(RPL_MALFORMED, "path and purpose: at most 255 bytes each");
    request_digest(request, digest);
    cache_slot *slot = &s->key_cache->slots[digest[0] % CACHE_SLOTS];
    if (!slot->used || memcmp(slot->request, digest, sizeof(digest)) != 0) {
        slot->used = false;
        RPL_TRY(rpl_derived_key_at(s->config.node->state, request, &slot->key));
        memcpy(slot->request, digest, sizeof(digest));
        slot->used = true;
    }
    *out = &slot->key;
    return rpl_ok();
}

static void fill_link(Replicatoor__V1__ChainLink *link, const char *role, rpl_bytes key,
                      const uint8_t signature[static RPL_SIGNATURE_LEN])
{
    replicatoor__v1__chain_link__init(link);
    link->role = rpl_pb_text(role);
    link->public_key = rpl_pb_bytes(key.data, key.len);
    link->signature = rpl_pb_bytes(signature, RPL_SIGNATURE_LEN);
}

static void answer_key(rpl_services *s, const rpl_reply *reply, const rpl_key_request *request,
                       const rpl_derived_key *key)
{
    Replicatoor__V1__GetKeyResponse r = REPLICATOOR__V1__GET_KEY_RESPONSE__INIT;
    Replicatoor__V1__ChainLink links[3], *pointers[] = {&links[0], &links[1], &links[2]};
    const rpl_identity *identity = rpl_state_identity(s->config.node->state);

    fill_link(&links[0], "epoch", rpl_bytes_of(key->epoch_pub, 32), key->epoch_signature);
    fill_link(&links[1], "service", rpl_bytes_of(key->service_pub, 32), key->service_signature);
    fill_link(&links[2], "key", rpl_bytes_of(key->attested_key, key->attested_key_len),
              key->key_signature);
    r.key = rpl_pb_bytes(key->key, sizeof(key->key));
    r.public_key = rpl_pb_bytes(key->public_key, key->public_key_len);
    r.algorithm = rpl_pb_text(rpl_key_algorithm_name(request->algorithm));
    r.epoch = key->epoch;
    r.n_signature_chain = 3;
    r.signature_chain = pointers;
    r.service = rpl_pb_text(rpl_reply_peer(reply)->guest);
    r.commitment = rpl_pb_bytes(key->commitment, sizeof(key->commitment));
    r.identity = rpl_pb_bytes(rpl_identity_public(identity)->b, RPL_IDENTITY_PUB_LEN);
    rpl_reply_message(reply, &r.base);
}

void rpl_get_key_call(rpl_services *s, const Replicatoor__V1__GetKeyRequest *input, rpl_reply reply)
{
    const rpl_derived_key *key;
    rpl_key_request request = {
        .service = rpl_bytes_of_text(rpl_reply_peer(&reply)->guest),
        .path = rpl_bytes_of_text(input->path),
        .purpose = rpl_bytes_of_text(input->purpose),
        .epoch = input->epoch,
    };
    rpl_status status;

    if (!s->config.node->state)
        status = rpl_fail(RPL_NOT_READY, "this node has no state yet: keys come after it was "
                                         "bootstrapped or received one");
    else if (!rpl_key_algorithm_parse(rpl_bytes_of_text(input->algorithm), &request.algorithm))
        status = rpl_fail(RPL_MALFORMED, "algorithm: expected raw, ed25519, x25519, secp256k1 or "
                                         "p256");
    else
        status = derive(s, &request, &key);
    if (status.code != RPL_OK) {
        rpl_reply_error(&reply, status);
        return;
    }
    rpl_metrics_count(s->config.metrics, RPL_METRIC_DERIVED_KEYS,
                      rpl_key_algorithm_name(request.algorithm), NULL);
    answer_key(s, &reply, &request, key);
}

static void deliver_to_guest(const rpl_reply *reply, const Replicatoor__V1__StatusResponse *status)
{
    Replicatoor__V1__GuestServiceStatusResponse r =
        REPLICATOOR__V1__GUEST_SERVICE_STATUS_RESPONSE__INIT;
    r.service = rpl_pb_text(rpl_reply_peer(reply)->guest);
    r.node = (Replicatoor__V1__StatusResponse *)(uintptr_t)status;
    rpl_reply_message(reply, &r.base);
}

void rpl_guest_status_call(rpl_services *s, const Replicatoor__V1__GuestServiceStatusRequest *input,
                           rpl_reply reply)
{
    rpl_status_with(s, input->nonce, reply, deliver_to_guest);
}
