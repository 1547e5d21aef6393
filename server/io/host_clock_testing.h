/* host_clock_testing.h - the wall clock, which the host sets. Compiled into builds with
 * RPL_TEST_ROOTS only, so that a release cannot decide by it. */
#ifndef RPL_SERVER_IO_HOST_CLOCK_TESTING_H
#define RPL_SERVER_IO_HOST_CLOCK_TESTING_H

#include <stdint.h>

/* Unix seconds. */
int64_t rpl_host_clock(void);

#endif
