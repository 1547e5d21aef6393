/* rpc_answer.h - answers of an Ethereum JSON-RPC provider, strictly: what is not exactly the answer
 * to our question is no answer. Bytes only; who asked whom, and how, is not known here.
 *
 * Sources: JSON-RPC 2.0, section 5; Ethereum execution APIs, "QUANTITY" and "DATA".
 */
#ifndef RPL_ATTESTATION_POLICY_RPC_ANSWER_H
#define RPL_ATTESTATION_POLICY_RPC_ANSWER_H

#include "attestation/policy/trie_proof.h"
#include "base/json.h"
#include "base/reader.h"
#include "base/status.h"

enum { RPL_RPC_ANSWER_MAX = 262144 /* bytes */ };

/* Why a provider gave no result, as far as it said so. */
typedef struct {
    bool has_error;     /* a well-formed "error" stood there */
    int64_t error_code; /* -32601: unknown method, 3: the contract reverted, .. */
} rpl_rpc_problem;

/* `*result` is the caller's. `problem` is always written.
 * RPL_MALFORMED    not one object with "jsonrpc":"2.0", this "id" as a number, and exactly one of
 *                  "result" and "error"; a result of null
 * RPL_TOO_LARGE    over RPL_RPC_ANSWER_MAX
 * RPL_UNAVAILABLE  a well-formed error */
RPL_CHECKED rpl_status rpl_rpc_answer_read(rpl_bytes body, uint64_t id, json_t **result,
                                           rpl_rpc_problem *problem);

/* The same for a batch: `body` is an array with exactly one answer per id, in any order; results[i]
 * answers ids[i] and is the caller's. One that failed makes the whole fail. `count` is at most
 * RPL_RPC_BATCH_MAX. */
enum { RPL_RPC_BATCH_MAX = 8 };
RPL_CHECKED rpl_status rpl_rpc_batch_read(rpl_bytes body, const uint64_t *ids, size_t count,
                                          json_t **results, rpl_rpc_problem *problem);

/* QUANTITY: "0x" and hex digits without leading zeros; zero is "0x0". As big-endian bytes without
 * leading zeros, none for zero; `cap` is at most 32. False: of another form, or longer than `cap`. */
RPL_CHECKED bool rpl_rpc_quantity_bytes(const json_t *value, uint8_t *out, size_t cap, size_t *len);
RPL_CHECKED bool rpl_rpc_quantity(const json_t *value, uint64_t *out);

/* DATA: "0x" and an even number of hex digits, at most `cap` bytes. */
RPL_CHECKED bool rpl_rpc_data(const json_t *value, uint8_t *out, size_t cap, size_t *len);
/* The same of exactly `len` bytes. */
RPL_CHECKED bool rpl_rpc_data_exact(const json_t *value, uint8_t *out, size_t len);

#endif
