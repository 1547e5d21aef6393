#include "server/io/collateral_source.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/io/collateral_store.h"

enum { ENTRIES_MAX = 64, EARLY = RPL_PCS_KIND_COUNT, LEASED_MAX = RPL_PCS_KIND_COUNT + 1 };
enum { EARLY_RETRY_MS = 3600 * 1000 }; /* many sources have none */

/* A document and how many hold it: the table, leases. Under the source's lock. */
typedef struct {
    unsigned refs;
    rpl_collateral_document *document; /* owned */
} held;

typedef struct {
    bool used;
    rpl_pcs_ask ask;
    rpl_cache_state state;
    held *kept;        /* verified; NULL unless state.has */
    held *stored;      /* read back at the start, not looked at yet */
    held *doubtful;    /* the newest answer, if it did not verify and nothing better is there */
    rpl_status failed; /* why there is none */
    bool in_flight;
    unsigned busy; /* callers that look at this entry: it stays */
    int64_t used_ms;
    bool wanted; /* by the thread, at wanted_at */
    rpl_time wanted_at;
} entry;

struct rpl_collateral_source {
    rpl_roots roots;
    rpl_collateral_fetcher fetcher;
    rpl_collateral_store store;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* an entry: fetched, or wanted */
    entry entries[ENTRIES_MAX];
    pthread_t thread;
    bool has_thread, stopping;
};

typedef struct {
    held *documents[LEASED_MAX];
} lease;

static void let_go(held *h)
{
    if (!h || --h->refs)
        return;
    free(h->document);
    free(h);
}

static held *hold(held *h)
{
    h->refs++;
    return h;
}

/* Takes the document over, also when memory is short (then NULL). */
static held *held_new(rpl_collateral_document *document)
{
    held *h = calloc(1, sizeof(*h));
    if (!h) {
        free(document);
        return NULL;
    }
    h->document = document;
    h->refs = 1;
    return h;
}

static void clear(entry *e)
{
    let_go(e->kept);
    let_go(e->stored);
    let_go(e->doubtful);
    *e = (entry){0};
}

void rpl_collateral_source_free(rpl_collateral_source *source)
{
    if (!source)
        return;
    pthread_mutex_lock(&source->lock);
    source->stopping = true;
    pthread_cond_broadcast(&source->changed);
    pthread_mutex_unlock(&source->lock);
    if (source->has_thread)
        (void)pthread_join(source->thread, NULL);
    for (size_t i = 0; i < ENTRIES_MAX; i++)
        clear(&source->entries[i]);
    pthread_cond_destroy(&source->changed);
    pthread_mutex_destroy(&source->lock);
    rpl_collateral_fetcher_destroy(&source->fetcher);
    free(source);
}

/* --- the table; the lock is held --- */

/* A free place, else that of the document whose last use is longest ago; NULL when all are busy. */
static entry *place(rpl_collateral_source *source)
{
    entry *oldest = NULL;
    for (size_t i = 0; i < ENTRIES_MAX; i++) {
        entry *e = &source->entries[i];
        if (!e->used)
            return e;
        if (!e->busy && !e->in_flight && (!oldest || e->used_ms < oldest->used_ms))
            oldest = e;
    }
    if (oldest)
        clear(oldest);
    return oldest;
}

static entry *find(rpl_collateral_source *source, const rpl_pcs_ask *ask)
{
    for (size_t i = 0; i < ENTRIES_MAX; i++)
        if (source->entries[i].used && rpl_pcs_same(&source->entries[i].ask, ask))
            return &source->entries[i];
    return NULL;
}

static entry *entry_of(rpl_collateral_source *source, const rpl_pcs_ask *ask, int64_t boot_ms)
{
    entry *e = find(source, ask);
    if (!e)
        e = place(source);
    if (!e)
        return NULL;
    e->used = true;
    e->ask = *ask;
    e->used_ms = boot_ms;
    return e;
}

static void remember(void *self, rpl_collateral_document *document)
{
    entry *e = entry_of(self, &document->ask, 0);
    held *stored = held_new(document);
    if (!e) {
        let_go(stored);
        return;
    }
    let_go(e->stored);
    e->stored = stored;
}

