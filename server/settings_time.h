/* settings_time.h - the parsers of the settings of time. For server/settings.c alone. */
#ifndef RPL_SERVER_SETTINGS_TIME_H
#define RPL_SERVER_SETTINGS_TIME_H

#include "server/settings.h"

/* "intel", or https URLs of distinct hosts, comma separated, two to eight. */
const char *rpl_setting_time_origins(rpl_config *c, const char *value, char **shown);
/* The hosts of ETH_RPC_PREFIX tell the time, too, as far as there is room. Once all are read. NULL, or
 * what is wrong. */
const char *rpl_settings_time_add_prefixes(rpl_config *c);
/* "host", "origins", or "origins:SECONDS" (how long an agreement is carried on). */
const char *rpl_setting_test_clock(rpl_config *c, const char *value, char **shown);

#endif
