#include "attestation/tdx/pcs_answer.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/json.h"

enum { SIGNATURE_HEX = 128 };

void rpl_pcs_path(rpl_pcs_kind kind, const uint8_t fmspc[static 6], bool processor_ca,
                  char path[static RPL_PCS_PATH_MAX])
{
    char hex[13];
    rpl_hex_encode(rpl_bytes_of(fmspc, 6), hex);
    switch (kind) {
    case RPL_PCS_TCB_INFO:
        snprintf(path, RPL_PCS_PATH_MAX, "/tdx/certification/v4/tcb?fmspc=%s", hex);
        return;
    case RPL_PCS_QE_IDENTITY:
        snprintf(path, RPL_PCS_PATH_MAX, "/tdx/certification/v4/qe/identity");
        return;
    case RPL_PCS_PCK_CRL:
        snprintf(path, RPL_PCS_PATH_MAX, "/sgx/certification/v4/pckcrl?ca=%s&encoding=der",
                 processor_ca ? "processor" : "platform");
        return;
    case RPL_PCS_ROOT_CRL:
        snprintf(path, RPL_PCS_PATH_MAX, "/sgx/certification/v4/rootcacrl");
        return;
    case RPL_PCS_KIND_COUNT:
        break;
    }
    path[0] = '\0';
}

const char *rpl_pcs_chain_header(rpl_pcs_kind kind, size_t i)
{
    static const char *const names[RPL_PCS_KIND_COUNT][2] = {
        [RPL_PCS_TCB_INFO] = {"TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"},
        [RPL_PCS_QE_IDENTITY] = {"SGX-Enclave-Identity-Issuer-Chain"},
    };
    return kind < RPL_PCS_KIND_COUNT && i < 2 ? names[kind][i] : NULL;
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
