/* settings_chain.h - the settings of the contract and of who is asked about it. For the table of
 * settings and config.c. */
#ifndef RPL_SERVER_SETTINGS_CHAIN_H
#define RPL_SERVER_SETTINGS_CHAIN_H

#include "server/settings.h"

/* 0x and 40 hex digits; a mixed case one must be its own EIP-55 checksum. */
const char *rpl_parse_contract(rpl_config *c, const char *value, char **shown);
const char *rpl_parse_chain_id(rpl_config *c, const char *value, char **shown);
const char *rpl_parse_contract_code(rpl_config *c, const char *value, char **shown);
const char *rpl_parse_rpc_prefix(rpl_config *c, const char *value, char **shown);
/* "majority", or a number that is held against the prefixes below. */
const char *rpl_parse_rpc_quorum(rpl_config *c, const char *value, char **shown);

#ifdef RPL_TEST_ROOTS
const char *rpl_parse_test_chain_ms(rpl_config *c, const char *value, char **shown);
#endif

/* What only shows when all are read: the four of a contract are given together, the quorum fits the
 * prefixes, and REPLICATOOR_DEVICES (`has_devices`: it was given) stands beside a contract. NULL, or
 * what is wrong; fills in the rest of the pin. */
const char *rpl_settings_chain_check(rpl_config *c, bool has_devices);

#endif
