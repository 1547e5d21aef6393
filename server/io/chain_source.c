#include "server/io/chain_source.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "attestation/policy/block_header.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/writer.h"
#include "server/io/chain_list.h"
#include "server/io/chain_witness.h"
#include "server/io/clock.h"
#include "server/io/json_rpc.h"

enum { PARAMS_MAX = 1024, CODE_MAX = 49152, HEX32_SIZE = 67, HEX20_SIZE = 43 };

struct rpl_chain_source {
    rpl_chain_source_config config;
    pthread_mutex_t lock; /* guards the keys */
    rpl_rpc_keys keys;
};

/* One provider, while it is asked. */
typedef struct {
    const rpl_chain_source_config *config;
    const rpl_chain_words *slots;
    char url[RPL_RPC_URL_SIZE]; /* wiped behind the question */
    size_t index;
    int64_t until_ms;
    uint64_t latest, finalized;       /* which its own are */
    uint64_t at_latest, at_finalized; /* which it is asked about */
    rpl_chain_report report;
    pthread_t thread;
    bool has_thread;
} provider;

RPL_DEFINE_AUTO(void *, memory, free)

static void free_results(rpl_json_rpc_results *results)
{
    rpl_json_rpc_results_free(results);
}
#define RESULTS __attribute__((cleanup(free_results))) rpl_json_rpc_results

/* --- one provider --- */

static rpl_status ask(const provider *p, const rpl_json_rpc_call *calls, size_t count,
                      rpl_json_rpc_results *out)
{
    const int64_t left_ms = p->until_ms - rpl_clock_boot_ms();
    const int64_t limit_ms = p->config->pace.request_ms;
    if (left_ms <= 0)
        return rpl_fail(RPL_UNAVAILABLE, "RPC: no time is left for another question");
    const rpl_json_rpc_endpoint endpoint = {
        .url = p->url,
        .ca_file = p->config->ca_file,
        .timeout_ms = (long)(left_ms < limit_ms ? left_ms : limit_ms),
    };
    return rpl_json_rpc_ask(&endpoint, calls, count, out);
}

static void to_hex(rpl_bytes bytes, char *out)
{
    out[0] = '0';
    out[1] = 'x';
    rpl_hex_encode(bytes, out + 2);
}

static rpl_status own_number(const provider *p, const char *params, uint64_t *chain_id,
                             uint64_t *number)
{
    RESULTS results = {0};
    rpl_block_header header;
    const rpl_json_rpc_call calls[] = {{"eth_chainId", "[]"}, {"eth_getBlockByNumber", params}};

    RPL_TRY(ask(p, calls, 2, &results));
    if (!rpl_rpc_quantity(results.items[0], chain_id))
        return rpl_fail(RPL_MALFORMED, "RPC: eth_chainId is no QUANTITY");
    RPL_TRY(rpl_block_header_read(results.items[1], &header));
    *number = header.number;
    return rpl_ok();
}

static rpl_status learn(provider *p)
{
    uint64_t again;
    RPL_TRY(own_number(p, "[\"latest\",false]", &p->report.chain_id, &p->latest));
    RPL_TRY(own_number(p, "[\"finalized\",false]", &again, &p->finalized));
    if (again != p->report.chain_id)
        return rpl_fail(RPL_MALFORMED, "RPC: two chain ids from one provider");
    return rpl_ok();
}

static rpl_status take_block(const json_t *result, uint64_t number, rpl_block_header *header,
                             rpl_chain_view *view)
{
    RPL_TRY(rpl_block_header_read(result, header));
    if (header->number != number)
        return rpl_fail(RPL_MALFORMED, "RPC: the header of another block than was asked for");
    view->block = (rpl_chain_block){.number = number, .timestamp = header->timestamp};
    for (size_t i = 0; i < sizeof(view->block.hash); i++)
        view->block.hash[i] = header->hash[i];
    return rpl_ok();
}

static void block_params(uint64_t number, char out[static PARAMS_MAX])
{
    snprintf(out, PARAMS_MAX, "[\"0x%" PRIx64 "\",false]", number);
}

