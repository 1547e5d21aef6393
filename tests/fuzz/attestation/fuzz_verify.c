#include "attestation/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The signed parts of the seeds: nothing else can be admitted under Intel's root. */
static const uint8_t genuine[][4] = {{0x26, 0x3b, 0x49, 0x1b}, {0x21, 0xa3, 0x7a, 0x05}};

static bool is_genuine(const uint8_t *digest)
{
    return memcmp(digest, genuine[0], 4) == 0 || memcmp(digest, genuine[1], 4) == 0;
}

static rpl_bytes next(rpl_reader *r)
{
    uint32_t len;
    rpl_bytes part = {.len = 0};
    return rpl_read_u32le(r, &len) && rpl_read_bytes(r, len, &part) ? part : rpl_bytes_of("", 0);
}

/* u64 time, then nine parts, each after its u32 length: the quote and rpl_collateral in its order. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static rpl_verdict verdict;
    const rpl_roots roots = rpl_roots_intel();
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_reader r = rpl_reader_over(rpl_bytes_of(data, len));
    RPL_AUTO(verification) rpl_verification *v = NULL;
    uint64_t now;
    if (!rpl_read_u64le(&r, &now))
        return 0;
    const rpl_bytes quote = next(&r);
    rpl_bytes parts[8];
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        parts[i] = next(&r);
    const rpl_collateral collateral = {parts[0], parts[1], parts[2], parts[3], parts[4],
                                       parts[5], parts[6], parts[7], NULL};
    rpl_verdict_start(&verdict, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    if (rpl_verification_begin(quote, &roots, &policy, (int64_t)now, &verdict, &v).code != RPL_OK ||
        rpl_verification_collateral(v, &collateral, &verdict).code != RPL_OK)
        __builtin_trap();
    if (rpl_verdict_admits(&verdict) && !is_genuine(rpl_verification_facts(v)->quote_digest))
        __builtin_trap();
    return 0;
}
