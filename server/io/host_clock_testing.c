#include "server/io/host_clock_testing.h"

#include <time.h>

int64_t rpl_host_clock(void)
{
    struct timespec wall = {0};
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    return wall.tv_sec;
}
