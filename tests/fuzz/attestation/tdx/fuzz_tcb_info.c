#include "attestation/tdx/tcb_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_tcb_info info;
    rpl_verdict verdict;
    rpl_verdict_start(&verdict, RPL_GROUP_COLLATERAL);
    if (rpl_tcb_info_read(rpl_bytes_of(data, len), &verdict, &info) !=
        (verdict.state[RPL_CHECK_TCB_INFO] == RPL_PASSED))
        __builtin_trap();
    rpl_tcb_info_free(&info);
    return 0;
}
