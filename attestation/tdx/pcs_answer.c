#include "attestation/tdx/pcs_answer.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/json.h"

enum { SIGNATURE_HEX = 128 };

bool rpl_pcs_same(const rpl_pcs_ask *a, const rpl_pcs_ask *b)
{
    return a->kind == b->kind && a->early == b->early && a->processor_ca == b->processor_ca &&
           rpl_bytes_equal(rpl_bytes_of(a->fmspc, sizeof(a->fmspc)),
                           rpl_bytes_of(b->fmspc, sizeof(b->fmspc)));
}

static const struct {
    const char *name;
    size_t body_max;
    const char *headers[2];
} kinds[RPL_PCS_KIND_COUNT] = {
    [RPL_PCS_TCB_INFO] = {"TCB info",
                          RPL_PCS_JSON_MAX,
                          {"TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"}},
    [RPL_PCS_QE_IDENTITY] = {"QE identity",
                             RPL_PCS_JSON_MAX,
                             {"SGX-Enclave-Identity-Issuer-Chain"}},
    [RPL_PCS_PCK_CRL] = {"PCK CRL", RPL_PCS_CRL_MAX, {"SGX-PCK-CRL-Issuer-Chain"}},
    [RPL_PCS_ROOT_CRL] = {"root CRL", RPL_PCS_CRL_MAX, {NULL}},
};

const char *rpl_pcs_name(const rpl_pcs_ask *ask)
{
    if (ask->kind >= RPL_PCS_KIND_COUNT)
        return "";
    if (ask->early && ask->kind == RPL_PCS_QE_IDENTITY)
        return "early QE identity";
    return ask->early ? "early TCB info" : kinds[ask->kind].name;
}

size_t rpl_pcs_body_max(const rpl_pcs_ask *ask)
{
    return ask->kind < RPL_PCS_KIND_COUNT ? kinds[ask->kind].body_max : 0;
}

static bool cut_end(rpl_bytes *text, const char *end)
{
    const rpl_bytes wanted = rpl_bytes_of_text(end);
    if (text->len < wanted.len ||
        !rpl_bytes_equal(rpl_bytes_of(text->data + text->len - wanted.len, wanted.len), wanted))
        return false;
    text->len -= wanted.len;
    return true;
}

/* Characters of scheme://, 0 when it is none of ours. */
static size_t scheme_len(rpl_bytes text)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        const rpl_bytes scheme = rpl_bytes_of_text(schemes[i]);
        if (text.len > scheme.len && rpl_bytes_equal(rpl_bytes_of(text.data, scheme.len), scheme))
            return scheme.len;
    }
    return 0;
}

static bool is_host_character(uint8_t c)
{
    return c > 0x20 && c < 0x7f && !strchr("/?#@\\\"<>", c);
}

bool rpl_pcs_base_parse(rpl_bytes text, char base[static RPL_PCS_BASE_MAX])
{
    (void)cut_end(&text, "/");
    (void)(cut_end(&text, "/sgx/certification/v4") || cut_end(&text, "/tdx/certification/v4"));
    const size_t scheme = scheme_len(text);
    if (scheme == 0 || text.len >= RPL_PCS_BASE_MAX)
        return false;
    for (size_t i = scheme; i < text.len; i++) {
        if (!is_host_character(text.data[i]))
            return false;
    }
    rpl_reader r = rpl_reader_over(text);
    base[text.len] = '\0';
    return rpl_read_copy(&r, (uint8_t *)base, text.len);
}

void rpl_pcs_path(const rpl_pcs_ask *ask, char path[static RPL_PCS_PATH_MAX])
{
    char hex[13];
    rpl_hex_encode(rpl_bytes_of(ask->fmspc, 6), hex);
    switch (ask->kind) {
    case RPL_PCS_TCB_INFO:
        snprintf(path, RPL_PCS_PATH_MAX, "/tdx/certification/v4/tcb?fmspc=%s%s", hex,
                 ask->early ? "&update=early" : "");
        return;
    case RPL_PCS_QE_IDENTITY:
        snprintf(path, RPL_PCS_PATH_MAX, "/tdx/certification/v4/qe/identity%s",
                 ask->early ? "?update=early" : "");
        return;
    case RPL_PCS_PCK_CRL:
        snprintf(path, RPL_PCS_PATH_MAX, "/sgx/certification/v4/pckcrl?ca=%s&encoding=der",
                 ask->processor_ca ? "processor" : "platform");
        return;
    case RPL_PCS_ROOT_CRL:
        snprintf(path, RPL_PCS_PATH_MAX, "/sgx/certification/v4/rootcacrl");
        return;
    case RPL_PCS_KIND_COUNT:
        break;
    }
    path[0] = '\0';
}

