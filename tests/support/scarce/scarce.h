/* scarce.h - memory that runs out where a test wants it: every allocation of the program and its
 * libraries is counted, and the one with a given number fails, or all from it on.
 *
 * Linked by tests/unit/memory alone. Under a sanitizer libyaml's allocations are not seen.
 */
#ifndef RPL_TESTS_SCARCE_H
#define RPL_TESTS_SCARCE_H

#include <stdbool.h>

/* Before anything allocates in libcrypto: the first statement of main. */
void scarce_install(void);
/* From now on allocation number `nth` (from 1) fails; with `lasting` all later ones, too. */
void scarce_begin(long nth, bool lasting);
/* Back to plenty. True when the allocation was reached. */
bool scarce_end(void);
/* Allocated and not freed, of those that were counted. */
long scarce_alive(void);

#endif
