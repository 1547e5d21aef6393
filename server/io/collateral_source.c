#include "server/io/collateral_source.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/io/clock.h"
#include "server/io/collateral_store.h"
#include "server/io/collateral_table.h"

/* What a lease has: the kinds of rpl_pcs_kind, then these two, for a forecast. */
enum { EARLY_TCB = RPL_PCS_KIND_COUNT, EARLY_QE, LEASED_MAX };
enum { EARLY_RETRY_MS = 3600 * 1000 }; /* many sources have none */

typedef rpl_collateral_entry entry;

struct rpl_collateral_source {
    rpl_roots roots;
    rpl_collateral_fetcher fetcher;
    rpl_collateral_store store;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* an entry: fetched, looked at, or wanted */
    rpl_collateral_table table;
    pthread_t thread;
    bool has_thread, stopping;
};

typedef struct {
    rpl_pcs_ask tcb_info; /* names the kind of platform */
    rpl_evaluation_floor seen;
    rpl_held *documents[LEASED_MAX];
} lease;

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
    rpl_collateral_table_clear(&source->table);
    pthread_cond_destroy(&source->changed);
    pthread_mutex_destroy(&source->lock);
    rpl_collateral_fetcher_destroy(&source->fetcher);
    free(source);
}

static void remember(void *self, rpl_collateral_document *document)
{
    rpl_collateral_source *source = self;
    entry *e = rpl_collateral_table_entry(&source->table, &document->ask, 0);
    rpl_held *stored = rpl_held_new(document, NULL);
    if (!e) {
        rpl_held_let_go(stored);
        return;
    }
    rpl_held_let_go(e->stored);
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
    source->fetcher.boot_ms = config->boot_ms ? config->boot_ms : rpl_clock_boot_ms;
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

/* When an exchange ended that a caller of the time `now` began. */
static int64_t ended_ms(const rpl_collateral_source *source, const rpl_time *now)
{
    const int64_t boot_ms = source->fetcher.boot_ms();
    return boot_ms > now->boot_ms ? boot_ms : now->boot_ms;
}

static void take_stored(entry *e, rpl_held *stored)
{
    if (e->kept) {
        rpl_held_let_go(stored);
        return;
    }
    e->kept = stored;
    e->state.has = true;
    e->state.stamp = stored->stamp;
}

/* What a file says counts as little as what a source says. Lets the lock go while it verifies. */
static void look_at_stored(rpl_collateral_source *source, entry *e, const rpl_time *now)
{
    const rpl_collateral_judge *judge = &source->fetcher.judge;
    rpl_held *stored = RPL_TAKE(e->stored);
    if (!stored)
        return;
    e->in_flight = true;
    pthread_mutex_unlock(&source->lock);
    const rpl_status s = judge->check(judge->self, stored->document, now->now_s, &stored->stamp);
    if (s.code != RPL_OK)
        rpl_log(RPL_LOG_WARN, "stored collateral is passed over",
                rpl_log_text("document", rpl_pcs_name(&stored->document->ask)),
                rpl_log_text("why", s.what));
    pthread_mutex_lock(&source->lock);
    e->in_flight = false;
    if (s.code == RPL_OK)
        take_stored(e, stored);
    else
        rpl_held_let_go(stored);
    pthread_cond_broadcast(&source->changed);
}

static void keep(entry *e, rpl_collateral_catch *caught, int64_t boot_ms)
{
    const bool known =
        e->kept && memcmp(e->kept->document->digest, caught->document->digest, 32) == 0;
    const bool take = !known && rpl_cache_judge(&e->state, &caught->stamp) == RPL_CACHE_TAKE;
    rpl_held *fresh = take ? rpl_held_new(RPL_TAKE(caught->document), &caught->stamp) : NULL;
    if (fresh) {
        rpl_held_let_go(e->kept);
        e->kept = fresh;
    }
    rpl_held_let_go(e->doubtful);
    e->doubtful = NULL;
    rpl_cache_note_answer(&e->state, fresh ? &caught->stamp : NULL, boot_ms);
}

static void doubt(entry *e, rpl_collateral_document *document, int64_t boot_ms)
{
    rpl_held_let_go(e->doubtful);
    e->doubtful = rpl_held_new(document, NULL);
    rpl_cache_note_failure(&e->state, 0, boot_ms);
}

/* What is new, and what could not be stored before. The entry is in flight: nobody else changes it. */
static void save(const rpl_collateral_source *source, const rpl_cache_state *known, entry *e,
                 const rpl_collateral_catch *caught)
{
    if (caught->verified &&
        (e->unsaved || rpl_cache_judge(known, &caught->stamp) == RPL_CACHE_TAKE))
        e->unsaved = !rpl_collateral_store_save(&source->store, caught->document);
}

static void settle(rpl_collateral_source *source, entry *e, rpl_collateral_catch *caught,
                   const rpl_time *now, int64_t retry_after_ms)
{
    const int64_t boot_ms = ended_ms(source, now);
    if (e->ask.early && retry_after_ms < EARLY_RETRY_MS)
        retry_after_ms = EARLY_RETRY_MS;
    if (e->failed.code != RPL_OK)
        rpl_cache_note_failure(&e->state, retry_after_ms, boot_ms);
    else if (caught->verified)
        keep(e, caught, boot_ms);
    else
        doubt(e, RPL_TAKE(caught->document), boot_ms);
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
    save(source, &known, e, &caught);
    pthread_mutex_lock(&source->lock);
    e->in_flight = false;
    e->wanted = false;
    e->failed = s;
    settle(source, e, &caught, now, retry_after_ms);
    free(caught.document);
    pthread_cond_broadcast(&source->changed);
}

/* --- the thread that renews --- */

static entry *next_wanted(rpl_collateral_source *source)
{
    for (size_t i = 0; i < RPL_COLLATERAL_ENTRIES_MAX; i++) {
        entry *e = &source->table.entries[i];
        if (e->wanted && !e->in_flight)
            return e;
    }
    return NULL;
}

/* A list is renewed with the issuers that the known one came with. */
static void renew(rpl_collateral_source *source, entry *e)
{
    rpl_held *known = e->kept ? rpl_held_again(e->kept) : NULL;
    const bool is_list = e->ask.kind == RPL_PCS_PCK_CRL || e->ask.kind == RPL_PCS_ROOT_CRL;
    const rpl_bytes issuers = known && is_list ? known->document->chain : (rpl_bytes){0};
    const rpl_time at = e->wanted_at;
    e->busy++;
    fetch(source, e, issuers, &at);
    e->busy--;
    rpl_held_let_go(known);
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
    rpl_held *given[RPL_PCS_KIND_COUNT]; /* came with the call and verified, else NULL */
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
static rpl_status obtain(const call *c, entry *e, rpl_held **out)
{
    for (;;) {
        switch (rpl_cache_decide(&e->state, c->now->now_s, c->now->boot_ms)) {
        case RPL_CACHE_USE_AND_RENEW:
            want(c->source, e, c->now);
            *out = rpl_held_again(e->kept);
            return rpl_ok();
        case RPL_CACHE_USE:
            *out = rpl_held_again(e->kept);
            return rpl_ok();
        case RPL_CACHE_NOT_NOW:
            if (!e->doubtful)
                return e->failed.code != RPL_OK
                           ? e->failed
                           : rpl_fail(RPL_UNAVAILABLE, "the document has expired, and there is no "
                                                       "newer one yet");
            *out = rpl_held_again(e->doubtful);
            return rpl_ok();
        case RPL_CACHE_FETCH:
            fetch_or_wait(c, e);
            break;
        }
    }
}

static rpl_status obtain_ask(const call *c, const rpl_pcs_ask *ask, rpl_held **out)
{
    entry *e = rpl_collateral_table_entry(&c->source->table, ask, c->now->boot_ms);
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

static rpl_pcs_ask ask_for(const rpl_collateral_wants *wants, int item)
{
    const bool early = item >= RPL_PCS_KIND_COUNT;
    const rpl_pcs_kind kind = item == EARLY_TCB  ? RPL_PCS_TCB_INFO
                              : item == EARLY_QE ? RPL_PCS_QE_IDENTITY
                                                 : (rpl_pcs_kind)item;
    rpl_pcs_ask ask = {.kind = kind,
                       .early = early,
                       .processor_ca = kind == RPL_PCS_PCK_CRL && wants->processor_ca};
    if (ask.kind == RPL_PCS_TCB_INFO)
        memcpy(ask.fmspc, wants->fmspc, sizeof(ask.fmspc));
    return ask;
}

/* Best effort: no forecast is worth a failure. */
static void obtain_early(const call *c, int item, rpl_held **out)
{
    const rpl_pcs_ask ask = ask_for(c->wants, item);
    rpl_held *found = NULL;
    if (obtain_ask(c, &ask, &found).code == RPL_OK && found->stamp.issued_s)
        *out = RPL_TAKE(found);
    rpl_held_let_go(found);
}

static void view_of(const lease *l, int tcb_info, int qe_identity, rpl_collateral *out)
{
    const rpl_collateral_document *tcb = l->documents[tcb_info]->document;
    const rpl_collateral_document *qe = l->documents[qe_identity]->document;
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

/* What came with the call, verified by itself; without the lock. */
static rpl_held *read_given(const call *c, const rpl_pcs_ask *ask)
{
    const rpl_collateral_judge *judge = &c->source->fetcher.judge;
    RPL_AUTO(collateral_document) rpl_collateral_document *d = NULL;
    rpl_collateral_stamp stamp;
    if (rpl_collateral_document_of(ask, c->wants->given, c->wants->issuers, &d).code != RPL_OK ||
        judge->check(judge->self, d, c->now->now_s, &stamp).code != RPL_OK)
        return NULL;
    rpl_held *held = rpl_held_new(RPL_TAKE(d), &stamp);
    if (held)
        held->is_given = true;
    return held;
}

static void read_all_given(call *c)
{
    for (int kind = 0; c->wants->given && kind < RPL_PCS_KIND_COUNT; kind++) {
        const rpl_pcs_ask ask = ask_for(c->wants, kind);
        c->given[kind] = read_given(c, &ask);
    }
}

static void report_given(const rpl_pcs_ask *ask, rpl_status without)
{
    rpl_log(without.code == RPL_OK ? RPL_LOG_INFO : RPL_LOG_WARN,
            "collateral that came with the call is used",
            rpl_log_text("document", rpl_pcs_name(ask)),
            rpl_log_text("why", without.code == RPL_OK ? "newer than what the sources have"
                                                       : without.what));
}

/* The sources first: whoever wants something must not choose how old the documents are that speak
 * of it. What came with the call counts for this call alone, where it is newer than what is known, or
 * where nothing is. */
static rpl_status obtain_part(const call *c, int kind, rpl_held **out)
{
    const rpl_pcs_ask ask = ask_for(c->wants, kind);
    rpl_held *given = c->given[kind];
    const rpl_status s = obtain_ask(c, &ask, out);
    const entry *e = rpl_collateral_table_find(&c->source->table, &ask);
    if (!given || (e && rpl_cache_judge(&e->state, &given->stamp) != RPL_CACHE_TAKE))
        return s;
    report_given(&ask, s);
    rpl_held_let_go(*out);
    *out = rpl_held_again(given);
    return rpl_ok();
}

static rpl_status obtain_all(const call *c, lease *l)
{
    for (int kind = 0; kind < RPL_PCS_KIND_COUNT; kind++)
        RPL_TRY(obtain_part(c, kind, &l->documents[kind]));
    for (int item = EARLY_TCB; c->wants->want_early && item < LEASED_MAX; item++)
        obtain_early(c, item, &l->documents[item]);
    l->tcb_info = ask_for(c->wants, RPL_PCS_TCB_INFO);
    l->seen = rpl_collateral_table_floor(&c->source->table, l->tcb_info.fmspc);
    return rpl_ok();
}

static void lease_free(lease *l)
{
    for (size_t i = 0; i < LEASED_MAX; i++)
        rpl_held_let_go(l->documents[i]);
    free(l);
}

static bool is_whole(const lease *l)
{
    return l->documents[RPL_PCS_TCB_INFO] && l->documents[RPL_PCS_QE_IDENTITY] &&
           l->documents[RPL_PCS_PCK_CRL] && l->documents[RPL_PCS_ROOT_CRL];
}

static void hand_out(lease *l, rpl_collateral_lease *out)
{
    *out = (rpl_collateral_lease){.owner = l};
    view_of(l, RPL_PCS_TCB_INFO, RPL_PCS_QE_IDENTITY, &out->collateral);
    out->collateral.seen = &l->seen;
    if (l->documents[EARLY_TCB])
        view_of(l, EARLY_TCB, l->documents[EARLY_QE] ? EARLY_QE : RPL_PCS_QE_IDENTITY, &out->early);
}

rpl_status rpl_collateral_source_get(rpl_collateral_source *source,
                                     const rpl_collateral_wants *wants, const rpl_time *now,
                                     rpl_collateral_lease *out)
{
    call c = {.source = source, .wants = wants, .now = now};
    lease *l = calloc(1, sizeof(*l));
    if (!l)
        return rpl_fail(RPL_INTERNAL, "no memory");
    read_all_given(&c);
    pthread_mutex_lock(&source->lock);
    const rpl_status s = obtain_all(&c, l); /* fails at the first part that is missing */
    if (is_whole(l))
        hand_out(l, out);
    else
        lease_free(l);
    for (int kind = 0; kind < RPL_PCS_KIND_COUNT; kind++)
        rpl_held_let_go(c.given[kind]);
    pthread_mutex_unlock(&source->lock);
    return s;
}

static bool is_settled(const rpl_collateral_source *source)
{
    for (size_t i = 0; i < RPL_COLLATERAL_ENTRIES_MAX; i++) {
        if (source->table.entries[i].wanted || source->table.entries[i].in_flight)
            return false;
    }
    return true;
}

void rpl_collateral_source_settle(rpl_collateral_source *source)
{
    pthread_mutex_lock(&source->lock);
    while (source->has_thread && !is_settled(source))
        pthread_cond_wait(&source->changed, &source->lock);
    pthread_mutex_unlock(&source->lock);
}

/* What a stranger sent must not raise what others are measured by. */
static void learn(rpl_collateral_source *source, const lease *l)
{
    const rpl_held *tcb = l->documents[RPL_PCS_TCB_INFO], *qe = l->documents[RPL_PCS_QE_IDENTITY];
    if (!tcb->is_given && !qe->is_given)
        rpl_collateral_table_raise(&source->table, l->tcb_info.fmspc, &tcb->stamp, &qe->stamp,
                                   source->fetcher.boot_ms());
}

void rpl_collateral_source_done(rpl_collateral_source *source, rpl_collateral_lease *lease_out,
                                bool verified)
{
    pthread_mutex_lock(&source->lock);
    if (verified)
        learn(source, lease_out->owner);
    lease_free(lease_out->owner);
    pthread_mutex_unlock(&source->lock);
    *lease_out = (rpl_collateral_lease){0};
}
