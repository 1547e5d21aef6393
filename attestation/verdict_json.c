#include "attestation/verdict_json.h"

#include "base/hash.h"

static void set_or_null(json_t *object, const char *key, const char *text)
{
    if (text && *text)
        rpl_json_set_text(object, key, text);
    else
        json_object_set_new(object, key, json_null());
}

static json_t *entry(const char *id, json_t *ok, const rpl_finding *f)
{
    json_t *check = json_object();
    rpl_json_set_text(check, "id", id);
    json_object_set_new(check, "ok", ok);
    set_or_null(check, "code", f ? f->code : NULL);
    set_or_null(check, "got", f ? f->got : NULL);
    set_or_null(check, "want", f ? f->want : NULL);
    set_or_null(check, "fix", f ? f->fix : NULL);
    return check;
}

/* A failed check has an entry for each finding; without any (the verdict was full), one bare entry. */
static void add_failures(json_t *checks, const rpl_verdict *v, rpl_check check)
{
    bool any = false;
    for (size_t i = 0; i < v->n_findings; i++) {
        if (v->findings[i].check != check)
            continue;
        any = true;
        json_array_append_new(checks, entry(rpl_check_id(check), json_false(), &v->findings[i]));
    }
    if (!any)
        json_array_append_new(checks, entry(rpl_check_id(check), json_false(), NULL));
}

static json_t *checks_json(const rpl_verdict *v)
{
    json_t *checks = json_array();
    for (int c = 0; c < RPL_CHECK_COUNT; c++) {
        const rpl_check check = (rpl_check)c;
        if (v->state[c] == RPL_FAILED)
            add_failures(checks, v, check);
        else if (v->state[c] == RPL_PASSED)
            json_array_append_new(checks, entry(rpl_check_id(check), json_true(), NULL));
        else if (v->required[c])
            json_array_append_new(checks, entry(rpl_check_id(check), json_null(), NULL));
    }
    return checks;
}

static bool said_before(const rpl_verdict *v, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(v->findings[i].code, v->findings[at].code) == 0)
            return true;
    }
    return false;
}

/* Each code once. */
static json_t *failed_json(const rpl_verdict *v)
{
    json_t *failed = json_array();
    for (size_t i = 0; i < v->n_findings; i++) {
        if (!said_before(v, i))
            json_array_append_new(failed, json_string(v->findings[i].code));
    }
    return failed;
}

/* `built`, or NULL when memory ran out since rpl_json_failures was `before`: then something misses. */
static json_t *whole(json_t *built, unsigned before)
{
    if (rpl_json_failures() == before)
        return built;
    json_decref(built);
    return NULL;
}

json_t *rpl_verdict_json(const rpl_verdict *verdict)
{
    const unsigned before = rpl_json_failures();
    json_t *object = json_object();
    json_object_set_new(object, "admitted", json_boolean(rpl_verdict_admits(verdict)));
    json_object_set_new(object, "failed", failed_json(verdict));
    json_object_set_new(object, "checks", checks_json(verdict));
    return whole(object, before);
}

static void set_uint64_bytes(json_t *object, const char *key, uint64_t value)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    rpl_json_set_hex(object, key, rpl_bytes_of(bytes, sizeof(bytes)));
}

