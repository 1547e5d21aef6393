#include <stdlib.h>

#include "base/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What decodes from base64 encodes to the same text; what decodes from hex decodes again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t bytes[512], again[512];
    char text[1025];
    size_t n = 0, m = 0;
    if (rpl_base64_decode(rpl_bytes_of(data, len), bytes, sizeof(bytes), &n).code == RPL_OK) {
        rpl_base64_encode(rpl_bytes_of(bytes, n), text);
        if (!rpl_bytes_equal(rpl_bytes_of(data, len), rpl_bytes_of_text(text)))
            abort();
    }
    if (rpl_hex_decode(rpl_bytes_of(data, len), bytes, sizeof(bytes), &n).code == RPL_OK) {
        rpl_hex_encode(rpl_bytes_of(bytes, n), text);
        if (rpl_hex_decode(rpl_bytes_of_text(text), again, n, &m).code != RPL_OK || m != n)
            abort();
    }
    return 0;
}
