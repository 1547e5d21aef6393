#include "server/settings_verification.h"

#include "attestation/tdx/verifier_rules.h"

#define PARSER(setting, rule)                                                                      \
    const char *rpl_setting_##setting(rpl_config *c, const char *value, char **shown)              \
    {                                                                                              \
        (void)shown;                                                                               \
        return rpl_rule_table(RPL_RULE_##rule)                                                     \
            ->read(rpl_bytes_of_text(value), &c->verifier_policy);                                 \
    }

PARSER(tcb_accept, TCB_ACCEPT)
PARSER(tcb_advisories, TCB_ADVISORIES)
PARSER(tcb_grace_days, TCB_GRACE_DAYS)
PARSER(tcb_min_evaluation, TCB_MIN_EVALUATION)
PARSER(tcb_same_evaluation, TCB_SAME_EVALUATION)
PARSER(tcb_current, TCB_CURRENT)
PARSER(platforms_allow, PLATFORMS_ALLOW)
PARSER(platforms_deny, PLATFORMS_DENY)
PARSER(td_attributes, TD_ATTRIBUTES)
PARSER(xfam, XFAM)
PARSER(service_tds, SERVICE_TDS)
