#include "server/rpc/self_check.h"

#include <stdlib.h>

#include "base/log.h"

enum { RENEW_MS = 3600 * 1000, RETRY_FIRST_MS = 1000, RETRY_MAX_MS = 30000 };

enum { GROUPS = RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD | RPL_GROUP_BINDING };

typedef struct {
    rpl_flow flow;
    rpl_status_fields fields;
    rpl_report_data report_data;
    rpl_own_quote quote;
    rpl_peer_check *check;
    rpl_flow_judge judge;
    rpl_measured_config measured; /* what is known before, then after */
    bool without_time;
} self_flow;

static void release(rpl_flow *flow)
{
    self_flow *call = (self_flow *)flow;
    rpl_own_quote_free(&call->quote);
    rpl_peer_check_free(call->check);
    free(call);
}

rpl_self_check *rpl_self_check_new(rpl_services *services)
{
    rpl_self_check *self = calloc(1, sizeof(*self));
    if (self)
        self->services = services;
    return self;
}

void rpl_self_check_free(rpl_self_check *self)
{
    if (self)
        rpl_own_quote_free(&self->quote);
    free(self);
}

void rpl_status_fields_now(const rpl_node *node, const uint8_t *nonce, rpl_status_fields *out)
{
    *out = (rpl_status_fields){.phase = node->phase};
    if (nonce)
        memcpy(out->nonce, nonce, sizeof(out->nonce));
    if (node->state) {
        out->identity = *rpl_identity_public(rpl_state_identity(node->state));
        out->highest_epoch = rpl_state_highest_epoch(node->state);
    }
    memcpy(out->config_digest, node->settings.config_digest, sizeof(out->config_digest));
}

/* The text cannot change while this process lives; it is asked for until it was there once. */
static void measure(self_flow *call)
{
    const rpl_services_config *config = &call->flow.services->config;
    const bool has_hash = call->check->verdict.state[RPL_CHECK_EVENT_LOG] == RPL_PASSED;
    char *text = NULL;
    size_t len = 0;

    if (call->measured.outcome == RPL_CONFIG_MEASURED)
        return;
    const rpl_status s = config->ports->app_compose(config->ports->self, &text, &len);
    const rpl_measured_question question = {
        .text = rpl_bytes_of(text, s.code == RPL_OK ? len : 0),
        .compose_hash = rpl_bytes_of(call->check->identity.compose_hash, has_hash ? 32 : 0),
        .service = config->service,
        .agent_shared = config->agent_shared,
        .settings = config->settings,
        .n_settings = config->n_settings,
    };
    rpl_measured_config_check(&question, &call->measured);
    free(text);
}

/* What the quote says is read in any case; nothing of it is judged by a time that is not known. */
static void judge_without_time(self_flow *call)
{
    rpl_verdict *v = &call->check->verdict;
    rpl_verdict_start(v, GROUPS);
    rpl_verdict_require(v, RPL_CHECK_POLICY_IMAGE);
    (void)rpl_flow_need_time(&call->flow, v).code;
}

static void in_worker_check(rpl_flow *flow)
{
    self_flow *call = (self_flow *)flow;
    rpl_verdict *v = &call->check->verdict;

    flow->status = rpl_own_quote_make(flow, &call->report_data, NULL, &call->quote);
    if (flow->status.code != RPL_OK)
        return;
    const rpl_peer_input input = {
        .quote = rpl_bytes_of(call->quote.with_evidence, call->quote.with_evidence_len)};
    call->check->want_forecast = true;
    flow->status = rpl_peer_check_open(call->check, &input, GROUPS);
    rpl_verdict_require(v, RPL_CHECK_POLICY_IMAGE);
    if (flow->status.code != RPL_OK)
        return;
    flow->status = call->without_time
                       ? rpl_peer_check_offline(call->check, &call->report_data, &call->judge.rules)
                       : rpl_flow_verify(flow, call->check, &call->report_data, &call->judge);
    if (flow->status.code == RPL_OK)
        measure(call);
    if (flow->status.code == RPL_OK && call->without_time)
        judge_without_time(call);
}

/* Keeps what the quote says; whether it is believed is in the verdict beside it. */
static void keep(rpl_self_check *self, self_flow *call)
{
    const rpl_quote_facts *facts = rpl_verification_facts(call->check->verification);

    rpl_own_quote_free(&self->quote);
    self->quote = call->quote;
    call->quote = (rpl_own_quote){0};
    self->fields = call->fields;
    self->report_data = call->report_data;
    self->have_quote = true;
    self->identity = call->check->identity;
    self->measurement = facts->quote.measurement;
    memcpy(self->mr_config_id, facts->quote.mr_config_id, sizeof(self->mr_config_id));
    self->facts = *facts;
    self->facts.quote = (rpl_quote){0};
}

/* False when this process must end. */
static bool take_measured(rpl_self_check *self, const self_flow *call)
{
    const rpl_services_config *config = &self->services->config;
    const bool news = call->measured.outcome != self->measured.outcome ||
                      strcmp(call->measured.why, self->measured.why) != 0;
    self->measured = call->measured;
    if (self->measured.outcome == RPL_CONFIG_CONTRADICTED) {
        config->contradicted(config->contradicted_data, self->measured.why);
        return false;
    }
    if (news && self->measured.outcome == RPL_CONFIG_UNMEASURED)
        rpl_log(RPL_LOG_WARN, "the settings could not be compared with the measured compose text",
                rpl_log_peer("why", rpl_bytes_of_text(self->measured.why)));
    return true;
}

