/* verdicts.h - for tests that look into verdicts, and for edits of texts. */
#ifndef RPL_TESTS_VERDICTS_H
#define RPL_TESTS_VERDICTS_H

#include "attestation/tdx/verdict.h"
#include "tests/support/check.h"

static inline bool verdict_says(const rpl_verdict *v, const char *code)
{
    for (size_t i = 0; i < v->n_findings; i++) {
        if (strcmp(v->findings[i].code, code) == 0)
            return true;
    }
    return false;
}

static inline void print_findings(const rpl_verdict *v)
{
    for (size_t i = 0; i < v->n_findings; i++)
        print_error("  %s %s: got %s, want %s\n", rpl_check_id(v->findings[i].check),
                    v->findings[i].code, v->findings[i].got, v->findings[i].want);
}

/* A heap copy of `text` with the first `find` replaced; the program ends when it is not there. */
static inline char *edited(const char *text, const char *find, const char *with)
{
    const char *at = strstr(text, find);
    if (!at) {
        print_error("no \"%s\" to replace\n", find);
        abort();
    }
    const size_t before = (size_t)(at - text), size = strlen(text) + strlen(with) + 1;
    char *out = malloc(size);
    if (!out)
        abort();
    snprintf(out, size, "%.*s%s%s", (int)before, text, with, at + strlen(find));
    return out;
}

#endif
