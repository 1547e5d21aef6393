#include "server/settings_chain.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/hex.h"
#include "server/settings_values.h"

/* The value as it is digested: 0x and lower-case hex, however it was written. */
static const char *show_hex(rpl_bytes bytes, char **shown, rpl_config *c)
{
    char *text = rpl_config_keep(c, malloc(2 * bytes.len + 3));

    if (!text)
        return "memory";
    text[0] = '0';
    text[1] = 'x';
    rpl_hex_encode(bytes, text + 2);
    *shown = text;
    return NULL;
}

/* EIP-55: a letter is a capital where the hash of the lower-case digits has a half byte from 8. */
static bool is_checksummed(const char *digits, const char *lower)
{
    uint8_t hash[RPL_KECCAK256_LEN];
    bool has_lower = false, has_upper = false, matches = true;

    rpl_keccak256(rpl_bytes_of_text(lower), hash);
    for (size_t i = 0; digits[i]; i++) {
        if (digits[i] >= '0' && digits[i] <= '9')
            continue;
        const bool is_upper = digits[i] >= 'A' && digits[i] <= 'F';
        has_upper |= is_upper;
        has_lower |= !is_upper;
        matches &= is_upper == ((hash[i / 2] >> (i % 2 ? 0 : 4) & 8) != 0);
    }
    return matches || !has_lower || !has_upper;
}

static bool has_0x(const char *value)
{
    return value[0] == '0' && value[1] == 'x';
}

const char *rpl_parse_contract(rpl_config *c, const char *value, char **shown)
{
    const rpl_bytes address = rpl_bytes_of(c->chain.address, sizeof(c->chain.address));

    if (!*value)
        return NULL;
    if (!has_0x(value) ||
        rpl_hex_decode_exact(rpl_bytes_of_text(value), c->chain.address, sizeof(c->chain.address))
                .code != RPL_OK)
        return "0x and 40 hex digits";
    const char *problem = show_hex(address, shown, c);
    if (problem)
        return problem;
    c->has_contract = true;
    return is_checksummed(value + 2, *shown + 2)
               ? NULL
               : "an address whose capitals are its checksum (EIP-55), or no capitals";
}

const char *rpl_parse_chain_id(rpl_config *c, const char *value, char **shown)
{
    const char *rest;
    (void)shown;
    return !*value || (rpl_setting_number(value, 1, INT64_MAX, 10, &c->chain.chain_id, &rest) &&
                       !*rest && *value != '0')
               ? NULL
               : "a decimal number such as 1";
}

const char *rpl_parse_contract_code(rpl_config *c, const char *value, char **shown)
{
    const rpl_bytes hash = rpl_bytes_of(c->chain.code_hash, sizeof(c->chain.code_hash));

    if (!*value)
        return NULL;
    if (rpl_hex_decode_exact(rpl_bytes_of_text(value), c->chain.code_hash,
                             sizeof(c->chain.code_hash))
            .code != RPL_OK)
        return "64 hex digits: the keccak-256 of the contract's code";
    c->has_contract_code = true;
    return show_hex(hash, shown, c);
}

const char *rpl_parse_rpc_prefix(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    if (!*value)
        return NULL;
    const rpl_status s = rpl_rpc_prefixes_parse(rpl_bytes_of_text(value), &c->rpc_prefixes);
    return s.code == RPL_OK ? NULL : s.what;
}

const char *rpl_parse_rpc_quorum(rpl_config *c, const char *value, char **shown)
{
    uint64_t n = 0;
    const char *rest;
    (void)shown;
    if (strcmp(value, "majority") == 0)
        return NULL;
    if (!rpl_setting_number(value, 1, RPL_CHAIN_PROVIDERS_MAX, 10, &n, &rest) || *rest)
        return "majority, or a number from 1 to 8";
    c->chain.quorum = (size_t)n;
    return NULL;
}

#ifdef RPL_TEST_ROOTS
const char *rpl_parse_test_chain_ms(rpl_config *c, const char *value, char **shown)
{
    uint64_t ms;
    const char *rest;
    (void)shown;
    if (!rpl_setting_number(value, 0, 60000, 10, &ms, &rest) || *rest)
        return "milliseconds, at most 60000";
    c->chain_deadline_ms = (int64_t)ms;
    return NULL;
}
#endif

const char *rpl_settings_chain_check(rpl_config *c, bool has_devices)
{
    const size_t given = (size_t)c->has_contract + (c->chain.chain_id != 0) + c->has_contract_code +
                         (c->rpc_prefixes.count > 0);

    if (given == 0)
        return c->chain.quorum == 0 ? NULL
                                    : "REPLICATOOR_RPC_QUORUM: expected a contract beside it; set "
                                      "CONTRACT, or leave it out";
    if (given != 4)
        return "CONTRACT, CHAIN_ID, CONTRACT_CODE, ETH_RPC_PREFIX: expected all of them or none; "
               "some are missing";
    c->chain.n_providers = c->rpc_prefixes.count;
    if (c->chain.quorum == 0)
        c->chain.quorum = c->chain.n_providers / 2 + 1;
    if (c->chain.quorum > c->chain.n_providers)
        return "REPLICATOOR_RPC_QUORUM: expected at most the number of prefixes in ETH_RPC_PREFIX";
    if (c->chain.quorum <= c->chain.n_providers / 2)
        return "REPLICATOOR_RPC_QUORUM: expected more than half of the prefixes in ETH_RPC_PREFIX, "
               "or "
               "two groups of providers could both be right; raise it, or set it to majority";
    if (!has_devices)
        return "REPLICATOOR_DEVICES: expected beside a contract; list the SHA-256 of the accepted "
               "PPIDs, or set it to any: the entries of the contract then decide alone";
    c->chain.is_set = true;
    return NULL;
}
