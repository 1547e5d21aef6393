#include "server/core/http_date.h"

#include "attestation/tdx/calendar.h"

enum { DAY_S = 86400, NAME_LEN = 3 };

static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* from day 0 */
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static bool read_text(rpl_reader *r, const char *text)
{
    rpl_bytes found;
    return rpl_read_bytes(r, strlen(text), &found) &&
           rpl_bytes_equal(found, rpl_bytes_of_text(text));
}

static bool read_number(rpl_reader *r, size_t digits, uint32_t *n)
{
    rpl_bytes found;
    if (!rpl_read_bytes(r, digits, &found))
        return false;
    *n = 0;
    for (size_t i = 0; i < digits; i++) {
        if (found.data[i] < '0' || found.data[i] > '9')
            return false;
        *n = *n * 10 + (uint32_t)(found.data[i] - '0');
    }
    return true;
}

static bool read_name(rpl_reader *r, const char (*names)[NAME_LEN + 1], uint32_t count,
                      uint32_t *index)
{
    rpl_bytes found;
    if (!rpl_read_bytes(r, NAME_LEN, &found))
        return false;
    for (*index = 0; *index < count; (*index)++)
        if (rpl_bytes_equal(found, rpl_bytes_of_text(names[*index])))
            return true;
    return false;
}

rpl_status rpl_http_date_parse(rpl_bytes text, int64_t *unix_s)
{
    rpl_reader r = {.rest = text};
    rpl_calendar_time t;
    uint32_t weekday, month;
    int64_t found;

    if (!read_name(&r, days, 7, &weekday) || !read_text(&r, ", ") || !read_number(&r, 2, &t.day) ||
        !read_text(&r, " ") || !read_name(&r, months, 12, &month) || !read_text(&r, " ") ||
        !read_number(&r, 4, &t.year) || !read_text(&r, " ") || !read_number(&r, 2, &t.hour) ||
        !read_text(&r, ":") || !read_number(&r, 2, &t.minute) || !read_text(&r, ":") ||
        !read_number(&r, 2, &t.second) || !read_text(&r, " GMT") || !rpl_read_done(&r))
        return rpl_malformed(&r, "date: expected the form \"Sun, 06 Nov 1994 08:49:37 GMT\"");
    t.month = month + 1;
    if (!rpl_calendar_to_unix(&t, &found) || found < 0 || found / DAY_S % 7 != (int64_t)weekday)
        return rpl_fail(RPL_MALFORMED, "date: there is no such day and time since 1970");
    *unix_s = found;
    return rpl_ok();
}
