#include "attestation/collateral_bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_collateral_set set = {0};
    rpl_verdict verdict;
    rpl_verification *v = NULL;
    const rpl_roots roots = rpl_roots_intel();
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    if (rpl_collateral_bundle_read(rpl_bytes_of(data, len), &set).code != RPL_OK)
        return 0;
    rpl_verdict_start(&verdict, RPL_GROUP_COLLATERAL);
    if (rpl_verification_begin(rpl_bytes_of("", 0), &roots, &policy, 1750377600, &verdict, &v)
            .code == RPL_OK)
        (void)!rpl_verification_collateral(v, &set.view, &verdict).code;
    rpl_verification_free(v);
    rpl_collateral_set_free(&set);
    return 0;
}
