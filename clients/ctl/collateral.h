/* collateral.h - inside of `replicatoorctl collateral`: fetch and show. */
#ifndef RPL_CLIENTS_CTL_COLLATERAL_H
#define RPL_CLIENTS_CTL_COLLATERAL_H

#include "clients/ctl/inputs.h"

/* argv[0] is the subcommand's own name; exit status as everywhere. */
int rpl_ctl_collateral_fetch(int argc, char **argv);
int rpl_ctl_collateral_show(int argc, char **argv);

#endif
