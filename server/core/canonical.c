#include "server/core/canonical.h"

#include <sodium.h>

static bool compare_rest(pb_ostream_t *stream, const pb_byte_t *buf, size_t count)
{
    rpl_bytes *rest = stream->state;
    if (count > rest->len || sodium_memcmp(buf, rest->data, count) != 0)
        return false;
    *rest = rpl_bytes_of(rest->data + count, rest->len - count);
    return true;
}

bool rpl_encodes_to(const pb_msgdesc_t *type, const void *message, rpl_bytes bytes)
{
    rpl_bytes rest = bytes;
    pb_ostream_t stream = {.callback = compare_rest, .state = &rest, .max_size = bytes.len};
    return pb_encode(&stream, type, message) && rest.len == 0;
}
