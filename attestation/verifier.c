#include "attestation/verifier.h"

#include <stdlib.h>

#include "attestation/verifier_kept.h"

enum {
    KEY_SIZE = 2048,      /* about what libcrypto keeps for a key that is ready */
    TREE_PER_BYTE = 24,   /* about what a byte of JSON takes once it is parsed */
    COLLATERAL_PARTS = 10 /* eight of the bundle, two of the chain */
};

static void release_chain(void *value)
{
    rpl_kept_chain *kept = value;
    EVP_PKEY_CTX_free(kept->leaf);
    rpl_pck_chain_free(kept->chain);
    free(kept);
}

static void release_key(void *value)
{
    EVP_PKEY_CTX_free(value);
}

static void release_collateral(void *value)
{
    rpl_verified_collateral_free(value);
}

rpl_verifier *rpl_verifier_new(const rpl_roots *roots)
{
    static const rpl_lru_limits chains = {RPL_VERIFIER_CHAINS, RPL_VERIFIER_CHAIN_BYTES,
                                          release_chain};
    static const rpl_lru_limits keys = {RPL_VERIFIER_KEYS, RPL_VERIFIER_KEY_BYTES, release_key};
    static const rpl_lru_limits collateral = {RPL_VERIFIER_COLLATERAL,
                                              RPL_VERIFIER_COLLATERAL_BYTES, release_collateral};
    RPL_AUTO(verifier) rpl_verifier *v = calloc(1, sizeof(*v));
    if (!v)
        return NULL;
    v->roots = *roots;
    v->chains = rpl_lru_new(&chains);
    v->keys = rpl_lru_new(&keys);
    v->collateral = rpl_lru_new(&collateral);
    return v->chains && v->keys && v->collateral ? RPL_TAKE(v) : NULL;
}

void rpl_verifier_free(rpl_verifier *v)
{
    if (!v)
        return;
    rpl_lru_free(v->chains);
    rpl_lru_free(v->keys);
    rpl_lru_free(v->collateral);
    free(v);
}

void rpl_verifier_clear(rpl_verifier *v)
{
    rpl_lru_clear(v->chains);
    rpl_lru_clear(v->keys);
    rpl_lru_clear(v->collateral);
}

const rpl_verifier_stats *rpl_verifier_stats_of(const rpl_verifier *v)
{
    return &v->stats;
}

size_t rpl_verifier_bytes(const rpl_verifier *v)
{
    return rpl_lru_bytes(v->chains) + rpl_lru_bytes(v->keys) + rpl_lru_bytes(v->collateral);
}

void rpl_verifier_count(rpl_verifier *v, const rpl_p256_counts *before)
{
    if (!v)
        return;
    const rpl_p256_counts after = rpl_p256_counted();
    v->stats.signatures += after.verifications - before->verifications;
    v->stats.imports += after.imports - before->imports;
}

static void count(rpl_verifier_uses *uses, bool hit)
{
    uses->hits += hit;
    uses->misses += !hit;
}

/* What is too large to be kept is not missed. */
static rpl_status unless_too_large(rpl_status s)
{
    return s.code == RPL_TOO_LARGE ? rpl_ok() : s;
}

const rpl_kept_chain *rpl_verifier_find_chain(rpl_verifier *v, rpl_bytes pem, int64_t now)
{
    if (!v)
        return NULL;
    const rpl_kept_chain *kept = rpl_lru_find(v->chains, &pem, 1);
    const bool hit = kept && rpl_pck_chain_holds(kept->chain, now);
    count(&v->stats.chain, hit);
    return hit ? kept : NULL;
}

rpl_status rpl_verifier_keep_chain(rpl_verifier *v, rpl_bytes pem, rpl_pck_chain *chain)
{
    if (!v)
        return rpl_ok();
    rpl_kept_chain *kept = calloc(1, sizeof(*kept));
    if (!kept)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    kept->chain = rpl_pck_chain_share(chain);
    kept->leaf = rpl_p256_ready(chain->leaf_key);
    const size_t size = sizeof(*kept) + sizeof(*chain) + 2 * KEY_SIZE;
    const rpl_status s = kept->leaf ? rpl_lru_put(v->chains, &pem, 1, kept, size)
                                    : rpl_fail(RPL_INTERNAL, "verification: memory");
    if (s.code != RPL_OK)
        release_chain(kept);
    return unless_too_large(s);
}

