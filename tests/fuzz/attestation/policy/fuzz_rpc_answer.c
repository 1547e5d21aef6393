#include "attestation/policy/chain_facts.h"
#include "attestation/policy/rpc_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* An answer to request 7; and its result as a quantity, as data, as a proof. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    RPL_AUTO(json) json_t *result = NULL;
    static const uint8_t root[32], address[20];
    const rpl_chain_words slots = {{{0}}};
    rpl_rpc_problem problem;
    rpl_chain_view view = {0};
    uint8_t bytes[64];
    uint64_t number;
    size_t n;
    if (rpl_rpc_answer_read((rpl_bytes){data, len}, 7, &result, &problem).code != RPL_OK)
        return 0;
    if (rpl_rpc_quantity(result, &number) && rpl_rpc_data(result, bytes, sizeof(bytes), &n) &&
        n == 0)
        __builtin_trap(); /* "0x" is no number */
    (void)!rpl_chain_view_prove(result, root, address, &slots, &view).code;
    return 0;
}
