/* collateral_source.h - collateral for quotes, document by document: from memory, from Intel's PCS or a
 * PCCS; where these do not answer, from the store; and what came with a call only where it is newer
 * than all of that, or where there is nothing else.
 *
 * Documents are verified one by one before they are kept (collateral_document.h) and kept by the rules
 * of server/core/collateral_cache.h. One fetch of a document at a time: callers wait for it, or use
 * what is in force; nothing is fetched or verified under a lock. A document that is due is renewed by a thread of
 * the source while the known one is still used. What is handed out is judged once more, with the quote,
 * by the verifier; that a document verified here is never a reason to admit anything. What it admitted a
 * quote by is remembered per kind of platform, and later documents are measured by it
 * (rpl_collateral.seen), also when the newer ones have left the memory.
 *
 * Blocking; thread-safe. Paths and formats: Intel PCS API version 4.
 */
#ifndef RPL_SERVER_IO_COLLATERAL_SOURCE_H
#define RPL_SERVER_IO_COLLATERAL_SOURCE_H

#include "server/core/ports.h"
#include "server/io/collateral_fetch.h"

typedef struct rpl_collateral_source rpl_collateral_source;

/* Texts are borrowed for the source's life. */
typedef struct {
    const char *urls; /* rpl_collateral_fetcher_init */
    const char *ca_file;
    const char *store_dir;      /* rpl_collateral_store_init */
    rpl_roots roots;            /* under which documents must verify */
    rpl_collateral_judge judge; /* in place of the roots, for tests; or zeros */
    int64_t (*boot_ms)(void);   /* in place of CLOCK_BOOTTIME, for tests; or NULL */
} rpl_collateral_source_config;

/* RPL_MALFORMED    the addresses
 * RPL_UNAVAILABLE  the folder of the store */
RPL_CHECKED rpl_status rpl_collateral_source_new(const rpl_collateral_source_config *config,
                                                 rpl_collateral_source **out);
/* Waits for a fetch that is under way. */
void rpl_collateral_source_free(rpl_collateral_source *source);

/* RPL_UNAVAILABLE  some document is not to be had now */
RPL_CHECKED rpl_status rpl_collateral_source_get(rpl_collateral_source *source,
                                                 const rpl_collateral_wants *wants,
                                                 const rpl_time *now, rpl_collateral_lease *out);
/* Waits until nothing is being renewed and nothing is waiting for it. */
void rpl_collateral_source_settle(rpl_collateral_source *source);
/* Ends the lease. `verified`: every check of a quote's collateral passed with it; then what the sources
 * gave is what later documents are measured by, unlike early views and what came with the call. */
void rpl_collateral_source_done(rpl_collateral_source *source, rpl_collateral_lease *lease,
                                bool verified);

#endif
