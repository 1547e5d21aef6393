#include "tests/support/world/fake_world.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sched.h>

#include "base/hash.h"
#include "base/writer.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

/* Of a version 4 quote. */
enum { SIGNED_LEN = 632, REPORT_DATA_AT = 568, SIGNATURE_AT = 636 };

#define MACHINES RPL_GENERATED "/machines/"

static void die(const char *what)
{
    print_error("fake world: %s\n", what);
    abort();
}

/* r || s over header and body, as the quoting enclave does it. */
static void sign(EVP_PKEY *key, uint8_t *quote)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[80];
    size_t len = sizeof(der);
    const uint8_t *p = der;

    if (!ctx || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(ctx, der, &len, quote, SIGNED_LEN) != 1)
        die("cannot sign");
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &p, (long)len);
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature), quote + SIGNATURE_AT, 32) != 32 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), quote + SIGNATURE_AT + 32, 32) != 32)
        die("cannot write a signature");
    ECDSA_SIG_free(signature);
    EVP_MD_CTX_free(ctx);
}

static bool fails_now(fake_world *w)
{
    const int left = atomic_load(&w->quotes_until_failure);
    if (left > 0)
        atomic_store(&w->quotes_until_failure, left - 1);
    return left == 0;
}

static void wait_while(atomic_bool *held, atomic_uint *waiting)
{
    atomic_fetch_add(waiting, 1);
    while (atomic_load(held))
        sched_yield();
    atomic_fetch_sub(waiting, 1);
}

static rpl_status quote(void *self, const rpl_report_data *report_data, rpl_agent_quote *out)
{
    fake_world *w = self;

    wait_while(&w->hold_quotes, &w->quotes_waiting);
    pthread_mutex_lock(&w->lock);
    atomic_fetch_add(&w->n_quotes, 1);
    const bool fails = fails_now(w);
    if (!fails) {
        *out = (rpl_agent_quote){.quote = exact_copy(w->quote, w->quote_len),
                                 .quote_len = w->quote_len,
                                 .event_log = strdup(w->event_log),
                                 .event_log_len = strlen(w->event_log)};
        memcpy(out->quote + REPORT_DATA_AT, report_data->b, sizeof(report_data->b));
        sign(w->key, out->quote);
    }
    pthread_mutex_unlock(&w->lock);
    return fails ? rpl_fail(RPL_UNAVAILABLE, "the fake agent is busy") : rpl_ok();
}

static rpl_status app_compose(void *self, char **text, size_t *len)
{
    (void)self;
    (void)text;
    (void)len;
    return rpl_fail(RPL_UNAVAILABLE, "the fake agent has none");
}

static const char *agent_name(void *self)
{
    (void)self;
    return "fake";
}

static rpl_status collateral(void *self, const rpl_collateral_wants *wants,
                             rpl_collateral_lease *out)
{
    fake_world *w = self;
    if (wants->processor_ca)
        die("no machine has a processor CA");
    atomic_fetch_add(&w->n_collateral, 1);
    if (atomic_load(&w->no_collateral))
        return rpl_fail(RPL_UNAVAILABLE, "the fake source has none");
    atomic_fetch_add(&w->leases, 1);
    *out = (rpl_collateral_lease){.collateral = w->bundle.view, .owner = w};
    out->collateral.seen = w->seen;
    return rpl_ok();
}

static void collateral_done(void *self, rpl_collateral_lease *lease,
                            const rpl_collateral_outcome *outcome)
{
    fake_world *w = self;
    if (lease->owner != w)
        die("a lease of another world");
    pthread_mutex_lock(&w->lock);
    w->last_outcome_verified = outcome->verified;
    pthread_mutex_unlock(&w->lock);
    atomic_fetch_sub(&w->leases, 1);
    *lease = (rpl_collateral_lease){0};
}

static void chain(void *self, const rpl_chain_question *question, rpl_chain_facts *out)
{
    fake_world *w = self;
    atomic_fetch_add(&w->n_chain, 1);
    pthread_mutex_lock(&w->lock);
    w->chain_question = *question;
    *out = w->chain_facts;
    pthread_mutex_unlock(&w->lock);
    atomic_fetch_add(&w->boot_ms, atomic_load(&w->chain_takes_ms));
}

static void chain_witness(void *self, uint64_t finalized, uint64_t latest, rpl_chain_witnesses *out)
{
    fake_world *w = self;
    (void)finalized;
    (void)latest;
    atomic_fetch_add(&w->n_witness, 1);
    *out = w->chain_witnesses;
}

