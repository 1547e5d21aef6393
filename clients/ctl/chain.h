/* chain.h - what replicatoorctl asks an Ethereum RPC. It only reads: nothing is signed, no key is
 * known, no transaction is sent.
 *
 * One provider is believed here: these are the operator's own eyes. What a node believes is another
 * matter (docs/protocol.md, the contract).
 */
#ifndef RPL_CLIENTS_CTL_CHAIN_H
#define RPL_CLIENTS_CTL_CHAIN_H

#include "attestation/policy/abi.h"
#include "attestation/policy/contract_call.h"
#include "attestation/policy/rpc_answer.h"

enum { RPL_CTL_ENTRIES_MAX = 4096 };

typedef struct {
    const char *rpc; /* https://.., or http:// to a loopback address */
    uint8_t contract[20];
} rpl_ctl_chain;

typedef struct {
    uint64_t number;
    int64_t time_s;
    char hash[2 + 64 + 1]; /* "0x.." */
} rpl_ctl_block;

/* All of the contract at one block. */
typedef struct {
    uint64_t chain_id;
    rpl_ctl_block block;
    uint8_t code_hash[32];
    uint8_t owner[20], pending_owner[20]; /* zeros: none */
    uint64_t pending_owner_from, min_delay_s, min_epoch;
    uint8_t identity[32], xpub[20]; /* zeros: none */
    rpl_contract_pin next_identity;
    size_t count;
    rpl_contract_item *items; /* owned */
} rpl_ctl_operator;

void rpl_ctl_operator_free(rpl_ctl_operator *state);
static inline void rpl_auto_operator(rpl_ctl_operator *state)
{
    rpl_ctl_operator_free(state);
}

/* A URL as rpl_ctl_chain says. RPL_MALFORMED says what was expected. */
RPL_CHECKED rpl_status rpl_ctl_rpc_check(const char *url);
/* One question; *result is the caller's. `problem` tells an error of the provider apart. Fails as
 * rpl_http_exchange and rpl_rpc_answer_read; RPL_UNAVAILABLE for another HTTP status than 200. */
RPL_CHECKED rpl_status rpl_ctl_rpc(const char *url, const char *method, json_t *params,
                                   json_t **result, rpl_rpc_problem *problem);
/* Everything at the latest block, all of the same block. */
RPL_CHECKED rpl_status rpl_ctl_operator_read(const rpl_ctl_chain *chain, rpl_ctl_operator *out);
/* Tries a call as `from`, without sending it. RPL_DENIED: the contract would refuse it. */
RPL_CHECKED rpl_status rpl_ctl_try(const rpl_ctl_chain *chain, const uint8_t from[static 20],
                                   rpl_bytes calldata);

#endif
