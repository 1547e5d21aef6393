#include "server/io/clock.h"

#include <time.h>

void rpl_clock_init(rpl_clock *clock)
{
    atomic_init(&clock->floor_s, RPL_BUILD_TIME);
}

rpl_time rpl_clock_read(const rpl_clock *clock)
{
    struct timespec wall = {0}, boot = {0};
    const int64_t floor_s = atomic_load(&clock->floor_s);

    (void)clock_gettime(CLOCK_REALTIME, &wall);
    (void)clock_gettime(CLOCK_BOOTTIME, &boot);
    return (rpl_time){
        .now_s = wall.tv_sec > floor_s ? wall.tv_sec : floor_s,
        .floor_s = floor_s,
        .boot_ms = boot.tv_sec * 1000 + boot.tv_nsec / 1000000,
        .source = "host clock",
    };
}

void rpl_clock_raise_floor(rpl_clock *clock, int64_t known_s)
{
    int64_t seen = atomic_load(&clock->floor_s);
    while (known_s > seen && !atomic_compare_exchange_weak(&clock->floor_s, &seen, known_s))
        ;
}
