/* call.h - what a transport hands to a service beside the message, and how the answer comes back.
 *
 * The seam is ProtobufCService: a transport calls service->invoke(service, method, input, closure,
 * call) and the service answers exactly once, at once or later, on the loop thread, with
 * closure(message, call). The message is either of the method's output type or replicatoor.v1.Error
 * (look at message->descriptor); it is borrowed and valid during the closure only. The transport
 * keeps `input` and `call` alive and unchanged until the closure is called, also when the client has
 * gone meanwhile. Neither side sees the other.
 */
#ifndef RPL_PROTO_CALL_H
#define RPL_PROTO_CALL_H

#include <stdbool.h>
#include <stdint.h>

/* Who is on the other end of a connection, as far as we can tell. */
typedef struct {
    const char *guest; /* name of the guest folder; NULL on the host listener */
    char address
        [64]; /* "192.0.2.1:40000", "[2001:db8::1]:40000" or "unix pid=1 uid=0" (never trusted) */
    uint8_t key[16]; /* what rate limits count by: the IPv6 or IPv4-mapped address; zero for unix */
} rpl_peer;

/* The closure's data; transports extend it by making it their first member. */
typedef struct {
    const rpl_peer *peer;
} rpl_call;

#endif
