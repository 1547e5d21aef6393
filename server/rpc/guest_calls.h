/* guest_calls.h - the calls of the guest sockets: derived keys and status. */
#ifndef RPL_SERVER_RPC_GUEST_CALLS_H
#define RPL_SERVER_RPC_GUEST_CALLS_H

#include "proto/replicatoor/v1/guest.pb-c.h"
#include "server/rpc/flow.h"

void rpl_get_key_call(rpl_services *s, const Replicatoor__V1__GetKeyRequest *input,
                      rpl_reply reply);
void rpl_guest_status_call(rpl_services *s, const Replicatoor__V1__GuestServiceStatusRequest *input,
                           rpl_reply reply);

/* Keys that were asked for before, so that asking again costs no signatures. Bounded, in locked
 * memory, cleared when the state changes. NULL: no memory. */
rpl_key_cache *rpl_key_cache_new(void);
void rpl_key_cache_free(rpl_key_cache *cache);
void rpl_key_cache_clear(rpl_key_cache *cache);

#endif
