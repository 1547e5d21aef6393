/* clock.h - the node's time: what core/trusted_time.h knows, read at CLOCK_BOOTTIME. Thread-safe.
 *
 * The wall clock is the host's and is not read. Only builds with RPL_TEST_ROOTS can, and only when
 * told so (REPLICATOOR_TEST_CLOCK): then `host_s` is given, and counts instead of what origins said.
 */
#ifndef RPL_SERVER_IO_CLOCK_H
#define RPL_SERVER_IO_CLOCK_H

#include <pthread.h>

#include "server/core/trusted_time.h"

typedef struct {
    int64_t (*host_s)(void); /* NULL: trusted origins alone */
    pthread_mutex_t lock;    /* guards the rest */
    rpl_trusted_time time;
} rpl_clock;

/* `max_age_ms`: how long an agreement is carried on. */
void rpl_clock_init(rpl_clock *clock, int64_t max_age_ms, int64_t (*host_s)(void));
rpl_time rpl_clock_read(rpl_clock *clock);
/* CLOCK_BOOTTIME alone. */
int64_t rpl_clock_boot_ms(void);
void rpl_clock_take(rpl_clock *clock, const rpl_time_agreement *agreement);
/* Only what has been verified. Never lowers. */
void rpl_clock_raise_floor(rpl_clock *clock, int64_t known_s);

#endif
