#include "attestation/tdx/tcb_policy.h"

#include <stdio.h>

#include "attestation/tdx/calendar.h"

enum { DAY_S = 86400, BODY_TD15 = 3 };
enum { OTHERS_SIZE = sizeof(((rpl_finding *)NULL)->got), MORE_SIZE = sizeof(" and 64 more") };

#define NEWER "fetch the collateral again: a newer document has been published"

static void fail_evaluation(rpl_verdict *verdict, const char *name, const rpl_document_head *head,
                            const char *want, const char *fix)
{
    char got[160], issued[RPL_TIME_TEXT_SIZE];
    rpl_time_text(head->issue_date, issued);
    snprintf(got, sizeof(got), "%s: tcbEvaluationDataNumber %u, issued %s", name,
             (unsigned)head->evaluation_number, issued);
    rpl_verdict_fail(verdict, RPL_CHECK_TCB_EVALUATION, "TCB_EVAL_NUMBER", got, want, fix);
}

/* What a document must not be older than. */
typedef struct {
    uint32_t evaluation;
    int64_t issued;
} floor_of_document;

static bool is_older(const rpl_document_head *head, const floor_of_document *seen)
{
    return head->evaluation_number < seen->evaluation ||
           (head->evaluation_number == seen->evaluation && head->issue_date < seen->issued);
}

static void check_document(const rpl_verifier_policy *policy, const floor_of_document *seen,
                           const char *name, const rpl_document_head *head, rpl_verdict *verdict)
{
    char want[160], issued[RPL_TIME_TEXT_SIZE];
    if (head->evaluation_number < policy->min_evaluation) {
        snprintf(want, sizeof(want), "at least %u, as configured",
                 (unsigned)policy->min_evaluation);
        fail_evaluation(verdict, name, head, want, NEWER);
    }
    if (is_older(head, seen)) {
        rpl_time_text(seen->issued, issued);
        snprintf(want, sizeof(want),
                 "not older than what was verified before: number %u, issued %s",
                 (unsigned)seen->evaluation, issued);
        fail_evaluation(verdict, name, head, want, NEWER);
    }
}

void rpl_tcb_evaluation_check(const rpl_verifier_policy *policy, const rpl_evaluation_floor *seen,
                              const rpl_document_head *tcb_info,
                              const rpl_document_head *qe_identity, rpl_verdict *verdict)
{
    static const rpl_evaluation_floor nothing;
    const rpl_evaluation_floor *floor = seen ? seen : &nothing;
    const floor_of_document tcb = {floor->tcb_evaluation, floor->tcb_issued};
    const floor_of_document qe = {floor->qe_evaluation, floor->qe_issued};
    if (tcb_info)
        check_document(policy, &tcb, "TCB info", tcb_info, verdict);
    if (qe_identity)
        check_document(policy, &qe, "QE identity", qe_identity, verdict);
    if (!tcb_info || !qe_identity)
        return;
    if (policy->same_evaluation && tcb_info->evaluation_number != qe_identity->evaluation_number)
        fail_evaluation(verdict, "QE identity", qe_identity,
                        "the same tcbEvaluationDataNumber as the TCB info's",
                        "fetch both documents together");
    rpl_verdict_pass(verdict, RPL_CHECK_TCB_EVALUATION);
}

static bool is_listed(const rpl_verifier_policy *policy, const char *advisory)
{
    for (size_t i = 0; i < policy->n_advisories; i++) {
        if (strcmp(policy->advisories[i], advisory) == 0)
            return true;
    }
    return false;
}

/* Those of the `count` that are not on the list: their number, and their names as far as they fit. */
static size_t list_others(const rpl_verifier_policy *policy,
                          const char (*advisories)[RPL_ADVISORY_LEN_MAX + 1], size_t count,
                          char out[static OTHERS_SIZE])
{
    size_t others = 0, said = 0, n = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_listed(policy, advisories[i]))
            continue;
        others++;
        if (n + RPL_ADVISORY_LEN_MAX + 2 > OTHERS_SIZE - MORE_SIZE)
            continue;
        n += (size_t)snprintf(out + n, OTHERS_SIZE - n, "%s%s", n ? ", " : "", advisories[i]);
        said++;
    }
    if (said < others)
        snprintf(out + n, OTHERS_SIZE - n, " and %zu more", others - said);
    return others;
}

