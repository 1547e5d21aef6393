#include "attestation/tdx/x509.h"

bool rpl_x509_open(rpl_bytes der, rpl_x509_envelope *out, rpl_reader *tbs)
{
    rpl_reader all = rpl_reader_over(der), in;
    if (!rpl_der_enter(&all, RPL_DER_SEQUENCE, &in) || !rpl_read_done(&all))
        return false;
    rpl_reader again = in;
    return rpl_der_whole(&in, RPL_DER_SEQUENCE, &out->tbs) &&
           rpl_der_enter(&again, RPL_DER_SEQUENCE, tbs) &&
           rpl_der_whole(&in, RPL_DER_SEQUENCE, &out->algorithm) &&
           rpl_der_bits(&in, &out->signature) && rpl_read_done(&in);
}

bool rpl_x509_is_ecdsa_sha256(rpl_bytes inner, rpl_bytes outer)
{
    static const uint8_t only[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                   0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
    const rpl_bytes want = rpl_bytes_of(only, sizeof(only));
    return rpl_bytes_equal(inner, want) && rpl_bytes_equal(outer, want);
}

bool rpl_x509_read_extension(rpl_reader *r, rpl_x509_extension *out)
{
    rpl_reader in;
    out->critical = false;
    if (!rpl_der_enter(r, RPL_DER_SEQUENCE, &in) || !rpl_der_take(&in, RPL_DER_OID, &out->id) ||
        out->id.len == 0)
        return false;
    /* FALSE is the default and DER leaves defaults out */
    if (rpl_der_peek(&in, RPL_DER_BOOLEAN) &&
        (!rpl_der_bool(&in, &out->critical) || !out->critical))
        return false;
    return rpl_der_take(&in, RPL_DER_OCTET_STRING, &out->value) && rpl_read_done(&in);
}

static bool has(const rpl_x509_extensions *list, rpl_bytes id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (rpl_bytes_equal(list->all[i].id, id))
            return true;
    }
    return false;
}

bool rpl_x509_read_extensions(rpl_reader *r, uint8_t tag, rpl_x509_extensions *out)
{
    rpl_reader outer, in;
    *out = (rpl_x509_extensions){0};
    if (!rpl_der_enter(r, tag, &outer) || !rpl_der_enter(&outer, RPL_DER_SEQUENCE, &in) ||
        !rpl_read_done(&outer) || rpl_read_done(&in))
        return false;
    while (!rpl_read_done(&in)) {
        rpl_x509_extension next;
        if (out->count == RPL_X509_EXTENSIONS_MAX || !rpl_x509_read_extension(&in, &next))
            return false;
        out->has_duplicate |= has(out, next.id);
        out->all[out->count++] = next;
    }
    return true;
}

bool rpl_x509_is_id_ce(rpl_bytes id, uint8_t arc)
{
    return id.len == 3 && id.data[0] == 0x55 && id.data[1] == 0x1d && id.data[2] == arc;
}
