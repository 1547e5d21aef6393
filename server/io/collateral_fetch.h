/* collateral_fetch.h - one document of the collateral over HTTP, from the first of several sources
 * that has it. For collateral_source.c, which keeps what comes.
 *
 * Sources are tried in the order of the configuration, document by document. One that does not answer,
 * or that says "too often" or "not now", rests for as long as it asks for and is passed over meanwhile.
 * Redirects are not followed, no proxy is used, sizes and times are capped. Blocking; thread-safe.
 */
#ifndef RPL_SERVER_IO_COLLATERAL_FETCH_H
#define RPL_SERVER_IO_COLLATERAL_FETCH_H

#include <pthread.h>

#include "server/core/collateral_cache.h"

enum { RPL_COLLATERAL_SOURCES_MAX = 8 };

/* How a document is judged by itself: rpl_collateral_document_check, or a test's own. */
typedef struct {
    rpl_status (*check)(const void *self, const rpl_collateral_document *d, int64_t now_s,
                        rpl_collateral_stamp *out);
    const void *self;
} rpl_collateral_judge;
/* By rpl_collateral_document_check; `roots` is borrowed. */
rpl_collateral_judge rpl_collateral_judge_by(const rpl_roots *roots);

typedef struct {
    const char *ca_file; /* borrowed; NULL: the system's bundle */
    rpl_collateral_judge judge;
    int64_t (*boot_ms)(void); /* CLOCK_BOOTTIME: rests and failures count from an exchange's end */
    size_t n_sources;
    char bases[RPL_COLLATERAL_SOURCES_MAX][RPL_PCS_BASE_MAX];
    pthread_mutex_t lock;
    int64_t rests_until_ms[RPL_COLLATERAL_SOURCES_MAX]; /* CLOCK_BOOTTIME; under the lock */
} rpl_collateral_fetcher;

/* `urls`: comma separated addresses (rpl_pcs_base_parse); empty or NULL: Intel's service.
 * RPL_MALFORMED  not such a list */
RPL_CHECKED rpl_status rpl_collateral_fetcher_init(rpl_collateral_fetcher *fetcher,
                                                   const char *urls);
void rpl_collateral_fetcher_destroy(rpl_collateral_fetcher *fetcher);

typedef struct {
    rpl_pcs_ask ask;
    rpl_bytes issuers;            /* rpl_pck_issuers of a quote, or empty */
    const rpl_cache_state *known; /* what must not be replaced by something older */
    int64_t now_s, boot_ms;       /* when the caller began */
} rpl_collateral_errand;

typedef struct {
    rpl_collateral_document *document; /* owned */
    bool verified;
    rpl_collateral_stamp stamp; /* when verified */
} rpl_collateral_catch;

/* With RPL_OK the document is one that verified and is not older than the known one; else the first
 * that did not verify, for the verdict to explain.
 * RPL_UNAVAILABLE  no source has any; *retry_after_ms is what they ask for, or 0 */
RPL_CHECKED rpl_status rpl_collateral_fetch(rpl_collateral_fetcher *fetcher,
                                            const rpl_collateral_errand *errand,
                                            rpl_collateral_catch *out, int64_t *retry_after_ms);

#endif
