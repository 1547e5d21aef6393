/* verify.c - how many quotes per second are verified. One line of JSON.
 *
 *   bench-verify FOLDER MODE SECONDS [THREADS]
 *
 * FOLDER is one of quotes.py. MODE is
 *   cold    nothing is known: each quote through a verifier of its own
 *   warm    machine and collateral are known, each quote has another attestation key
 *   hot     the attestation key is known, too
 *   real    cold, for the one genuine quote of the folder (that of another verification)
 *   memory  SECONDS is a number of quotes: what is allocated after some and after all of them
 * The rate is per second of processor time, as `openssl speed` counts it, and by the clock, as it counts
 * with -multi; of all THREADS together, each with a verifier of its own. That none waits for another is
 * seen by "waits": how often a thread gave up the processor by itself. */
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#include "attestation/verifier.h"
#include "tests/support/cases.h"

enum { THREADS_MAX = 16, SOME = 4096 };

typedef struct {
    test_case machine;
    uint8_t *quotes;
    size_t count, len; /* of quotes; bytes of each */
    rpl_verifier_policy policy;
    bool cold;
    double seconds;
} work;

typedef struct {
    const work *work;
    unsigned long done;
    uint64_t signatures;
    double seconds; /* of processor time */
    long waits;
} result;

static double clock_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void give_up(const char *what)
{
    fprintf(stderr, "%s: nothing was measured\n", what);
    exit(1);
}

static void verify(const work *w, rpl_verifier *verifier, size_t number, rpl_verdict *verdict)
{
    RPL_AUTO(verification) rpl_verification *v = NULL;
    rpl_verdict_start(verdict, RPL_GROUP_QUOTE | RPL_GROUP_TD | RPL_GROUP_COLLATERAL);
    const rpl_bytes quote = rpl_bytes_of(w->quotes + number % w->count * w->len, w->len);
    if (rpl_verification_begin_with(verifier, quote, &w->policy, w->machine.now, verdict, &v)
                .code != RPL_OK ||
        rpl_verification_collateral(v, &w->machine.collateral.view, verdict).code != RPL_OK ||
        !rpl_verdict_admits(verdict))
        give_up("a quote is refused");
}

static void verify_cold(const work *w, size_t number, rpl_verdict *verdict, uint64_t *signatures)
{
    RPL_AUTO(verifier) rpl_verifier *verifier = rpl_verifier_new(&w->machine.roots);
    if (!verifier)
        give_up("no memory");
    verify(w, verifier, number, verdict);
    *signatures += rpl_verifier_stats_of(verifier)->signatures;
}

static long waits_so_far(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

static void repeat(result *r, rpl_verifier *verifier, rpl_verdict *verdict)
{
    const work *w = r->work;
    const double end = clock_s(CLOCK_MONOTONIC) + w->seconds;
    for (; r->done % 16 != 0 || clock_s(CLOCK_MONOTONIC) < end; r->done++) {
        if (w->cold)
            verify_cold(w, r->done, verdict, &r->signatures);
        else
            verify(w, verifier, r->done + 1, verdict);
    }
}

static void *run(void *data)
{
    result *r = data;
    rpl_verdict *verdict = malloc(sizeof(*verdict));
    RPL_AUTO(verifier) rpl_verifier *verifier = rpl_verifier_new(&r->work->machine.roots);
    if (!verdict || !verifier)
        give_up("no memory");
    if (!r->work->cold)
        verify(r->work, verifier, 0, verdict);
    const uint64_t signatures = rpl_verifier_stats_of(verifier)->signatures;
    const double began = clock_s(CLOCK_THREAD_CPUTIME_ID);
    const long waits = waits_so_far();
    repeat(r, verifier, verdict);
    r->waits = waits_so_far() - waits;
    r->seconds = clock_s(CLOCK_THREAD_CPUTIME_ID) - began;
    r->signatures += rpl_verifier_stats_of(verifier)->signatures - signatures;
    free(verdict);
    return NULL;
}

static void run_all(const work *w, size_t threads)
{
    pthread_t ids[THREADS_MAX];
    result results[THREADS_MAX] = {{0}};
    double per_s = 0;
    const double began = clock_s(CLOCK_MONOTONIC);
    uint64_t done = 0, signatures = 0;
    long waits = 0;
    for (size_t i = 0; i < threads; i++) {
        results[i].work = w;
        if (pthread_create(&ids[i], NULL, run, &results[i]) != 0)
            give_up("no thread");
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        per_s += (double)results[i].done / results[i].seconds;
        done += results[i].done;
        signatures += results[i].signatures;
        waits += results[i].waits;
    }
    printf("{\"per_s\": %.1f, \"clock_per_s\": %.1f, \"signatures_each\": %.4f, \"waits\": %ld}\n",
           per_s, (double)done / (clock_s(CLOCK_MONOTONIC) - began),
           (double)signatures / (double)done, waits);
}

static size_t allocated(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* Keys that are seen once, as many as are wanted, through one verifier. */
static void measure_memory(const work *w, size_t wanted)
{
    static rpl_verdict verdict;
    size_t after_some = 0;
    RPL_AUTO(verifier) rpl_verifier *verifier = rpl_verifier_new(&w->machine.roots);
    if (!verifier)
        give_up("no memory");
    const size_t before = allocated();
    for (size_t i = 0; i < wanted; i++) {
        if (i == SOME)
            after_some = allocated() - before;
        verify(w, verifier, i, &verdict);
    }
    printf("{\"verifications\": %zu, \"kib_after_%d\": %.0f, \"kib_after_all\": %.0f, "
           "\"kib_counted\": %.0f}\n",
           wanted, SOME, (double)after_some / 1024, (double)(allocated() - before) / 1024,
           (double)rpl_verifier_bytes(verifier) / 1024);
}

static void read_quotes(const char *folder, const char *name, work *w)
{
    char path[1024];
    size_t size;
    snprintf(path, sizeof(path), "%s/%s.bin", folder, name);
    w->quotes = read_file(path, &size);
    w->len = w->machine.quote_len;
    w->count = size / w->len;
    if (w->count * w->len != size)
        give_up("quotes of several lengths");
}

int main(int argc, char **argv)
{
    char path[1024];
    if (argc < 4)
        give_up("bench-verify FOLDER cold|warm|hot|real|memory SECONDS [THREADS]");
    const char *folder = argv[1], *mode = argv[2];
    const size_t threads = argc > 4 ? (size_t)atoi(argv[4]) : 1;
    const bool real = strcmp(mode, "real") == 0;
    work w = {.policy = rpl_verifier_policy_default(),
              .cold = real || strcmp(mode, "cold") == 0,
              .seconds = atof(argv[3])};
    snprintf(path, sizeof(path), "%s/root_ca.der", folder);
    const rpl_roots roots = real ? rpl_roots_intel() : test_root(path);
    w.machine = load_case(folder, &roots);
    read_quotes(folder, real ? "quote" : strcmp(mode, "hot") == 0 ? "hot" : "warm", &w);
    if (strcmp(mode, "memory") == 0)
        measure_memory(&w, (size_t)atof(argv[3]));
    else
        run_all(&w, threads > THREADS_MAX ? THREADS_MAX : threads);
    free(w.quotes);
    free_case(&w.machine);
    return 0;
}