static void tell_node(rpl_node *node, const self_flow *call, bool verified)
{
    rpl_verdict *verdict = node->self_verdict ? node->self_verdict : malloc(sizeof(*verdict));
    if (verdict) {
        *verdict = call->check->verdict;
        node->self_verdict = verdict;
    }
    if (node->phase == RPL_PHASE_STARTING)
        (void)!rpl_node_step(node, RPL_EVENT_AGENT_ANSWERED).code;
    if (!verified)
        return;
    node->self = call->check->identity;
    memcpy(node->self_quote_digest, rpl_verification_facts(call->check->verification)->quote_digest,
           32);
    node->self_known = true;
}

int64_t rpl_self_check_collateral_end(const rpl_self_check *self, const rpl_verdict *verdict)
{
    return rpl_verdict_groups_pass(verdict, RPL_GROUP_COLLATERAL) ? self->facts.valid_until : 0;
}

/* Weeks before the platform falls out of what is accepted, the early view says so. What is not known
 * any more is not shown any more. */
static void tell_operators(rpl_metrics *metrics, const rpl_self_check *self,
                           const rpl_verdict *verdict)
{
    const rpl_tcb_forecast *forecast = &self->facts.forecast;
    rpl_metrics_set(metrics, RPL_METRIC_COLLATERAL_END, NULL,
                    rpl_self_check_collateral_end(self, verdict));
    rpl_metrics_forget(metrics, RPL_METRIC_TCB_NUMBER);
    rpl_metrics_forget(metrics, RPL_METRIC_FALLS_OUT);
    rpl_metrics_set(metrics, RPL_METRIC_TCB_NUMBER, "standard", self->facts.tcb_eval_number);
    if (!forecast->known)
        return;
    rpl_metrics_set(metrics, RPL_METRIC_TCB_NUMBER, "early", forecast->eval_number);
    rpl_metrics_set(metrics, RPL_METRIC_FALLS_OUT, NULL, !forecast->accepted);
    if (!forecast->accepted)
        rpl_log(RPL_LOG_WARN, "this platform will fall out when Intel's next TCB level is in force",
                rpl_log_text("status", forecast->status == RPL_TCB_UNKNOWN
                                           ? "no level"
                                           : rpl_tcb_status_name(forecast->status)),
                rpl_log_uint("evaluation_number", forecast->eval_number));
}

static void schedule(rpl_self_check *self, bool succeeded)
{
    const rpl_ports *ports = self->services->config.ports;
    int64_t wait_ms = RENEW_MS;

    self->failures = succeeded ? 0 : self->failures + 1;
    if (!succeeded) {
        wait_ms = RETRY_FIRST_MS << (self->failures < 6 ? self->failures - 1 : 5);
        wait_ms = wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS;
    }
    self->next_ms = ports->time(ports->self).boot_ms + wait_ms;
}

static void on_loop_checked(rpl_flow *flow)
{
    self_flow *call = (self_flow *)flow;
    rpl_self_check *self = flow->services->self_check;
    const bool read = call->quote.with_evidence && call->check->verification;
    const bool verified = flow->status.code == RPL_OK && rpl_verdict_admits(&call->check->verdict);

    rpl_flow_count_quote(flow, call->quote.with_evidence ? RPL_OK : flow->status.code);
    if (read && take_measured(self, call)) {
        tell_node(rpl_flow_node(flow), call, verified);
        keep(self, call);
        tell_operators(flow->services->config.metrics, self, &call->check->verdict);
    }
    if (!verified)
        rpl_log(RPL_LOG_WARN, "own quote is not verified yet",
                rpl_log_text("why", flow->status.code != RPL_OK
                                        ? flow->status.what
                                        : rpl_verdict_status(&call->check->verdict).what));
    schedule(self, verified);
    self->waits_for_time = call->without_time;
    self->running = false;
    release(flow);
    if (self->again)
        rpl_self_check_run(self);
}

static void discard_reply(const ProtobufCMessage *message, void *call)
{
    (void)message;
    (void)call;
}

/* A full queue: the next tick tries again. */
static void release_unstarted(rpl_flow *flow)
{
    flow->services->self_check->running = false;
    schedule(flow->services->self_check, false);
    release(flow);
}

void rpl_self_check_run(rpl_self_check *self)
{
    const rpl_ports *ports = self->services->config.ports;
    const rpl_reply nobody = {.closure = discard_reply};
    self->again = self->running;
    if (self->running)
        return;
    self_flow *call = rpl_flow_new(self->services, sizeof(*call), nobody, release_unstarted);
    if (!call)
        return;
    call->check = rpl_peer_check_new();
    if (!call->check) {
        release(&call->flow);
        return;
    }
    self->running = true;
    call->measured = self->measured;
    call->without_time = !ports->time(ports->self).trusted;
    rpl_status_fields_now(rpl_flow_node(&call->flow), NULL, &call->fields);
    rpl_transcript_status(&call->fields, &call->report_data);
    rpl_flow_judge_by(&call->flow, RPL_POLICY_GIVE, &call->judge);
    rpl_flow_work(&call->flow, in_worker_check, on_loop_checked);
}

void rpl_self_check_tick(rpl_self_check *self)
{
    const rpl_ports *ports = self->services->config.ports;
    const rpl_time now = ports->time(ports->self);
    const bool due = now.boot_ms >= self->next_ms || (self->waits_for_time && now.trusted);
    if (!self->running && due)
        rpl_self_check_run(self);
}
