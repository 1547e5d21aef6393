#include "server/rpc/flow.h"

#include <stdlib.h>

#include "attestation/collateral_document.h"
#include "base/hash.h"

void *rpl_flow_new(rpl_services *s, size_t size, rpl_reply reply, void (*release)(rpl_flow *))
{
    rpl_flow *flow = calloc(1, size);
    if (!flow) {
        rpl_reply_error(&reply, rpl_fail(RPL_INTERNAL, "no memory"));
        return NULL;
    }
    flow->services = s;
    flow->reply = reply;
    flow->release = release;
    return flow;
}

static void run_in_worker(rpl_job *job)
{
    rpl_flow *flow = (rpl_flow *)job;
    flow->in_worker(flow);
}

static void run_on_loop(rpl_job *job)
{
    rpl_flow *flow = (rpl_flow *)job;
    flow->on_loop(flow);
}

void rpl_flow_work(rpl_flow *flow, void (*in_worker)(rpl_flow *), void (*on_loop)(rpl_flow *))
{
    flow->in_worker = in_worker;
    flow->on_loop = on_loop;
    flow->job.work = run_in_worker;
    flow->job.done = run_on_loop;
    if (!rpl_workers_submit(flow->services->config.workers, &flow->job))
        rpl_flow_fail(flow, rpl_fail(RPL_UNAVAILABLE, "too much work is waiting: try again"));
}

void rpl_flow_end(rpl_flow *flow, const ProtobufCMessage *message)
{
    rpl_reply_message(&flow->reply, message);
    flow->release(flow);
}

rpl_status rpl_flow_take_tokens(rpl_flow *flow, uint32_t tokens)
{
    const rpl_ports *ports = rpl_flow_ports(flow);
    const int64_t now_ms = ports->time(ports->self).boot_ms;
    const rpl_status s =
        rpl_admission_take(flow->services->config.admission, rpl_reply_peer(&flow->reply)->key,
                           tokens, now_ms, &flow->retry_after_s);
    if (s.code != RPL_OK)
        rpl_metrics_count(flow->services->config.metrics, RPL_METRIC_REFUSED, "rate", NULL);
    return s;
}

void rpl_flow_fail(rpl_flow *flow, rpl_status status)
{
    if (flow->retry_after_s)
        rpl_reply_busy(&flow->reply, status.what, flow->retry_after_s, true);
    else
        rpl_reply_error(&flow->reply, status);
    flow->release(flow);
}

void rpl_flow_refuse(rpl_flow *flow, rpl_status instead, const rpl_peer_check *check)
{
    rpl_reply_refusal(&flow->reply, instead, &check->verdict,
                      check->verification ? rpl_verification_facts(check->verification) : NULL);
    flow->release(flow);
}

void rpl_flow_stop(rpl_flow *flow, rpl_status status, const rpl_peer_check *check)
{
    if (check && rpl_verdict_has_failure(&check->verdict))
        rpl_flow_refuse(flow, rpl_ok(), check);
    else
        rpl_flow_fail(flow, status);
}

void rpl_flow_judge_by(const rpl_flow *flow, rpl_policy_direction direction, rpl_flow_judge *out)
{
    const rpl_node *node = rpl_flow_node(flow);
    const rpl_ports *ports = node->ports;

    out->self = node->self;
    out->party = rpl_node_party(node, &out->self);
    out->rules = (rpl_peer_rules){
        .roots = &node->settings.roots,
        .verifier_policy = &node->settings.verifier_policy,
        .policy = node->settings.policy,
        .self = &out->party,
        .direction = direction,
        .has_contract = node->settings.chain.is_set,
        .now_s = ports->time(ports->self).now_s,
    };
    rpl_chain_hearing_begin(node, direction, &out->chain);
}

