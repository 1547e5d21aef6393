/* platform_check.h - what verified documents say of the platform of one quote: its TDX module, its TCB
 * level and status, and whether the policy finds that good enough. Called by collateral_check.c alone.
 */
#ifndef RPL_ATTESTATION_PLATFORM_CHECK_H
#define RPL_ATTESTATION_PLATFORM_CHECK_H

#include "attestation/collateral_check.h"

/* Runs tcb.platform, tdx.module, tcb.level, tcb.status and tcb.advisories, and fills what `facts` say
 * on the TCB. The question has a quote, and its chain an SGX extension that was read. `identity` and
 * `qe`, the level that the quoting enclave reaches, may be NULL: then there is no status. */
void rpl_platform_evaluate(const rpl_collateral_question *question, const rpl_tcb_info *info,
                           const rpl_qe_identity *identity, const rpl_svn_level *qe,
                           rpl_verdict *verdict, rpl_quote_facts *facts);

#endif
