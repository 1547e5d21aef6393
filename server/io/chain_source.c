#include "server/io/chain_source.h"

#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/log.h"
#include "server/io/chain_list.h"
#include "server/io/chain_provider.h"
#include "server/io/clock.h"
#include "server/io/json_rpc.h"

struct rpl_chain_source {
    rpl_chain_source_config config;
    pthread_mutex_t lock; /* guards the keys */
    rpl_rpc_keys keys;
};

typedef rpl_chain_provider provider;

/* --- standings --- */

static rpl_chain_standing standing_of(rpl_status s)
{
    static const struct {
        rpl_code code;
        rpl_chain_standing standing;
    } rows[] = {
        {RPL_OK, RPL_CHAIN_KNOWN},         {RPL_UNAVAILABLE, RPL_CHAIN_UNREACHABLE},
        {RPL_DENIED, RPL_CHAIN_REFUSED},   {RPL_UNTRUSTED, RPL_CHAIN_UNPROVEN},
        {RPL_INTERNAL, RPL_CHAIN_UNASKED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].code == s.code)
            return rows[i].standing;
    return RPL_CHAIN_MALFORMED;
}

/* The provider by its place in ETH_RPC_PREFIX: never its address. */
static void settle(provider *p, rpl_status s)
{
    p->report.standing = standing_of(s);
    if (s.code != RPL_OK)
        rpl_log(RPL_LOG_WARN, "RPC provider", rpl_log_uint("provider", p->index),
                rpl_log_text("why", s.what));
}

static void *run_learn(void *data)
{
    provider *p = data;
    settle(p, rpl_chain_provider_learn(p));
    if (p->report.standing == RPL_CHAIN_KNOWN && p->report.chain_id != p->chain_id)
        p->report.standing = RPL_CHAIN_OTHER_CHAIN;
    else if (p->report.standing == RPL_CHAIN_KNOWN && p->finalized > p->latest)
        p->report.standing = RPL_CHAIN_ORDER;
    return NULL;
}

static void *run_look(void *data)
{
    provider *p = data;
    settle(p, rpl_chain_provider_look(p));
    return NULL;
}

static void *run_witness(void *data)
{
    provider *p = data;
    settle(p, rpl_chain_provider_witness(p));
    return NULL;
}

/* --- all of them --- */

static bool is_known(const provider *p)
{
    return p->report.standing == RPL_CHAIN_KNOWN;
}

/* Side by side, those that are known so far; in this thread, if there is no other. */
static void each(provider *providers, size_t count, void *(*step)(void *))
{
    for (size_t i = 0; i < count; i++) {
        provider *p = &providers[i];
        const bool wanted = is_known(p); /* once its thread runs, the report is the thread's */
        p->has_thread = wanted && pthread_create(&p->thread, NULL, step, p) == 0;
        if (wanted && !p->has_thread)
            (void)step(p);
    }
    for (size_t i = 0; i < count; i++)
        if (providers[i].has_thread)
            (void)pthread_join(providers[i].thread, NULL);
}

static int descending(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? 1 : a > b ? -1 : 0;
}

/* The highest number that a quorum has reached; without a quorum what all have reached. */
static uint64_t common(const provider *providers, size_t count, size_t quorum, bool finalized)
{
    uint64_t numbers[RPL_CHAIN_PROVIDERS_MAX] = {0};
    size_t n = 0;

    for (size_t i = 0; i < count; i++)
        if (is_known(&providers[i]))
            numbers[n++] = finalized ? providers[i].finalized : providers[i].latest;
    qsort(numbers, n, sizeof(*numbers), descending);
    const size_t place = n < quorum ? n : quorum;
    return place ? numbers[place - 1] : 0;
}

static void choose_blocks(provider *providers, size_t count, size_t quorum)
{
    const uint64_t latest = common(providers, count, quorum, false),
                   finalized = common(providers, count, quorum, true);
    for (size_t i = 0; i < count; i++) {
        provider *p = &providers[i];
        p->at_latest = p->latest < latest ? p->latest : latest;
        p->at_finalized = p->finalized < finalized ? p->finalized : finalized;
    }
}

static void start(provider *providers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        providers[i].report = (rpl_chain_report){0};
        providers[i].report.standing = providers[i].url[0] ? RPL_CHAIN_KNOWN : RPL_CHAIN_NO_URL;
    }
}

static void attempt(provider *providers, size_t count, size_t quorum)
{
    start(providers, count);
    each(providers, count, run_learn);
    choose_blocks(providers, count, quorum);
    each(providers, count, run_look);
}

static bool same_hash(const rpl_chain_view *a, const rpl_chain_view *b)
{
    return rpl_bytes_equal(rpl_bytes_of(a->block.hash, 32), rpl_bytes_of(b->block.hash, 32));
}

static bool same_blocks(const provider *a, const provider *b)
{
    return is_known(a) && is_known(b) && same_hash(&a->report.latest, &b->report.latest) &&
           same_hash(&a->report.finalized, &b->report.finalized);
}

static size_t n_agreeing(const provider *providers, size_t count)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = 0;
        for (size_t k = 0; k < count; k++)
            n += same_blocks(&providers[i], &providers[k]);
        most = n > most ? n : most;
    }
    return most;
}

