#include <stdlib.h>

#include "base/https_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is taken has nothing in it but scheme, host, port and path, in that order. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_https_url url;
    if (rpl_https_url_parse(rpl_bytes_of(data, len), &url).code != RPL_OK)
        return 0;
    const size_t port_len = len - 8 - url.host.len - url.path.len;
    if (url.host.data != data + 8 || url.path.data + url.path.len != data + len || port_len > 6)
        abort();
    for (size_t i = 0; i < len; i++)
        if (strchr("@?#%\\ ,", data[i]))
            abort();
    return 0;
}
