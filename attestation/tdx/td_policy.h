/* td_policy.h - what a TD itself must be like before any secret goes in: no debugger, no migration,
 * no feature that weakens it. Measurements are not judged here.
 *
 * Source: Intel TDX Module ABI, TD_PARAMS (ATTRIBUTES, XFAM), and Linux guest requirements.
 */
#ifndef RPL_ATTESTATION_TDX_TD_POLICY_H
#define RPL_ATTESTATION_TDX_TD_POLICY_H

#include "attestation/tdx/quote.h"
#include "attestation/tdx/verdict.h"
#include "attestation/tdx/verifier_policy.h"

#define RPL_TD_DEBUG           (UINT64_C(1) << 0)
#define RPL_TD_UNDER_DEBUG     UINT64_C(0xff) /* with DEBUG: all that makes the TD untrusted */
#define RPL_TD_ICSSD           (UINT64_C(1) << 16)
#define RPL_TD_LASS            (UINT64_C(1) << 27)
#define RPL_TD_SEPT_VE_DISABLE (UINT64_C(1) << 28)
#define RPL_TD_MIGRATABLE      (UINT64_C(1) << 29)
#define RPL_TD_PKS             (UINT64_C(1) << 30)
#define RPL_TD_KL              (UINT64_C(1) << 31)
#define RPL_TD_TPA             (UINT64_C(1) << 62)
#define RPL_TD_PERFMON         (UINT64_C(1) << 63)
/* What a configuration may tolerate. */
#define RPL_TD_OPTIONAL                                                                            \
    (RPL_TD_ICSSD | RPL_TD_LASS | RPL_TD_PKS | RPL_TD_KL | RPL_TD_TPA | RPL_TD_PERFMON)

/* Extended features, as bits of XCR0 and IA32_XSS. */
#define RPL_XFAM_REQUIRED UINT64_C(0x3)     /* x87, SSE */
#define RPL_XFAM_DEFAULT  UINT64_C(0x6dbe7) /* every one that a TD may have today */
#define RPL_XFAM_KNOWN    UINT64_C(0xedbe7) /* and APX, which a configuration may tolerate */

/* The optional attributes by name. */
enum { RPL_TD_OPTIONAL_COUNT = 6 };
typedef struct {
    const char *name; /* "PERFMON" */
    uint64_t bit;
} rpl_td_attribute;
extern const rpl_td_attribute rpl_td_optional[RPL_TD_OPTIONAL_COUNT];

/* Runs td.attributes (TD_DEBUG, TD_TUD, TD_SEPT_VE, TD_MIGRATABLE, TD_ATTR_RESERVED,
 * TD_ATTR_OPTIONAL), td.xfam (TD_XFAM) and td.servicetd (TD_SERVICETD). */
void rpl_td_policy_check(const rpl_verifier_policy *policy, const rpl_quote *quote,
                         rpl_verdict *verdict);

#endif
