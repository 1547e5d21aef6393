#include "attestation/tdx/tcb_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* 16 + 16 bytes of SVNs of the TD, 16 + 2 of the platform, then a TCB info. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const rpl_svn_level qe = {.status = RPL_TCB_UP_TO_DATE};
    static rpl_verdict verdict;
    static rpl_tcb_info info;
    rpl_quote q = {.version = 5, .body_type = 3};
    rpl_pck pck = {.pcesvn = 0};
    rpl_reader r = rpl_reader_over(rpl_bytes_of(data, len));
    if (!rpl_read_copy(&r, q.tee_tcb_svn, 16) || !rpl_read_copy(&r, q.tee_tcb_svn2, 16) ||
        !rpl_read_copy(&r, pck.components, 16) || !rpl_read_u16le(&r, &pck.pcesvn))
        return 0;
    rpl_verdict_start(&verdict, RPL_GROUP_COLLATERAL);
    info = (rpl_tcb_info){.document = NULL};
    if (rpl_tcb_info_read(r.rest, &verdict, &info)) {
        rpl_tdx_module_check(&q, &info, &verdict);
        const rpl_tcb_subject subject = {
            .quote = &q, .pck = &pck, .info = &info, .accepted_tcb = 1u << RPL_TCB_UP_TO_DATE};
        const rpl_tcb_result got = rpl_tcb_evaluate(&q, &pck, &info, &qe, true);
        rpl_tcb_level_check(&subject, &got, &verdict);
        const bool passed = verdict.state[RPL_CHECK_TCB_LEVEL] == RPL_PASSED;
        if ((got.status != RPL_TCB_UNKNOWN && !passed) || (passed && !got.launch.platform))
            __builtin_trap();
        if (got.status > RPL_TCB_UP_TO_DATE)
            rpl_tcb_explain_status(&subject, &got, &qe, &verdict);
        for (int i = 0; passed && i < 16; i++) {
            if (pck.components[i] < got.launch.platform->sgx[i])
                __builtin_trap(); /* a level that this platform does not reach */
        }
    }
    rpl_tcb_info_free(&info);
    return 0;
}
