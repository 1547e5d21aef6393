/* runtime.h - RTMR3 before anything ran: the events that an image of a given era will write for given
 * values, in its order. The order and the lengths are those by which a log is judged (os_era.h).
 */
#ifndef RPL_ATTESTATION_REFERENCE_RUNTIME_H
#define RPL_ATTESTATION_REFERENCE_RUNTIME_H

#include "attestation/tdx/event_log.h"
#include "attestation/tdx/os_era.h"

/* One value; a name may stand several times where the era allows it, in order. */
typedef struct {
    const char *name; /* "app-id" */
    rpl_bytes value;  /* borrowed; empty is a value */
} rpl_os_input;

/* Fills `*log` with the events up to system-ready; rpl_event_log_replay gives RTMR3. Inputs that the
 * era does not know are left out.
 *   version   1 or 2: how digests of events are made (eras with zero-padded digests have their own)
 *   about     on failure the name of the event in question, else unchanged
 * RPL_NOT_READY  an event that the era always has was not given; RPL_MALFORMED  wrong length, or more
 *                often than the era allows */
RPL_CHECKED rpl_status rpl_runtime_log(const rpl_os_era *era, uint8_t version,
                                       const rpl_os_input *inputs, size_t count, rpl_event_log *log,
                                       const char **about);

#endif
