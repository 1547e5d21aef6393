#include "attestation/tdx/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static rpl_pem_chain chain;
    static uint8_t scratch[2 << 16];
    const char *code = NULL;
    rpl_bytes der;
    for (size_t count = 1; count <= RPL_CHAIN_MAX; count++) {
        if (rpl_pem_decode((rpl_bytes){data, len}, count, len % 2, &chain, &code).code == RPL_OK &&
            chain.count != count)
            __builtin_trap();
    }
    if (len <= sizeof(scratch) / 2)
        (void)!rpl_pem_decode_one((rpl_bytes){data, len}, "X509 CRL", scratch, &der).code;
    return 0;
}