rpl_status rpl_collateral_source_new(const rpl_collateral_source_config *config,
                                     rpl_collateral_source **out)
{
    rpl_collateral_source *source = calloc(1, sizeof(*source));
    if (!source)
        return rpl_fail(RPL_INTERNAL, "no memory");
    source->roots = config->roots;
    source->fetcher.ca_file = config->ca_file;
    source->fetcher.judge =
        config->judge.check ? config->judge : rpl_collateral_judge_by(&source->roots);
    rpl_status s = rpl_collateral_store_init(&source->store, config->store_dir);
    if (s.code == RPL_OK)
        s = rpl_collateral_fetcher_init(&source->fetcher, config->urls);
    if (s.code != RPL_OK) {
        free(source);
        return s;
    }
    if (pthread_mutex_init(&source->lock, NULL) != 0 ||
        pthread_cond_init(&source->changed, NULL) != 0) {
        free(source);
        return rpl_fail(RPL_INTERNAL, "no memory");
    }
    rpl_collateral_store_load(&source->store, remember, source);
    *out = source;
    return rpl_ok();
}

/* What a file says counts as little as what a source says. */
static void look_at_stored(rpl_collateral_source *source, entry *e, const rpl_time *now)
{
    held *stored = RPL_TAKE(e->stored);
    rpl_collateral_stamp stamp;
    if (!stored)
        return;
    const rpl_status s = source->fetcher.judge.check(source->fetcher.judge.self, stored->document,
                                                     now->now_s, &stamp);
    if (s.code != RPL_OK || e->kept) {
        if (s.code != RPL_OK)
            rpl_log(RPL_LOG_WARN, "stored collateral is passed over",
                    rpl_log_text("document", rpl_pcs_name(&e->ask)), rpl_log_text("why", s.what));
        let_go(stored);
        return;
    }
    e->kept = stored;
    e->state.has = true;
    e->state.stamp = stamp;
}

static void keep(entry *e, rpl_collateral_catch *caught, int64_t boot_ms)
{
    const bool known =
        e->kept && memcmp(e->kept->document->digest, caught->document->digest, 32) == 0;
    const bool take = !known && rpl_cache_judge(&e->state, &caught->stamp) == RPL_CACHE_TAKE;
    held *fresh = take ? held_new(RPL_TAKE(caught->document)) : NULL;
    if (fresh) {
        let_go(e->kept);
        e->kept = fresh;
    }
    let_go(e->doubtful);
    e->doubtful = NULL;
    rpl_cache_note_answer(&e->state, fresh ? &caught->stamp : NULL, boot_ms);
}

static void doubt(entry *e, rpl_collateral_document *document, int64_t boot_ms)
{
    let_go(e->doubtful);
    e->doubtful = held_new(document);
    rpl_cache_note_failure(&e->state, 0, boot_ms);
}

/* Lets the lock go while it asks. The entry is busy, so it stays where it is. */
static void fetch(rpl_collateral_source *source, entry *e, rpl_bytes issuers, const rpl_time *now)
{
    const rpl_cache_state known = e->state;
    const rpl_collateral_errand errand = {.ask = e->ask,
                                          .issuers = issuers,
                                          .known = &known,
                                          .now_s = now->now_s,
                                          .boot_ms = now->boot_ms};
    rpl_collateral_catch caught = {0};
    int64_t retry_after_ms = 0;

    e->in_flight = true;
    pthread_mutex_unlock(&source->lock);
    const rpl_status s = rpl_collateral_fetch(&source->fetcher, &errand, &caught, &retry_after_ms);
    if (caught.verified && rpl_cache_judge(&known, &caught.stamp) == RPL_CACHE_TAKE)
        rpl_collateral_store_save(&source->store, caught.document);
    pthread_mutex_lock(&source->lock);
    e->in_flight = false;
    e->wanted = false;
    e->failed = s;
    if (e->ask.early && retry_after_ms < EARLY_RETRY_MS)
        retry_after_ms = EARLY_RETRY_MS;
    if (s.code != RPL_OK)
        rpl_cache_note_failure(&e->state, retry_after_ms, now->boot_ms);
    else if (caught.verified)
        keep(e, &caught, now->boot_ms);
    else
        doubt(e, RPL_TAKE(caught.document), now->boot_ms);
    free(caught.document);
    pthread_cond_broadcast(&source->changed);
}

/* --- the thread that renews --- */

static entry *next_wanted(rpl_collateral_source *source)
{
    for (size_t i = 0; i < ENTRIES_MAX; i++)
        if (source->entries[i].wanted && !source->entries[i].in_flight)
            return &source->entries[i];
    return NULL;
}

