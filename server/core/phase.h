/* phase.h - the handover as a table: (phase, event) -> phase. A pair that is not in it is refused
 * with a name.
 *
 *            agent answered            request made          handover accepted
 *  starting ---------------> empty ------------------> requested -------------> holding
 *                              ^ \___ last one expired ___/ |                     ^ | gives, merges
 *                              |                            |      bootstrap      | v
 *                              +----------------------------+---------------------+
 *
 * With a contract a bootstrap leads to awaiting_pin: nothing is given until the contract names the
 * identity. stale and retired belong to sync and operators; until those exist nothing leads into
 * them. Each row has a name; test builds can stop at every one of them, which is how the
 * crash tests reach every point of the protocol.
 */
#ifndef RPL_SERVER_CORE_PHASE_H
#define RPL_SERVER_CORE_PHASE_H

#include "base/reader.h"
#include "base/status.h"

/* The numbers are part of the status transcript: never renumber. */
typedef enum {
    RPL_PHASE_STARTING = 0,
    RPL_PHASE_EMPTY = 1,
    RPL_PHASE_REQUESTED = 2,
    RPL_PHASE_AWAITING_PIN = 3,
    RPL_PHASE_HOLDING = 4,
    RPL_PHASE_STALE = 5,
    RPL_PHASE_RETIRED = 6,
    RPL_PHASE_COUNT
} rpl_phase;

typedef enum {
    RPL_EVENT_AGENT_ANSWERED,
    RPL_EVENT_REQUEST_MADE,
    RPL_EVENT_REQUESTS_GONE,
    RPL_EVENT_BOOTSTRAPPED,
    RPL_EVENT_BOOTSTRAPPED_UNPINNED, /* with a contract: it has to name the identity first */
    RPL_EVENT_PINNED,
    RPL_EVENT_ONBOARD_ADMITTED,
    RPL_EVENT_ONBOARD_VERIFIED,
    RPL_EVENT_ONBOARD_QUOTED,
    RPL_EVENT_ONBOARD_RECORDED,
    RPL_EVENT_ONBOARD_SEALED,
    RPL_EVENT_RECEIVE_OPENED,
    RPL_EVENT_RECEIVE_VERIFIED,
    RPL_EVENT_RECEIVE_WRITTEN,
    RPL_EVENT_RECEIVE_INSTALLED,
    RPL_EVENT_COUNT
} rpl_event_kind;

typedef struct {
    const char *name; /* "receive.written" */
    rpl_phase from;
    rpl_event_kind event;
    rpl_phase to;
} rpl_phase_row;

const char *rpl_phase_name(rpl_phase phase);
/* The whole table, for tests and for `replicatoor rows`. */
const rpl_phase_row *rpl_phase_rows(size_t *count);
/* `*row` is the table's. RPL_NOT_READY or RPL_CONFLICT when there is none, saying why. */
RPL_CHECKED rpl_status rpl_phase_step(rpl_phase phase, rpl_event_kind event,
                                      const rpl_phase_row **row);

#endif
