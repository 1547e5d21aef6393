#include <sodium.h>

#include "server/core/sealed_box.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A message to the key of 32 times 7; and, as no fuzzer finds a box that opens, its stream alone
 * under a header that fits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t seven[32], pubk[32];
    rpl_sealed_header header = {.length = len < 163 ? 1 : len - 162};
    RPL_AUTO(secret) rpl_secret *opened = NULL;
    memset(seven, 7, sizeof(seven));
    if (sodium_init() < 0 || crypto_scalarmult_base(pubk, seven) != 0)
        return 0;
    RPL_AUTO(secret) rpl_secret *key = rpl_secret_copy(rpl_bytes_of(seven, sizeof(seven)));
    if (!key)
        return 0;
    memcpy(header.stream_key, seven, sizeof(seven));
    (void)!rpl_sealed_box_open_header(rpl_bytes_of(data, len), pubk, key, &header).code;
    (void)!rpl_sealed_box_open(rpl_bytes_of(data, len), &header, 1 << 20, &opened).code;
    return 0;
}
