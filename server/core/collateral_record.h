/* collateral_record.h - one document of the collateral as a file of the store: enough to verify it
 * again. What is read back is as untrusted as what comes over HTTP; the digest at its end only tells
 * a damaged file from a whole one.
 *
 *   "RPLCOL1\n" | u8 kind | u8 flags (1 early, 2 Processor CA) | fmspc 6 | lp text | lp signature |
 *   lp chain | SHA-256 of everything before
 */
#ifndef RPL_SERVER_CORE_COLLATERAL_RECORD_H
#define RPL_SERVER_CORE_COLLATERAL_RECORD_H

#include "attestation/collateral_document.h"

enum {
    RPL_COLLATERAL_RECORD_MAX = RPL_PCS_CRL_MAX + RPL_PCS_JSON_MAX + RPL_PCS_CHAIN_MAX + 128,
    RPL_COLLATERAL_NAME_MAX = 64,
};

/* Owned by the caller (free). RPL_INTERNAL  memory */
RPL_CHECKED rpl_status rpl_collateral_record_write(const rpl_collateral_document *d, uint8_t **out,
                                                   size_t *len);
/* RPL_MALFORMED  damaged, of another version, or with bytes behind it
 * RPL_INTERNAL   memory */
RPL_CHECKED rpl_status rpl_collateral_record_read(rpl_bytes record, rpl_collateral_document **out);

/* The file's name: "tcb-90c06f000000-early.rpl", .. */
void rpl_collateral_record_name(const rpl_pcs_ask *ask, char name[static RPL_COLLATERAL_NAME_MAX]);

#endif
