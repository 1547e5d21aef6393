/* json_rpc.h - asks an RPC provider over https: a batch of calls and its answers, in one exchange.
 *
 * The address holds a credential of the host's (rpc_urls.h): no text, log line or status shows it. No
 * redirects, no proxies, certificates by this node's time (base/net/http_client.h). What came is read
 * by attestation/policy/rpc_answer.h, which is strict: an answer of the wrong form is none. Blocking.
 * Source: JSON-RPC 2.0, sections 4 to 6.
 */
#ifndef RPL_SERVER_IO_JSON_RPC_H
#define RPL_SERVER_IO_JSON_RPC_H

#include "attestation/policy/rpc_answer.h"

enum { RPL_JSON_RPC_REQUEST_MAX = 8192 };

/* Borrowed. */
typedef struct {
    const char *url;
    const char *ca_file; /* NULL: the system's bundle */
    long timeout_ms;
} rpl_json_rpc_endpoint;

typedef struct {
    const char *method;
    const char *params; /* a JSON array, our own text */
} rpl_json_rpc_call;

/* The results, in the order of the calls. */
typedef struct {
    json_t *items[RPL_RPC_BATCH_MAX]; /* owned */
} rpl_json_rpc_results;
void rpl_json_rpc_results_free(rpl_json_rpc_results *results);

/* `count` calls, RPL_RPC_BATCH_MAX at most, under ids of our own; all of them succeed, or the whole
 * fails and `*out` is not written.
 * RPL_UNAVAILABLE  not reached, cut, too late, TLS
 * RPL_DENIED       an HTTP status other than 200, or a well-formed error
 * RPL_MALFORMED    another answer than these calls have
 * RPL_TOO_LARGE    over RPL_RPC_ANSWER_MAX
 * RPL_INTERNAL     calls longer than RPL_JSON_RPC_REQUEST_MAX, an address that is not https */
RPL_CHECKED rpl_status rpl_json_rpc_ask(const rpl_json_rpc_endpoint *endpoint,
                                        const rpl_json_rpc_call *calls, size_t count,
                                        rpl_json_rpc_results *out);

#endif
