/* settings_verification.h - parsers of the settings that decide which genuine quotes are good enough.
 * What they accept stands in attestation/tdx/verifier_rules.h.
 */
#ifndef RPL_SERVER_SETTINGS_VERIFICATION_H
#define RPL_SERVER_SETTINGS_VERIFICATION_H

#include "server/settings_values.h"

const char *rpl_setting_tcb_accept(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_tcb_advisories(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_tcb_grace_days(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_tcb_min_evaluation(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_tcb_same_evaluation(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_tcb_current(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_platforms_allow(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_platforms_deny(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_td_attributes(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_xfam(rpl_config *c, const char *value, char **shown);
const char *rpl_setting_service_tds(rpl_config *c, const char *value, char **shown);

#endif
