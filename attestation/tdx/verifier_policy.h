/* verifier_policy.h - what the measured configuration decides about a quote that is genuine: which
 * states of a platform are good enough, and what a TD may be like. Which releases and devices may
 * have a state is another policy (attestation/policy).
 */
#ifndef RPL_ATTESTATION_TDX_VERIFIER_POLICY_H
#define RPL_ATTESTATION_TDX_VERIFIER_POLICY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t accepted_tcb;        /* bit set of 1u << rpl_tcb_status; Revoked is never accepted */
    uint64_t td_optional_allowed; /* bits of RPL_TD_OPTIONAL (td_policy.h) that are tolerated */
    bool allow_service_td;
} rpl_verifier_policy;

/* The strict default: UpToDate alone, no optional attribute, no service TD. */
rpl_verifier_policy rpl_verifier_policy_default(void);

#endif