void rpl_tcb_advisories_check(const rpl_verifier_policy *policy,
                              const char (*advisories)[RPL_ADVISORY_LEN_MAX + 1], size_t count,
                              rpl_verdict *verdict)
{
    char others[OTHERS_SIZE];
    if (policy->limits_advisories && list_others(policy, advisories, count, others) > 0)
        rpl_verdict_fail(
            verdict, RPL_CHECK_TCB_ADVISORIES, "TCB_ADVISORY", others,
            "advisories of the configured list",
            "mend what they describe; or, having read them, add them to the configured "
            "list");
    rpl_verdict_pass(verdict, RPL_CHECK_TCB_ADVISORIES);
}

static void check_vector(const rpl_tcb_subject *s, const rpl_tcb_evaluation *e,
                         const uint8_t svn[static 16], const char *when, rpl_verdict *verdict)
{
    char got[80];
    if (e->platform)
        return;
    snprintf(got, sizeof(got), "a platform below every level, %s", when);
    rpl_verdict_fail(verdict, RPL_CHECK_TCB_LEVEL, "TCB_NOT_SUPPORTED", got,
                     "a level of the TCB info",
                     "the host must update its firmware (BIOS, microcode, TDX module)");
    rpl_tcb_explain_unsupported(s, svn, verdict);
}

void rpl_tcb_level_check(const rpl_tcb_subject *s, const rpl_tcb_result *result,
                         rpl_verdict *verdict)
{
    const rpl_quote *quote = s->quote;
    check_vector(s, &result->launch, quote->tee_tcb_svn, "as it launched the TD", verdict);
    if (quote->body_type >= BODY_TD15 && result->launch.platform)
        check_vector(s, &result->current, quote->tee_tcb_svn2, "as it is now", verdict);
    rpl_verdict_pass(verdict, RPL_CHECK_TCB_LEVEL);
}

static void consider(rpl_tcb_status status, int64_t date, int64_t *earliest)
{
    if (status == RPL_TCB_OUT_OF_DATE && date < *earliest)
        *earliest = date;
}

static void consider_evaluation(const rpl_tcb_evaluation *e, int64_t *earliest)
{
    if (e->platform)
        consider(e->platform->status, e->platform->date, earliest);
    if (e->module)
        consider(e->module->status, e->module->date, earliest);
}

static bool is_accepted(const rpl_verifier_policy *policy, rpl_tcb_status status)
{
    return status != RPL_TCB_REVOKED && (policy->accepted_tcb & 1u << status);
}

/* An outdated module or quoting enclave hides what else the platform lacks: an OutOfDate of them all
 * together says nothing of that. */
static bool is_good_but_for_age(const rpl_verifier_policy *policy, const rpl_tcb_evaluation *e)
{
    return !e->platform || e->platform->status == RPL_TCB_OUT_OF_DATE ||
           is_accepted(policy, e->platform->status);
}

/* 0: none. */
static int64_t grace_until(const rpl_verifier_policy *policy, const rpl_tcb_result *result,
                           const rpl_svn_level *qe)
{
    int64_t earliest = INT64_MAX;
    consider_evaluation(&result->launch, &earliest);
    consider_evaluation(&result->current, &earliest);
    consider(qe->status, qe->date, &earliest);
    if (policy->grace_days == 0 || result->status != RPL_TCB_OUT_OF_DATE || earliest == INT64_MAX)
        return 0;
    if (!is_good_but_for_age(policy, &result->launch) ||
        !is_good_but_for_age(policy, &result->current))
        return 0;
    return earliest + (int64_t)policy->grace_days * DAY_S;
}

int64_t rpl_tcb_status_check(const rpl_verifier_policy *policy, const rpl_tcb_subject *s,
                             const rpl_tcb_result *result, const rpl_svn_level *qe, int64_t now,
                             rpl_verdict *verdict)
{
    const bool accepted = is_accepted(policy, result->status);
    const int64_t until = accepted ? 0 : grace_until(policy, result, qe);
    if (!accepted && (until == 0 || now >= until)) {
        rpl_tcb_explain_status(s, result, qe, verdict);
        return 0;
    }
    rpl_verdict_pass(verdict, RPL_CHECK_TCB_STATUS);
    return until;
}
