/* fake_node.h - listeners, gateway and health in front of services that only echo, on a thread of
 * their own: what tests of the transport talk to. One at a time.
 *
 *   Status      version "fake", caller_address; nonce given: comes back as state_digest
 *   Configure   accepted: the length of env
 *   Challenge   32 bytes 01, by way of a worker
 *   RequestKey  error; the challenge's bytes are the code and, second, 1 = rate limited
 *   Onboard     sealed = quote; nothing on a dry run
 *   ReceiveKey  result: the length of sealed
 *   Bootstrap   conflict with a verdict
 *   Custody     answers when fake_node_open_gate was called
 *   GetKey      key of 32 bytes 02 for path "ok", else not_ready
 */
#ifndef RPL_TESTS_FAKE_NODE_H
#define RPL_TESTS_FAKE_NODE_H

#include "server/rpc/listener.h"

/* Starts at 127.0.0.1 and, when `base` is given, at the guest "app" below it. Returns the port;
 * ends the test program when it cannot. */
uint16_t fake_node_start(const rpl_listener_options *options, const char *base);
/* As SIGTERM does: drains, then stops. */
void fake_node_stop(int64_t grace_ms);
void fake_node_open_gate(void);
/* As the loop saw them last. */
size_t fake_node_connections(void);
size_t fake_node_waiting(void); /* calls behind the gate */

#endif
