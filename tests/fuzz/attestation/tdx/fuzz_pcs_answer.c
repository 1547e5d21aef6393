#include <stdlib.h>

#include "attestation/tdx/pcs_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const rpl_bytes input = rpl_bytes_of(data, len);
    uint8_t *room = malloc(len + 1);
    rpl_bytes value, signature;
    size_t decoded;
    if (room && rpl_pcs_chain_decode(input, room, &decoded).code == RPL_OK && decoded > len)
        __builtin_trap();
    if (rpl_pcs_json_split(RPL_PCS_TCB_INFO, input, &value, &signature).code == RPL_OK &&
        (value.data < data || value.data + value.len > data + len))
        __builtin_trap();
    free(room);
    return 0;
}
