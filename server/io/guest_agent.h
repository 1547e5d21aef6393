/* guest_agent.h - the Dstack guest agent on its unix socket: quotes, and what it knows of the app.
 *
 * Behaviour is chosen by probing, never by a configured version:
 *   dstack.sock  POST /GetQuote?json                 (0.4.2 and later)
 *   tappd.sock   POST /prpc/Tappd.RawQuote?json      (0.3.4 and later)
 *   tappd.sock   POST /prpc/Tappd.TdxQuote?json with hash_algorithm "raw"   (0.3.1 and later)
 * Every quote is read back and its report data compared raw: an agent that hashes it (2024, before
 * 0.3.1) is refused, there is no fallback to anything. One quote is in flight at a time. Blocking;
 * thread-safe.
 */
#ifndef RPL_SERVER_IO_GUEST_AGENT_H
#define RPL_SERVER_IO_GUEST_AGENT_H

#include "server/core/ports.h"

typedef struct rpl_guest_agent rpl_guest_agent;

/* `socket_path` NULL: the paths under which Dstack has had its sockets, newest first. The text is
 * borrowed for the agent's life. NULL: no memory. */
rpl_guest_agent *rpl_guest_agent_new(const char *socket_path);
void rpl_guest_agent_free(rpl_guest_agent *agent);

/* RPL_UNAVAILABLE  no socket, no answer in time, busy three times over, or not what was asked */
RPL_CHECKED rpl_status rpl_guest_agent_quote(rpl_guest_agent *agent,
                                             const rpl_report_data *report_data,
                                             rpl_agent_quote *out);
/* The deployed app-compose, from Info; owned by the caller. RPL_UNAVAILABLE: it does not tell. */
RPL_CHECKED rpl_status rpl_guest_agent_app_compose(rpl_guest_agent *agent, char **text,
                                                   size_t *len);
/* The interface that answered last, static; "" before. */
const char *rpl_guest_agent_name(rpl_guest_agent *agent);

#endif
