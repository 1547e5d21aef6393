/* rpc_urls.h - where the providers of a chain are asked: prefixes from the measured configuration,
 * and behind each one segment, the key of an account, which the untrusted host sends to /configure
 * (ETH_RPC_URL). Text only; nobody is asked here.
 *
 * A prefix is https://HOST[:PORT]/ or https://HOST[:PORT]/SEGMENT/../ : lower-case host name with a
 * dot in it or IPv4 address, no user, query, fragment, escape, empty segment, "." or "..". The slash
 * at its end is what keeps a host from going on (https://rpc.org.evil.example).
 */
#ifndef RPL_ATTESTATION_POLICY_RPC_URLS_H
#define RPL_ATTESTATION_POLICY_RPC_URLS_H

#include "attestation/policy/chain_facts.h"
#include "base/reader.h"

enum { RPL_RPC_PREFIX_MAX = 255, RPL_RPC_KEY_MAX = 128 };

/* In the order of the setting; zero-terminated. */
typedef struct {
    size_t count;
    char text[RPL_CHAIN_PROVIDERS_MAX][RPL_RPC_PREFIX_MAX + 1];
} rpl_rpc_prefixes;

/* Comma separated, each of another host: providers are counted by host.
 * RPL_MALFORMED  not such prefixes
 * RPL_CONFLICT   two of one host
 * RPL_TOO_LARGE  more than RPL_CHAIN_PROVIDERS_MAX, or a longer one */
RPL_CHECKED rpl_status rpl_rpc_prefixes_parse(rpl_bytes text, rpl_rpc_prefixes *out);

/* By prefix; "": none. A credential of the host's: it is not shown, logged or put in an error. */
typedef struct {
    char text[RPL_CHAIN_PROVIDERS_MAX][RPL_RPC_KEY_MAX + 1];
} rpl_rpc_keys;

/* A comma separated list of prefix and key, at most one per prefix; the key is one segment of
 * [A-Za-z0-9_-]{1,128} and nothing behind it.
 *   fault  the entry's place in the list, from 1
 * RPL_MALFORMED  another key, or an empty list
 * RPL_DENIED     an entry under no prefix
 * RPL_CONFLICT   two under one prefix */
RPL_CHECKED rpl_status rpl_rpc_keys_parse(const rpl_rpc_prefixes *prefixes, rpl_bytes text,
                                          rpl_rpc_keys *out, size_t *fault);

enum { RPL_RPC_URL_SIZE = RPL_RPC_PREFIX_MAX + RPL_RPC_KEY_MAX + 1 };
/* Prefix and key; false: there is no key for it. */
RPL_CHECKED bool rpl_rpc_url(const rpl_rpc_prefixes *prefixes, const rpl_rpc_keys *keys, size_t i,
                             char out[static RPL_RPC_URL_SIZE]);

#endif