static rpl_status chain_list(void *self, size_t provider, const uint8_t block[static 32],
                             rpl_contract_item *items, size_t cap, size_t *count)
{
    const fake_world *w = self;
    (void)block;
    if (w->n_chain_items == 0 || w->n_chain_items > cap)
        return rpl_fail(RPL_UNAVAILABLE, "the fake provider has no list");
    memcpy(items, w->chain_items, w->n_chain_items * sizeof(*items));
    *count = w->n_chain_items - w->chain_hides[provider];
    return rpl_ok();
}

static void chain_confirmed(void *self, const rpl_chain_block *finalized)
{
    ((fake_world *)self)->chain_confirmed = *finalized;
}

static void chain_keys(void *self, const rpl_rpc_keys *keys)
{
    ((fake_world *)self)->chain_keys = *keys;
}

static rpl_bytes content_of(const rpl_file *f)
{
    return f->content ? rpl_secret_expose(f->content) : (rpl_bytes){0};
}

static void copy_list(const rpl_file_list *from, rpl_file_list *to)
{
    for (size_t i = 0; i < from->count; i++)
        if (rpl_file_list_add(to, from->files[i].name, content_of(&from->files[i])).code != RPL_OK)
            die("cannot copy a list of files");
}

static rpl_status read_files(void *self, rpl_file_list *out)
{
    fake_world *w = self;
    rpl_file_list list = {0};
    if (atomic_load(&w->unreadable_files))
        return rpl_fail(RPL_UNAVAILABLE, "the fake disk cannot be read");
    pthread_mutex_lock(&w->lock);
    copy_list(&w->disk, &list);
    pthread_mutex_unlock(&w->lock);
    *out = list;
    return rpl_ok();
}

/* The lock is held. */
static void put(fake_world *w, const char *name, rpl_bytes content)
{
    rpl_file_list list = {0};
    for (size_t i = 0; i < w->disk.count; i++)
        if (strcmp(w->disk.files[i].name, name) != 0 &&
            rpl_file_list_add(&list, w->disk.files[i].name, content_of(&w->disk.files[i])).code !=
                RPL_OK)
            die("cannot copy a file");
    if (rpl_file_list_add(&list, name, content).code != RPL_OK)
        die("cannot put a file");
    rpl_file_list_free(&w->disk);
    w->disk = list;
}

static rpl_status write_files(void *self, const rpl_file_list *files, bool set_aside,
                              size_t *written)
{
    fake_world *w = self;
    wait_while(&w->hold_writes, &w->writes_waiting);
    if (atomic_load(&w->unwritable_files))
        return rpl_fail(RPL_UNAVAILABLE, "the fake disk is full");
    pthread_mutex_lock(&w->lock);
    atomic_fetch_add(&w->n_writes, 1);
    w->last_set_aside = set_aside;
    for (size_t i = 0; i < files->count; i++)
        put(w, files->files[i].name, content_of(&files->files[i]));
    *written = files->count;
    pthread_mutex_unlock(&w->lock);
    return rpl_ok();
}

static rpl_status write_untrusted_env(void *self, rpl_bytes text)
{
    fake_world *w = self;
    if (atomic_load(&w->unwritable_files))
        return rpl_fail(RPL_UNAVAILABLE, "the fake disk is full");
    pthread_mutex_lock(&w->lock);
    free(w->untrusted_env);
    w->untrusted_env = strndup((const char *)text.data, text.len);
    pthread_mutex_unlock(&w->lock);
    return rpl_ok();
}

static rpl_time time_now(void *self)
{
    fake_world *w = self;
    const bool unknown = atomic_load(&w->no_time);
    return (rpl_time){.trusted = !unknown,
                      .now_s = unknown ? 1 : atomic_load(&w->now_s),
                      .floor_s = 1,
                      .boot_ms = atomic_load(&w->boot_ms),
                      .source = unknown ? RPL_TIME_UNKNOWN : "fake clock"};
}

static void time_report(void *self, rpl_time_report *out)
{
    (void)self;
    *out = (rpl_time_report){
        .count = 2,
        .agreeing = 1,
        .problem = "",
        .origins = {{.host = "one.example", .result = "agrees", .asked_ms = 1, .date_s = 7},
                    {.host = "two.example", .result = "no Date in the answer"}}};
}