rpl_status rpl_flow_need_time(const rpl_flow *flow, rpl_verdict *verdict)
{
    const rpl_ports *ports = rpl_flow_ports(flow);
    if (ports->time(ports->self).trusted)
        return rpl_ok();
    rpl_verdict_fail(
        verdict, RPL_CHECK_POLICY_TIME, "TIME_UNKNOWN", "no trusted time",
        "the same time from more than half of the pinned origins",
        "time_origins in /status says what is wrong with each; they "
        "(REPLICATOOR_TIME_ORIGINS) must be reachable by https, and are asked again by "
        "themselves");
    return rpl_fail(RPL_UNAVAILABLE, "the time is unknown: see time_origins in /status");
}

static void cannot_gather(rpl_peer_check *check, rpl_status why)
{
    rpl_verdict_fail(&check->verdict, RPL_CHECK_COLLATERAL_PRESENT, "COLLATERAL_MISSING", why.what,
                     "TCB info, QE identity and both CRLs",
                     "look at the sources that REPLICATOOR_PCCS names, and into the log, and try "
                     "again");
}

static bool passes(const rpl_peer_check *check)
{
    return rpl_verdict_groups_pass(&check->verdict, RPL_GROUP_COLLATERAL);
}

static void give_back(const rpl_ports *ports, const rpl_peer_check *check,
                      rpl_collateral_lease *lease, bool verified)
{
    const rpl_quote_facts *facts = rpl_verification_facts(check->verification);
    const rpl_collateral_outcome outcome = {
        .verified = verified,
        .issued_s = facts->valid_from,
        .valid_until_s = facts->valid_until,
    };
    ports->collateral_done(ports->self, lease, &outcome);
}

static bool is_same(const rpl_collateral *a, const rpl_collateral *b)
{
    return a->root_crl.data == b->root_crl.data && a->pck_crl.data == b->pck_crl.data &&
           a->tcb_info.data == b->tcb_info.data && a->qe_identity.data == b->qe_identity.data;
}

/* What the sources have now; false when that is nothing else. The first lease is still held, so the
 * same documents are at the same place. */
static bool renew(const rpl_ports *ports, const rpl_peer_check *check, rpl_collateral_wants *wants,
                  rpl_collateral_lease *lease)
{
    rpl_collateral_lease newer = {0};
    wants->renew = true;
    wants->given = NULL;
    if (ports->collateral(ports->self, wants, &newer).code != RPL_OK)
        return false;
    const bool same = is_same(&newer.collateral, &lease->collateral);
    give_back(ports, check, same ? &newer : lease, false);
    if (!same)
        *lease = newer;
    return !same;
}

/* A quote that does not pass gets a second chance when the sources have something newer. */
static rpl_status judge(const rpl_ports *ports, rpl_peer_check *check, rpl_collateral_wants *wants,
                        rpl_collateral_lease *lease)
{
    rpl_verdict *before = malloc(sizeof(*before)); /* large */
    if (!before)
        return rpl_fail(RPL_INTERNAL, "no memory");
    *before = check->verdict;
    rpl_status s = rpl_peer_check_collateral(check, &lease->collateral);
    if (s.code == RPL_OK && !passes(check) && renew(ports, check, wants, lease)) {
        check->verdict = *before;
        s = rpl_peer_check_collateral(check, &lease->collateral);
    }
    free(before);
    return s;
}

static rpl_status verify_collateral(const rpl_ports *ports, rpl_peer_check *check)
{
    rpl_collateral_wants wants = {0};
    rpl_collateral_lease lease = {0};

    if (!rpl_peer_check_platform(check, wants.fmspc, &wants.processor_ca))
        return rpl_ok();
    wants.given = check->given;
    wants.want_early = check->want_forecast;
    wants.issuers = rpl_pck_issuers(rpl_verification_facts(check->verification)->quote.pck_pem);
    const rpl_status gathered = ports->collateral(ports->self, &wants, &lease);
    if (gathered.code == RPL_UNAVAILABLE) {
        cannot_gather(check, gathered);
        return rpl_ok();
    }
    RPL_TRY(gathered);
    const rpl_status s = judge(ports, check, &wants, &lease);
    if (s.code == RPL_OK && check->want_forecast)
        rpl_peer_check_forecast(check, &lease.early);
    give_back(ports, check, &lease, s.code == RPL_OK && passes(check));
    return s;
}

