#include "attestation/platform_check.h"

#include <stdio.h>

typedef struct {
    const rpl_collateral_question *q;
    rpl_verdict *verdict;
    rpl_quote_facts *facts;
} judgement;

/* Levels of another kind of platform say nothing about this one. */
static bool check_platform(judgement *s, const rpl_tcb_info *info)
{
    static const char fix[] = "fetch the TCB info of the quote's own FMSPC";
    const rpl_pck *pck = &s->q->chain->pck;
    const rpl_bytes fmspc = rpl_bytes_of(pck->fmspc, sizeof(pck->fmspc));
    const rpl_bytes pceid = rpl_bytes_of(pck->pceid, sizeof(pck->pceid));
    const bool same_fmspc =
        rpl_verdict_equal(s->verdict, RPL_CHECK_TCB_PLATFORM, "FMSPC_MISMATCH",
                          rpl_bytes_of(info->fmspc, sizeof(info->fmspc)), fmspc, fix);
    const bool same_pceid =
        rpl_verdict_equal(s->verdict, RPL_CHECK_TCB_PLATFORM, "PCEID_MISMATCH",
                          rpl_bytes_of(info->pceid, sizeof(info->pceid)), pceid, fix);
    return same_fmspc && same_pceid;
}

static bool has_advisory(const rpl_quote_facts *facts, const char *advisory)
{
    for (size_t i = 0; i < facts->n_advisories; i++) {
        if (strcmp(facts->advisories[i], advisory) == 0)
            return true;
    }
    return false;
}

/* False when they do not all fit. */
static bool add_advisories(rpl_quote_facts *facts, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *advisory = json_string_value(json_array_get(list, i));
        if (!advisory || has_advisory(facts, advisory))
            continue;
        if (facts->n_advisories == RPL_ADVISORIES_MAX)
            return false;
        char *out = facts->advisories[facts->n_advisories++];
        snprintf(out, sizeof(facts->advisories[0]), "%s", advisory);
    }
    return true;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The date and advisories of one evaluation. False when there are too many. */
static bool add_evaluation(rpl_quote_facts *f, const rpl_tcb_evaluation *e)
{
    f->tcb_date = earlier(f->tcb_date, e->platform->date);
    bool all = add_advisories(f, e->platform->advisories);
    if (e->module) {
        f->tcb_date = earlier(f->tcb_date, e->module->date);
        all = add_advisories(f, e->module->advisories) && all;
    }
    return all;
}

/* What the platform, the module it was launched on and the quoting enclave add up to. */
static void fill_facts(judgement *s, const rpl_tcb_result *result, const rpl_svn_level *qe)
{
    rpl_quote_facts *f = s->facts;
    const rpl_tcb_evaluation *launch = &result->launch;
    f->tcb_status = result->status;
    f->launch_status = launch->status;
    f->current_status = result->current.status;
    f->platform_status = launch->platform->status;
    f->module_status = launch->module ? launch->module->status : RPL_TCB_UNKNOWN;
    f->qe_status = qe->status;
    f->tcb_date = qe->date;
    bool all = add_evaluation(f, launch);
    if (s->q->policy->current_counts && result->current.platform)
        all = add_evaluation(f, &result->current) && all;
    all = add_advisories(f, qe->advisories) && all;
    if (!all)
        rpl_verdict_fail(s->verdict, RPL_CHECK_TCB_INFO, "TCB_INFO_FORMAT",
                         "more advisories than anybody can publish", "64 at most", NULL);
}

static void evaluate(judgement *s, const rpl_tcb_info *info, const rpl_qe_identity *identity,
                     const rpl_svn_level *qe)
{
    const rpl_verifier_policy *policy = s->q->policy;
    const rpl_pck *pck = &s->q->chain->pck;
    rpl_tcb_subject subject = {s->q->quote, pck, info, identity, policy->accepted_tcb, NULL, 0};
    if (!check_platform(s, info))
        return;
    rpl_tdx_module_check(s->q->quote, info, s->verdict);
    const rpl_tcb_result result =
        rpl_tcb_evaluate(s->q->quote, pck, info, qe, policy->current_counts);
    rpl_tcb_level_check(&subject, &result, s->verdict);
    if (!qe || result.status == RPL_TCB_UNKNOWN)
        return;
    fill_facts(s, &result, qe);
    subject.advisories = (const char(*)[RPL_ADVISORY_LEN_MAX + 1]) s->facts->advisories;
    subject.n_advisories = s->facts->n_advisories;
    s->facts->grace_until =
        rpl_tcb_status_check(policy, &subject, &result, qe, s->q->now, s->verdict);
    rpl_tcb_advisories_check(policy, subject.advisories, subject.n_advisories, s->verdict);
}

void rpl_platform_evaluate(const rpl_collateral_question *question, const rpl_tcb_info *info,
                           const rpl_qe_identity *identity, const rpl_svn_level *qe,
                           rpl_verdict *verdict, rpl_quote_facts *facts)
{
    judgement j = {question, verdict, facts};
    evaluate(&j, info, identity, qe);
}
