/* collateral_source.h - collateral for quotes: from what came with a call, from memory, from the store,
 * from Intel's PCS or a PCCS, in this order and document by document.
 *
 * Documents are verified one by one before they are kept (collateral_document.h) and kept by the rules
 * of server/core/collateral_cache.h. One fetch of a document at a time: callers wait for it, or use
 * what is in force; nothing is fetched under a lock. A document that is due is renewed by a thread of
 * the source while the known one is still used. What is handed out is judged once more, with the quote,
 * by the verifier; that a document verified here is never a reason to admit anything.
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
void rpl_collateral_source_done(rpl_collateral_source *source, rpl_collateral_lease *lease);

#endif
