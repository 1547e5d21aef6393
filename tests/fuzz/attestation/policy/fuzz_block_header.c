#include "attestation/policy/block_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* As the JSON of a provider, and as bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    RPL_AUTO(json) json_t *block = NULL;
    rpl_block_header header;
    if (rpl_block_header_parse((rpl_bytes){data, len}, &header).code == RPL_OK &&
        header.timestamp < 0)
        __builtin_trap();
    if (rpl_json_parse((rpl_bytes){data, len}, 65536, &block).code == RPL_OK)
        (void)!rpl_block_header_read(block, &header).code;
    return 0;
}
