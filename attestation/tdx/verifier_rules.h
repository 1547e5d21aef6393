/* verifier_rules.h - the verifier's policy as text: one rule, one name, one reader. The server's
 * settings (REPLICATOOR_TCB_ACCEPT for "tcb-accept") and the options of `replicatoorctl verify` are
 * both read here, so that they cannot mean different things.
 */
#ifndef RPL_ATTESTATION_TDX_VERIFIER_RULES_H
#define RPL_ATTESTATION_TDX_VERIFIER_RULES_H

#include "attestation/tdx/verifier_policy.h"
#include "base/reader.h"

typedef enum {
    RPL_RULE_TCB_ACCEPT,
    RPL_RULE_TCB_ADVISORIES,
    RPL_RULE_TCB_GRACE_DAYS,
    RPL_RULE_TCB_MIN_EVALUATION,
    RPL_RULE_TCB_SAME_EVALUATION,
    RPL_RULE_TCB_CURRENT,
    RPL_RULE_PLATFORMS_ALLOW,
    RPL_RULE_PLATFORMS_DENY,
    RPL_RULE_TD_ATTRIBUTES,
    RPL_RULE_XFAM,
    RPL_RULE_SERVICE_TDS,
    RPL_RULE_COUNT
} rpl_rule;

typedef struct {
    const char *name;     /* "tcb-accept" */
    const char *fallback; /* the text of the default */
    /* Replaces the rule's part of the policy. NULL, or what was expected (static); then the policy
     * is of no use. */
    const char *(*read)(rpl_bytes text, rpl_verifier_policy *policy);
} rpl_rule_row;

const rpl_rule_row *rpl_rule_table(rpl_rule rule);

#endif
