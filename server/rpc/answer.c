#include "server/rpc/answer.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHECKS_MAX = RPL_CHECK_COUNT + RPL_FINDINGS_MAX };

struct rpl_verdict_message {
    Replicatoor__V1__Verdict verdict;
    Replicatoor__V1__Check checks[CHECKS_MAX];
    Replicatoor__V1__Check *check_pointers[CHECKS_MAX];
    char *advisory_pointers[RPL_ADVISORIES_MAX];
    Replicatoor__V1__Forecast forecast;
    rpl_verdict copy; /* what the texts point into */
    rpl_quote_facts facts;
};

static Replicatoor__V1__Check *next_check(rpl_verdict_message *m)
{
    Replicatoor__V1__Check *c = &m->checks[m->verdict.n_checks];
    m->check_pointers[m->verdict.n_checks++] = c;
    replicatoor__v1__check__init(c);
    return c;
}

static void add_findings(rpl_verdict_message *m, rpl_check check)
{
    for (size_t i = 0; i < m->copy.n_findings; i++) {
        rpl_finding *f = &m->copy.findings[i];
        if (f->check != check)
            continue;
        Replicatoor__V1__Check *c = next_check(m);
        c->id = rpl_pb_text(rpl_check_id(check));
        c->state = REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_FAILED;
        c->code = rpl_pb_text(f->code);
        c->got = f->got;
        c->want = f->want;
        c->fix = f->fix;
    }
}

/* One row per check; a failed one has a row per finding. */
static void add_check(rpl_verdict_message *m, rpl_check check)
{
    const size_t before = m->verdict.n_checks;
    if (!m->copy.required[check] && m->copy.state[check] == RPL_NOT_RUN)
        return;
    if (m->copy.state[check] == RPL_FAILED)
        add_findings(m, check);
    if (m->verdict.n_checks > before)
        return;
    Replicatoor__V1__Check *c = next_check(m);
    c->id = rpl_pb_text(rpl_check_id(check));
    c->state = m->copy.state[check] == RPL_PASSED ? REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_PASSED
               : m->copy.state[check] == RPL_FAILED
                   ? REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_FAILED
                   : REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_NOT_RUN;
}

static void add_forecast(rpl_verdict_message *m)
{
    const rpl_tcb_forecast *f = &m->facts.forecast;
    if (!f->known)
        return;
    replicatoor__v1__forecast__init(&m->forecast);
    if (f->status != RPL_TCB_UNKNOWN)
        m->forecast.tcb_status = rpl_pb_text(rpl_tcb_status_name(f->status));
    m->forecast.accepted = f->accepted;
    m->forecast.evaluation_number = f->eval_number;
    m->forecast.issued = f->issued;
    m->verdict.forecast = &m->forecast;
}

rpl_verdict_message *rpl_verdict_message_new(const rpl_verdict *verdict,
                                             const rpl_quote_facts *facts)
{
    rpl_verdict_message *m = calloc(1, sizeof(*m));
    if (!m)
        return NULL;
    replicatoor__v1__verdict__init(&m->verdict);
    m->copy = *verdict;
    m->verdict.admitted = rpl_verdict_admits(verdict);
    m->verdict.checks = m->check_pointers;
    for (int i = 0; i < RPL_CHECK_COUNT; i++)
        add_check(m, (rpl_check)i);
    if (facts) {
        m->facts = *facts;
        if (facts->tcb_status != RPL_TCB_UNKNOWN)
            m->verdict.tcb_status = rpl_pb_text(rpl_tcb_status_name(facts->tcb_status));
        for (size_t i = 0; i < facts->n_advisories; i++)
            m->advisory_pointers[i] = m->facts.advisories[i];
        m->verdict.n_advisories = facts->n_advisories;
        m->verdict.advisories = m->advisory_pointers;
        add_forecast(m);
    }
    return m;
}

Replicatoor__V1__Verdict *rpl_verdict_message_get(rpl_verdict_message *message)
{
    return message ? &message->verdict : NULL;
}

void rpl_verdict_message_free(rpl_verdict_message *message)
{
    free(message);
}

void rpl_reply_error(const rpl_reply *reply, rpl_status status)
{
    Replicatoor__V1__Error e = REPLICATOOR__V1__ERROR__INIT;
    e.code = rpl_pb_text(rpl_code_table(status.code)->name);
    e.message = rpl_pb_text(status.what ? status.what : "internal error");
    if (status.code == RPL_UNAVAILABLE)
        e.retry_after_s = 5;
    rpl_reply_message(reply, &e.base);
}

void rpl_reply_busy(const rpl_reply *reply, const char *what, uint32_t retry_after_s,
                    bool rate_limited)
{
    Replicatoor__V1__Error e = REPLICATOOR__V1__ERROR__INIT;
    e.code = rpl_pb_text(rpl_code_table(RPL_UNAVAILABLE)->name);
    e.message = rpl_pb_text(what);
    e.retry_after_s = retry_after_s;
    e.rate_limited = rate_limited;
    rpl_reply_message(reply, &e.base);
}

/* One sentence from the finding that decided: what was found, what was expected, what to do. */
static void describe(const rpl_verdict *verdict, rpl_check first, char *out, size_t len)
{
    const rpl_finding *f = NULL;
    for (size_t i = 0; i < verdict->n_findings && !f; i++)
        if (verdict->findings[i].check == first)
            f = &verdict->findings[i];
    if (!f) {
        const bool self_unknown = verdict->state[RPL_CHECK_POLICY_RELEASE] == RPL_NOT_RUN &&
                                  verdict->required[RPL_CHECK_POLICY_RELEASE];
        snprintf(out, len, "not refused, but some checks could not run%s: try again",
                 self_unknown ? " (this node's own quote is not verified yet, see self_verdict in "
                                "/status)"
                              : "");
        return;
    }
    snprintf(out, len, "%s: found %s%s%s%s%s", rpl_check_id(first), f->got[0] ? f->got : "nothing",
             f->want[0] ? ", expected " : "", f->want, f->fix[0] ? "; " : "", f->fix);
}

void rpl_reply_refusal(const rpl_reply *reply, rpl_status instead, const rpl_verdict *verdict,
                       const rpl_quote_facts *facts)
{
    const rpl_status status = instead.code != RPL_OK ? instead : rpl_verdict_status(verdict);
    const rpl_check first = rpl_verdict_first_failure(verdict);
    Replicatoor__V1__Error e = REPLICATOOR__V1__ERROR__INIT;
    rpl_verdict_message *m = rpl_verdict_message_new(verdict, facts);
    char message[sizeof(rpl_finding) + 64];

    describe(verdict, first, message, sizeof(message));
    e.code = rpl_pb_text(rpl_code_table(status.code)->name);
    e.message = instead.code != RPL_OK ? rpl_pb_text(instead.what) : message;
    e.check = rpl_pb_text(first < RPL_CHECK_COUNT ? rpl_check_id(first) : "");
    e.verdict = rpl_verdict_message_get(m);
    if (status.code == RPL_UNAVAILABLE)
        e.retry_after_s = 5;
    rpl_reply_message(reply, &e.base);
    rpl_verdict_message_free(m);
}