void rpl_pcs_url(const rpl_pcs_ask *ask, const char *base, char url[static RPL_PCS_URL_MAX])
{
    char path[RPL_PCS_PATH_MAX];
    const bool of_intel = ask->kind == RPL_PCS_ROOT_CRL && strcmp(base, RPL_PCS_INTEL) == 0;
    rpl_pcs_path(ask, path);
    snprintf(url, RPL_PCS_URL_MAX, "%.*s%s", RPL_PCS_BASE_MAX - 1,
             of_intel ? RPL_PCS_ROOT_CRL_URL : base, of_intel ? "" : path);
}

rpl_status rpl_pcs_status(long http_status)
{
    static const struct {
        long status;
        const char *what;
    } rows[] = {
        {400, "the service says 400: it does not take this request"},
        {401, "the service says 401: it wants to know who asks"},
        {404, "the service says 404: it does not know this platform (FMSPC)"},
        {410, "the service says 410: it does not have this evaluation number any more"},
        {429, "the service says 429: it was asked too often"},
        {500, "the service says 500: a fault of its own"},
        {503, "the service says 503: it is not available now"},
    };
    if (http_status == 200)
        return rpl_ok();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].status == http_status)
            return rpl_fail(RPL_UNAVAILABLE, rows[i].what);
    }
    if (http_status >= 300 && http_status < 400)
        return rpl_fail(RPL_UNAVAILABLE, "the service redirects, which is not followed");
    return rpl_fail(RPL_UNAVAILABLE, "the service answers with an unexpected HTTP status");
}

uint32_t rpl_pcs_retry_after(rpl_bytes value)
{
    uint32_t seconds = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return 0;
        seconds = seconds * 10 + (uint32_t)(value.data[i] - '0');
        if (seconds > RPL_PCS_RETRY_MAX_S)
            seconds = RPL_PCS_RETRY_MAX_S;
    }
    return seconds;
}

const char *rpl_pcs_chain_header(rpl_pcs_kind kind, size_t i)
{
    return kind < RPL_PCS_KIND_COUNT && i < 2 ? kinds[kind].headers[i] : NULL;
}

rpl_status rpl_pcs_chain_decode(rpl_bytes value, uint8_t *out, size_t *len)
{
    rpl_reader r = rpl_reader_over(value);
    size_t n = 0;
    if (value.len > 3 * (size_t)RPL_PCS_CHAIN_MAX)
        return rpl_fail(RPL_TOO_LARGE, "issuer chain header: too long");
    while (!rpl_read_done(&r)) {
        rpl_bytes digits;
        uint8_t c = 0;
        if (!rpl_read_u8(&r, &c))
            return rpl_malformed(&r, "issuer chain header");
        if (c == '%' &&
            (!rpl_read_bytes(&r, 2, &digits) || rpl_hex_decode_exact(digits, &c, 1).code != RPL_OK))
            return rpl_malformed(&r, "issuer chain header: % wants two hex digits");
        out[n++] = c;
    }
    if (n > RPL_PCS_CHAIN_MAX)
        return rpl_fail(RPL_TOO_LARGE, "issuer chain header: too long");
    *len = n;
    return rpl_ok();
}

rpl_status rpl_pcs_json_split(rpl_pcs_kind kind, rpl_bytes body, rpl_bytes *value,
                              rpl_bytes *signature)
{
    const char *member = kind == RPL_PCS_TCB_INFO ? "tcbInfo" : "enclaveIdentity";
    rpl_bytes document, quoted;
    if (body.len > RPL_PCS_JSON_MAX)
        return rpl_fail(RPL_TOO_LARGE, "signed document: body too long");
    RPL_TRY(rpl_json_raw_member(body, member, &document));
    RPL_TRY(rpl_json_raw_member(body, "signature", &quoted));
    if (document.len == 0 || document.data[0] != '{')
        return rpl_fail(RPL_MALFORMED, "signed document: its value must be an object");
    if (quoted.len != SIGNATURE_HEX + 2 || quoted.data[0] != '"')
        return rpl_fail(RPL_MALFORMED, "signed document: the signature must be 128 hex digits");
    *value = document;
    *signature = rpl_bytes_of(quoted.data + 1, SIGNATURE_HEX);
    return rpl_ok();
}
