/* svn_levels.h - TCB levels that are told apart by one security version number: those of the quoting
 * enclave and of a TDX module.
 */
#ifndef RPL_ATTESTATION_TDX_SVN_LEVELS_H
#define RPL_ATTESTATION_TDX_SVN_LEVELS_H

#include "attestation/tdx/signed_document.h"

typedef struct {
    uint16_t isv_svn;      /* from this version on */
    rpl_tcb_status status; /* UpToDate, OutOfDate or Revoked */
    int64_t date;
    const json_t *advisories; /* texts, or NULL; borrowed from the document */
} rpl_svn_level;

/* "UpToDate of 2024-11-13": how findings speak of a level. */
enum { RPL_LEVEL_TEXT_SIZE = 64 };
void rpl_level_text(rpl_tcb_status status, int64_t date, char out[static RPL_LEVEL_TEXT_SIZE]);

/* Reads member "tcbLevels" of `object` into levels[0 .. *count), highest version first, whatever the
 * order in the document. At most `room` levels, each with a version of at most `svn_max`; what is
 * wrong is in the reader. */
void rpl_svn_levels_read(rpl_document_reader *r, const json_t *object, uint16_t svn_max,
                         rpl_svn_level *levels, size_t room, size_t *count);

/* The first level that `svn` reaches; NULL when it is below all. */
const rpl_svn_level *rpl_svn_levels_match(const rpl_svn_level *levels, size_t count, uint16_t svn);

/* What a version that reaches none would have to be at least: "4: level UpToDate of 2024-11-13". */
enum { RPL_LOWEST_TEXT_SIZE = 96 };
void rpl_svn_levels_lowest_text(const rpl_svn_level *levels, size_t count,
                                char out[static RPL_LOWEST_TEXT_SIZE]);

#endif
