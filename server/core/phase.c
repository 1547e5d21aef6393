#include "server/core/phase.h"

#define S RPL_PHASE_STARTING
#define E RPL_PHASE_EMPTY
#define R RPL_PHASE_REQUESTED
#define P RPL_PHASE_AWAITING_PIN
#define H RPL_PHASE_HOLDING

static const rpl_phase_row rows[] = {
    {"agent.answered", S, RPL_EVENT_AGENT_ANSWERED, E},

    {"request.first", E, RPL_EVENT_REQUEST_MADE, R},
    {"request.another", R, RPL_EVENT_REQUEST_MADE, R},
    {"request.by-holder", H, RPL_EVENT_REQUEST_MADE, H},
    {"request.expired", R, RPL_EVENT_REQUESTS_GONE, E},
    {"request.expired-by-holder", H, RPL_EVENT_REQUESTS_GONE, H},

    {"bootstrap.empty", E, RPL_EVENT_BOOTSTRAPPED, H},
    {"bootstrap.requested", R, RPL_EVENT_BOOTSTRAPPED, H},

    {"bootstrap.unpinned-empty", E, RPL_EVENT_BOOTSTRAPPED_UNPINNED, P},
    {"bootstrap.unpinned-requested", R, RPL_EVENT_BOOTSTRAPPED_UNPINNED, P},
    {"bootstrap.pinned", P, RPL_EVENT_PINNED, H},

    /* a node without a state may still bootstrap itself from its secure file while it answers */
    {"onboard.admitted-empty", E, RPL_EVENT_ONBOARD_ADMITTED, E},
    {"onboard.admitted-requested", R, RPL_EVENT_ONBOARD_ADMITTED, R},
    {"onboard.admitted", H, RPL_EVENT_ONBOARD_ADMITTED, H},
    {"onboard.verified-empty", E, RPL_EVENT_ONBOARD_VERIFIED, E},
    {"onboard.verified-requested", R, RPL_EVENT_ONBOARD_VERIFIED, R},
    {"onboard.verified", H, RPL_EVENT_ONBOARD_VERIFIED, H},
    {"onboard.quoted", H, RPL_EVENT_ONBOARD_QUOTED, H},
    {"onboard.recorded", H, RPL_EVENT_ONBOARD_RECORDED, H},
    {"onboard.sealed", H, RPL_EVENT_ONBOARD_SEALED, H},

    {"receive.opened", R, RPL_EVENT_RECEIVE_OPENED, R},
    {"receive.opened-by-holder", H, RPL_EVENT_RECEIVE_OPENED, H},
    {"receive.verified", R, RPL_EVENT_RECEIVE_VERIFIED, R},
    {"receive.verified-by-holder", H, RPL_EVENT_RECEIVE_VERIFIED, H},
    {"receive.written", R, RPL_EVENT_RECEIVE_WRITTEN, R},
    {"receive.written-by-holder", H, RPL_EVENT_RECEIVE_WRITTEN, H},
    {"receive.installed", R, RPL_EVENT_RECEIVE_INSTALLED, H},
    {"receive.merged", H, RPL_EVENT_RECEIVE_INSTALLED, H},
};

static const char *const names[RPL_PHASE_COUNT] = {
    [S] = "starting",
    [E] = "empty",
    [R] = "requested",
    [P] = "awaiting_pin",
    [H] = "holding",
    [RPL_PHASE_STALE] = "stale",
    [RPL_PHASE_RETIRED] = "retired",
};

const char *rpl_phase_name(rpl_phase phase)
{
    return phase < RPL_PHASE_COUNT ? names[phase] : "unknown";
}

const rpl_phase_row *rpl_phase_rows(size_t *count)
{
    *count = sizeof(rows) / sizeof(*rows);
    return rows;
}

static rpl_status refusal(rpl_phase phase, rpl_event_kind event)
{
    if (phase == S)
        return rpl_fail(RPL_NOT_READY, "the guest agent has not answered yet: wait, or look at the "
                                       "log and at REPLICATOOR_DSTACK");
    if (event == RPL_EVENT_BOOTSTRAPPED || event == RPL_EVENT_BOOTSTRAPPED_UNPINNED)
        return rpl_fail(RPL_CONFLICT,
                        "this node has a state already; a second bootstrap would make "
                        "another identity");
    if (phase == RPL_PHASE_RETIRED)
        return rpl_fail(RPL_NOT_READY, "this node is retired");
    if (phase == RPL_PHASE_STALE)
        return rpl_fail(RPL_NOT_READY, "this node must talk to a replica before it gives again");
    if (phase == RPL_PHASE_AWAITING_PIN)
        return rpl_fail(RPL_NOT_READY, "the contract does not name this node's identity yet: let "
                                       "its owner call setIdentity, and wait until that is "
                                       "finalized");
    if (event >= RPL_EVENT_RECEIVE_OPENED)
        return rpl_fail(RPL_NOT_READY,
                        "no request is outstanding here: POST /requestKey first, and "
                        "onboard that request");
    return rpl_fail(RPL_NOT_READY,
                    "this node has no state: POST /bootstrap, or let it receive one");
}

rpl_status rpl_phase_step(rpl_phase phase, rpl_event_kind event, const rpl_phase_row **row)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].from == phase && rows[i].event == event) {
            *row = &rows[i];
            return rpl_ok();
        }
    return refusal(phase, event);
}
