/* abi.h - calls of a Solidity contract and their answers: the few shapes we use, each exactly.
 *
 * Source: Solidity's contract ABI specification, "Formal Specification of the Encoding". Every value
 * is a word of 32 bytes, big-endian; bytes and strings are an offset in the head and length, data and
 * zero padding in the tail.
 */
#ifndef RPL_ATTESTATION_POLICY_ABI_H
#define RPL_ATTESTATION_POLICY_ABI_H

#include "base/reader.h"
#include "base/status.h"
#include "base/writer.h"

enum { RPL_ABI_WORD = 32, RPL_ABI_ADDRESS = 20 };

typedef enum {
    RPL_ABI_FIXED, /* bytes32 and the like: `bytes` has 32 bytes */
    RPL_ABI_UINT,  /* uint8 .. uint256, bool: `number` */
    RPL_ABI_OWNER, /* address: `bytes` has 20 bytes */
    RPL_ABI_BYTES, /* bytes and string: `bytes` of any length */
} rpl_abi_kind;

typedef struct {
    rpl_abi_kind kind;
    uint64_t number;
    rpl_bytes bytes; /* borrowed */
} rpl_abi_value;

static inline rpl_abi_value rpl_abi_fixed(const uint8_t word[static RPL_ABI_WORD])
{
    return (rpl_abi_value){.kind = RPL_ABI_FIXED, .bytes = {word, RPL_ABI_WORD}};
}

static inline rpl_abi_value rpl_abi_uint(uint64_t number)
{
    return (rpl_abi_value){.kind = RPL_ABI_UINT, .number = number};
}

static inline rpl_abi_value rpl_abi_address(const uint8_t address[static RPL_ABI_ADDRESS])
{
    return (rpl_abi_value){.kind = RPL_ABI_OWNER, .bytes = {address, RPL_ABI_ADDRESS}};
}

static inline rpl_abi_value rpl_abi_bytes(rpl_bytes bytes)
{
    return (rpl_abi_value){.kind = RPL_ABI_BYTES, .bytes = bytes};
}

/* Calldata: the first 4 bytes of keccak-256 of `signature` ("revoke(bytes32,bytes32,string)"), then
 * the arguments. The kinds are the caller's word: they are not compared with the signature. What
 * does not fit latches in the writer. */
void rpl_abi_write_call(rpl_writer *w, const char *signature, const rpl_abi_value *arguments,
                        size_t count);
/* The arguments alone: those of a constructor stand so behind its code. */
void rpl_abi_write_arguments(rpl_writer *w, const rpl_abi_value *arguments, size_t count);

/* Answers, word by word: a chain of reads that ends with rpl_read_done. False: too short, or the
 * word is out of range: a bool is 0 or 1, a uint64 has 24 leading zeros, an address 12. */
RPL_CHECKED bool rpl_abi_read_word(rpl_reader *r, uint8_t out[static RPL_ABI_WORD]);
RPL_CHECKED bool rpl_abi_read_bool(rpl_reader *r, bool *out);
RPL_CHECKED bool rpl_abi_read_uint64(rpl_reader *r, uint64_t *out);
RPL_CHECKED bool rpl_abi_read_address(rpl_reader *r, uint8_t out[static RPL_ABI_ADDRESS]);

/* The answer of a view that says yes or no. The empty answer of an address without code is neither.
 * RPL_MALFORMED  not exactly one word that is 0 or 1 */
RPL_CHECKED rpl_status rpl_abi_answer_bool(rpl_bytes answer, bool *out);

#endif
