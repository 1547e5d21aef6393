/* answer.h - how services answer: a message on success, replicatoor.v1.Error otherwise, and verdicts
 * as messages. Everything built here is borrowed by the closure and released right after it.
 */
#ifndef RPL_SERVER_RPC_ANSWER_H
#define RPL_SERVER_RPC_ANSWER_H

#include "attestation/tdx/verdict.h"
#include "attestation/verify.h"
#include "base/status.h"
#include "proto/call.h"
#include "proto/replicatoor/v1/host.pb-c.h"

/* Where one answer goes. Used exactly once. */
typedef struct {
    ProtobufCClosure closure;
    void *call; /* begins with an rpl_call */
} rpl_reply;

static inline ProtobufCBinaryData rpl_pb_bytes(const void *data, size_t len)
{
    return (ProtobufCBinaryData){.len = len, .data = (uint8_t *)(uintptr_t)data};
}

/* protobuf-c's strings are not const, though it never writes to them. */
static inline char *rpl_pb_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

static inline void rpl_reply_message(const rpl_reply *reply, const ProtobufCMessage *message)
{
    reply->closure(message, reply->call);
}

static inline const rpl_peer *rpl_reply_peer(const rpl_reply *reply)
{
    return ((const rpl_call *)reply->call)->peer;
}

/* `retry_after_s` > 0 is advice; `rate_limited` makes it HTTP 429. */
void rpl_reply_error(const rpl_reply *reply, rpl_status status);
void rpl_reply_busy(const rpl_reply *reply, const char *what, uint32_t retry_after_s,
                    bool rate_limited);
/* A refusal by verification: class, first failed check and the whole verdict. `facts` may be NULL.
 * `instead` replaces the class and the sentence, unless its code is RPL_OK. */
void rpl_reply_refusal(const rpl_reply *reply, rpl_status instead, const rpl_verdict *verdict,
                       const rpl_quote_facts *facts);

/* A verdict as a message; owned, one block. */
typedef struct rpl_verdict_message rpl_verdict_message;
rpl_verdict_message *rpl_verdict_message_new(const rpl_verdict *verdict,
                                             const rpl_quote_facts *facts);
Replicatoor__V1__Verdict *rpl_verdict_message_get(rpl_verdict_message *message);
void rpl_verdict_message_free(rpl_verdict_message *message);

#endif
