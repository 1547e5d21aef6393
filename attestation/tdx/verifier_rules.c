#include "attestation/tdx/verifier_rules.h"

#include "attestation/tdx/td_policy.h"
#include "base/hex.h"

static bool is(rpl_bytes text, const char *word)
{
    return rpl_bytes_equal(text, rpl_bytes_of_text(word));
}

/* What an item of a comma separated list is read with; NULL or what was expected. */
typedef const char *(*item_reader)(rpl_bytes item, void *out);

static const char *each(rpl_bytes list, item_reader read, void *out)
{
    rpl_reader r = rpl_reader_over(list);
    rpl_bytes item, comma;
    do {
        size_t len = 0;
        while (len < r.rest.len && r.rest.data[len] != ',')
            len++;
        if (!rpl_read_bytes(&r, len, &item))
            return "a list";
        const char *wanted = read(item, out);
        if (wanted)
            return wanted;
    } while (rpl_read_bytes(&r, 1, &comma));
    return NULL;
}

/* At most nine decimal digits. */
static bool read_number(rpl_bytes text, uint32_t max, uint32_t *out)
{
    uint32_t value = 0;
    if (text.len == 0 || text.len > 9)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text.data[i] - '0');
    }
    *out = value;
    return value <= max;
}

/* --- one reader per rule --- */

static const char *add_status(rpl_bytes item, void *out)
{
    rpl_verifier_policy *p = (rpl_verifier_policy *)out;
    const rpl_tcb_status status = rpl_tcb_status_parse(item);
    if (status == RPL_TCB_UNKNOWN || status == RPL_TCB_REVOKED)
        return "a comma separated list of UpToDate, SWHardeningNeeded, ConfigurationNeeded, "
               "ConfigurationAndSWHardeningNeeded, TDRelaunchAdvised, "
               "TDRelaunchAdvisedConfigurationNeeded, OutOfDate, OutOfDateConfigurationNeeded";
    p->accepted_tcb |= 1u << status;
    return NULL;
}

static const char *read_tcb_accept(rpl_bytes text, rpl_verifier_policy *p)
{
    p->accepted_tcb = 0;
    return each(text, add_status, p);
}

static const char *add_advisory(rpl_bytes item, void *out)
{
    rpl_verifier_policy *p = (rpl_verifier_policy *)out;
    rpl_reader r = rpl_reader_over(item);
    bool good = item.len > 0 && item.len <= RPL_ADVISORY_LEN_MAX &&
                p->n_advisories < RPL_POLICY_ADVISORIES_MAX;
    for (size_t i = 0; good && i < item.len; i++)
        good = item.data[i] > 0x20 && item.data[i] < 0x7f;
    if (!good || !rpl_read_copy(&r, (uint8_t *)p->advisories[p->n_advisories], item.len))
        return "any, none, or a comma separated list such as INTEL-SA-00615,INTEL-SA-01036, of 64 "
               "at "
               "most";
    p->advisories[p->n_advisories++][item.len] = '\0';
    return NULL;
}

static const char *read_tcb_advisories(rpl_bytes text, rpl_verifier_policy *p)
{
    p->limits_advisories = !is(text, "any");
    p->n_advisories = 0;
    return is(text, "any") || is(text, "none") ? NULL : each(text, add_advisory, p);
}

static const char *read_tcb_grace_days(rpl_bytes text, rpl_verifier_policy *p)
{
    return read_number(text, RPL_GRACE_DAYS_MAX, &p->grace_days) ? NULL
                                                                 : "a number of days, 3650 at most";
}

static const char *read_tcb_min_evaluation(rpl_bytes text, rpl_verifier_policy *p)
{
    return read_number(text, UINT32_MAX, &p->min_evaluation)
               ? NULL
               : "a number: tcbEvaluationDataNumber of the oldest documents to be believed";
}

static const char *read_tcb_same_evaluation(rpl_bytes text, rpl_verifier_policy *p)
{
    p->same_evaluation = is(text, "yes");
    return p->same_evaluation || is(text, "no") ? NULL : "yes or no";
}

static const char *read_tcb_current(rpl_bytes text, rpl_verifier_policy *p)
{
    p->current_counts = is(text, "counts");
    return p->current_counts || is(text, "ignored") ? NULL : "counts or ignored";
}

static const char *add_platform(rpl_bytes item, void *out)
{
    static const char wanted[] =
        "hex: 12 digits of an FMSPC, 32 of a PPID, or 64 of the SHA-256 of "
        "a PPID; comma separated, 64 at most";
    rpl_platform_list *list = (rpl_platform_list *)out;
    if (list->count == RPL_POLICY_PLATFORMS_MAX)
        return wanted;
    rpl_platform_name *name = &list->names[list->count++];
    const size_t len = item.len / 2;
    if (len != RPL_PLATFORM_FMSPC && len != RPL_PLATFORM_PPID && len != RPL_PLATFORM_DEVICE)
        return wanted;
    name->len = (uint8_t)len;
    return rpl_hex_decode_exact(item, name->bytes, len).code == RPL_OK ? NULL : wanted;
}

