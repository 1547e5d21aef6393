#include "server/io/collateral_source.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "attestation/tdx/pcs_answer.h"
#include "base/log.h"
#include "base/net/http_client.h"

enum {
    SETS_MAX = 16,
    CONNECT_TIMEOUT_MS = 3000,
    TIMEOUT_MS = 10000,
    KEEP_VERIFIED_MS = 3600 * 1000,
    KEEP_UNVERIFIED_MS = 10 * 1000,
    URL_MAX = 512,
};
static const char intel[] = "https://api.trustedservices.intel.com";

typedef struct {
    uint8_t *body; /* owned */
    size_t body_len;
    uint8_t *chain; /* owned, PEM; NULL for CRLs */
    size_t chain_len;
} document;

/* The four documents of one kind of platform. */
typedef struct {
    uint8_t fmspc[6];
    bool processor_ca;
    unsigned leases;
    bool replaced; /* not in the table any more: freed with its last lease */
    int64_t keep_until_ms;
    document documents[RPL_PCS_KIND_COUNT];
    rpl_collateral view;
} set;

struct rpl_collateral_source {
    const char *ca_file;
    size_t n_urls;
    char *urls[RPL_COLLATERAL_SOURCES_MAX];
    pthread_mutex_t lock; /* also makes callers wait for a fetch that is under way */
    set *sets[SETS_MAX];
};

static void free_set(set *s)
{
    if (!s)
        return;
    for (int i = 0; i < RPL_PCS_KIND_COUNT; i++) {
        free(s->documents[i].body);
        free(s->documents[i].chain);
    }
    free(s);
}
RPL_DEFINE_AUTO(set *, set, free_set)

static bool is_base_url(const char *url)
{
    const size_t scheme = strncmp(url, "https://", 8) == 0  ? 8
                          : strncmp(url, "http://", 7) == 0 ? 7
                                                            : 0;
    return scheme && url[scheme] && strlen(url) < URL_MAX / 2 && !strpbrk(url + scheme, "/?# @");
}

static rpl_status split_urls(rpl_collateral_source *source, const char *urls)
{
    char copy[RPL_COLLATERAL_SOURCES_MAX * URL_MAX], *rest = NULL;

    if (snprintf(copy, sizeof(copy), "%s", urls) >= (int)sizeof(copy))
        return rpl_fail(RPL_MALFORMED, "REPLICATOOR_PCCS is too long");
    for (char *url = strtok_r(copy, ",", &rest); url; url = strtok_r(NULL, ",", &rest)) {
        if (!is_base_url(url) || source->n_urls == RPL_COLLATERAL_SOURCES_MAX)
            return rpl_fail(RPL_MALFORMED, "REPLICATOOR_PCCS: expected at most eight http(s) "
                                           "addresses without path, comma separated");
        source->urls[source->n_urls] = strdup(url);
        if (!source->urls[source->n_urls])
            return rpl_fail(RPL_INTERNAL, "no memory");
        source->n_urls++;
    }
    return source->n_urls ? rpl_ok() : rpl_fail(RPL_MALFORMED, "REPLICATOOR_PCCS names no address");
}

rpl_status rpl_collateral_source_new(const char *urls, const char *ca_file,
                                     rpl_collateral_source **out)
{
    rpl_collateral_source *source = calloc(1, sizeof(*source));
    if (!source || pthread_mutex_init(&source->lock, NULL) != 0) {
        free(source);
        return rpl_fail(RPL_INTERNAL, "no memory");
    }
    source->ca_file = ca_file;
    const rpl_status s = split_urls(source, urls && urls[0] ? urls : intel);
    if (s.code != RPL_OK) {
        rpl_collateral_source_free(source);
        return s;
    }
    *out = source;
    return rpl_ok();
}

void rpl_collateral_source_free(rpl_collateral_source *source)
{
    if (!source)
        return;
    for (size_t i = 0; i < source->n_urls; i++)
        free(source->urls[i]);
    for (size_t i = 0; i < SETS_MAX; i++)
        free_set(source->sets[i]);
    pthread_mutex_destroy(&source->lock);
    free(source);
}

/* --- one document --- */

