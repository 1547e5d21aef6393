#include "attestation/policy/block_header.h"

#include "attestation/policy/rlp.h"
#include "attestation/policy/rpc_answer.h"
#include "base/hash.h"

/* The member of the JSON, and whether it is a QUANTITY. */
typedef struct {
    const char *name;
    bool is_quantity;
} field;

static const field fields[] = {
    {"parentHash", false},
    {"sha3Uncles", false},
    {"miner", false},
    {"stateRoot", false},
    {"transactionsRoot", false},
    {"receiptsRoot", false},
    {"logsBloom", false},
    {"difficulty", true},
    {"number", true},
    {"gasLimit", true},
    {"gasUsed", true},
    {"timestamp", true},
    {"extraData", false},
    {"mixHash", false},
    {"nonce", false},
    {"baseFeePerGas", true},
    {"withdrawalsRoot", false},
    {"blobGasUsed", true},
    {"excessBlobGas", true},
    {"parentBeaconBlockRoot", false},
    {"requestsHash", false},
    {"blockAccessListHash", false},
};

enum { FIELDS = sizeof(fields) / sizeof(*fields), REQUIRED = 15 /* in every header */ };

static rpl_status write_field(rpl_writer *w, const field *f, const json_t *value)
{
    uint8_t bytes[RPL_BLOCK_FIELD_MAX];
    size_t len;

    if (f->is_quantity ? !rpl_rpc_quantity_bytes(value, bytes, 32, &len)
                       : !rpl_rpc_data(value, bytes, sizeof(bytes), &len))
        return rpl_fail(RPL_MALFORMED, "block: a field is missing or not of its form");
    rpl_rlp_write_string(w, rpl_bytes_of(bytes, len));
    return rpl_ok();
}

static rpl_status write_fields(rpl_writer *w, const json_t *block)
{
    bool ended = false;

    for (size_t i = 0; i < FIELDS; i++) {
        const json_t *value = json_object_get(block, fields[i].name);
        const bool absent = i >= REQUIRED && (!value || json_is_null(value));
        if (ended && !absent)
            return rpl_fail(RPL_MALFORMED, "block: a field of a later fork without an earlier one");
        ended |= absent;
        if (!ended)
            RPL_TRY(write_field(w, &fields[i], value));
    }
    return rpl_ok();
}

/* In the order of `fields`. */
static rpl_status read_required(rpl_reader *r, rpl_block_header *h)
{
    rpl_bytes other;
    uint64_t timestamp;

    RPL_TRY(rpl_rlp_read_exact(r, h->parent_hash, sizeof(h->parent_hash)));
    RPL_TRY(rpl_rlp_read_string(r, &other));
    RPL_TRY(rpl_rlp_read_string(r, &other));
    RPL_TRY(rpl_rlp_read_exact(r, h->state_root, sizeof(h->state_root)));
    for (int i = 0; i < 4; i++)
        RPL_TRY(rpl_rlp_read_string(r, &other));
    RPL_TRY(rpl_rlp_read_uint(r, &h->number));
    RPL_TRY(rpl_rlp_read_string(r, &other));
    RPL_TRY(rpl_rlp_read_string(r, &other));
    RPL_TRY(rpl_rlp_read_uint(r, &timestamp));
    for (int i = 0; i < REQUIRED - 12; i++)
        RPL_TRY(rpl_rlp_read_string(r, &other));
    if (timestamp > INT64_MAX)
        return rpl_malformed(r, "block: a timestamp that no clock can have");
    h->timestamp = (int64_t)timestamp;
    return rpl_ok();
}

rpl_status rpl_block_header_parse(rpl_bytes rlp, rpl_block_header *out)
{
    rpl_block_header header = {0};
    rpl_bytes other;
    rpl_reader r;

    if (rlp.len > RPL_BLOCK_HEADER_MAX)
        return rpl_fail(RPL_TOO_LARGE, "block: the header is larger than any can be");
    RPL_TRY(rpl_rlp_open_list(rlp, &r));
    RPL_TRY(read_required(&r, &header));
    while (!rpl_read_done(&r))
        RPL_TRY(rpl_rlp_read_string(&r, &other));
    rpl_keccak256(rlp, header.hash);
    *out = header;
    return rpl_ok();
}

rpl_status rpl_block_header_read(const json_t *block, rpl_block_header *out)
{
    uint8_t items[RPL_BLOCK_HEADER_MAX], whole[RPL_BLOCK_HEADER_MAX], hash[32];
    rpl_writer inside = rpl_writer_over(items, sizeof(items));
    rpl_writer w = rpl_writer_over(whole, sizeof(whole));
    rpl_block_header header;

    RPL_TRY(write_fields(&inside, block));
    rpl_rlp_write_list(&w, rpl_writer_bytes(&inside));
    if (!rpl_writer_done(&inside) || !rpl_writer_done(&w))
        return rpl_fail(RPL_TOO_LARGE, "block: the header is larger than any can be");
    if (!rpl_rpc_data_exact(json_object_get(block, "hash"), hash, sizeof(hash)))
        return rpl_fail(RPL_MALFORMED, "block: it has no hash: is it a pending one?");
    RPL_TRY(rpl_block_header_parse(rpl_writer_bytes(&w), &header));
    if (!rpl_bytes_equal(rpl_bytes_of(header.hash, 32), rpl_bytes_of(hash, 32)))
        return rpl_fail(RPL_UNTRUSTED, "block: its fields do not hash to its hash");
    *out = header;
    return rpl_ok();
}