#define SET_FIELD(object, quote, field)                                                            \
    rpl_json_set_hex(object, #field, rpl_bytes_of((quote)->field, sizeof((quote)->field)))

static void set_measurement(json_t *object, const rpl_measurement *m)
{
    static const char *const names[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
    SET_FIELD(object, m, mrtd);
    for (size_t i = 0; i < 4; i++)
        rpl_json_set_hex(object, names[i], rpl_bytes_of(m->rtmr[i], sizeof(m->rtmr[i])));
}

json_t *rpl_quote_json(const rpl_quote *quote)
{
    const unsigned before = rpl_json_failures();
    json_t *object = json_object();
    rpl_json_set_uint(object, "version", quote->version);
    rpl_json_set_uint(object, "body_type", quote->body_type);
    set_measurement(object, &quote->measurement);
    SET_FIELD(object, quote, report_data);
    set_uint64_bytes(object, "td_attributes", quote->td_attributes);
    set_uint64_bytes(object, "xfam", quote->xfam);
    SET_FIELD(object, quote, mr_config_id);
    SET_FIELD(object, quote, mr_owner);
    SET_FIELD(object, quote, mr_owner_config);
    SET_FIELD(object, quote, tee_tcb_svn);
    SET_FIELD(object, quote, mr_seam);
    SET_FIELD(object, quote, mrsigner_seam);
    SET_FIELD(object, quote, seam_attributes);
    if (quote->body_type == 3) {
        SET_FIELD(object, quote, tee_tcb_svn2);
        SET_FIELD(object, quote, mr_servicetd);
    }
    return whole(object, before);
}

static void set_status(json_t *object, const char *key, rpl_tcb_status status)
{
    set_or_null(object, key, status == RPL_TCB_UNKNOWN ? NULL : rpl_tcb_status_name(status));
}

static void set_time(json_t *object, const char *key, int64_t time_s)
{
    json_object_set_new(object, key, time_s ? json_integer(time_s) : json_null());
}

static json_t *forecast_json(const rpl_tcb_forecast *forecast)
{
    json_t *object = json_object();
    set_status(object, "status", forecast->status);
    json_object_set_new(object, "accepted", json_boolean(forecast->accepted));
    rpl_json_set_uint(object, "tcb_evaluation_number", forecast->eval_number);
    set_time(object, "issued", forecast->issued);
    return object;
}

json_t *rpl_facts_json(const rpl_quote_facts *facts)
{
    const unsigned before = rpl_json_failures();
    json_t *object = json_object();
    uint8_t device[RPL_SHA256_LEN];
    set_status(object, "status", facts->tcb_status);
    set_status(object, "launch", facts->launch_status);
    set_status(object, "current", facts->current_status);
    set_status(object, "platform", facts->platform_status);
    set_status(object, "module", facts->module_status);
    set_status(object, "qe", facts->qe_status);
    set_time(object, "date", facts->tcb_date);
    rpl_json_set_uint(object, "tcb_evaluation_number", facts->tcb_eval_number);
    rpl_json_set_uint(object, "qe_evaluation_number", facts->qe_eval_number);
    set_time(object, "valid_from", facts->valid_from);
    set_time(object, "valid_until", facts->valid_until);
    set_time(object, "tcb_issued", facts->tcb_issued);
    set_time(object, "qe_issued", facts->qe_issued);
    set_time(object, "grace_until", facts->grace_until);
    if (facts->forecast.known)
        json_object_set_new(object, "forecast", forecast_json(&facts->forecast));
    if (!facts->has_pck)
        return whole(object, before);
    json_object_set_new(object, "smt",
                        facts->has_smt ? json_boolean(facts->smt_enabled) : json_null());
    SET_FIELD(object, facts, fmspc);
    SET_FIELD(object, facts, pceid);
    rpl_sha256(rpl_bytes_of(facts->ppid, sizeof(facts->ppid)), device);
    rpl_json_set_hex(object, "device", rpl_bytes_of(device, sizeof(device)));
    rpl_json_set_text(object, "ca", facts->processor_ca ? "processor" : "platform");
    return whole(object, before);
}

static json_t *advisories_json(const rpl_quote_facts *facts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < facts->n_advisories; i++)
        json_array_append_new(list, json_string(facts->advisories[i]));
    return list;
}

json_t *rpl_verification_json(const rpl_verdict *verdict, const rpl_quote_facts *facts)
{
    const unsigned before = rpl_json_failures();
    RPL_AUTO(json) json_t *judged = rpl_verdict_json(verdict);
    json_t *object = json_object();
    json_object_set(object, "admitted", json_object_get(judged, "admitted"));
    set_status(object, "status", facts->tcb_status);
    json_object_set_new(object, "advisories", advisories_json(facts));
    json_object_update(object, judged);
    const bool has_quote = facts->quote.signed_part.len > 0;
    json_t *quote = has_quote ? rpl_quote_json(&facts->quote) : json_null();
    if (has_quote)
        SET_FIELD(quote, facts, quote_digest);
    json_object_set_new(object, "quote", quote);
    json_object_set_new(object, "tcb", rpl_facts_json(facts));
    return whole(object, before);
}
