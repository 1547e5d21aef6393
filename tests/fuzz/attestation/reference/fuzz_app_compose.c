#include "attestation/reference/app_compose.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *out = NULL;
    if (len > 0 &&
        rpl_app_compose_normalize((rpl_bytes){data + 1, len - 1}, data[0] & 1, &out).code == RPL_OK)
        free(out);
    return 0;
}
