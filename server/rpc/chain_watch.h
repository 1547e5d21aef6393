/* chain_watch.h - inside of the services: what the contract says about this node itself, asked once a
 * minute. /status shows it, it moves a bootstrapped node from awaiting_pin to holding, and it keeps
 * the mark rising. No handover is decided by it: each asks for itself. Loop thread only.
 */
#ifndef RPL_SERVER_RPC_CHAIN_WATCH_H
#define RPL_SERVER_RPC_CHAIN_WATCH_H

#include "server/rpc/flow.h"

enum { RPL_CHAIN_PENDING_MAX = 32, RPL_CHAIN_LIST_MAX = 4096 };

/* What waits, as any of the providers that agree says: to hide it takes all of them. */
typedef struct {
    bool is_known; /* one of them gave the list */
    bool has_more; /* than is here, or parts of the list were not read */
    size_t count;
    rpl_contract_item items[RPL_CHAIN_PENDING_MAX];
} rpl_chain_pending;

typedef struct rpl_chain_watch {
    rpl_services *services;
    bool running;
    int64_t next_ms; /* CLOCK_BOOTTIME */
    bool was_heard;  /* `last` is set */
    rpl_chain_hearing last;
    rpl_chain_pending pending; /* beside it */
} rpl_chain_watch;

/* NULL: no memory. */
rpl_chain_watch *rpl_chain_watch_new(rpl_services *services);
void rpl_chain_watch_free(rpl_chain_watch *watch);
/* Once a second; asks when it is time and there is a contract. */
void rpl_chain_watch_tick(rpl_chain_watch *watch);
/* Something changed that is worth asking for: a state, or the providers' keys. */
void rpl_chain_watch_soon(rpl_chain_watch *watch);

#endif