static void random_bytes(void *self, uint8_t *out, size_t len)
{
    fake_world *w = self;
    for (size_t at = 0; at < len; at += 32) {
        uint8_t counted[16], digest[32];
        rpl_writer writer = rpl_writer_over(counted, sizeof(counted));
        pthread_mutex_lock(&w->lock);
        rpl_write_u64le(&writer, w->random_seed);
        rpl_write_u64le(&writer, w->random_count++);
        pthread_mutex_unlock(&w->lock);
        rpl_sha256(rpl_writer_bytes(&writer), digest);
        memcpy(out + at, digest, len - at < 32 ? len - at : 32);
    }
}

static void reached(void *self, const char *row)
{
    fake_world *w = self;
    if (w->n_rows == FAKE_ROWS_MAX)
        die("too many rows");
    w->rows[w->n_rows++] = row;
    if (strcmp(row, "onboard.recorded") == 0)
        atomic_fetch_add(&w->boot_ms, atomic_load(&w->seal_takes_ms));
}

static void read_machine(fake_world *w, const char *machine)
{
    char path[512];
    size_t len;

    snprintf(path, sizeof(path), MACHINES "%s/quote.bin", machine);
    w->quote = read_file(path, &w->quote_len);
    snprintf(path, sizeof(path), MACHINES "%s/event_log.json", machine);
    w->event_log = (char *)read_file(path, &len);
    snprintf(path, sizeof(path), MACHINES "%s/key.pem", machine);
    FILE *f = fopen(path, "re");
    w->key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    if (!w->key || fclose(f) != 0)
        die("no key: was vectors/generate run?");
    uint8_t *bundle = read_file(MACHINES "bundle.json", &len);
    if (rpl_collateral_bundle_read(rpl_bytes_of(bundle, len), &w->bundle).code != RPL_OK)
        die("no bundle");
    free(bundle);
}

fake_world *fake_world_new(const char *machine, uint64_t seed)
{
    fake_world *w = calloc(1, sizeof(*w));
    if (!w || pthread_mutex_init(&w->lock, NULL) != 0)
        die("no memory");
    read_machine(w, machine);
    w->random_seed = seed;
    atomic_store(&w->now_s, FAKE_NOW_S);
    atomic_store(&w->boot_ms, 1000000);
    atomic_store(&w->quotes_until_failure, -1);
    w->ports = (rpl_ports){
        .self = w,
        .quote = quote,
        .app_compose = app_compose,
        .agent_name = agent_name,
        .collateral = collateral,
        .collateral_done = collateral_done,
        .chain = chain,
        .chain_witness = chain_witness,
        .chain_list = chain_list,
        .chain_confirmed = chain_confirmed,
        .chain_keys = chain_keys,
        .read_files = read_files,
        .write_files = write_files,
        .write_untrusted_env = write_untrusted_env,
        .time = time_now,
        .time_report = time_report,
        .random = random_bytes,
        .reached = reached,
    };
    return w;
}

void fake_world_free(fake_world *w)
{
    rpl_collateral_set_free(&w->bundle);
    rpl_file_list_free(&w->disk);
    EVP_PKEY_free(w->key);
    free(w->quote);
    free(w->event_log);
    free(w->untrusted_env);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

rpl_roots fake_world_root(void)
{
    rpl_roots roots;
    size_t len;
    uint8_t *pem = read_file(MACHINES "root.pem", &len);
    if (rpl_roots_test_from_pem(rpl_bytes_of(pem, len), &roots).code != RPL_OK)
        die("no root");
    free(pem);
    return roots;
}

void fake_world_put(fake_world *w, const char *name, const char *content)
{
    pthread_mutex_lock(&w->lock);
    put(w, name, rpl_bytes_of_text(content));
    pthread_mutex_unlock(&w->lock);
}

bool fake_world_has(fake_world *w, const char *name, const char *content)
{
    bool same = false;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->disk.count; i++) {
        const rpl_bytes there = content_of(&w->disk.files[i]);
        if (strcmp(w->disk.files[i].name, name) == 0)
            same = there.len == strlen(content) && memcmp(there.data, content, there.len) == 0;
    }
    pthread_mutex_unlock(&w->lock);
    return same;
}

bool fake_world_reached(const fake_world *w, const char *row)
{
    for (size_t i = 0; i < w->n_rows; i++)
        if (strcmp(w->rows[i], row) == 0)
            return true;
    return false;
}
