#include "attestation/tdx/qe_identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_qe_identity identity;
    rpl_verdict verdict;
    rpl_verdict_start(&verdict, RPL_GROUP_COLLATERAL);
    if (rpl_qe_identity_read(rpl_bytes_of(data, len), &verdict, &identity) !=
        (verdict.state[RPL_CHECK_QE_IDENTITY] == RPL_PASSED))
        __builtin_trap();
    rpl_qe_identity_free(&identity);
    return 0;
}