/* A list is renewed with the issuers that the known one came with. */
static void renew(rpl_collateral_source *source, entry *e)
{
    held *known = e->kept ? hold(e->kept) : NULL;
    const bool is_list = e->ask.kind == RPL_PCS_PCK_CRL || e->ask.kind == RPL_PCS_ROOT_CRL;
    const rpl_bytes issuers = known && is_list ? known->document->chain : (rpl_bytes){0};
    const rpl_time at = e->wanted_at;
    e->busy++;
    fetch(source, e, issuers, &at);
    e->busy--;
    let_go(known);
}

static void *renew_what_is_due(void *data)
{
    rpl_collateral_source *source = data;
    pthread_mutex_lock(&source->lock);
    while (!source->stopping) {
        entry *e = next_wanted(source);
        if (e)
            renew(source, e);
        else
            pthread_cond_wait(&source->changed, &source->lock);
    }
    pthread_mutex_unlock(&source->lock);
    return NULL;
}

static void want(rpl_collateral_source *source, entry *e, const rpl_time *now)
{
    if (e->in_flight)
        return;
    if (!source->has_thread)
        source->has_thread = pthread_create(&source->thread, NULL, renew_what_is_due, source) == 0;
    e->wanted = true;
    e->wanted_at = *now;
    pthread_cond_broadcast(&source->changed);
}

/* --- one call --- */

typedef struct {
    rpl_collateral_source *source;
    const rpl_collateral_wants *wants;
    const rpl_time *now;
} call;

/* Asks, or waits for whoever is asking. */
static void fetch_or_wait(const call *c, entry *e)
{
    if (e->in_flight)
        pthread_cond_wait(&c->source->changed, &c->source->lock);
    else
        fetch(c->source, e, c->wants->issuers, c->now);
}

static void force(const call *c, entry *e)
{
    if (!rpl_cache_may_force(&e->state, c->now->boot_ms))
        return;
    rpl_cache_note_forced(&e->state, c->now->boot_ms);
    fetch_or_wait(c, e);
}

/* The document of an entry, held for the caller. */
static rpl_status obtain(const call *c, entry *e, held **out)
{
    for (;;) {
        switch (rpl_cache_decide(&e->state, c->now->now_s, c->now->boot_ms)) {
        case RPL_CACHE_USE_AND_RENEW:
            want(c->source, e, c->now);
            *out = hold(e->kept);
            return rpl_ok();
        case RPL_CACHE_USE:
            *out = hold(e->kept);
            return rpl_ok();
        case RPL_CACHE_NOT_NOW:
            if (!e->doubtful)
                return e->failed.code != RPL_OK
                           ? e->failed
                           : rpl_fail(RPL_UNAVAILABLE, "the document has expired, and there is no "
                                                       "newer one yet");
            *out = hold(e->doubtful);
            return rpl_ok();
        case RPL_CACHE_FETCH:
            fetch_or_wait(c, e);
            break;
        }
    }
}

static rpl_status obtain_ask(const call *c, const rpl_pcs_ask *ask, held **out)
{
    entry *e = entry_of(c->source, ask, c->now->boot_ms);
    if (!e)
        return rpl_fail(RPL_UNAVAILABLE, "too many kinds of platforms at once: try again");
    e->busy++;
    look_at_stored(c->source, e, c->now);
    if (c->wants->renew)
        force(c, e);
    const rpl_status s = obtain(c, e, out);
    e->busy--;
    return s;
}

static rpl_pcs_ask ask_for(const rpl_collateral_wants *wants, int kind)
{
    rpl_pcs_ask ask = {.kind = kind == EARLY ? RPL_PCS_TCB_INFO : (rpl_pcs_kind)kind,
                       .early = kind == EARLY,
                       .processor_ca = kind == RPL_PCS_PCK_CRL && wants->processor_ca};
    if (ask.kind == RPL_PCS_TCB_INFO)
        memcpy(ask.fmspc, wants->fmspc, sizeof(ask.fmspc));
    return ask;
}

/* Best effort: no forecast is worth a failure, nor, unless it is asked for, a wait. */
static void obtain_early(const call *c, held **out)
{
    const rpl_pcs_ask ask = ask_for(c->wants, EARLY);
    entry *e = entry_of(c->source, &ask, c->now->boot_ms);
    if (!e)
        return;
    look_at_stored(c->source, e, c->now);
    const rpl_cache_plan plan = rpl_cache_decide(&e->state, c->now->now_s, c->now->boot_ms);
    e->busy++;
    if (plan == RPL_CACHE_USE || plan == RPL_CACHE_USE_AND_RENEW || c->wants->want_early)
        (void)!obtain(c, e, out).code;
    else if (plan == RPL_CACHE_FETCH)
        want(c->source, e, c->now);
    if (*out && *out != e->kept) {
        let_go(*out);
        *out = NULL;
    }
    e->busy--;
}

