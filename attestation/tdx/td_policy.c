#include "attestation/tdx/td_policy.h"

#include <stdio.h>

#define XFAM_CET UINT64_C(0x1800)
#define XFAM_AMX UINT64_C(0x60000)
#define TD_KNOWN (RPL_TD_UNDER_DEBUG | RPL_TD_SEPT_VE_DISABLE | RPL_TD_MIGRATABLE | RPL_TD_OPTIONAL)

const rpl_td_attribute rpl_td_optional[RPL_TD_OPTIONAL_COUNT] = {
    {"ICSSD", RPL_TD_ICSSD}, {"LASS", RPL_TD_LASS}, {"PKS", RPL_TD_PKS},
    {"KL", RPL_TD_KL},       {"TPA", RPL_TD_TPA},   {"PERFMON", RPL_TD_PERFMON},
};

enum { OPTIONAL_TEXT = 40 };

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

/* Names of optional attributes in `set`; "none" when there is none. */
static void list_optional(uint64_t set, char out[static OPTIONAL_TEXT])
{
    size_t n = 0;
    snprintf(out, OPTIONAL_TEXT, "none");
    for (size_t i = 0; i < RPL_TD_OPTIONAL_COUNT && n < OPTIONAL_TEXT; i++) {
        if (set & rpl_td_optional[i].bit)
            n += (size_t)snprintf(out + n, OPTIONAL_TEXT - n, "%s%s", n ? ", " : "",
                                  rpl_td_optional[i].name);
    }
}

static void check_optional(const rpl_verifier_policy *policy, uint64_t attributes,
                           rpl_verdict *verdict)
{
    char set[OPTIONAL_TEXT], allowed[OPTIONAL_TEXT], got[80], want[80];
    if (!(attributes & RPL_TD_OPTIONAL & ~policy->td_optional_allowed))
        return;
    list_optional(attributes & RPL_TD_OPTIONAL, set);
    list_optional(policy->td_optional_allowed, allowed);
    snprintf(got, sizeof(got), "0x%016llx: %s", (unsigned long long)attributes, set);
    snprintf(want, sizeof(want), "of the optional attributes: %s", allowed);
    rpl_verdict_fail(verdict, RPL_CHECK_TD_ATTRIBUTES, "TD_ATTR_OPTIONAL", got, want,
                     "start the TD without these features, or allow them in the configuration");
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
    check_optional(policy, attributes, verdict);
    rpl_verdict_pass(verdict, RPL_CHECK_TD_ATTRIBUTES);
}

static bool in_pairs(uint64_t xfam, uint64_t pair)
{
    return (xfam & pair) == 0 || (xfam & pair) == pair;
}

static void check_xfam(const rpl_verifier_policy *policy, uint64_t xfam, rpl_verdict *verdict)
{
    const uint64_t allowed = policy->xfam_allowed & RPL_XFAM_KNOWN;
    char got[20], want[120];
    hex64(xfam, got);
    snprintf(want, sizeof(want),
             "x87 and SSE, nothing outside of 0x%llx, CET and AMX whole or not at all",
             (unsigned long long)allowed);
    if ((xfam & RPL_XFAM_REQUIRED) != RPL_XFAM_REQUIRED || (xfam & ~allowed) ||
        !in_pairs(xfam, XFAM_CET) || !in_pairs(xfam, XFAM_AMX))
        rpl_verdict_fail(verdict, RPL_CHECK_TD_XFAM, "TD_XFAM", got, want,
                         "start the TD with another CPU feature set");
    rpl_verdict_pass(verdict, RPL_CHECK_TD_XFAM);
}

static bool is_allowed_service(const rpl_verifier_policy *policy, rpl_bytes service)
{
    const rpl_reader r = rpl_reader_over(service);
    if (rpl_read_zeros_to_end(&r))
        return true;
    for (size_t i = 0; i < policy->n_service_tds; i++) {
        if (rpl_bytes_equal(service, rpl_bytes_of(policy->service_tds[i], service.len)))
            return true;
    }
    return false;
}

static void check_service_td(const rpl_verifier_policy *policy, const rpl_quote *quote,
                             rpl_verdict *verdict)
{
    const rpl_bytes service = rpl_bytes_of(quote->mr_servicetd, sizeof(quote->mr_servicetd));
    const rpl_bytes listed =
        rpl_bytes_of(policy->service_tds, policy->n_service_tds ? service.len : 0);
    if (!is_allowed_service(policy, service))
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_TD_SERVICETD, "TD_SERVICETD", service, listed,
                               "start the TD without a service TD; if this one is known to you, "
                               "list its hash in the configuration");
    rpl_verdict_pass(verdict, RPL_CHECK_TD_SERVICETD);
}

void rpl_td_policy_check(const rpl_verifier_policy *policy, const rpl_quote *quote,
                         rpl_verdict *verdict)
{
    check_attributes(policy, quote->td_attributes, verdict);
    check_xfam(policy, quote->xfam, verdict);
    check_service_td(policy, quote, verdict);
}
