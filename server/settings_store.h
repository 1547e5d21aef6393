/* settings_store.h - the parser of REPLICATOOR_STORE. For server/settings.c alone. */
#ifndef RPL_SERVER_SETTINGS_STORE_H
#define RPL_SERVER_SETTINGS_STORE_H

#include "server/settings.h"

const char *rpl_setting_store(rpl_config *c, const char *value, char **shown);

#endif
