/* calendar.h - dates of the Gregorian calendar as Unix seconds and back, without a clock or a zone. */
#ifndef RPL_ATTESTATION_TDX_CALENDAR_H
#define RPL_ATTESTATION_TDX_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct {
    uint32_t year, month, day, hour, minute, second; /* 1..9999, 1..12, 1..31; no leap seconds */
} rpl_calendar_time;

/* False when there is no such moment. */
RPL_CHECKED bool rpl_calendar_to_unix(const rpl_calendar_time *t, int64_t *unix_s);

/* "2025-06-20T00:00:00Z"; "out of range" beyond the years 1 to 9999. */
enum { RPL_TIME_TEXT_SIZE = 24 };
void rpl_time_text(int64_t unix_s, char out[static RPL_TIME_TEXT_SIZE]);

#endif
