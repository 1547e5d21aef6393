/* tcb_policy.h - what a configuration demands of a TCB that Intel's rule has evaluated: its status,
 * its advisories, and how recent the documents are that say so.
 */
#ifndef RPL_ATTESTATION_TDX_TCB_POLICY_H
#define RPL_ATTESTATION_TDX_TCB_POLICY_H

#include "attestation/tdx/tcb_explain.h"
#include "attestation/tdx/verifier_policy.h"

/* What was verified before, of one kind of platform; zero: nothing. An older document, replayed,
 * would make an outdated platform look good until the document expires. */
typedef struct {
    uint32_t tcb_evaluation, qe_evaluation; /* highest tcbEvaluationDataNumber */
    int64_t tcb_issued, qe_issued;          /* latest issueDate of that number, Unix seconds */
} rpl_evaluation_floor;

/* Runs tcb.evaluation (TCB_EVAL_NUMBER): both documents have at least the configured number and are
 * not older than what was verified before (`seen` may be NULL); one number where the policy says so.
 * A document that could not be read is NULL, and leaves the check "not run". */
void rpl_tcb_evaluation_check(const rpl_verifier_policy *policy, const rpl_evaluation_floor *seen,
                              const rpl_document_head *tcb_info,
                              const rpl_document_head *qe_identity, rpl_verdict *verdict);

/* Runs tcb.advisories (TCB_ADVISORY): all `count` are on the configured list. One finding names those that
 * are not, so that many of them leave room for other reasons. */
void rpl_tcb_advisories_check(const rpl_verifier_policy *policy,
                              const char (*advisories)[RPL_ADVISORY_LEN_MAX + 1], size_t count,
                              rpl_verdict *verdict);

/* Runs tcb.level (TCB_NOT_SUPPORTED): the platform, as it launched the TD and as it is now, reaches
 * some level of the TCB info. */
void rpl_tcb_level_check(const rpl_tcb_subject *s, const rpl_tcb_result *result,
                         rpl_verdict *verdict);

/* Runs tcb.status (TCB_STATUS, TCB_REVOKED) on a status that was evaluated. The answer is 0, or, when
 * only the configured grace made an OutOfDate pass, the time until which it does: the earliest tcbDate
 * of the levels that are out of date, and the configured days. Grace is for what is OutOfDate alone: the
 * platform itself, at the launch and now, must be OutOfDate or of an accepted status. */
int64_t rpl_tcb_status_check(const rpl_verifier_policy *policy, const rpl_tcb_subject *s,
                             const rpl_tcb_result *result, const rpl_svn_level *qe, int64_t now,
                             rpl_verdict *verdict);

#endif
