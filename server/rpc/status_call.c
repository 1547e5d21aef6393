#include "server/rpc/status_call.h"

#include <stdlib.h>

#include "server/rpc/chain_status.h"
#include "server/rpc/self_check.h"
#include "server/rpc/status_policy.h"

enum { NONCE_LEN = 32 };

/* Everything a StatusResponse points to. */
typedef struct {
    Replicatoor__V1__StatusResponse r;
    Replicatoor__V1__NodeQuote quote;
    Replicatoor__V1__Measurements measurements;
    rpl_status_policy policy;
    Replicatoor__V1__Epoch epochs[RPL_STATE_EPOCHS_MAX];
    Replicatoor__V1__Epoch *epochs_p[RPL_STATE_EPOCHS_MAX];
    rpl_epoch known[RPL_STATE_EPOCHS_MAX];
    rpl_time_report time;
    Replicatoor__V1__TimeOrigin origins[RPL_TIME_ORIGINS_MAX];
    Replicatoor__V1__TimeOrigin *origins_p[RPL_TIME_ORIGINS_MAX];
    Replicatoor__V1__Setting *settings;
    Replicatoor__V1__Setting **settings_p;
    rpl_verdict_message *self_verdict;
    rpl_chain_status_message chain;
    uint8_t identity_digest[32], xpub[20], state_digest[32];
} status_message;

static void fill_state(status_message *m, const rpl_node *node)
{
    if (!node->state)
        return;
    const rpl_identity_pub *pub = rpl_identity_public(rpl_state_identity(node->state));
    const size_t count = rpl_state_epochs(node->state, m->known);

    rpl_identity_digest(pub, m->identity_digest);
    rpl_identity_address(pub, m->xpub);
    m->r.identity = rpl_pb_bytes(pub->b, sizeof(pub->b));
    m->r.identity_digest = rpl_pb_bytes(m->identity_digest, sizeof(m->identity_digest));
    m->r.xpub = rpl_pb_bytes(m->xpub, sizeof(m->xpub));
    if (rpl_state_digest(node->state, m->state_digest).code == RPL_OK)
        m->r.state_digest = rpl_pb_bytes(m->state_digest, sizeof(m->state_digest));
    for (size_t i = 0; i < count; i++) {
        replicatoor__v1__epoch__init(&m->epochs[i]);
        m->epochs[i].number = m->known[i].number;
        m->epochs[i].commitment = rpl_pb_bytes(m->known[i].commitment, 32);
        m->epochs_p[i] = &m->epochs[i];
    }
    m->r.n_epochs = count;
    m->r.epochs = m->epochs_p;
    m->r.custody_receipts = (uint32_t)rpl_state_custody(node->state)->count;
}

static void fill_quote(status_message *m, const rpl_own_quote *quote,
                       const rpl_status_fields *fields, const rpl_report_data *report_data)
{
    replicatoor__v1__node_quote__init(&m->quote);
    m->quote.nonce = rpl_pb_bytes(fields->nonce, sizeof(fields->nonce));
    m->quote.quote_raw = rpl_pb_bytes(quote->agent.quote, quote->agent.quote_len);
    m->quote.quote = rpl_pb_bytes(quote->with_evidence, quote->with_evidence_len);
    m->quote.event_log = quote->agent.event_log;
    m->quote.report_data = rpl_pb_bytes(report_data->b, sizeof(report_data->b));
    m->quote.phase = rpl_pb_text(rpl_phase_name((rpl_phase)fields->phase));
    m->quote.identity = rpl_pb_bytes(fields->identity.b, sizeof(fields->identity.b));
    m->quote.highest_epoch = fields->highest_epoch;
    m->r.quote = &m->quote;
}

static void fill_measurements(status_message *m, const rpl_self_check *self)
{
    Replicatoor__V1__Measurements *out = &m->measurements;
    if (!self->have_quote)
        return;
    replicatoor__v1__measurements__init(out);
    out->mrtd = rpl_pb_bytes(self->measurement.mrtd, 48);
    out->rtmr0 = rpl_pb_bytes(self->measurement.rtmr[0], 48);
    out->rtmr1 = rpl_pb_bytes(self->measurement.rtmr[1], 48);
    out->rtmr2 = rpl_pb_bytes(self->measurement.rtmr[2], 48);
    out->rtmr3 = rpl_pb_bytes(self->measurement.rtmr[3], 48);
    out->mr_config_id = rpl_pb_bytes(self->mr_config_id, 48);
    out->compose_hash = rpl_pb_bytes(self->identity.compose_hash, 32);
    out->image_hash = rpl_pb_bytes(self->identity.image_hash, 32);
    out->release = rpl_pb_bytes(self->identity.release, 32);
    out->device = rpl_pb_bytes(self->identity.device, 32);
    m->r.measurements = out;
}