/* Whether asking again can help: what has no address or is on another chain stays so. */
static bool may_still_agree(const provider *providers, size_t count, size_t quorum)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += providers[i].report.standing != RPL_CHAIN_NO_URL &&
             providers[i].report.standing != RPL_CHAIN_OTHER_CHAIN;
    return n >= quorum;
}

static void ask_until(provider *providers, const rpl_chain_source_config *config)
{
    const int64_t until_ms = providers[0].until_ms;
    const size_t count = config->prefixes->count, quorum = config->pin.quorum;
    int64_t pause_ms = config->pace.retry_first_ms;

    attempt(providers, count, quorum);
    while (n_agreeing(providers, count) < quorum && may_still_agree(providers, count, quorum) &&
           rpl_clock_boot_ms() + pause_ms < until_ms) {
        (void)poll(NULL, 0, (int)pause_ms);
        pause_ms =
            pause_ms * 2 < config->pace.retry_max_ms ? pause_ms * 2 : config->pace.retry_max_ms;
        attempt(providers, count, quorum);
    }
}

/* All of them, with what is in force now and one deadline for all; to be wiped by the caller. */
static void gather(rpl_chain_source *source, const rpl_chain_words *slots, provider *providers)
{
    const rpl_chain_source_config *config = &source->config;
    const int64_t until_ms = rpl_clock_boot_ms() + config->pace.deadline_ms;

    pthread_mutex_lock(&source->lock);
    for (size_t i = 0; i < config->prefixes->count; i++) {
        providers[i] = (provider){.chain_id = config->pin.chain_id,
                                  .address = config->pin.address,
                                  .slots = slots,
                                  .ca_file = config->ca_file,
                                  .request_ms = config->pace.request_ms,
                                  .until_ms = until_ms,
                                  .index = i};
        if (!rpl_rpc_url(config->prefixes, &source->keys, i, providers[i].url))
            providers[i].url[0] = 0;
    }
    pthread_mutex_unlock(&source->lock);
}

void rpl_chain_source_ask(rpl_chain_source *source, const rpl_chain_question *question,
                          rpl_chain_facts *out)
{
    provider providers[RPL_CHAIN_PROVIDERS_MAX] = {0};
    rpl_chain_words slots;

    rpl_chain_slots(question, &slots);
    gather(source, &slots, providers);
    ask_until(providers, &source->config);
    *out = (rpl_chain_facts){.count = source->config.prefixes->count};
    for (size_t i = 0; i < out->count; i++)
        out->reports[i] = providers[i].report;
    sodium_memzero(providers, sizeof(providers));
}

void rpl_chain_source_witness(rpl_chain_source *source, uint64_t finalized, uint64_t latest,
                              rpl_chain_witnesses *out)
{
    const size_t count = source->config.prefixes->count;
    provider providers[RPL_CHAIN_PROVIDERS_MAX] = {0};

    gather(source, NULL, providers);
    for (size_t i = 0; i < count; i++) {
        providers[i].at_finalized = finalized;
        providers[i].at_latest = latest;
    }
    start(providers, count);
    each(providers, count, run_witness);
    *out = (rpl_chain_witnesses){.count = count};
    for (size_t i = 0; i < count; i++) {
        out->witnesses[i] = providers[i].witness;
        out->witnesses[i].standing = providers[i].report.standing;
    }
    sodium_memzero(providers, sizeof(providers));
}

rpl_chain_source *rpl_chain_source_new(const rpl_chain_source_config *config)
{
    rpl_chain_source *source = calloc(1, sizeof(*source));
    if (!source)
        return NULL;
    source->config = *config;
    pthread_mutex_init(&source->lock, NULL);
    return source;
}

void rpl_chain_source_free(rpl_chain_source *source)
{
    if (!source)
        return;
    pthread_mutex_destroy(&source->lock);
    sodium_memzero(source, sizeof(*source));
    free(source);
}

void rpl_chain_source_keys(rpl_chain_source *source, const rpl_rpc_keys *keys)
{
    pthread_mutex_lock(&source->lock);
    source->keys = *keys;
    pthread_mutex_unlock(&source->lock);
}

/* --- one question to one provider --- */

static bool address_of(rpl_chain_source *source, size_t place, char url[static RPL_RPC_URL_SIZE])
{
    pthread_mutex_lock(&source->lock);
    const bool has = rpl_rpc_url(source->config.prefixes, &source->keys, place, url);
    pthread_mutex_unlock(&source->lock);
    return has;
}

static rpl_json_rpc_endpoint endpoint_at(const rpl_chain_source *source, const char *url)
{
    return (rpl_json_rpc_endpoint){.url = url,
                                   .ca_file = source->config.ca_file,
                                   .timeout_ms = (long)source->config.pace.request_ms};
}

rpl_status rpl_chain_source_list(rpl_chain_source *source, size_t place,
                                 const uint8_t block[static 32], rpl_contract_item *items,
                                 size_t cap, size_t *count)
{
    char url[RPL_RPC_URL_SIZE] = "";
    const rpl_json_rpc_endpoint endpoint = endpoint_at(source, url);

    if (!address_of(source, place, url))
        return rpl_fail(RPL_UNAVAILABLE, "there is no key for this provider");
    const rpl_status s =
        rpl_chain_list_ask(&endpoint, source->config.pin.address, block, items, cap, count);
    sodium_memzero(url, sizeof(url));
    return s;
}
