/* rlp.h - Recursive Length Prefix, the encoding of Ethereum's headers and trie nodes: one item at a
 * time over a reader, so that depth is the caller's loop and never recursion.
 *
 * Only the one canonical spelling of an item is read: the shortest length prefix, no leading zero in
 * a length, a single byte below 0x80 as itself. Lengths are at most 4 bytes long: nothing we read is
 * larger. Source: Ethereum yellow paper, appendix B.
 */
#ifndef RPL_ATTESTATION_POLICY_RLP_H
#define RPL_ATTESTATION_POLICY_RLP_H

#include "base/reader.h"
#include "base/status.h"
#include "base/writer.h"

typedef struct {
    bool is_list;
    rpl_bytes body;  /* the string, or the items of the list one behind the other */
    rpl_bytes whole; /* prefix and body */
    size_t at;       /* of the body in the whole input */
} rpl_rlp_item;

/* The next item of `r`; its views borrow what `r` borrows.
 * RPL_MALFORMED  no canonical item here, or it is longer than what is left; `r` is then not to be
 *                used any more */
RPL_CHECKED rpl_status rpl_rlp_read(rpl_reader *r, rpl_rlp_item *item);
/* The same; RPL_MALFORMED also when it is a list. */
RPL_CHECKED rpl_status rpl_rlp_read_string(rpl_reader *r, rpl_bytes *string);
/* The same; RPL_MALFORMED also when it is a string. `inside` must end with rpl_read_done. */
RPL_CHECKED rpl_status rpl_rlp_read_list(rpl_reader *r, rpl_reader *inside);
/* A number of at most 8 bytes, big-endian without leading zeros; the empty string is 0. */
RPL_CHECKED rpl_status rpl_rlp_read_uint(rpl_reader *r, uint64_t *out);
/* A string of exactly `len` bytes. */
RPL_CHECKED rpl_status rpl_rlp_read_exact(rpl_reader *r, uint8_t *out, size_t len);

/* `input` is one list and nothing behind it. */
RPL_CHECKED rpl_status rpl_rlp_open_list(rpl_bytes input, rpl_reader *inside);

/* Writing: what does not fit latches in the writer. */
void rpl_rlp_write_string(rpl_writer *w, rpl_bytes string);
/* `items` are written items one behind the other. */
void rpl_rlp_write_list(rpl_writer *w, rpl_bytes items);

#endif
