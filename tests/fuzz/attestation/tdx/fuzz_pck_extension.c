#include "attestation/tdx/pck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_pck pck;
    if (rpl_pck_extension_parse((rpl_bytes){data, len}, &pck).code == RPL_OK && pck.sgx_type > 2)
        __builtin_trap();
    return 0;
}
