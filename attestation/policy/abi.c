#include "attestation/policy/abi.h"

#include "base/hash.h"

enum { SELECTOR_LEN = 4 };

static const uint8_t zeros[RPL_ABI_WORD];

static void write_uint(rpl_writer *w, uint64_t number)
{
    rpl_write_bytes(w, rpl_bytes_of(zeros, RPL_ABI_WORD - sizeof(number)));
    for (int shift = 56; shift >= 0; shift -= 8)
        rpl_write_u8(w, (uint8_t)(number >> shift));
}

static size_t padding(size_t len)
{
    return (RPL_ABI_WORD - len % RPL_ABI_WORD) % RPL_ABI_WORD;
}

/* What stands in the head; `tail` is where the next dynamic value will begin. */
static void write_head(rpl_writer *w, const rpl_abi_value *value, size_t *tail)
{
    switch (value->kind) {
    case RPL_ABI_UINT:
        write_uint(w, value->number);
        break;
    case RPL_ABI_BYTES:
        write_uint(w, *tail);
        *tail += RPL_ABI_WORD + value->bytes.len + padding(value->bytes.len);
        break;
    case RPL_ABI_OWNER:
    case RPL_ABI_FIXED:
        rpl_write_bytes(w, rpl_bytes_of(zeros, padding(value->bytes.len)));
        rpl_write_bytes(w, value->bytes);
        break;
    }
}

void rpl_abi_write_arguments(rpl_writer *w, const rpl_abi_value *arguments, size_t count)
{
    size_t tail = count * RPL_ABI_WORD;

    for (size_t i = 0; i < count; i++)
        write_head(w, &arguments[i], &tail);
    for (size_t i = 0; i < count; i++) {
        if (arguments[i].kind != RPL_ABI_BYTES)
            continue;
        write_uint(w, arguments[i].bytes.len);
        rpl_write_bytes(w, arguments[i].bytes);
        rpl_write_bytes(w, rpl_bytes_of(zeros, padding(arguments[i].bytes.len)));
    }
}

void rpl_abi_write_call(rpl_writer *w, const char *signature, const rpl_abi_value *arguments,
                        size_t count)
{
    uint8_t hash[RPL_KECCAK256_LEN];

    rpl_keccak256(rpl_bytes_of_text(signature), hash);
    rpl_write_bytes(w, rpl_bytes_of(hash, SELECTOR_LEN));
    rpl_abi_write_arguments(w, arguments, count);
}

bool rpl_abi_read_word(rpl_reader *r, uint8_t out[static RPL_ABI_WORD])
{
    return rpl_read_copy(r, out, RPL_ABI_WORD);
}

/* A word whose first bytes are zeros, up to its last `len`. */
static bool read_low(rpl_reader *r, size_t len, rpl_bytes *low)
{
    rpl_bytes high;

    return rpl_read_bytes(r, RPL_ABI_WORD - len, &high) &&
           rpl_bytes_equal(high, rpl_bytes_of(zeros, high.len)) && rpl_read_bytes(r, len, low);
}

bool rpl_abi_read_bool(rpl_reader *r, bool *out)
{
    rpl_bytes low;

    if (!read_low(r, 1, &low) || low.data[0] > 1)
        return false;
    *out = low.data[0] == 1;
    return true;
}

bool rpl_abi_read_uint64(rpl_reader *r, uint64_t *out)
{
    rpl_bytes low;

    if (!read_low(r, sizeof(*out), &low))
        return false;
    *out = 0;
    for (size_t i = 0; i < low.len; i++)
        *out = *out << 8 | low.data[i];
    return true;
}

bool rpl_abi_read_address(rpl_reader *r, uint8_t out[static RPL_ABI_ADDRESS])
{
    rpl_bytes low;

    if (!read_low(r, RPL_ABI_ADDRESS, &low))
        return false;
    rpl_reader exact = rpl_reader_over(low);
    return rpl_read_copy(&exact, out, RPL_ABI_ADDRESS);
}

rpl_status rpl_abi_answer_bool(rpl_bytes answer, bool *out)
{
    rpl_reader r = rpl_reader_over(answer);
    bool value;

    if (!rpl_abi_read_bool(&r, &value) || !rpl_read_done(&r))
        return rpl_malformed(&r, "answer of the contract: expected one word that is 0 or 1");
    *out = value;
    return rpl_ok();
}
