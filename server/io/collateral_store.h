/* collateral_store.h - the documents of the collateral as files, so that a restart does not depend on
 * the sources: REPLICATOOR_STORE=file:<folder> keeps them in <folder>/collateral.
 *
 * Public documents only. Writing is atomic (temporary file, fsync, rename). What is read back is
 * untrusted: damaged and foreign files are passed over with one line in the log each.
 */
#ifndef RPL_SERVER_IO_COLLATERAL_STORE_H
#define RPL_SERVER_IO_COLLATERAL_STORE_H

#include "server/core/collateral_record.h"

enum { RPL_COLLATERAL_STORE_FILES_MAX = 64 }; /* more are passed over */

typedef struct {
    char folder[4096 - 256]; /* "" : no store */
} rpl_collateral_store;

/* `folder` is absolute, or NULL for no store; it and the one inside are made when missing.
 * RPL_UNAVAILABLE  they cannot be made
 * RPL_MALFORMED    the path is too long */
RPL_CHECKED rpl_status rpl_collateral_store_init(rpl_collateral_store *store, const char *folder);
/* Hands over each document that can be read; `take` owns it (free). */
void rpl_collateral_store_load(const rpl_collateral_store *store,
                               void (*take)(void *self, rpl_collateral_document *d), void *self);
/* False when it could not be stored, which is logged: the store is a convenience. Without a store there
 * is nothing to do. */
RPL_CHECKED bool rpl_collateral_store_save(const rpl_collateral_store *store,
                                           const rpl_collateral_document *d);

#endif
