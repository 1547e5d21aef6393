#include "attestation/policy/config_preimage.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What parses, builds to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_config_preimage config;
    uint8_t again[RPL_CONFIG_PREIMAGE_MAX];
    size_t n = 0;
    if (rpl_config_preimage_parse((rpl_bytes){data, len}, &config).code != RPL_OK)
        return 0;
    if (rpl_config_preimage_build(config.lines, config.count, again, &n).code != RPL_OK ||
        n != len || memcmp(again, data, len) != 0)
        abort();
    return 0;
}
