/* tcb_level.h - which TCB status a platform has, by Intel's rule: the level it reaches, made worse by
 * its quoting enclave and TDX module, and what a relaunch of the TD would mend.
 *
 * Source: Intel QVL 1.26 and later ("TD preserving"). Levels are compared component by component;
 * only their order in the list is lexicographic.
 */
#ifndef RPL_ATTESTATION_TDX_TCB_LEVEL_H
#define RPL_ATTESTATION_TDX_TCB_LEVEL_H

#include "attestation/tdx/pck.h"
#include "attestation/tdx/quote.h"
#include "attestation/tdx/tcb_info.h"

/* One evaluation, for one TEE TCB SVN vector. */
typedef struct {
    rpl_tcb_status status; /* all together; RPL_TCB_UNKNOWN when something was not supported */
    const rpl_tcb_level *platform;
    const rpl_svn_level *module; /* NULL for modules of line 0: the platform's level covers them */
} rpl_tcb_evaluation;

typedef struct {
    rpl_tcb_status status;              /* RPL_TCB_UNKNOWN unless everything was evaluated */
    rpl_tcb_evaluation launch, current; /* current: TD report 1.5 only, else zero */
} rpl_tcb_result;

/* Runs tdx.module (TDX_MODULE_MISMATCH, _MRSIGNER, _ATTRIBUTES, _TCB_NOT_SUPPORTED): the module that
 * launched the TD, and for a TD report 1.5 the module it runs on now. */
void rpl_tdx_module_check(const rpl_quote *quote, const rpl_tcb_info *info, rpl_verdict *verdict);

/* `qe` is the level of the quoting enclave; NULL when it is not known, and then no status comes out.
 * `current_counts`: a TD that runs on something worse than it was launched on has the worse status
 * (Intel's rule has it keep the one that it was launched with). Judges nothing: that is tcb_policy.h. */
rpl_tcb_result rpl_tcb_evaluate(const rpl_quote *quote, const rpl_pck *platform,
                                const rpl_tcb_info *info, const rpl_svn_level *qe,
                                bool current_counts);

/* The platform's status together with that of the quoting enclave or the module. */
rpl_tcb_status rpl_tcb_converge(rpl_tcb_status platform, rpl_tcb_status component);

/* The status of a TD that was launched under one and runs under another. */
rpl_tcb_status rpl_tcb_relaunch(rpl_tcb_status launch, rpl_tcb_status current);

#endif
