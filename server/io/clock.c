#include "server/io/clock.h"

#include <time.h>

void rpl_clock_init(rpl_clock *clock, int64_t max_age_ms, int64_t (*host_s)(void))
{
    *clock = (rpl_clock){
        .host_s = host_s,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .time = {.floor_s = RPL_BUILD_TIME, .max_age_ms = max_age_ms},
    };
}

int64_t rpl_clock_boot_ms(void)
{
    struct timespec boot = {0};
    (void)clock_gettime(CLOCK_BOOTTIME, &boot);
    return boot.tv_sec * 1000 + boot.tv_nsec / 1000000;
}

/* Tests and demos on machines whose own clock is good enough. */
static void tell_by_host(const rpl_clock *clock, rpl_time *time)
{
    const int64_t host_s = clock->host_s();
    time->trusted = true;
    time->now_s = host_s > time->floor_s ? host_s : time->floor_s;
    time->age_s = 0;
    time->source = RPL_TIME_FROM_HOST;
}

rpl_time rpl_clock_read(rpl_clock *clock)
{
    const int64_t boot_ms = rpl_clock_boot_ms();
    pthread_mutex_lock(&clock->lock);
    rpl_time time = rpl_trusted_time_at(&clock->time, boot_ms);
    pthread_mutex_unlock(&clock->lock);
    if (clock->host_s)
        tell_by_host(clock, &time);
    return time;
}

void rpl_clock_take(rpl_clock *clock, const rpl_time_agreement *agreement)
{
    pthread_mutex_lock(&clock->lock);
    rpl_trusted_time_take(&clock->time, agreement);
    pthread_mutex_unlock(&clock->lock);
}

void rpl_clock_raise_floor(rpl_clock *clock, int64_t known_s)
{
    pthread_mutex_lock(&clock->lock);
    rpl_trusted_time_raise_floor(&clock->time, known_s);
    pthread_mutex_unlock(&clock->lock);
}
