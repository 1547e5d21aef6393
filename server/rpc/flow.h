/* flow.h - inside of the services: one call on its way between the loop and the workers.
 *
 * A flow is the first member of each call's own struct. rpl_flow_work runs one function in a worker
 * and then one on the loop; in between nobody else touches the flow. Whoever answers ends the flow.
 */
#ifndef RPL_SERVER_RPC_FLOW_H
#define RPL_SERVER_RPC_FLOW_H

#include "server/core/handover.h"
#include "server/core/peer.h"
#include "server/rpc/answer.h"
#include "server/rpc/chain_hearing.h"
#include "server/rpc/services.h"
#include "server/rpc/verifier_pool.h"

typedef struct rpl_flow rpl_flow;
struct rpl_flow {
    rpl_job job;
    rpl_services *services;
    rpl_reply reply;
    rpl_status status;      /* how the worker's step ended */
    uint32_t retry_after_s; /* when a rate limit refused the call */
    void (*in_worker)(rpl_flow *flow);
    void (*on_loop)(rpl_flow *flow);
    void (*release)(rpl_flow *flow); /* frees the call's struct */
};

typedef struct rpl_key_cache rpl_key_cache;

struct rpl_services {
    rpl_services_config config;
    struct rpl_self_check *self_check;
    struct rpl_chain_watch *chain_watch;
    rpl_key_cache *key_cache;
    rpl_verifier_pool *verifiers;
    struct request_call *waiting; /* for a quote that another call has asked for */
    struct rpl_host_service *host;
    struct rpl_guest_service *guest;
};

/* Runs `in_worker`, then `on_loop`. A full queue answers "unavailable" and ends the flow. */
void rpl_flow_work(rpl_flow *flow, void (*in_worker)(rpl_flow *), void (*on_loop)(rpl_flow *));
/* Takes tokens of the caller's bucket; a call that costs does so before it begins. */
RPL_CHECKED rpl_status rpl_flow_take_tokens(rpl_flow *flow, uint32_t tokens);
/* Answer, then release the flow. */
void rpl_flow_end(rpl_flow *flow, const ProtobufCMessage *message);
void rpl_flow_fail(rpl_flow *flow, rpl_status status);
void rpl_flow_refuse(rpl_flow *flow, rpl_status instead, const rpl_peer_check *check);
/* Refuses when the verdict has a failure, else fails. `check` may be NULL. */
void rpl_flow_stop(rpl_flow *flow, rpl_status status, const rpl_peer_check *check);

static inline rpl_node *rpl_flow_node(const rpl_flow *flow)
{
    return flow->services->config.node;
}

static inline const rpl_ports *rpl_flow_ports(const rpl_flow *flow)
{
    return flow->services->config.ports;
}

/* The rules by which a peer is judged now, with copies of what belongs to the loop thread. It must
 * not move while it is used. */
typedef struct {
    rpl_peer_identity self;
    rpl_policy_party party;
    rpl_peer_rules rules;
    rpl_chain_hearing chain;
} rpl_flow_judge;
void rpl_flow_judge_by(const rpl_flow *flow, rpl_policy_direction direction, rpl_flow_judge *out);
/* Worker: all offline checks; then, only if none failed, the collateral; then, where the policy is
 * required and only if still none failed, the contract. Look at the verdict. */
RPL_CHECKED rpl_status rpl_flow_verify(const rpl_flow *flow, rpl_peer_check *check,
                                       const rpl_report_data *expected, rpl_flow_judge *judge);
/* Nothing is given or taken while the time is unknown: that fails policy.time. */
RPL_CHECKED rpl_status rpl_flow_need_time(const rpl_flow *flow, rpl_verdict *verdict);
/* Counts an outcome in the metrics. Loop thread. */
void rpl_flow_count_verification(const rpl_flow *flow, const rpl_verdict *verdict);

/* Counts how the guest agent answered, and how a handover ended. Loop thread. */
void rpl_flow_count_quote(const rpl_flow *flow, rpl_code code);
void rpl_flow_count_handover(const rpl_flow *flow, const char *side, const char *result);

/* Worker: a quote of ours and the same with its evidence trailer. */
typedef struct {
    rpl_agent_quote agent;
    uint8_t *with_evidence; /* owned */
    size_t with_evidence_len;
    uint8_t digest[32]; /* SHA-256 of the signed region */
} rpl_own_quote;
RPL_CHECKED rpl_status rpl_own_quote_make(const rpl_flow *flow, const rpl_report_data *report_data,
                                          const uint8_t *challenge, rpl_own_quote *out);
void rpl_own_quote_free(rpl_own_quote *quote);

/* The state was installed, merged or made: the quote in /status is made anew. */
void rpl_services_state_changed(rpl_services *s);

/* The calls, one file each. */
void rpl_status_call(rpl_services *s, const Replicatoor__V1__StatusRequest *input, rpl_reply reply);
void rpl_configure_call(rpl_services *s, const Replicatoor__V1__ConfigureRequest *input,
                        rpl_reply reply);
void rpl_request_call(rpl_services *s, const Replicatoor__V1__RequestKeyRequest *input,
                      rpl_reply reply);
void rpl_onboard_call(rpl_services *s, const Replicatoor__V1__OnboardRequest *input,
                      rpl_reply reply);
void rpl_receive_call(rpl_services *s, const Replicatoor__V1__ReceiveKeyRequest *input,
                      rpl_reply reply);
void rpl_challenge_call(rpl_services *s, rpl_reply reply);
void rpl_bootstrap_call(rpl_services *s, rpl_reply reply);
void rpl_policy_call(rpl_services *s, const Replicatoor__V1__PolicyRequest *input, rpl_reply reply);
void rpl_custody_call(rpl_services *s, rpl_reply reply);

/* Begins a flow of `size` bytes (its struct has the flow as first member); NULL, after answering,
 * when memory is short. */
void *rpl_flow_new(rpl_services *s, size_t size, rpl_reply reply, void (*release)(rpl_flow *));

#endif
