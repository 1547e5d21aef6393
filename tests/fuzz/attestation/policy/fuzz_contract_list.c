/* Answers of list() and pendingIdentity(). */
#include "attestation/policy/contract_call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static rpl_contract_item items[RPL_CONTRACT_PAGE];
    rpl_contract_pin pin;
    size_t count;
    (void)!rpl_contract_read_list(rpl_bytes_of(data, len), items, RPL_CONTRACT_PAGE, &count).code;
    (void)!rpl_contract_read_pin(rpl_bytes_of(data, len), &pin).code;
    return 0;
}