static rpl_status take_chain(rpl_pcs_kind kind, const rpl_http_response *answer, document *out)
{
    rpl_bytes value = {0};
    bool found = false;

    for (size_t i = 0; !found && rpl_pcs_chain_header(kind, i); i++)
        found = rpl_http_header(answer, rpl_pcs_chain_header(kind, i), &value);
    if (!found)
        return rpl_pcs_chain_header(kind, 0) == NULL
                   ? rpl_ok()
                   : rpl_fail(RPL_UNAVAILABLE, "the issuer chain is missing in the answer");
    out->chain = malloc(value.len + 1);
    if (!out->chain)
        return rpl_fail(RPL_INTERNAL, "no memory");
    return rpl_pcs_chain_decode(value, out->chain, &out->chain_len);
}

static rpl_status take_document(rpl_pcs_kind kind, rpl_http_response *answer, document *out)
{
    if (answer->status != 200)
        return rpl_fail(RPL_UNAVAILABLE, answer->status == 404
                                             ? "the collateral source does not know this platform"
                                             : "the collateral source answered with an error");
    RPL_TRY(take_chain(kind, answer, out));
    out->body = RPL_TAKE(answer->body);
    out->body_len = answer->body_len;
    return rpl_ok();
}

static rpl_status fetch_document(const rpl_collateral_source *source, const char *base,
                                 rpl_pcs_kind kind, const set *s, document *out)
{
    char path[RPL_PCS_PATH_MAX], url[URL_MAX];
    const bool of_intel = kind == RPL_PCS_ROOT_CRL && strcmp(base, intel) == 0;
    rpl_http_response answer;

    rpl_pcs_path(kind, s->fmspc, s->processor_ca, path);
    snprintf(url, sizeof(url), "%s%s", of_intel ? RPL_PCS_ROOT_CRL_URL : base,
             of_intel ? "" : path);
    const rpl_http_request request = {
        .url = url,
        .ca_file = source->ca_file,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
        .body_max = kind == RPL_PCS_PCK_CRL || kind == RPL_PCS_ROOT_CRL ? RPL_PCS_CRL_MAX
                                                                        : RPL_PCS_JSON_MAX,
    };
    RPL_TRY(rpl_http_exchange(&request, &answer));
    const rpl_status status = take_document(kind, &answer, out);
    rpl_http_response_free(&answer);
    return status;
}

/* --- a set of four --- */

static rpl_bytes body_of(const set *s, rpl_pcs_kind kind)
{
    return rpl_bytes_of(s->documents[kind].body, s->documents[kind].body_len);
}

static rpl_bytes chain_of(const set *s, rpl_pcs_kind kind)
{
    return rpl_bytes_of(s->documents[kind].chain, s->documents[kind].chain_len);
}

static rpl_status make_view(set *s)
{
    rpl_collateral *v = &s->view;
    v->root_crl = body_of(s, RPL_PCS_ROOT_CRL);
    v->pck_crl = body_of(s, RPL_PCS_PCK_CRL);
    v->tcb_info_chain = chain_of(s, RPL_PCS_TCB_INFO);
    v->qe_identity_chain = chain_of(s, RPL_PCS_QE_IDENTITY);
    RPL_TRY(rpl_pcs_json_split(RPL_PCS_TCB_INFO, body_of(s, RPL_PCS_TCB_INFO), &v->tcb_info,
                               &v->tcb_info_signature));
    return rpl_pcs_json_split(RPL_PCS_QE_IDENTITY, body_of(s, RPL_PCS_QE_IDENTITY), &v->qe_identity,
                              &v->qe_identity_signature);
}

static rpl_status fetch_from(const rpl_collateral_source *source, const char *base, set *s)
{
    for (int kind = 0; kind < RPL_PCS_KIND_COUNT; kind++)
        RPL_TRY(fetch_document(source, base, (rpl_pcs_kind)kind, s, &s->documents[kind]));
    return make_view(s);
}

static set *new_set(const uint8_t fmspc[static 6], bool processor_ca)
{
    set *s = calloc(1, sizeof(*s));
    if (s) {
        memcpy(s->fmspc, fmspc, sizeof(s->fmspc));
        s->processor_ca = processor_ca;
    }
    return s;
}

