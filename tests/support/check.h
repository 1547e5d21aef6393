/* check.h - what every unit test starts with: cmocka, and assertions over rpl_status. */
#ifndef RPL_TESTS_CHECK_H
#define RPL_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/reader.h"
#include "base/status.h"

#define assert_ok(expr)         check_code_((expr), RPL_OK, #expr, __FILE__, __LINE__)
#define assert_code(expr, want) check_code_((expr), (want), #expr, __FILE__, __LINE__)

static inline void check_code_(rpl_status s, rpl_code want, const char *expr, const char *file,
                               int line)
{
    if (s.code == want)
        return;
    print_error("%s: %s (\"%s\" at %u), wanted %s\n", expr, rpl_code_table(s.code)->name,
                s.what ? s.what : "", s.at, rpl_code_table(want)->name);
    _fail(file, line);
}

/* A heap copy of exactly `len` bytes, so that a sanitizer sees one byte too far. Free it. */
static inline uint8_t *exact_copy(const void *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (copy && len)
        memcpy(copy, data, len);
    return copy;
}

#endif