static bool fill_settings(status_message *m, const rpl_services_config *config)
{
    m->settings = calloc(config->n_settings + 1, sizeof(*m->settings));
    m->settings_p = calloc(config->n_settings + 1, sizeof(*m->settings_p));
    if (!m->settings || !m->settings_p)
        return false;
    for (size_t i = 0; i < config->n_settings; i++) {
        replicatoor__v1__setting__init(&m->settings[i]);
        m->settings[i].name = rpl_pb_text(config->settings[i].name);
        m->settings[i].value = rpl_pb_text(config->settings[i].value);
        m->settings[i].trusted = config->settings[i].trusted;
        m->settings_p[i] = &m->settings[i];
    }
    m->r.n_configuration = config->n_settings;
    m->r.configuration = m->settings_p;
    return true;
}

static void fill_origin(Replicatoor__V1__TimeOrigin *out, const rpl_time_origin *origin,
                        int64_t boot_ms)
{
    replicatoor__v1__time_origin__init(out);
    out->host = rpl_pb_text(origin->host);
    out->result = rpl_pb_text(origin->result);
    out->age = origin->asked_ms ? (boot_ms - origin->asked_ms) / 1000 : -1;
    out->date = origin->date_s;
    out->round_trip_ms = (uint32_t)origin->round_trip_ms;
}

static void fill_time(status_message *m, const rpl_services_config *config)
{
    const rpl_ports *ports = config->ports;
    const rpl_time time = ports->time(ports->self);

    ports->time_report(ports->self, &m->time);
    m->r.time = rpl_pb_text(time.source);
    m->r.now = time.now_s;
    m->r.time_floor = time.floor_s;
    m->r.time_trusted = time.trusted;
    m->r.time_age = time.age_s;
    m->r.time_agreeing = (uint32_t)m->time.agreeing;
    m->r.time_problem = rpl_pb_text(m->time.problem);
    if (time.trusted)
        m->r.started_at = time.now_s - (time.boot_ms - config->started_ms) / 1000;
    for (size_t i = 0; i < m->time.count; i++) {
        fill_origin(&m->origins[i], &m->time.origins[i], time.boot_ms);
        m->origins_p[i] = &m->origins[i];
    }
    m->r.n_time_origins = m->time.count;
    m->r.time_origins = m->origins_p;
}

static void fill_node(status_message *m, rpl_services *s, const rpl_reply *reply)
{
    const rpl_services_config *config = &s->config;
    const rpl_node *node = config->node;

    m->r.version = rpl_pb_text(RPL_VERSION);
    m->r.phase = rpl_pb_text(rpl_phase_name(node->phase));
    m->r.simulated = node->settings.roots.is_test;
    m->r.config_digest = rpl_pb_bytes(node->settings.config_digest, 32);
    m->r.config_preimage = rpl_pb_text((const char *)node->settings.config_preimage.data);
    m->r.caller_address = rpl_pb_text(rpl_reply_peer(reply)->address);
    m->r.config_measured = s->self_check->measured.outcome == RPL_CONFIG_MEASURED;
    m->r.config_measured_why = rpl_pb_text(s->self_check->measured.why);
    m->r.agent_shared = config->agent_shared;
    m->r.memory_locked =
        rpl_pb_text(rpl_secret_memory_lock() == RPL_MEMORY_LOCKED ? "yes" : "partial");
    m->r.outstanding_requests = (uint32_t)rpl_requests_count(&node->requests);
    m->r.agent = rpl_pb_text(config->ports->agent_name(config->ports->self));
    m->r.n_guests = config->n_guests;
    m->r.guests = (char **)(uintptr_t)config->guests;
    fill_time(m, config);
}

static void release_message(status_message *m)
{
    if (!m)
        return;
    rpl_verdict_message_free(m->self_verdict);
    free(m->settings);
    free(m->settings_p);
    free(m);
}

