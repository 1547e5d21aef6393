#include "server/rpc/status_policy.h"

static size_t fill_hashes(ProtobufCBinaryData *out, const rpl_policy_hashes *hashes)
{
    for (size_t i = 0; i < hashes->count; i++)
        out[i] = rpl_pb_bytes(hashes->items[i].b, sizeof(hashes->items[i].b));
    return hashes->count;
}

static size_t fill_platforms(ProtobufCBinaryData *out, const rpl_platform_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        out[i] = rpl_pb_bytes(list->names[i].bytes, list->names[i].len);
    return list->count;
}

static void fill_tcb(const rpl_verifier_policy *policy, rpl_status_policy *out)
{
    Replicatoor__V1__PolicyStatus *m = &out->message;
    m->accepted_tcb = out->accepted_tcb;
    for (unsigned i = 0; i < RPL_TCB_STATUS_COUNT; i++)
        if (policy->accepted_tcb & 1u << i)
            m->accepted_tcb[m->n_accepted_tcb++] =
                rpl_pb_text(rpl_tcb_status_name((rpl_tcb_status)i));
    m->advisories_limited = policy->limits_advisories;
    m->advisories = out->advisories;
    m->n_advisories = policy->n_advisories;
    for (size_t i = 0; i < policy->n_advisories; i++)
        m->advisories[i] = rpl_pb_text(policy->advisories[i]);
    m->tcb_grace_days = policy->grace_days;
    m->min_evaluation = policy->min_evaluation;
    m->same_evaluation = policy->same_evaluation;
    m->tcb_current_counts = policy->current_counts;
}

static void fill_td(const rpl_verifier_policy *policy, rpl_status_policy *out)
{
    Replicatoor__V1__PolicyStatus *m = &out->message;
    m->td_attributes = out->td_attributes;
    for (size_t i = 0; i < RPL_TD_OPTIONAL_COUNT; i++)
        if (policy->td_optional_allowed & rpl_td_optional[i].bit)
            m->td_attributes[m->n_td_attributes++] = rpl_pb_text(rpl_td_optional[i].name);
    for (size_t i = 0; i < sizeof(out->xfam); i++)
        out->xfam[i] = (uint8_t)(policy->xfam_allowed >> 8 * (sizeof(out->xfam) - 1 - i));
    m->xfam = rpl_pb_bytes(out->xfam, sizeof(out->xfam));
    m->service_tds = out->service_tds;
    m->n_service_tds = policy->n_service_tds;
    for (size_t i = 0; i < policy->n_service_tds; i++)
        m->service_tds[i] = rpl_pb_bytes(policy->service_tds[i], sizeof(policy->service_tds[i]));
}

void rpl_status_policy_fill(const rpl_node_settings *settings, rpl_status_policy *out)
{
    const rpl_policy *policy = settings->policy;
    const rpl_verifier_policy *verifier = &settings->verifier_policy;
    Replicatoor__V1__PolicyStatus *m = &out->message;

    replicatoor__v1__policy_status__init(m);
    m->mode = rpl_pb_text(policy->give_to.count + policy->take_from.count ? "static" : "self");
    m->give_to = out->give_to;
    m->n_give_to = fill_hashes(out->give_to, &policy->give_to);
    m->take_from = out->take_from;
    m->n_take_from = fill_hashes(out->take_from, &policy->take_from);
    m->devices = out->devices;
    m->n_devices = fill_hashes(out->devices, &policy->devices);
    m->platforms_allowed = out->allowed;
    m->n_platforms_allowed = fill_platforms(out->allowed, &verifier->platforms_allowed);
    m->platforms_denied = out->denied;
    m->n_platforms_denied = fill_platforms(out->denied, &verifier->platforms_denied);
    fill_tcb(verifier, out);
    fill_td(verifier, out);
}
