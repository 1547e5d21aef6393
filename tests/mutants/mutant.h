/* mutant.h - the switch of mutants.py: in front of every file that it has rewritten. The environment
 * says which condition is wrong in this run (RPL_MUTANT, a number), and where to note the ones that
 * were met (RPL_MUTANT_TRACE, a file). */
#ifndef RPL_TESTS_MUTANT_H
#define RPL_TESTS_MUTANT_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MUTANTS_MAX = 16384 };

static int mutant_now;
static unsigned char mutant_met[MUTANTS_MAX];

__attribute__((constructor)) static void mutant_begin(void)
{
    const char *number = getenv("RPL_MUTANT");
    mutant_now = number ? atoi(number) : 0;
}

__attribute__((destructor)) static void mutant_end(void)
{
    const char *trace = getenv("RPL_MUTANT_TRACE");
    FILE *f = trace ? fopen(trace, "a") : NULL;
    for (int i = 0; f && i < MUTANTS_MAX; i++) {
        if (mutant_met[i])
            fprintf(f, "%d\n", i);
    }
    if (f)
        fclose(f);
}

static inline int mutant_is(int id)
{
    mutant_met[id] = 1;
    return mutant_now == id;
}

/* The condition, or its contrary. */
#define MUTANT_NOT(id, condition) ((condition) ? !mutant_is(id) : mutant_is(id))
/* One comparison, or the one that differs when both sides are equal. */
#define MUTANT_EDGE(id, left, as_is, other, right)                                                 \
    (mutant_is(id) ? ((left)other(right)) : ((left)as_is(right)))
/* RPL_TRY, or going on in spite of the failure. */
#define MUTANT_TRY(id, expr)                                                                       \
    do {                                                                                           \
        const rpl_status mutant_s_ = (expr);                                                       \
        if (mutant_s_.code != RPL_OK && !mutant_is(id))                                            \
            return mutant_s_;                                                                      \
    } while (0)

#endif
