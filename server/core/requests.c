#include "server/core/requests.h"

#include <sodium.h>
#include <stdlib.h>

enum { SHARED = RPL_REQUESTS_MAX };

void rpl_requests_remove(rpl_request *request)
{
    rpl_secret_free(request->private_key);
    free(request->quote);
    free(request->quote_raw);
    free(request->event_log);
    *request = (rpl_request){0};
}

void rpl_requests_free(rpl_requests *r)
{
    for (size_t i = 0; i <= SHARED; i++)
        rpl_requests_remove(&r->table[i]);
}

rpl_request *rpl_requests_find(rpl_requests *r, const uint8_t *challenge)
{
    if (!challenge)
        return r->table[SHARED].in_use ? &r->table[SHARED] : NULL;
    for (size_t i = 0; i < SHARED; i++)
        if (r->table[i].in_use && memcmp(r->table[i].fields.challenge, challenge,
                                         sizeof(r->table[i].fields.challenge)) == 0)
            return &r->table[i];
    return NULL;
}

static rpl_request *free_slot(rpl_requests *r, bool challenged)
{
    if (!challenged)
        return r->table[SHARED].in_use ? NULL : &r->table[SHARED];
    for (size_t i = 0; i < SHARED; i++)
        if (!r->table[i].in_use)
            return &r->table[i];
    return NULL;
}

rpl_status rpl_requests_add(rpl_requests *r, const uint8_t *challenge,
                            const uint8_t config_digest[static 32], rpl_secret *private_key,
                            int64_t boot_ms, rpl_request **out)
{
    rpl_request *slot = free_slot(r, challenge != NULL);
    if (!slot)
        return rpl_fail(RPL_UNAVAILABLE, "too many challenged requests are outstanding: wait until "
                                         "one is used or expires (10 minutes)");
    if (crypto_scalarmult_base(slot->fields.pubk, rpl_secret_expose(private_key).data) != 0)
        return rpl_fail(RPL_INTERNAL, "X25519 key");
    slot->in_use = true;
    slot->challenged = challenge != NULL;
    slot->private_key = private_key;
    slot->expires_ms = boot_ms + RPL_REQUEST_LIFE_S * 1000ll;
    if (challenge)
        memcpy(slot->fields.challenge, challenge, sizeof(slot->fields.challenge));
    memcpy(slot->fields.config_digest, config_digest, sizeof(slot->fields.config_digest));
    *out = slot;
    return rpl_ok();
}

size_t rpl_requests_expire(rpl_requests *r, int64_t boot_ms)
{
    for (size_t i = 0; i <= SHARED; i++)
        if (r->table[i].in_use && r->table[i].expires_ms <= boot_ms)
            rpl_requests_remove(&r->table[i]);
    return rpl_requests_count(r);
}

size_t rpl_requests_count(const rpl_requests *r)
{
    size_t count = 0;
    for (size_t i = 0; i <= SHARED; i++)
        count += r->table[i].in_use;
    return count;
}

rpl_request *rpl_requests_by_pubk(rpl_requests *r, const uint8_t pubk[static 32])
{
    for (size_t i = 0; i <= SHARED; i++)
        if (r->table[i].in_use && memcmp(r->table[i].fields.pubk, pubk, 32) == 0)
            return &r->table[i];
    return NULL;
}

rpl_status rpl_requests_open(rpl_requests *r, rpl_bytes sealed, rpl_request **out,
                             rpl_sealed_header *header)
{
    for (size_t i = 0; i <= SHARED; i++) {
        rpl_request *request = &r->table[i];
        if (!request->in_use)
            continue;
        const rpl_status s =
            rpl_sealed_box_open_header(sealed, request->fields.pubk, request->private_key, header);
        if (s.code == RPL_OK)
            *out = request;
        if (s.code == RPL_OK || s.code == RPL_MALFORMED)
            return s;
    }
    return rpl_fail(RPL_NOT_READY, "sealed to none of the requests outstanding here (they live ten "
                                   "minutes and end with a restart): POST /requestKey and onboard "
                                   "that request");
}

void rpl_requests_remember(rpl_requests *r, const uint8_t message_digest[static 32])
{
    memcpy(r->accepted[r->n_accepted++ % RPL_ACCEPTED_MAX], message_digest, 32);
}

bool rpl_requests_remembers(const rpl_requests *r, const uint8_t message_digest[static 32])
{
    const size_t count = r->n_accepted < RPL_ACCEPTED_MAX ? r->n_accepted : RPL_ACCEPTED_MAX;
    for (size_t i = 0; i < count; i++)
        if (memcmp(r->accepted[i], message_digest, 32) == 0)
            return true;
    return false;
}
