#include "server/core/collateral_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *record = malloc(len + RPL_SHA256_LEN), *again = NULL;
    rpl_collateral_document *d = NULL;
    size_t again_len = 0;
    if (record && len)
        memcpy(record, data, len);
    if (record)
        rpl_sha256(rpl_bytes_of(data, len), record + len);
    const rpl_bytes input = rpl_bytes_of(record, record ? len + RPL_SHA256_LEN : 0);
    if (rpl_collateral_record_read(input, &d).code == RPL_OK &&
        rpl_collateral_record_write(d, &again, &again_len).code != RPL_OK)
        __builtin_trap();
    free(again);
    free(record);
    free(d);
    return 0;
}
