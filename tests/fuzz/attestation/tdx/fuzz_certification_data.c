#include "attestation/tdx/quote.h"
#include "base/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The input is what stands behind the length of the signature data in a quote of version 4. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t header[48] = {4,    0,    2,    0,    0x81, 0,    0,    0,    0,    0,
                                       0,    0,    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
    static uint8_t quote[RPL_QUOTE_MAX], body[584];
    const char *code = NULL;
    rpl_quote q;
    rpl_writer w = rpl_writer_over(quote, sizeof(quote));
    rpl_write_bytes(&w, rpl_bytes_of(header, sizeof(header)));
    rpl_write_bytes(&w, rpl_bytes_of(body, sizeof(body)));
    rpl_write_u32le(&w, (uint32_t)len);
    rpl_write_bytes(&w, rpl_bytes_of(data, len));
    if (!rpl_writer_done(&w) || rpl_quote_parse(rpl_writer_bytes(&w), &q, &code).code != RPL_OK)
        return 0;
    /* 590 bytes stand around auth data and chain */
    if (q.canonical.len != 636 + len || q.qe_auth_data.len + q.pck_pem.len > len - 590)
        __builtin_trap();
    return 0;
}