static void proof_params(const provider *p, uint64_t number, char out[static PARAMS_MAX])
{
    char text[HEX32_SIZE], tail[32];
    rpl_writer w = rpl_writer_over(out, PARAMS_MAX);

    to_hex(rpl_bytes_of(p->config->pin.address, 20), text);
    rpl_write_text(&w, "[\"");
    rpl_write_text(&w, text);
    for (size_t i = 0; i < RPL_CHAIN_WORDS; i++) {
        to_hex(rpl_bytes_of(p->slots->b[i], 32), text);
        rpl_write_text(&w, i ? "\",\"" : "\",[\"");
        rpl_write_text(&w, text);
    }
    snprintf(tail, sizeof(tail), "\"],\"0x%" PRIx64 "\"]", number);
    rpl_write_text(&w, tail);
    rpl_write_u8(&w, 0);
}

static rpl_status view_by_proof(const provider *p, uint64_t number, rpl_chain_view *view)
{
    RESULTS results = {0};
    rpl_block_header header;
    char block[PARAMS_MAX], proof[PARAMS_MAX];
    const rpl_json_rpc_call calls[] = {{"eth_getBlockByNumber", block}, {"eth_getProof", proof}};

    block_params(number, block);
    proof_params(p, number, proof);
    RPL_TRY(ask(p, calls, 2, &results));
    RPL_TRY(take_block(results.items[0], number, &header, view));
    return rpl_chain_view_prove(results.items[1], header.state_root, p->config->pin.address,
                                p->slots, view);
}

/* --- without proofs --- */

/* Parameters of a call about the contract at the block of this hash; `slot` may be NULL. */
static void at_hash(const provider *p, const uint8_t *slot, const uint8_t hash[static 32],
                    char out[static PARAMS_MAX])
{
    char address[HEX20_SIZE], slot_text[HEX32_SIZE] = "", hash_text[HEX32_SIZE];
    to_hex(rpl_bytes_of(p->config->pin.address, 20), address);
    to_hex(rpl_bytes_of(hash, 32), hash_text);
    if (slot)
        to_hex(rpl_bytes_of(slot, 32), slot_text);
    snprintf(out, PARAMS_MAX, "[\"%s\",%s%s%s{\"blockHash\":\"%s\",\"requireCanonical\":true}]",
             address, slot ? "\"" : "", slot_text, slot ? "\"," : "", hash_text);
}

static rpl_status read_words(const provider *p, const uint8_t hash[static 32], size_t from,
                             size_t count, rpl_chain_words *words)
{
    RESULTS results = {0};
    char params[RPL_RPC_BATCH_MAX][PARAMS_MAX];
    rpl_json_rpc_call calls[RPL_RPC_BATCH_MAX];

    for (size_t i = 0; i < count; i++) {
        at_hash(p, p->slots->b[from + i], hash, params[i]);
        calls[i] = (rpl_json_rpc_call){"eth_getStorageAt", params[i]};
    }
    RPL_TRY(ask(p, calls, count, &results));
    for (size_t i = 0; i < count; i++)
        if (!rpl_rpc_data_exact(results.items[i], words->b[from + i], 32))
            return rpl_fail(RPL_MALFORMED, "RPC: eth_getStorageAt is no word of 32 bytes");
    return rpl_ok();
}

static rpl_status read_code(const provider *p, const uint8_t hash[static 32], rpl_chain_view *view)
{
    RESULTS results = {0};
    RPL_AUTO(memory) void *code = malloc(CODE_MAX);
    char params[PARAMS_MAX];
    size_t len = 0;
    const rpl_json_rpc_call call = {"eth_getCode", params};

    if (!code)
        return rpl_fail(RPL_INTERNAL, "no memory");
    at_hash(p, NULL, hash, params);
    RPL_TRY(ask(p, &call, 1, &results));
    if (!rpl_rpc_data(results.items[0], code, CODE_MAX, &len))
        return rpl_fail(RPL_MALFORMED, "RPC: eth_getCode is no DATA");
    rpl_keccak256(rpl_bytes_of(code, len), view->code_hash);
    return rpl_ok();
}

