#include "attestation/policy/contract_call.h"

#include "attestation/policy/abi.h"

enum { LIST_HEAD = 32 /* where the array begins */, STATUS_MAX = 3 };

bool rpl_contract_kind_named(rpl_bytes name, rpl_contract_kind *out)
{
    for (int kind = 0; kind < RPL_KIND_COUNT; kind++) {
        const char *text = rpl_contract_kind_name((rpl_contract_kind)kind);
        if (!rpl_bytes_equal(name, rpl_bytes_of_text(text)))
            continue;
        *out = (rpl_contract_kind)kind;
        return true;
    }
    return false;
}

bool rpl_contract_kind_of(const uint8_t hash[static 32], rpl_contract_kind *out)
{
    for (int kind = 0; kind < RPL_KIND_COUNT; kind++) {
        uint8_t ours[32];
        rpl_contract_kind_hash((rpl_contract_kind)kind, ours);
        if (!rpl_bytes_equal(rpl_bytes_of(ours, 32), rpl_bytes_of(hash, 32)))
            continue;
        *out = (rpl_contract_kind)kind;
        return true;
    }
    return false;
}

void rpl_contract_call_propose(rpl_writer *w, const rpl_contract_key *key, uint64_t not_before,
                               uint64_t not_after, rpl_bytes info)
{
    const rpl_abi_value arguments[] = {rpl_abi_fixed(key->kind), rpl_abi_fixed(key->value),
                                       rpl_abi_uint(not_before), rpl_abi_uint(not_after),
                                       rpl_abi_bytes(info)};
    rpl_abi_write_call(w, "propose(bytes32,bytes32,uint64,uint64,bytes)", arguments, 5);
}

void rpl_contract_call_propose_release(
    rpl_writer *w, rpl_bytes app_compose,
    const uint8_t measurements[static RPL_CONTRACT_MEASUREMENTS_LEN])
{
    const rpl_abi_value arguments[] = {
        rpl_abi_bytes(app_compose),
        rpl_abi_bytes(rpl_bytes_of(measurements, RPL_CONTRACT_MEASUREMENTS_LEN))};
    rpl_abi_write_call(w, "proposeRelease(bytes,bytes)", arguments, 2);
}

void rpl_contract_call_revoke(rpl_writer *w, const rpl_contract_key *key, rpl_bytes reason)
{
    const rpl_abi_value arguments[] = {rpl_abi_fixed(key->kind), rpl_abi_fixed(key->value),
                                       rpl_abi_bytes(reason)};
    rpl_abi_write_call(w, "revoke(bytes32,bytes32,string)", arguments, 3);
}

void rpl_contract_call_sunset(rpl_writer *w, const rpl_contract_key *key, uint64_t not_after)
{
    const rpl_abi_value arguments[] = {rpl_abi_fixed(key->kind), rpl_abi_fixed(key->value),
                                       rpl_abi_uint(not_after)};
    rpl_abi_write_call(w, "sunset(bytes32,bytes32,uint64)", arguments, 3);
}

void rpl_contract_call_set_identity(rpl_writer *w,
                                    const uint8_t identity[static RPL_CONTRACT_IDENTITY_LEN],
                                    rpl_bytes info)
{
    const rpl_abi_value arguments[] = {
        rpl_abi_bytes(rpl_bytes_of(identity, RPL_CONTRACT_IDENTITY_LEN)), rpl_abi_bytes(info)};
    rpl_abi_write_call(w, "setIdentity(bytes,bytes)", arguments, 2);
}

void rpl_contract_call_cancel_identity(rpl_writer *w, rpl_bytes reason)
{
    const rpl_abi_value arguments[] = {rpl_abi_bytes(reason)};
    rpl_abi_write_call(w, "cancelIdentity(string)", arguments, 1);
}

void rpl_contract_call_raise_min_epoch(rpl_writer *w, uint64_t to)
{
    const rpl_abi_value arguments[] = {rpl_abi_uint(to)};
    rpl_abi_write_call(w, "raiseMinEpoch(uint64)", arguments, 1);
}

void rpl_contract_call_list(rpl_writer *w, uint64_t offset)
{
    const rpl_abi_value arguments[] = {rpl_abi_uint(offset), rpl_abi_uint(RPL_CONTRACT_PAGE)};
    rpl_abi_write_call(w, "list(uint256,uint256)", arguments, 2);
}

static bool read_item(rpl_reader *r, rpl_contract_item *item)
{
    uint64_t status; /* as the contract says it; ours follows from the entry */
    return rpl_abi_read_word(r, item->key.kind) && rpl_abi_read_word(r, item->key.value) &&
           rpl_abi_read_uint64(r, &item->entry.not_before) &&
           rpl_abi_read_uint64(r, &item->entry.not_after) &&
           rpl_abi_read_uint64(r, &item->entry.proposed_at) &&
           rpl_abi_read_uint64(r, &item->entry.position) && rpl_abi_read_uint64(r, &status) &&
           status <= STATUS_MAX;
}

rpl_status rpl_contract_read_list(rpl_bytes answer, rpl_contract_item *items, size_t cap,
                                  size_t *count)
{
    rpl_reader r = rpl_reader_over(answer);
    uint64_t head, n;
    if (!rpl_abi_read_uint64(&r, &head) || head != LIST_HEAD || !rpl_abi_read_uint64(&r, &n))
        return rpl_malformed(&r, "answer of list(): expected an array of entries");
    if (n > cap)
        return rpl_fail(RPL_TOO_LARGE, "answer of list(): more entries than were asked for");
    for (size_t i = 0; i < n; i++) {
        if (!read_item(&r, &items[i]))
            return rpl_malformed(&r, "answer of list(): expected an entry of seven words");
    }
    if (!rpl_read_done(&r))
        return rpl_malformed(&r, "answer of list(): bytes behind the last entry");
    *count = (size_t)n;
    return rpl_ok();
}

rpl_status rpl_contract_read_pin(rpl_bytes answer, rpl_contract_pin *out)
{
    rpl_reader r = rpl_reader_over(answer);
    rpl_contract_pin pin;
    if (!rpl_abi_read_word(&r, pin.digest) || !rpl_abi_read_address(&r, pin.address) ||
        !rpl_abi_read_uint64(&r, &pin.from) || !rpl_abi_read_uint64(&r, &pin.proposed_at) ||
        !rpl_read_done(&r))
        return rpl_malformed(&r, "answer of pendingIdentity(): expected four words");
    *out = pin;
    return rpl_ok();
}
