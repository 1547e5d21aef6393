/* platform_policy.h - which platforms a configuration allows and denies, by kind (FMSPC) or one by
 * one (PPID). A genuine signature does not say whose machine it is.
 */
#ifndef RPL_ATTESTATION_TDX_PLATFORM_POLICY_H
#define RPL_ATTESTATION_TDX_PLATFORM_POLICY_H

#include "attestation/tdx/pck.h"
#include "attestation/tdx/verifier_policy.h"

/* Runs platform.allowed (PLATFORM). A denied name refuses. Of the allowed ones, those that name kinds
 * and those that name single platforms are two conditions: where there are any, one must fit. */
void rpl_platform_check(const rpl_verifier_policy *policy, const rpl_pck *pck,
                        rpl_verdict *verdict);

#endif