static rpl_status view_by_storage(const provider *p, uint64_t number, rpl_chain_view *view)
{
    enum { FIRST = RPL_CHAIN_WORDS / 2 };
    RESULTS results = {0};
    rpl_block_header header;
    rpl_chain_words words;
    char params[PARAMS_MAX];
    const rpl_json_rpc_call call = {"eth_getBlockByNumber", params};

    block_params(number, params);
    RPL_TRY(ask(p, &call, 1, &results));
    RPL_TRY(take_block(results.items[0], number, &header, view));
    RPL_TRY(read_words(p, header.hash, 0, FIRST, &words));
    RPL_TRY(read_words(p, header.hash, FIRST, RPL_CHAIN_WORDS - FIRST, &words));
    RPL_TRY(read_code(p, header.hash, view));
    rpl_chain_view_read(&words, view);
    return rpl_ok();
}

/* A refused proof (unknown method, pruned, out of the window) is no lie. */
static rpl_status view_at(const provider *p, uint64_t number, rpl_chain_view *view)
{
    const rpl_status s = view_by_proof(p, number, view);
    return s.code == RPL_DENIED ? view_by_storage(p, number, view) : s;
}

static rpl_status look(provider *p)
{
    RPL_TRY(view_at(p, p->at_latest, &p->report.latest));
    return view_at(p, p->at_finalized, &p->report.finalized);
}

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
    settle(p, learn(p));
    if (p->report.standing == RPL_CHAIN_KNOWN && p->report.chain_id != p->config->pin.chain_id)
        p->report.standing = RPL_CHAIN_OTHER_CHAIN;
    else if (p->report.standing == RPL_CHAIN_KNOWN && p->finalized > p->latest)
        p->report.standing = RPL_CHAIN_ORDER;
    return NULL;
}

static void *run_look(void *data)
{
    provider *p = data;
    settle(p, look(p));
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

static void attempt(provider *providers, size_t count, size_t quorum)
{
    for (size_t i = 0; i < count; i++) {
        providers[i].report = (rpl_chain_report){0};
        providers[i].report.standing = providers[i].url[0] ? RPL_CHAIN_KNOWN : RPL_CHAIN_NO_URL;
    }
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

static void ask_until(provider *providers, const rpl_chain_source_config *config, int64_t until_ms)
{
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

void rpl_chain_source_ask(rpl_chain_source *source, const rpl_chain_question *question,
                          rpl_chain_facts *out)
{
    const rpl_chain_source_config *config = &source->config;
    const int64_t until_ms = rpl_clock_boot_ms() + config->pace.deadline_ms;
    provider providers[RPL_CHAIN_PROVIDERS_MAX] = {0};
    rpl_chain_words slots;

    rpl_chain_slots(question, &slots);
    pthread_mutex_lock(&source->lock);
    for (size_t i = 0; i < config->prefixes->count; i++) {
        providers[i].config = config;
        providers[i].slots = &slots;
        providers[i].index = i;
        providers[i].until_ms = until_ms;
        if (!rpl_rpc_url(config->prefixes, &source->keys, i, providers[i].url))
            providers[i].url[0] = 0;
    }
    pthread_mutex_unlock(&source->lock);
    ask_until(providers, config, until_ms);
    *out = (rpl_chain_facts){.count = config->prefixes->count};
    for (size_t i = 0; i < out->count; i++)
        out->reports[i] = providers[i].report;
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

void rpl_chain_source_witness(rpl_chain_source *source, uint64_t finalized, uint64_t latest,
                              rpl_chain_witnesses *out)
{
    char url[RPL_RPC_URL_SIZE] = "";
    const rpl_json_rpc_endpoint endpoint = endpoint_at(source, url);

    *out = (rpl_chain_witnesses){.count = source->config.prefixes->count};
    for (size_t i = 0; i < out->count; i++) {
        rpl_chain_witness *w = &out->witnesses[i];
        w->standing = RPL_CHAIN_NO_URL;
        if (address_of(source, i, url)) {
            const rpl_status s = rpl_chain_witness_ask(&endpoint, finalized, latest, w);
            w->standing = standing_of(s);
        }
    }
    sodium_memzero(url, sizeof(url));
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
