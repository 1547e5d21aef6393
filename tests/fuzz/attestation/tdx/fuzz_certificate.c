#include "attestation/tdx/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const rpl_certificate_checks checks = {RPL_CHECK_PCK_PROFILE, RPL_CHECK_PCK_NAMES,
                                                  RPL_CHECK_PCK_VALIDITY};
    static rpl_verdict verdict;
    rpl_certificate c;
    if (!rpl_certificate_parse((rpl_bytes){data, len}, &c))
        return 0;
    rpl_verdict_start(&verdict, 0);
    for (int role = RPL_ROLE_PCK; role <= RPL_ROLE_TCB_SIGNER; role++)
        rpl_certificate_judge(&c, (rpl_certificate_role)role, 1780272000, &checks, &verdict);
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_certificate_key(&c);
    (void)!rpl_certificate_signed_by(&c, key);
    return 0;
}