static const char *read_platforms_allow(rpl_bytes text, rpl_verifier_policy *p)
{
    p->platforms_allowed.count = 0;
    return is(text, "any") ? NULL : each(text, add_platform, &p->platforms_allowed);
}

static const char *read_platforms_deny(rpl_bytes text, rpl_verifier_policy *p)
{
    p->platforms_denied.count = 0;
    return is(text, "none") ? NULL : each(text, add_platform, &p->platforms_denied);
}

static const char *add_attribute(rpl_bytes item, void *out)
{
    rpl_verifier_policy *p = (rpl_verifier_policy *)out;
    for (size_t i = 0; i < RPL_TD_OPTIONAL_COUNT; i++) {
        if (is(item, rpl_td_optional[i].name)) {
            p->td_optional_allowed |= rpl_td_optional[i].bit;
            return NULL;
        }
    }
    return "none, or a comma separated list of ICSSD, LASS, PKS, KL, TPA, PERFMON";
}

static const char *read_td_attributes(rpl_bytes text, rpl_verifier_policy *p)
{
    p->td_optional_allowed = 0;
    return is(text, "none") ? NULL : each(text, add_attribute, p);
}

static bool read_hex_number(rpl_bytes text, uint64_t *out)
{
    uint8_t raw[8], digits[16];
    rpl_bytes prefix, rest;
    rpl_reader r = rpl_reader_over(text);
    if (!rpl_read_bytes(&r, 2, &prefix) || !is(prefix, "0x") || r.rest.len == 0 ||
        r.rest.len > sizeof(digits))
        return false;
    rest = r.rest;
    for (size_t i = 0; i < sizeof(digits); i++) {
        const size_t pad = sizeof(digits) - rest.len;
        digits[i] = i < pad ? '0' : rest.data[i - pad];
    }
    if (rpl_hex_decode_exact(rpl_bytes_of(digits, sizeof(digits)), raw, sizeof(raw)).code != RPL_OK)
        return false;
    *out = 0;
    for (size_t i = 0; i < sizeof(raw); i++)
        *out = *out << 8 | raw[i];
    return true;
}

static const char *read_xfam(rpl_bytes text, rpl_verifier_policy *p)
{
    return read_hex_number(text, &p->xfam_allowed) &&
                   (p->xfam_allowed & RPL_XFAM_REQUIRED) == RPL_XFAM_REQUIRED &&
                   (p->xfam_allowed & ~RPL_XFAM_KNOWN) == 0
               ? NULL
               : "a mask such as 0x6dbe7: bits 0 and 1, and none that is outside of 0xedbe7";
}

static const char *add_service_td(rpl_bytes item, void *out)
{
    rpl_verifier_policy *p = (rpl_verifier_policy *)out;
    if (p->n_service_tds == RPL_POLICY_SERVICE_TDS_MAX)
        return "at most 8 service TDs";
    uint8_t *hash = p->service_tds[p->n_service_tds++];
    return rpl_hex_decode_exact(item, hash, sizeof(p->service_tds[0])).code == RPL_OK
               ? NULL
               : "none, or a comma separated list of mr_servicetd values, 96 hex digits each";
}

static const char *read_service_tds(rpl_bytes text, rpl_verifier_policy *p)
{
    p->n_service_tds = 0;
    return is(text, "none") ? NULL : each(text, add_service_td, p);
}

static const rpl_rule_row rows[RPL_RULE_COUNT] = {
    [RPL_RULE_TCB_ACCEPT] = {"tcb-accept", "UpToDate", read_tcb_accept},
    [RPL_RULE_TCB_ADVISORIES] = {"tcb-advisories", "any", read_tcb_advisories},
    [RPL_RULE_TCB_GRACE_DAYS] = {"tcb-grace-days", "0", read_tcb_grace_days},
    [RPL_RULE_TCB_MIN_EVALUATION] = {"tcb-min-evaluation", "0", read_tcb_min_evaluation},
    [RPL_RULE_TCB_SAME_EVALUATION] = {"tcb-same-evaluation", "no", read_tcb_same_evaluation},
    [RPL_RULE_TCB_CURRENT] = {"tcb-current", "ignored", read_tcb_current},
    [RPL_RULE_PLATFORMS_ALLOW] = {"platforms-allow", "any", read_platforms_allow},
    [RPL_RULE_PLATFORMS_DENY] = {"platforms-deny", "none", read_platforms_deny},
    [RPL_RULE_TD_ATTRIBUTES] = {"td-attributes", "none", read_td_attributes},
    [RPL_RULE_XFAM] = {"xfam", "0x6dbe7", read_xfam},
    [RPL_RULE_SERVICE_TDS] = {"service-tds", "none", read_service_tds},
};

const rpl_rule_row *rpl_rule_table(rpl_rule rule)
{
    return &rows[rule];
}