static status_message *build(rpl_services *s, const rpl_reply *reply)
{
    const rpl_node *node = s->config.node;
    const rpl_self_check *self = s->self_check;
    status_message *m = calloc(1, sizeof(*m));
    if (!m)
        return NULL;
    replicatoor__v1__status_response__init(&m->r);
    fill_node(m, s, reply);
    fill_state(m, node);
    rpl_status_policy_fill(&node->settings, &m->policy);
    m->r.policy = &m->policy.message;
    fill_measurements(m, self);
    m->r.chain = rpl_chain_status_fill(&m->chain, node, s->chain_watch);
    if (node->self_verdict) {
        m->self_verdict = rpl_verdict_message_new(node->self_verdict, &self->facts);
        m->r.self_verdict = rpl_verdict_message_get(m->self_verdict);
        m->r.forecast = m->r.self_verdict ? m->r.self_verdict->forecast : NULL;
        m->r.collateral_valid_until = rpl_self_check_collateral_end(self, node->self_verdict);
    }
    if (!fill_settings(m, &s->config)) {
        release_message(m);
        return NULL;
    }
    return m;
}

static void deliver_message(rpl_services *s, const rpl_reply *reply, rpl_status_deliver deliver,
                            const rpl_own_quote *quote, const rpl_status_fields *fields,
                            const rpl_report_data *report_data)
{
    status_message *m = build(s, reply);
    if (!m) {
        rpl_reply_error(reply, rpl_fail(RPL_INTERNAL, "no memory"));
        return;
    }
    if (quote)
        fill_quote(m, quote, fields, report_data);
    deliver(reply, &m->r);
    release_message(m);
}

typedef struct {
    rpl_flow flow;
    bool admitted; /* counts among those for whom the agent is asked */
    rpl_status_deliver deliver;
    rpl_status_fields fields;
    rpl_report_data report_data;
    rpl_own_quote quote;
} fresh_call;

static void release_fresh(rpl_flow *flow)
{
    fresh_call *call = (fresh_call *)flow;
    if (call->admitted)
        rpl_admission_leave(flow->services->config.admission, RPL_SLOT_QUOTE);
    rpl_own_quote_free(&call->quote);
    free(call);
}

static void in_worker_quote(rpl_flow *flow)
{
    fresh_call *call = (fresh_call *)flow;
    flow->status = rpl_own_quote_make(flow, &call->report_data, NULL, &call->quote);
}

static void on_loop_quoted(rpl_flow *flow)
{
    fresh_call *call = (fresh_call *)flow;

    rpl_flow_count_quote(flow, flow->status.code);
    if (flow->status.code != RPL_OK) {
        rpl_flow_fail(flow, flow->status);
        return;
    }
    deliver_message(flow->services, &flow->reply, call->deliver, &call->quote, &call->fields,
                    &call->report_data);
    release_fresh(flow);
}

void rpl_status_with(rpl_services *s, ProtobufCBinaryData nonce, rpl_reply reply,
                     rpl_status_deliver deliver)
{
    const rpl_self_check *self = s->self_check;
    if (nonce.len == 0) {
        deliver_message(s, &reply, deliver, self->have_quote ? &self->quote : NULL, &self->fields,
                        &self->report_data);
        return;
    }
    if (nonce.len != NONCE_LEN) {
        rpl_reply_error(&reply, rpl_fail(RPL_MALFORMED, "nonce: expected 64 hex digits"));
        return;
    }
    fresh_call *call = rpl_flow_new(s, sizeof(*call), reply, release_fresh);
    if (!call)
        return;
    rpl_status admitted = rpl_flow_take_tokens(&call->flow, 1);
    if (admitted.code == RPL_OK)
        admitted = rpl_admission_enter(s->config.admission, RPL_SLOT_QUOTE);
    if (admitted.code != RPL_OK) {
        rpl_flow_fail(&call->flow, admitted);
        return;
    }
    call->admitted = true;
    call->deliver = deliver;
    rpl_status_fields_now(s->config.node, nonce.data, &call->fields);
    rpl_transcript_status(&call->fields, &call->report_data);
    rpl_flow_work(&call->flow, in_worker_quote, on_loop_quoted);
}

static void deliver_as_it_is(const rpl_reply *reply, const Replicatoor__V1__StatusResponse *status)
{
    rpl_reply_message(reply, &status->base);
}

void rpl_status_call(rpl_services *s, const Replicatoor__V1__StatusRequest *input, rpl_reply reply)
{
    rpl_status_with(s, input->nonce, reply, deliver_as_it_is);
}
