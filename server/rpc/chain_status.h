/* chain_status.h - what /status says of contract and chain: a ChainStatus with everything it points
 * to. It never holds the providers' keys. */
#ifndef RPL_SERVER_RPC_CHAIN_STATUS_H
#define RPL_SERVER_RPC_CHAIN_STATUS_H

#include "server/rpc/chain_watch.h"

typedef struct {
    Replicatoor__V1__ChainStatus status;
    Replicatoor__V1__ChainProvider providers[RPL_CHAIN_PROVIDERS_MAX];
    Replicatoor__V1__ChainProvider *providers_p[RPL_CHAIN_PROVIDERS_MAX];
    Replicatoor__V1__ChainBlock finalized, latest, mark;
    Replicatoor__V1__ContractEntry release, device;
    Replicatoor__V1__ContractEntry pending[RPL_CHAIN_PENDING_MAX];
    Replicatoor__V1__ContractEntry *pending_p[RPL_CHAIN_PENDING_MAX];
    char pending_kinds[RPL_CHAIN_PENDING_MAX][2 * 32 + 1];
    uint8_t any_device[32];
} rpl_chain_status_message;

/* Points into `node` and `watch`. NULL without a contract. */
Replicatoor__V1__ChainStatus *rpl_chain_status_fill(rpl_chain_status_message *m,
                                                    const rpl_node *node,
                                                    const rpl_chain_watch *watch);

#endif
