#include "attestation/verify_bytes.h"

#include "attestation/collateral_bundle.h"
#include "attestation/measurement.h"
#include "attestation/verdict_json.h"

static void rpl_auto_collateral(rpl_collateral_set *set)
{
    rpl_collateral_set_free(set);
}

static void rpl_auto_event_log(rpl_event_log *log)
{
    rpl_event_log_free(log);
}

static rpl_status judge_collateral(const rpl_verify_request *request, rpl_verification *v,
                                   rpl_verdict *verdict)
{
    RPL_AUTO(collateral) rpl_collateral_set set = {0};
    const rpl_bytes bundle = rpl_bytes_of(request->collateral, request->collateral_len);
    const rpl_status s = rpl_collateral_bundle_read(bundle, &set);

    if (s.code == RPL_INTERNAL)
        return s;
    if (s.code == RPL_OK)
        return rpl_verification_collateral(v, &set.view, verdict);
    rpl_verdict_fail(verdict, RPL_CHECK_COLLATERAL_PRESENT, "COLLATERAL_MISSING", s.what,
                     "a collateral bundle: one JSON object of nine strings",
                     "write the bundle again, for example with dcap-qvl");
    return rpl_ok();
}

static rpl_status judge_event_log(const rpl_verify_request *request, const rpl_quote *quote,
                                  rpl_verdict *verdict)
{
    static const rpl_check checks[] = {RPL_CHECK_EVENT_LOG, RPL_CHECK_MR_CONFIG_ID,
                                       RPL_CHECK_POLICY_IMAGE};
    RPL_AUTO(event_log) rpl_event_log log = {0};
    rpl_peer_identity identity;

    if (!request->event_log)
        return rpl_ok();
    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
        rpl_verdict_require(verdict, checks[i]);
    const rpl_status s =
        rpl_event_log_parse(rpl_bytes_of(request->event_log, request->event_log_len), &log);
    if (s.code == RPL_INTERNAL)
        return s;
    if (s.code != RPL_OK)
        rpl_verdict_fail(verdict, RPL_CHECK_EVENT_LOG, "EVENT_LOG_FORMAT", s.what,
                         "the event log as the guest agent gives it", "ask the agent again");
    else if (quote->signed_part.len > 0)
        rpl_measurement_check(quote, &log, verdict, &identity);
    return rpl_ok();
}

/* What ties the quote to whoever sent it; not giving it has to be asked for. */
static void judge_report_data(const rpl_verify_request *request, const rpl_quote *quote,
                              rpl_verdict *verdict)
{
    const rpl_bytes want = rpl_bytes_of(request->report_data, request->report_data_len);
    if (!request->report_data && request->any_report_data)
        return;
    rpl_verdict_require(verdict, RPL_CHECK_REPORT_DATA);
    if (!request->report_data || want.len != sizeof(quote->report_data))
        rpl_verdict_fail(verdict, RPL_CHECK_REPORT_DATA, "REPORT_DATA",
                         "no 64 bytes to compare the quote's report data with",
                         "the report data that this peer must have",
                         "give report_data: a quote that is bound to nothing may be anybody's; or "
                         "say any_report_data and compare it yourself");
    else if (quote->signed_part.len > 0)
        rpl_verdict_equal(
            verdict, RPL_CHECK_REPORT_DATA, "REPORT_DATA",
            rpl_bytes_of(quote->report_data, sizeof(quote->report_data)), want,
            "this quote was made for another request: ask the peer for one of its own");
}

static bool write_report(const rpl_verdict *verdict, const rpl_quote_facts *facts, char **report)
{
    RPL_AUTO(json) json_t *json = rpl_verification_json(verdict, facts);
    return json && rpl_json_dump(json, report).code == RPL_OK;
}

rpl_verify_outcome rpl_verify_bytes(const rpl_verify_request *request, char **report)
{
    const rpl_roots roots = rpl_roots_intel();
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    RPL_AUTO(verification) rpl_verification *v = NULL;
    rpl_verdict verdict;

    if (report)
        *report = NULL;
    rpl_verdict_start(&verdict, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    rpl_status s = rpl_verification_begin(rpl_bytes_of(request->quote, request->quote_len), &roots,
                                          &policy, request->now, &verdict, &v);
    if (s.code == RPL_OK)
        s = judge_collateral(request, v, &verdict);
    if (s.code == RPL_OK)
        judge_report_data(request, &rpl_verification_facts(v)->quote, &verdict);
    if (s.code == RPL_OK)
        s = judge_event_log(request, &rpl_verification_facts(v)->quote, &verdict);
    if (s.code != RPL_OK || (report && !write_report(&verdict, rpl_verification_facts(v), report)))
        return RPL_VERIFY_NOT_EVALUATED;
    return rpl_verdict_admits(&verdict) ? RPL_VERIFY_ADMITTED : RPL_VERIFY_REFUSED;
}
