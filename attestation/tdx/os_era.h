/* os_era.h - the eras of Dstack images, and the exact order in which each writes RTMR3 until the app
 * starts. A table only: os_statement.c judges logs by it, attestation/reference makes logs from it.
 *
 * Source: Dstack's source at the versions named; docs/verification.md has the same table.
 */
#ifndef RPL_ATTESTATION_TDX_OS_ERA_H
#define RPL_ATTESTATION_TDX_OS_ERA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { RPL_OS_STEPS_MAX = 16 };

typedef enum { RPL_OS_ONCE, RPL_OS_AT_MOST_ONCE, RPL_OS_ANY_NUMBER } rpl_os_quantity;
typedef enum { RPL_OS_EXACTLY, RPL_OS_EXACTLY_OR_EMPTY, RPL_OS_ONE_UP_TO } rpl_os_length;

/* One event: how often it stands there, and how many bytes its payload has. */
typedef struct {
    const char *name;
    rpl_os_quantity quantity;
    rpl_os_length rule;
    size_t len;
} rpl_os_step;

typedef struct {
    const char *id;     /* short, for command lines: "0.5" */
    const char *images; /* which images, for people */
    bool is_padded;     /* a digest is the payload with zeros behind it, not a hash */
    rpl_os_step steps[RPL_OS_STEPS_MAX]; /* ends with a row without a name */
} rpl_os_era;

/* The whole table, oldest first. */
const rpl_os_era *rpl_os_eras(size_t *count);
RPL_CHECKED bool rpl_os_length_holds(const rpl_os_step *step, size_t len);

#endif
