#include "attestation/tdx/crl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const rpl_certificate nobody;
    static rpl_verdict verdict;
    const rpl_crl_issuer issuer = {&nobody, NULL};
    RPL_AUTO(crl) rpl_crl crl = {0};
    rpl_verdict_start(&verdict, 0);
    if (rpl_crl_verify((rpl_bytes){data, len}, &issuer, 1780272000, RPL_CHECK_CRL_PCK, &verdict,
                       &crl) ||
        verdict.n_findings == 0)
        __builtin_trap(); /* a list of nobody's, or a refusal without a reason */
    return 0;
}
