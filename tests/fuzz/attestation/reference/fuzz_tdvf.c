#include "attestation/reference/td_hob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_tdvf tdvf;
    rpl_td_hob_layout layout;
    uint8_t digest[48];
    if (rpl_tdvf_parse((rpl_bytes){data, len}, &tdvf).code != RPL_OK)
        return 0;
    rpl_tdvf_mrtd(&tdvf, RPL_PAGES_SINGLE_PASS, digest);
    rpl_tdvf_mrtd(&tdvf, RPL_PAGES_TWO_PASS, digest);
    (void)!rpl_tdvf_variables_digest(&tdvf, digest);
    if (rpl_td_hob_layout_of(&tdvf, &layout).code == RPL_OK)
        (void)!rpl_td_hob_digest(&layout, UINT64_C(4) << 30, digest).code;
    return 0;
}
