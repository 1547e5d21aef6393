#include "attestation/tdx/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *code = NULL;
    rpl_quote q;
    size_t canonical = 0;
    const bool parsed = rpl_quote_parse((rpl_bytes){data, len}, &q, &code).code == RPL_OK;
    const bool measured =
        rpl_quote_canonical_len((rpl_bytes){data, len}, &canonical).code == RPL_OK;
    if (parsed ? !measured || canonical != q.canonical.len : code == NULL)
        __builtin_trap(); /* the two disagree, or a refusal names no rule */
    return 0;
}