enum { KEY_PARTS = 5 };

/* What differs most comes first. */
static void key_of_quote(const rpl_pck_chain *chain, const rpl_quote *q,
                         rpl_bytes parts[static KEY_PARTS])
{
    parts[0] = q->qe_report_signature;
    parts[1] = q->attestation_key;
    parts[2] = q->qe_report_bytes;
    parts[3] = q->qe_auth_data;
    parts[4] = chain->leaf.der;
}

EVP_PKEY_CTX *rpl_verifier_find_key(rpl_verifier *v, const rpl_pck_chain *chain,
                                    const rpl_quote *quote, int64_t now)
{
    rpl_bytes parts[KEY_PARTS];
    if (!v || !rpl_pck_chain_holds(chain, now))
        return NULL;
    key_of_quote(chain, quote, parts);
    EVP_PKEY_CTX *kept = rpl_lru_find(v->keys, parts, KEY_PARTS);
    count(&v->stats.key, kept != NULL);
    return kept;
}

rpl_status rpl_verifier_keep_key(rpl_verifier *v, const rpl_pck_chain *chain,
                                 const rpl_quote *quote, EVP_PKEY_CTX **key)
{
    rpl_bytes parts[KEY_PARTS];
    if (!v)
        return rpl_ok();
    key_of_quote(chain, quote, parts);
    const rpl_status s = rpl_lru_put(v->keys, parts, KEY_PARTS, *key, KEY_SIZE);
    if (s.code == RPL_OK)
        *key = NULL;
    return unless_too_large(s);
}

static void key_of_collateral(const rpl_pck_chain *chain, const rpl_collateral *c,
                              rpl_bytes parts[static COLLATERAL_PARTS])
{
    const rpl_bytes all[COLLATERAL_PARTS] = {
        c->tcb_info_signature,
        c->qe_identity_signature,
        c->tcb_info,
        c->qe_identity,
        c->pck_crl,
        c->root_crl,
        c->tcb_info_chain,
        c->qe_identity_chain,
        chain->root.der,
        chain->intermediate.der,
    };
    for (size_t i = 0; i < COLLATERAL_PARTS; i++)
        parts[i] = all[i];
}

const rpl_verified_collateral *rpl_verifier_find_collateral(rpl_verifier *v,
                                                            const rpl_pck_chain *chain,
                                                            const rpl_collateral *collateral,
                                                            int64_t now)
{
    rpl_bytes parts[COLLATERAL_PARTS];
    if (!v)
        return NULL;
    key_of_collateral(chain, collateral, parts);
    const rpl_verified_collateral *kept = rpl_lru_find(v->collateral, parts, COLLATERAL_PARTS);
    const bool hit = kept && kept->valid_from <= now && now <= kept->valid_until;
    count(&v->stats.collateral, hit);
    return hit ? kept : NULL;
}

rpl_status rpl_verifier_keep_collateral(rpl_verifier *v, const rpl_pck_chain *chain,
                                        const rpl_collateral *collateral,
                                        rpl_verified_collateral **verified)
{
    rpl_bytes parts[COLLATERAL_PARTS];
    if (!v)
        return rpl_ok();
    RPL_TRY(rpl_crl_index(&(*verified)->root_crl));
    RPL_TRY(rpl_crl_index(&(*verified)->pck_crl));
    if (rpl_lru_count(v->collateral) > 0)
        rpl_lru_clear(v->keys);
    key_of_collateral(chain, collateral, parts);
    const size_t trees = TREE_PER_BYTE * (collateral->tcb_info.len + collateral->qe_identity.len);
    const size_t lists = 2 * (collateral->root_crl.len + collateral->pck_crl.len);
    const rpl_status s =
        rpl_lru_put(v->collateral, parts, COLLATERAL_PARTS, *verified,
                    sizeof(**verified) + 2 * sizeof(rpl_pck_chain) + trees + lists);
    if (s.code == RPL_OK)
        *verified = NULL;
    return unless_too_large(s);
}
