/* qe_identity.h - Intel's statement on its TD quoting enclave, and the comparison of a QE report with
 * it.
 *
 * Source: Intel PCS API v4, "Get TD QE Identity", enclave identity version 2 with id "TD_QE".
 */
#ifndef RPL_ATTESTATION_TDX_QE_IDENTITY_H
#define RPL_ATTESTATION_TDX_QE_IDENTITY_H

#include "attestation/tdx/quote.h"
#include "attestation/tdx/svn_levels.h"

typedef struct {
    json_t *document; /* owned */
    rpl_document_head head;
    uint8_t misc_select[4], misc_select_mask[4]; /* in the byte order of the hex text */
    uint8_t attributes[16], attributes_mask[16];
    uint8_t mrsigner[32];
    uint16_t isv_prod_id;
    size_t n_levels;
    rpl_svn_level levels[RPL_LEVELS_MAX]; /* highest first */
} rpl_qe_identity;

/* Reads a document whose signature holds. True and qe.identity passed, or false and qe.identity
 * failed with every reason: QE_IDENTITY_FORMAT, _KIND, DATE_FORMAT, TCB_STATUS_UNKNOWN. `*identity`
 * is released with rpl_qe_identity_free in both cases. */
RPL_CHECKED bool rpl_qe_identity_read(rpl_bytes text, rpl_verdict *verdict,
                                      rpl_qe_identity *identity);
void rpl_qe_identity_free(rpl_qe_identity *identity);

/* Runs qe.report: QE_MISCSELECT, QE_ATTRIBUTES, QE_DEBUG, QE_MRSIGNER, QE_ISVPRODID,
 * QE_TCB_NOT_SUPPORTED, TCB_REVOKED. The level of the QE, NULL when it reaches none. */
const rpl_svn_level *rpl_qe_identity_check(const rpl_qe_identity *identity,
                                           const rpl_qe_report *report, rpl_verdict *verdict);

#endif
