/* status_policy.h - by what this node judges others, as /status shows it: the release policy and the
 * verifier's.
 */
#ifndef RPL_SERVER_RPC_STATUS_POLICY_H
#define RPL_SERVER_RPC_STATUS_POLICY_H

#include "server/core/node.h"
#include "server/rpc/answer.h"

/* A message and everything that it points to beside the settings. Never copied once filled. */
typedef struct {
    Replicatoor__V1__PolicyStatus message;
    ProtobufCBinaryData give_to[RPL_POLICY_ENTRIES_MAX], take_from[RPL_POLICY_ENTRIES_MAX];
    ProtobufCBinaryData devices[RPL_POLICY_ENTRIES_MAX];
    char *accepted_tcb[RPL_TCB_STATUS_COUNT];
    char *advisories[RPL_POLICY_ADVISORIES_MAX];
    ProtobufCBinaryData allowed[RPL_POLICY_PLATFORMS_MAX], denied[RPL_POLICY_PLATFORMS_MAX];
    ProtobufCBinaryData service_tds[RPL_POLICY_SERVICE_TDS_MAX];
    char *td_attributes[RPL_TD_OPTIONAL_COUNT];
    uint8_t xfam[8];
} rpl_status_policy;

/* `settings` is borrowed as long as the message is used. */
void rpl_status_policy_fill(const rpl_node_settings *settings, rpl_status_policy *out);

#endif