static void view_of(const lease *l, int tcb_info, rpl_collateral *out)
{
    const rpl_collateral_document *tcb = l->documents[tcb_info]->document;
    const rpl_collateral_document *qe = l->documents[RPL_PCS_QE_IDENTITY]->document;
    *out = (rpl_collateral){
        .root_crl = l->documents[RPL_PCS_ROOT_CRL]->document->text,
        .pck_crl = l->documents[RPL_PCS_PCK_CRL]->document->text,
        .tcb_info_chain = tcb->chain,
        .tcb_info = tcb->text,
        .tcb_info_signature = tcb->signature,
        .qe_identity_chain = qe->chain,
        .qe_identity = qe->text,
        .qe_identity_signature = qe->signature,
    };
}

/* What came with the call: for this call alone, and only where it says more than what is known. A
 * stranger's document must neither hide a newer one nor raise what others are measured by. */
static held *obtain_given(const call *c, const rpl_pcs_ask *ask)
{
    const rpl_collateral_judge *judge = &c->source->fetcher.judge;
    RPL_AUTO(collateral_document) rpl_collateral_document *d = NULL;
    rpl_collateral_stamp stamp;
    entry *e = find(c->source, ask);
    if (!c->wants->given ||
        rpl_collateral_document_of(ask, c->wants->given, c->wants->issuers, &d).code != RPL_OK ||
        judge->check(judge->self, d, c->now->now_s, &stamp).code != RPL_OK)
        return NULL;
    if (e) {
        look_at_stored(c->source, e, c->now);
        if (rpl_cache_judge(&e->state, &stamp) != RPL_CACHE_TAKE)
            return NULL;
    }
    return held_new(RPL_TAKE(d));
}

static rpl_status obtain_all(const call *c, lease *l)
{
    for (int kind = 0; kind < RPL_PCS_KIND_COUNT; kind++) {
        const rpl_pcs_ask ask = ask_for(c->wants, kind);
        l->documents[kind] = obtain_given(c, &ask);
        if (!l->documents[kind])
            RPL_TRY(obtain_ask(c, &ask, &l->documents[kind]));
    }
    obtain_early(c, &l->documents[EARLY]);
    return rpl_ok();
}

static void lease_free(lease *l)
{
    for (size_t i = 0; i < LEASED_MAX; i++)
        let_go(l->documents[i]);
    free(l);
}

rpl_status rpl_collateral_source_get(rpl_collateral_source *source,
                                     const rpl_collateral_wants *wants, const rpl_time *now,
                                     rpl_collateral_lease *out)
{
    const call c = {source, wants, now};
    lease *l = calloc(1, sizeof(*l));
    if (!l)
        return rpl_fail(RPL_INTERNAL, "no memory");
    pthread_mutex_lock(&source->lock);
    const rpl_status s = obtain_all(&c, l);
    if (s.code != RPL_OK) {
        lease_free(l);
    } else {
        *out = (rpl_collateral_lease){.owner = l};
        view_of(l, RPL_PCS_TCB_INFO, &out->collateral);
        if (l->documents[EARLY])
            view_of(l, EARLY, &out->early);
    }
    pthread_mutex_unlock(&source->lock);
    return s;
}

static bool is_settled(const rpl_collateral_source *source)
{
    for (size_t i = 0; i < ENTRIES_MAX; i++)
        if (source->entries[i].wanted || source->entries[i].in_flight)
            return false;
    return true;
}

void rpl_collateral_source_settle(rpl_collateral_source *source)
{
    pthread_mutex_lock(&source->lock);
    while (source->has_thread && !is_settled(source))
        pthread_cond_wait(&source->changed, &source->lock);
    pthread_mutex_unlock(&source->lock);
}

void rpl_collateral_source_done(rpl_collateral_source *source, rpl_collateral_lease *lease_out)
{
    pthread_mutex_lock(&source->lock);
    lease_free(lease_out->owner);
    pthread_mutex_unlock(&source->lock);
    *lease_out = (rpl_collateral_lease){0};
}
