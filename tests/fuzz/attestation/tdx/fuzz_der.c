#include "attestation/tdx/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Every way to take the next element agrees with the general one, and stays inside. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_reader r = rpl_reader_over(rpl_bytes_of(data, len));
    uint8_t tag, octets[16];
    uint32_t number;
    int64_t time_s;
    bool flag;
    rpl_bytes whole, content, part;
    for (rpl_reader at = r, in = r; rpl_der_any(&r, &tag, &whole, &content); at = r, in = at) {
        if (whole.data != at.rest.data || content.data + content.len != whole.data + whole.len ||
            r.at != at.at + whole.len || !rpl_der_peek(&at, tag) || !rpl_der_take(&in, tag, &part))
            __builtin_trap();
        rpl_reader as[] = {at, at, at, at, at, at, at};
        (void)!(rpl_der_octets(&as[0], octets, sizeof(octets)) | rpl_der_bits(&as[1], &part) |
                rpl_der_bool(&as[2], &flag) | rpl_der_positive(&as[3], &part));
        (void)!(rpl_der_time(&as[4], &time_s) | rpl_der_whole(&as[5], tag, &part));
        if (rpl_der_uint(&as[6], RPL_DER_INTEGER, 255, &number) && number > 255)
            __builtin_trap();
        if (tag & 0x20) /* constructed: go on inside */
            r = (rpl_reader){.rest = content, .at = at.at};
    }
    return 0;
}
