#include <stdlib.h>

#include "attestation/policy/compose_lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A clean report names our service, and a second look says the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static rpl_compose_report first, second;
    if (rpl_compose_lint(rpl_bytes_of(data, len), NULL, &first).code != RPL_OK)
        return 0;
    if (rpl_compose_lint(rpl_bytes_of(data, len), NULL, &second).code != RPL_OK)
        abort();
    if (first.n_findings != second.n_findings || (first.n_findings == 0 && !first.ours[0]))
        abort();
    return 0;
}
