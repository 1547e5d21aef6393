#include "attestation/tdx/td_policy.h"

#include <stdio.h>

#define XFAM_REQUIRED UINT64_C(0x3)     /* x87, SSE */
#define XFAM_KNOWN    UINT64_C(0x6dbe7) /* every state component that a TD may have today */
#define XFAM_CET      UINT64_C(0x1800)
#define XFAM_AMX      UINT64_C(0x60000)
#define TD_KNOWN      (RPL_TD_UNDER_DEBUG | RPL_TD_SEPT_VE_DISABLE | RPL_TD_MIGRATABLE | RPL_TD_OPTIONAL)

typedef struct {
    uint64_t bits;
    bool must_be_set;
    const char *code, *want, *fix;
} attribute_rule;

static const attribute_rule rules[] = {
    {RPL_TD_DEBUG, false, "TD_DEBUG", "DEBUG clear", "start the TD without debug"},
    {RPL_TD_UNDER_DEBUG & ~RPL_TD_DEBUG, false, "TD_TUD", "bits 1 to 7 clear",
     "start the TD without profiling"},
    {RPL_TD_SEPT_VE_DISABLE, true, "TD_SEPT_VE", "SEPT_VE_DISABLE set",
     "start the TD with SEPT_VE_DISABLE"},
    {RPL_TD_MIGRATABLE, false, "TD_MIGRATABLE", "MIGRATABLE clear",
     "start the TD without live migration"},
    {~TD_KNOWN, false, "TD_ATTR_RESERVED", "reserved bits clear",
     "start the TD with known attributes only"},
};

static void hex64(uint64_t value, char out[static 20])
{
    snprintf(out, 20, "0x%016llx", (unsigned long long)value);
}

static void check_attributes(const rpl_verifier_policy *policy, uint64_t attributes,
                             rpl_verdict *verdict)
{
    char got[20];
    hex64(attributes, got);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const uint64_t set = attributes & rules[i].bits;
        const bool holds = rules[i].must_be_set ? set == rules[i].bits : set == 0;
        if (!holds)
            rpl_verdict_fail(verdict, RPL_CHECK_TD_ATTRIBUTES, rules[i].code, got, rules[i].want,
                             rules[i].fix);
    }
    if (attributes & RPL_TD_OPTIONAL & ~policy->td_optional_allowed)
        rpl_verdict_fail(verdict, RPL_CHECK_TD_ATTRIBUTES, "TD_ATTR_OPTIONAL", got,
                         "ICSSD, LASS, PKS, KL, TPA and PERFMON clear unless allowed",
                         "start the TD without these features");
    rpl_verdict_pass(verdict, RPL_CHECK_TD_ATTRIBUTES);
}

static bool in_pairs(uint64_t xfam, uint64_t pair)
{
    return (xfam & pair) == 0 || (xfam & pair) == pair;
}

static void check_xfam(uint64_t xfam, rpl_verdict *verdict)
{
    char got[20];
    hex64(xfam, got);
    if ((xfam & XFAM_REQUIRED) != XFAM_REQUIRED || (xfam & ~XFAM_KNOWN) ||
        !in_pairs(xfam, XFAM_CET) || !in_pairs(xfam, XFAM_AMX))
        rpl_verdict_fail(verdict, RPL_CHECK_TD_XFAM, "TD_XFAM", got,
                         "x87 and SSE, known features only, CET and AMX whole or not at all",
                         "start the TD with another CPU feature set");
    rpl_verdict_pass(verdict, RPL_CHECK_TD_XFAM);
}

static void check_service_td(const rpl_verifier_policy *policy, const rpl_quote *quote,
                             rpl_verdict *verdict)
{
    const rpl_bytes service = rpl_bytes_of(quote->mr_servicetd, sizeof(quote->mr_servicetd));
    const rpl_reader r = rpl_reader_over(service);
    if (!policy->allow_service_td && !rpl_read_zeros_to_end(&r))
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_TD_SERVICETD, "TD_SERVICETD", service,
                               rpl_bytes_of("", 0), "start the TD without a service TD");
    rpl_verdict_pass(verdict, RPL_CHECK_TD_SERVICETD);
}

void rpl_td_policy_check(const rpl_verifier_policy *policy, const rpl_quote *quote,
                         rpl_verdict *verdict)
{
    check_attributes(policy, quote->td_attributes, verdict);
    check_xfam(quote->xfam, verdict);
    check_service_td(policy, quote, verdict);
}
