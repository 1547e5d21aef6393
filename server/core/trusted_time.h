/* trusted_time.h - what time it is, from what pinned origins said over TLS. Pure: the clock and the
 * origins are asked elsewhere (server/io/time_source.h).
 *
 * The wall clock belongs to the host and is not looked at. An origin's `Date` counts when the whole
 * exchange was short, the date is not below the floor, and every certificate of the origin's chain was
 * valid at that date. More than half of the pinned origins, two at least, must say the same within a
 * minute; CLOCK_BOOTTIME carries it on from there, for a day at most.
 *
 * Which of the values: each date counts for the moment at which its request was sent, so holding an
 * answer back cannot make `now` earlier. Of those that agree the middle one is taken, of an even
 * number the later of the two in the middle; of several equally large sets the latest. So as long as
 * at most half of those that agree lie, `now` is at most one second behind an honest origin, and at
 * most the spread and one round trip ahead of it. Being ahead makes documents expire sooner.
 *
 * The floor is the build time or the newest issue date of collateral that has verified. No date that
 * an origin or a peer says raises it. docs/protocol.md, section 8.
 */
#ifndef RPL_SERVER_CORE_TRUSTED_TIME_H
#define RPL_SERVER_CORE_TRUSTED_TIME_H

#include "server/core/ports.h"

enum {
    RPL_TIME_ROUND_TRIP_MAX_MS = 10000,
    RPL_TIME_SPREAD_MAX_S = 60,
    RPL_TIME_QUORUM_MIN = 2,
    RPL_TIME_MAX_AGE_MS = 24 * 3600 * 1000,
};

/* One origin's answer. Times of the exchange by CLOCK_BOOTTIME. */
typedef struct {
    int64_t date_s;
    int64_t sent_ms;     /* before anything was sent, the name looked up */
    int64_t received_ms; /* after everything had come */
    int64_t certificates_from_s,
        certificates_until_s; /* all of the chain are valid: both included */
} rpl_time_sample;

typedef struct {
    size_t n_origins; /* pinned, whether they answered or not; RPL_TIME_ORIGINS_MAX at most */
    int64_t floor_s;
    int64_t round_trip_max_ms, spread_max_s;
} rpl_time_rules;

/* NULL when the sample may count; else why not, static. */
const char *rpl_time_sample_problem(const rpl_time_sample *sample, const rpl_time_rules *rules);

typedef struct {
    int64_t offset_ms; /* Unix time minus CLOCK_BOOTTIME */
    int64_t boot_ms;   /* since when it holds: the oldest of the samples that agree */
    size_t count;      /* how many agree */
    bool agrees[RPL_TIME_ORIGINS_MAX]; /* by sample */
} rpl_time_agreement;

/* `samples` may hold any that have a problem: they do not count. `count` is n_origins at most.
 * RPL_UNAVAILABLE  too few that agree */
RPL_CHECKED rpl_status rpl_time_agree(const rpl_time_sample *samples, size_t count,
                                      const rpl_time_rules *rules, rpl_time_agreement *out);

/* What is known of the time. */
typedef struct {
    int64_t floor_s;
    int64_t max_age_ms;
    bool agreed; /* since the start, at least once */
    int64_t offset_ms, agreed_ms;
} rpl_trusted_time;

void rpl_trusted_time_take(rpl_trusted_time *time, const rpl_time_agreement *agreement);
/* Never lowers. */
void rpl_trusted_time_raise_floor(rpl_trusted_time *time, int64_t known_s);
/* Trusted only while the last agreement is at most max_age_ms old; else now_s is the floor. */
rpl_time rpl_trusted_time_at(const rpl_trusted_time *time, int64_t boot_ms);

#endif
