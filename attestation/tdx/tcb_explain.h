/* tcb_explain.h - what keeps a platform from a better TCB level, in words that its operator can act on:
 * which component has which version, and which the next good level wants. It decides nothing.
 *
 * Source of the names: members "category" and "type" of a component in Intel's TCB info (PCS API v4),
 * where there are any.
 */
#ifndef RPL_ATTESTATION_TDX_TCB_EXPLAIN_H
#define RPL_ATTESTATION_TDX_TCB_EXPLAIN_H

#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/tcb_level.h"

/* Who is spoken of; all borrowed. */
typedef struct {
    const rpl_quote *quote;
    const rpl_pck *pck;
    const rpl_tcb_info *info;
    const rpl_qe_identity *identity; /* NULL when it is not known */
    uint32_t accepted_tcb;           /* what would be good enough */
    const char (*advisories)[RPL_ADVISORY_LEN_MAX + 1];
    size_t n_advisories;
} rpl_tcb_subject;

/* A finding of `code` to tcb.level for each component that is below the lowest level whose status is
 * accepted, for a platform with TEE TCB SVN `svn` that reaches no level at all. At most
 * RPL_SHORTFALLS_MAX. */
enum { RPL_SHORTFALLS_MAX = 8 };
void rpl_tcb_explain_unsupported(const rpl_tcb_subject *s, const uint8_t svn[static 16],
                                 rpl_verdict *verdict);

/* Findings to tcb.status (TCB_STATUS, or TCB_REVOKED): what makes up the status, and for platform, TDX
 * module and quoting enclave what each lacks for its next accepted level, and the advisories. */
void rpl_tcb_explain_status(const rpl_tcb_subject *s, const rpl_tcb_result *result,
                            const rpl_svn_level *qe, rpl_verdict *verdict);

#endif
