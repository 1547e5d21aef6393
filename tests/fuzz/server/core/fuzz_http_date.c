#include <stdlib.h>

#include "server/core/http_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Only 29 bytes ever are a date, and only one of the years 1970 to 9999. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int64_t unix_s = -1;
    if (rpl_http_date_parse(rpl_bytes_of(data, len), &unix_s).code != RPL_OK)
        return 0;
    if (len != RPL_HTTP_DATE_LEN || unix_s < 0 || unix_s > 253402300799)
        abort();
    return 0;
}
