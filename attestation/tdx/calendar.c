#include "attestation/tdx/calendar.h"

#include <stdio.h>

enum { DAY_S = 86400, EPOCH_DAYS = 719162 /* from 0001-01-01 to 1970-01-01 */ };
enum { DAYS_400 = 146097, DAYS_1 = 365, YEAR_MAX = 9999 };

static bool is_leap(uint32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t days_in(uint32_t year, uint32_t month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

static int64_t days_before_year(uint32_t year)
{
    const int64_t y = (int64_t)year - 1;
    return y * DAYS_1 + y / 4 - y / 100 + y / 400;
}

bool rpl_calendar_to_unix(const rpl_calendar_time *t, int64_t *unix_s)
{
    if (t->year < 1 || t->year > YEAR_MAX || t->month < 1 || t->month > 12 || t->day < 1 ||
        t->day > days_in(t->year, t->month) || t->hour > 23 || t->minute > 59 || t->second > 59)
        return false;
    int64_t days = days_before_year(t->year) - EPOCH_DAYS + t->day - 1;
    for (uint32_t m = 1; m < t->month; m++)
        days += days_in(t->year, m);
    *unix_s = days * DAY_S + (int64_t)t->hour * 3600 + (int64_t)t->minute * 60 + t->second;
    return true;
}

/* The year that day `days` (0 = 0001-01-01) lies in; the estimate is off by one at most. */
static uint32_t year_of(int64_t days)
{
    uint32_t year = (uint32_t)(days * 400 / DAYS_400) + 1;
    while (days_before_year(year + 1) <= days)
        year++;
    while (days_before_year(year) > days)
        year--;
    return year;
}

void rpl_time_text(int64_t unix_s, char out[static RPL_TIME_TEXT_SIZE])
{
    const int64_t first = -(int64_t)EPOCH_DAYS * DAY_S;
    const int64_t last = (days_before_year(YEAR_MAX + 1) - EPOCH_DAYS) * DAY_S;
    if (unix_s < first || unix_s >= last) {
        snprintf(out, RPL_TIME_TEXT_SIZE, "out of range");
        return;
    }
    const int64_t since = unix_s - first;
    const uint32_t in_day = (uint32_t)(since % DAY_S);
    const uint32_t year = year_of(since / DAY_S);
    uint32_t month = 1, day = (uint32_t)(since / DAY_S - days_before_year(year));
    for (; day >= days_in(year, month); month++)
        day -= days_in(year, month);
    /* the moduli change nothing; they show the compiler how long each number gets */
    snprintf(out, RPL_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", year % 10000, month % 100,
             (day + 1) % 100, in_day / 3600 % 100, in_day / 60 % 60, in_day % 60);
}
