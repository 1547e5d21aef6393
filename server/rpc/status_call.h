/* status_call.h - GET /status, shared by the host's and the guests' sockets. */
#ifndef RPL_SERVER_RPC_STATUS_CALL_H
#define RPL_SERVER_RPC_STATUS_CALL_H

#include "server/rpc/flow.h"

/* Answers through `deliver` with a StatusResponse (borrowed) that the caller wraps or passes on. */
typedef void (*rpl_status_deliver)(const rpl_reply *reply,
                                   const Replicatoor__V1__StatusResponse *status);
void rpl_status_with(rpl_services *s, ProtobufCBinaryData nonce, rpl_reply reply,
                     rpl_status_deliver deliver);

#endif
