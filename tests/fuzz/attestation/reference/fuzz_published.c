#include "attestation/reference/published.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_published p;
    uint8_t digest[48];
    if (rpl_published_parse((rpl_bytes){data, len}, &p).code == RPL_OK)
        (void)!rpl_td_hob_digest(&p.layout, UINT64_C(4) << 30, digest).code;
    return 0;
}