static rpl_status fetch_set(const rpl_collateral_source *source, const char *base,
                            const uint8_t fmspc[static 6], bool processor_ca, set **out)
{
    RPL_AUTO(set) set *s = new_set(fmspc, processor_ca);
    if (!s)
        return rpl_fail(RPL_INTERNAL, "no memory");
    RPL_TRY(fetch_from(source, base, s));
    *out = RPL_TAKE(s);
    return rpl_ok();
}

static rpl_status fetch(const rpl_collateral_source *source, const uint8_t fmspc[static 6],
                        bool processor_ca, set **out)
{
    for (size_t i = 0; i < source->n_urls; i++) {
        const rpl_status s = fetch_set(source, source->urls[i], fmspc, processor_ca, out);
        if (s.code == RPL_OK)
            return s;
        rpl_log(RPL_LOG_WARN, "collateral source", rpl_log_uint("source", i),
                rpl_log_text("why", s.what));
    }
    return rpl_fail(RPL_UNAVAILABLE, "no collateral source (REPLICATOOR_PCCS) gave TCB info, QE "
                                     "identity and CRLs for the platform: see the log, try again");
}

/* --- the table; the lock is held --- */

static set **find_slot(rpl_collateral_source *source, const uint8_t fmspc[static 6],
                       bool processor_ca)
{
    for (size_t i = 0; i < SETS_MAX; i++) {
        const set *s = source->sets[i];
        if (s && s->processor_ca == processor_ca && memcmp(s->fmspc, fmspc, 6) == 0)
            return &source->sets[i];
    }
    return NULL;
}

/* An empty slot, else that of the set which ends first. */
static set **slot_to_fill(rpl_collateral_source *source)
{
    set **first = &source->sets[0];
    for (size_t i = 0; i < SETS_MAX; i++) {
        if (!source->sets[i])
            return &source->sets[i];
        if (source->sets[i]->keep_until_ms < (*first)->keep_until_ms)
            first = &source->sets[i];
    }
    return first;
}

static void drop(set **slot)
{
    set *s = RPL_TAKE(*slot);
    if (s && s->leases)
        s->replaced = true;
    else
        free_set(s);
}

static rpl_status get_locked(rpl_collateral_source *source, const uint8_t fmspc[static 6],
                             bool processor_ca, int64_t boot_ms, set **out)
{
    set **slot = find_slot(source, fmspc, processor_ca);
    if (slot && boot_ms < (*slot)->keep_until_ms) {
        *out = *slot;
        return rpl_ok();
    }
    set *fresh = NULL;
    RPL_TRY(fetch(source, fmspc, processor_ca, &fresh));
    fresh->keep_until_ms = boot_ms + KEEP_UNVERIFIED_MS;
    slot = slot ? slot : slot_to_fill(source);
    drop(slot);
    *slot = *out = fresh;
    return rpl_ok();
}

rpl_status rpl_collateral_source_get(rpl_collateral_source *source, const uint8_t fmspc[static 6],
                                     bool processor_ca, int64_t boot_ms, rpl_collateral_lease *out)
{
    set *s;
    pthread_mutex_lock(&source->lock);
    const rpl_status status = get_locked(source, fmspc, processor_ca, boot_ms, &s);
    if (status.code == RPL_OK) {
        s->leases++;
        *out = (rpl_collateral_lease){.collateral = s->view, .owner = s};
    }
    pthread_mutex_unlock(&source->lock);
    return status;
}

void rpl_collateral_source_done(rpl_collateral_source *source, rpl_collateral_lease *lease,
                                const rpl_collateral_outcome *outcome, const rpl_time *now)
{
    set *s = lease->owner;

    pthread_mutex_lock(&source->lock);
    if (outcome->verified) {
        const int64_t left_ms = (outcome->valid_until_s - now->now_s) * 1000;
        s->keep_until_ms = now->boot_ms + (left_ms < KEEP_VERIFIED_MS ? left_ms : KEEP_VERIFIED_MS);
    }
    if (--s->leases == 0 && s->replaced)
        free_set(s);
    pthread_mutex_unlock(&source->lock);
    *lease = (rpl_collateral_lease){0};
}
