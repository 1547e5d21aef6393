#include <stdlib.h>
#include <string.h>

#include "attestation/reference/linux_setup.h"
#include "attestation/reference/pe_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t digest[48], *copy = malloc(len + 1);
    if (!copy)
        return 0;
    if (len > 0)
        memcpy(copy, data, len);
    (void)!rpl_pe_image_digest((rpl_bytes){data, len}, digest).code;
    if (rpl_linux_setup_patch(copy, len, 5000, UINT64_C(2) << 30).code == RPL_OK)
        (void)!rpl_pe_image_digest((rpl_bytes){copy, len}, digest).code;
    free(copy);
    return 0;
}
