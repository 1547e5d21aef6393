#include "attestation/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_policy policy = {0};
    rpl_policy_member member;
    const rpl_bytes text = {data, len};
    (void)!rpl_policy_parse(text, &policy, &member).code;
    (void)!rpl_policy_set_devices(text, &policy).code;
    return 0;
}
