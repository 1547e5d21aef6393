/* utf8.h - is this text? One step of a walk over UTF-8. */
#ifndef RPL_BASE_UTF8_H
#define RPL_BASE_UTF8_H

#include "base/reader.h"

/* Length (1..4) of the character at the start of `text`; 0 when it is empty or not well-formed
 * there: overlong, a surrogate, above U+10FFFF, cut short (Unicode 15, table 3-7). */
size_t rpl_utf8_step(rpl_bytes text);
/* All of it is well-formed; empty text is. */
RPL_CHECKED bool rpl_utf8_ok(rpl_bytes text);

#endif
