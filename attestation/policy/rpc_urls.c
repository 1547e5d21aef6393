#include "attestation/policy/rpc_urls.h"

#include "base/writer.h"

static const char scheme[] = "https://";
static const char not_a_prefix[] =
    "https://HOST/ or https://HOST/PATH/, lower-case host with a dot, no user, query, fragment, "
    "escape or ..; the / at the end is part of it";

static bool is_one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool consists_of(rpl_bytes text, const char *set)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_one_of(text.data[i], set))
            return false;
    }
    return text.len > 0;
}

/* The bytes up to the first of `ends`, or all; `r` stands before it. */
static rpl_bytes up_to(rpl_reader *r, const char *ends)
{
    rpl_bytes part = {NULL, 0};
    size_t n = 0;

    while (n < r->rest.len && !is_one_of(r->rest.data[n], ends))
        n++;
    return rpl_read_bytes(r, n, &part) ? part : (rpl_bytes){NULL, 0};
}

static bool take(rpl_reader *r, char c)
{
    rpl_bytes one;
    return r->rest.len > 0 && r->rest.data[0] == (uint8_t)c && rpl_read_bytes(r, 1, &one);
}

static bool is_host(rpl_bytes host)
{
    rpl_reader r = rpl_reader_over(host);
    size_t labels = 0;

    do {
        const rpl_bytes label = up_to(&r, ".");
        if (!consists_of(label, LOWER DIGITS "-") || label.len > 63 || label.data[0] == '-' ||
            label.data[label.len - 1] == '-')
            return false;
        labels++;
    } while (take(&r, '.'));
    return labels > 1;
}

static bool is_port(rpl_bytes port)
{
    uint32_t n = 0;

    if (!consists_of(port, DIGITS) || port.len > 5 || port.data[0] == '0')
        return false;
    for (size_t i = 0; i < port.len; i++)
        n = n * 10 + (uint32_t)(port.data[i] - '0');
    return n <= 65535;
}

/* Segments, each with its slash, up to the end. */
static bool is_path(rpl_reader *r)
{
    while (!rpl_read_done(r)) {
        const rpl_bytes segment = up_to(r, "/");
        if (!consists_of(segment, LOWER UPPER DIGITS "_-.~") || segment.data[0] == '.' ||
            !take(r, '/'))
            return false;
    }
    return true;
}

static bool is_prefix(rpl_bytes text, rpl_bytes *host)
{
    rpl_reader r = rpl_reader_over(text);
    rpl_bytes start;

    if (!rpl_read_bytes(&r, sizeof(scheme) - 1, &start) ||
        !rpl_bytes_equal(start, rpl_bytes_of_text(scheme)))
        return false;
    *host = up_to(&r, ":/");
    if (!is_host(*host) || (take(&r, ':') && !is_port(up_to(&r, "/"))))
        return false;
    return take(&r, '/') && is_path(&r);
}

static void keep(char *to, size_t room, rpl_bytes text)
{
    rpl_writer w = rpl_writer_over(to, room);

    rpl_write_bytes(&w, text);
    rpl_write_u8(&w, 0);
}

rpl_status rpl_rpc_prefixes_parse(rpl_bytes text, rpl_rpc_prefixes *out)
{
    rpl_bytes hosts[RPL_CHAIN_PROVIDERS_MAX];
    rpl_reader r = rpl_reader_over(text);
    rpl_rpc_prefixes found = {0};

    do {
        const rpl_bytes prefix = up_to(&r, ",");
        if (found.count == RPL_CHAIN_PROVIDERS_MAX || prefix.len > RPL_RPC_PREFIX_MAX)
            return rpl_fail(RPL_TOO_LARGE, "at most 8 prefixes of at most 255 characters");
        if (!is_prefix(prefix, &hosts[found.count]))
            return rpl_malformed(&r, not_a_prefix);
        for (size_t i = 0; i < found.count; i++) {
            if (rpl_bytes_equal(hosts[i], hosts[found.count]))
                return rpl_fail(RPL_CONFLICT, "each host once: providers are counted by host");
        }
        keep(found.text[found.count++], RPL_RPC_PREFIX_MAX + 1, prefix);
    } while (take(&r, ','));
    *out = found;
    return rpl_ok();
}

/* The prefix under which `url` stands; `count` when there is none. `rest` is what follows it. */
static size_t prefix_of(const rpl_rpc_prefixes *prefixes, rpl_bytes url, rpl_bytes *rest)
{
    size_t i = 0;

    for (; i < prefixes->count; i++) {
        const rpl_bytes prefix = rpl_bytes_of_text(prefixes->text[i]);
        rpl_reader r = rpl_reader_over(url);
        rpl_bytes start;
        if (rpl_read_bytes(&r, prefix.len, &start) && rpl_bytes_equal(start, prefix)) {
            *rest = r.rest;
            break;
        }
    }
    return i;
}

rpl_status rpl_rpc_keys_parse(const rpl_rpc_prefixes *prefixes, rpl_bytes text, rpl_rpc_keys *out,
                              size_t *fault)
{
    rpl_reader r = rpl_reader_over(text);
    rpl_rpc_keys found = {{{0}}};

    *fault = 0;
    do {
        rpl_bytes key = {NULL, 0};
        const size_t i = prefix_of(prefixes, up_to(&r, ","), &key);
        ++*fault;
        if (i == prefixes->count)
            return rpl_fail(RPL_DENIED, "it does not begin with a prefix of ETH_RPC_PREFIX");
        if (found.text[i][0])
            return rpl_fail(RPL_CONFLICT, "a second one under the same prefix");
        if (key.len > RPL_RPC_KEY_MAX || !consists_of(key, LOWER UPPER DIGITS "_-"))
            return rpl_fail(RPL_MALFORMED,
                            "expected exactly one segment of 1 to 128 letters, digits, _ and - "
                            "behind the prefix");
        keep(found.text[i], RPL_RPC_KEY_MAX + 1, key);
    } while (take(&r, ','));
    *out = found;
    return rpl_ok();
}

bool rpl_rpc_url(const rpl_rpc_prefixes *prefixes, const rpl_rpc_keys *keys, size_t i,
                 char out[static RPL_RPC_URL_SIZE])
{
    rpl_writer w = rpl_writer_over(out, RPL_RPC_URL_SIZE);

    if (i >= prefixes->count || !keys->text[i][0])
        return false;
    rpl_write_text(&w, prefixes->text[i]);
    rpl_write_text(&w, keys->text[i]);
    rpl_write_u8(&w, 0);
    return rpl_writer_done(&w);
}
