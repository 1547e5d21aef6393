/* time_source.h - asks the pinned origins what time it is, in a thread of its own, and tells the
 * clock: at the start, every hour, and with growing pauses (a second to a minute) while it fails.
 * A failed round leaves the clock as it is. What counts is decided in core/trusted_time.h.
 *
 * An origin is a GET over TLS: no redirects, no proxies; any status but a redirect has a Date. Its
 * certificates are verified against the CA file, their dates against the Date itself. An answer out
 * of a cache says its age (RFC 9111, 5.1), which is added.
 */
#ifndef RPL_SERVER_IO_TIME_SOURCE_H
#define RPL_SERVER_IO_TIME_SOURCE_H

#include "server/io/clock.h"

typedef struct {
    int64_t round_trip_max_ms, spread_max_s;
    int64_t renew_ms, retry_first_ms, retry_max_ms;
} rpl_time_pace;

#define RPL_TIME_PACE_DEFAULT                                                                      \
    ((rpl_time_pace){RPL_TIME_ROUND_TRIP_MAX_MS, RPL_TIME_SPREAD_MAX_S, 3600 * 1000, 1000, 60000})

/* All borrowed. */
typedef struct {
    const char *const *urls; /* https, of distinct hosts, as rpl_https_url_parse takes them */
    size_t n_urls;           /* RPL_TIME_ORIGINS_MAX at most */
    const char *ca_file;     /* NULL: the system's bundle */
    rpl_time_pace pace;
} rpl_time_source_config;

typedef struct rpl_time_source rpl_time_source;

/* Nothing is asked yet. RPL_MALFORMED an address, or too many; RPL_INTERNAL no memory */
RPL_CHECKED rpl_status rpl_time_source_new(const rpl_time_source_config *config, rpl_clock *clock,
                                           rpl_time_source **out);
/* Starts the thread. RPL_INTERNAL no thread */
RPL_CHECKED rpl_status rpl_time_source_start(rpl_time_source *source);
/* Ends the thread, within two seconds. */
void rpl_time_source_free(rpl_time_source *source);

/* One round, blocking: each origin once, the clock as soon as enough agree. What the thread does.
 * RPL_UNAVAILABLE  too few that agree */
RPL_CHECKED rpl_status rpl_time_source_round(rpl_time_source *source);
void rpl_time_source_report(rpl_time_source *source, rpl_time_report *out);

#endif
