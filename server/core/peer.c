#include "server/core/peer.h"

#include <stdlib.h>

#include "base/hash.h"

rpl_peer_check *rpl_peer_check_new(void)
{
    return calloc(1, sizeof(rpl_peer_check));
}

void rpl_peer_check_free(rpl_peer_check *check)
{
    if (!check)
        return;
    rpl_verification_free(check->verification);
    rpl_evidence_free(&check->evidence);
    free(check);
}

rpl_status rpl_peer_check_open(rpl_peer_check *check, const rpl_peer_input *input, unsigned groups)
{
    rpl_verdict_start(&check->verdict, groups);
    RPL_TRY(rpl_evidence_split(input->quote, &check->evidence));
    if (!check->evidence.has_evidence)
        RPL_TRY(rpl_evidence_from_fields(input->event_log, input->challenge, input->config,
                                         &check->evidence));
    rpl_sha256(rpl_bytes_of(check->evidence.config, check->evidence.config_len),
               check->config_digest);
    return rpl_ok();
}

static void check_device(rpl_peer_check *check, const rpl_quote_facts *facts)
{
    if (facts->has_pck)
        rpl_sha256(rpl_bytes_of(facts->ppid, sizeof(facts->ppid)), check->identity.device);
}

static rpl_status begin(rpl_peer_check *check, const rpl_peer_rules *rules)
{
    const rpl_bytes quote = check->evidence.quote;
    if (rules->verifier)
        return rpl_verification_begin_with(rules->verifier, quote, rules->verifier_policy,
                                           rules->now_s, &check->verdict, &check->verification);
    return rpl_verification_begin(quote, rules->roots, rules->verifier_policy, rules->now_s,
                                  &check->verdict, &check->verification);
}

rpl_status rpl_peer_check_offline(rpl_peer_check *check, const rpl_report_data *expected,
                                  const rpl_peer_rules *rules)
{
    rpl_verdict *v = &check->verdict;

    RPL_TRY(begin(check, rules));
    if (v->state[RPL_CHECK_QUOTE_FORMAT] != RPL_PASSED)
        return rpl_ok();
    const rpl_quote_facts *facts = rpl_verification_facts(check->verification);
    rpl_measurement_check(&facts->quote, &check->evidence.events, v, &check->identity);
    check_device(check, facts);
    (void)rpl_verdict_equal(
        v, RPL_CHECK_REPORT_DATA, "REPORT_DATA",
        rpl_bytes_of(facts->quote.report_data, sizeof(expected->b)),
        rpl_bytes_of(expected->b, sizeof(expected->b)),
        "the quote was made for other data (another key, challenge, "
        "configuration or nonce) or by a build of the other kind (test, release)");
    if (v->required[RPL_CHECK_POLICY_RELEASE])
        rpl_peer_check_policy(check, rules);
    return rpl_ok();
}

void rpl_peer_check_policy(rpl_peer_check *check, const rpl_peer_rules *rules)
{
    rpl_policy_party peer = {
        .identity = &check->identity,
        .config = rpl_bytes_of(check->evidence.config, check->evidence.config_len),
    };
    memcpy(peer.config_digest, check->config_digest, sizeof(peer.config_digest));
    check->is_own = rpl_policy_is_own(rules->self, &peer);
    if (rules->has_contract)
        rpl_policy_restrict(rules->policy, rules->direction, rules->self, &peer, &check->verdict,
                            &check->is_config_settled);
    else
        rpl_policy_check(rules->policy, rules->direction, rules->self, &peer, &check->verdict);
}

bool rpl_peer_check_platform(const rpl_peer_check *check, uint8_t fmspc[static 6],
                             bool *processor_ca)
{
    if (!check->verification || check->verdict.state[RPL_CHECK_PCK_CHAIN] != RPL_PASSED ||
        check->verdict.state[RPL_CHECK_PCK_ROOT] != RPL_PASSED)
        return false;
    const rpl_quote_facts *facts = rpl_verification_facts(check->verification);
    if (!facts->has_pck)
        return false;
    memcpy(fmspc, facts->fmspc, 6);
    *processor_ca = facts->processor_ca;
    return true;
}

void rpl_peer_check_forecast(rpl_peer_check *check, const rpl_collateral *early)
{
    if (early->tcb_info.len > 0)
        (void)!rpl_verification_forecast(check->verification, early).code;
}

rpl_status rpl_peer_check_collateral(rpl_peer_check *check, const rpl_collateral *collateral)
{
    return rpl_verification_collateral(check->verification, collateral, &check->verdict);
}
