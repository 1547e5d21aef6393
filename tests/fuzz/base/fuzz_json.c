#include <stdlib.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A member found raw reads alone, inside an array, as the very value the whole text gave it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    RPL_AUTO(json) json_t *whole = NULL;
    rpl_bytes raw;
    if (rpl_json_parse(rpl_bytes_of(data, len), 1 << 16, &whole).code != RPL_OK ||
        rpl_json_raw_member(rpl_bytes_of(data, len), "k", &raw).code != RPL_OK)
        return 0;
    RPL_AUTO(json)
    json_t *alone = json_loadb((const char *)raw.data, raw.len, JSON_DECODE_ANY, NULL);
    if (!alone || !json_equal(alone, json_object_get(whole, "k")))
        abort();
    return 0;
}
