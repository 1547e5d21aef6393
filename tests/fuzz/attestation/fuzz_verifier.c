/* A genuine quote, its collateral and the time, edited: three bytes an edit, place and bit. With what a
 * verifier keeps of the genuine ones and of earlier edits, or without: one answer. */
#include "tests/support/warm.h"

#define GENUINE RPL_VECTORS "/dcap/real/phala-dcap-qvl/tdx_v4_b0c06f"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static test_case genuine;
static rpl_verifier *verifier;

static void flip(const uint8_t edit[static 3])
{
    const rpl_collateral *c = &genuine.collateral.view;
    const rpl_bytes parts[] = {
        c->root_crl,           c->pck_crl,           c->tcb_info_chain, c->tcb_info,
        c->tcb_info_signature, c->qe_identity_chain, c->qe_identity,    c->qe_identity_signature};
    const size_t at = (size_t)edit[1] << 8 | edit[2], which = edit[0] % 16;
    const uint8_t bit = (uint8_t)(1u << edit[0] / 16 % 8);
    if (which < 8 && genuine.collateral.part[which])
        genuine.collateral.part[which][at % parts[which].len] ^= bit;
    else if (which == 8)
        genuine.now ^= INT64_C(1) << at % 34;
    else
        genuine.quote[at % genuine.quote_len] ^= bit;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    const rpl_roots roots = rpl_roots_intel();
    if (!verifier) {
        genuine = load_case(GENUINE, &roots);
        verifier = rpl_verifier_new(&roots);
        (void)ask_both(verifier, &genuine, &policy, genuine.now);
    }
    len = len > 24 ? 24 : len - len % 3;
    for (size_t i = 0; i < len; i += 3)
        flip(data + i);
    (void)ask_both(verifier, &genuine, &policy, genuine.now);
    for (size_t i = 0; i < len; i += 3)
        flip(data + i);
    return 0;
}
