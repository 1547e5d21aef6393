#include <stdlib.h>

#include "server/core/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted is appended again as the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_evidence e;
    uint8_t *again = NULL;
    size_t again_len = 0;
    if (rpl_evidence_split(rpl_bytes_of(data, len), &e).code != RPL_OK)
        return 0;
    if (e.has_evidence &&
        (rpl_evidence_append(e.quote, &e.events, e.has_challenge ? e.challenge : NULL,
                             rpl_bytes_of(e.config, e.config_len), &again, &again_len)
                 .code != RPL_OK ||
         !rpl_bytes_equal(rpl_bytes_of(again, again_len), rpl_bytes_of(data, len))))
        __builtin_trap();
    free(again);
    rpl_evidence_free(&e);
    return 0;
}
