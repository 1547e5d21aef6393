/* clock.h - what time it is: the wall clock, never below a floor, and CLOCK_BOOTTIME for ages.
 *
 * The wall clock is the host's. The floor (build time, issue dates of collateral that verified) keeps
 * it from being set back before what is known to have happened. Thread-safe.
 */
#ifndef RPL_SERVER_IO_CLOCK_H
#define RPL_SERVER_IO_CLOCK_H

#include <stdatomic.h>

#include "server/core/ports.h"

typedef struct {
    _Atomic int64_t floor_s;
} rpl_clock;

void rpl_clock_init(rpl_clock *clock);
rpl_time rpl_clock_read(const rpl_clock *clock);
/* Never lowers. */
void rpl_clock_raise_floor(rpl_clock *clock, int64_t known_s);

#endif
