/* http_date.h - the Date of an HTTP answer as Unix seconds. Pure.
 *
 * Source: RFC 9110, 5.6.7. Only the form that senders must use is read (IMF-fixdate, always GMT, 29
 * characters: "Sun, 06 Nov 1994 08:49:37 GMT"); the two obsolete ones are refused, a wrong day of the
 * week too, and the second 60.
 */
#ifndef RPL_CORE_HTTP_DATE_H
#define RPL_CORE_HTTP_DATE_H

#include "base/reader.h"
#include "base/status.h"

enum { RPL_HTTP_DATE_LEN = 29 };

/* RPL_MALFORMED  not such a date, a moment that does not exist, or before 1970 */
RPL_CHECKED rpl_status rpl_http_date_parse(rpl_bytes text, int64_t *unix_s);

#endif
