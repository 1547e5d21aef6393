#include "attestation/policy/rlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read as an item, writes to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t again[65536];
    rpl_reader r = rpl_reader_over((rpl_bytes){data, len});
    rpl_rlp_item item;
    while (!rpl_read_done(&r) && rpl_rlp_read(&r, &item).code == RPL_OK) {
        rpl_writer w = rpl_writer_over(again, sizeof(again));
        (item.is_list ? rpl_rlp_write_list : rpl_rlp_write_string)(&w, item.body);
        if (rpl_writer_done(&w) && !rpl_bytes_equal(rpl_writer_bytes(&w), item.whole))
            __builtin_trap();
    }
    return 0;
}