static rpl_status verify(const rpl_flow *flow, rpl_peer_check *check,
                         const rpl_report_data *expected, const rpl_peer_rules *rules)
{
    RPL_TRY(rpl_peer_check_offline(check, expected, rules));
    if (rpl_verdict_has_failure(&check->verdict))
        return rpl_ok();
    return verify_collateral(rpl_flow_ports(flow), check);
}

static rpl_status verify_with_loan(const rpl_flow *flow, rpl_peer_check *check,
                                   const rpl_report_data *expected, const rpl_peer_rules *rules)
{
    rpl_verifier_pool *verifiers = flow->services->verifiers;
    const rpl_verifier_loan loan = rpl_verifier_pool_borrow(verifiers);
    rpl_peer_rules with_verifier = *rules;
    with_verifier.verifier = loan.verifier;
    const rpl_status s = verify(flow, check, expected, &with_verifier);
    rpl_verifier_pool_give_back(verifiers, &loan);
    return s;
}

rpl_status rpl_flow_verify(const rpl_flow *flow, rpl_peer_check *check,
                           const rpl_report_data *expected, rpl_flow_judge *judge)
{
    const bool asks = judge->chain.is_set && check->verdict.required[RPL_CHECK_POLICY_RELEASE];

    if (asks)
        rpl_chain_require(&check->verdict);
    RPL_TRY(verify_with_loan(flow, check, expected, &judge->rules));
    if (asks && !rpl_verdict_has_failure(&check->verdict))
        rpl_chain_hearing_run(&judge->chain, rpl_flow_ports(flow), check);
    return rpl_ok();
}

void rpl_flow_count_verification(const rpl_flow *flow, const rpl_verdict *verdict)
{
    const rpl_check first = rpl_verdict_first_failure(verdict);
    rpl_metrics_count(flow->services->config.metrics, RPL_METRIC_VERIFICATIONS,
                      rpl_verdict_admits(verdict) ? "admitted" : "refused",
                      first < RPL_CHECK_COUNT ? rpl_check_id(first) : "");
}

void rpl_flow_count_quote(const rpl_flow *flow, rpl_code code)
{
    rpl_metrics_count(flow->services->config.metrics, RPL_METRIC_QUOTES, rpl_code_table(code)->name,
                      NULL);
}

void rpl_flow_count_handover(const rpl_flow *flow, const char *side, const char *result)
{
    rpl_metrics_count(flow->services->config.metrics, RPL_METRIC_HANDOVERS, side, result);
}

rpl_status rpl_own_quote_make(const rpl_flow *flow, const rpl_report_data *report_data,
                              const uint8_t *challenge, rpl_own_quote *out)
{
    const rpl_ports *ports = rpl_flow_ports(flow);
    rpl_own_quote own = {0};
    rpl_event_log log = {0};
    rpl_quote quote;
    const char *code;

    RPL_TRY(ports->quote(ports->self, report_data, &own.agent));
    rpl_status s =
        rpl_quote_parse(rpl_bytes_of(own.agent.quote, own.agent.quote_len), &quote, &code);
    if (s.code == RPL_OK) {
        rpl_sha256(quote.signed_part, own.digest);
        s = rpl_event_log_parse(rpl_bytes_of(own.agent.event_log, own.agent.event_log_len), &log);
    }
    if (s.code == RPL_OK)
        s = rpl_evidence_append(rpl_bytes_of(own.agent.quote, own.agent.quote_len), &log, challenge,
                                rpl_flow_node(flow)->settings.config_preimage, &own.with_evidence,
                                &own.with_evidence_len);
    rpl_event_log_free(&log);
    if (s.code != RPL_OK) {
        rpl_own_quote_free(&own);
        return rpl_fail(RPL_UNAVAILABLE, "the guest agent's quote or event log cannot be read");
    }
    *out = own;
    return rpl_ok();
}

void rpl_own_quote_free(rpl_own_quote *quote)
{
    rpl_agent_quote_free(&quote->agent);
    free(quote->with_evidence);
    *quote = (rpl_own_quote){0};
}
