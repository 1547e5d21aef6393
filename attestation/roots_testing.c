#include "attestation/roots.h"
#include "attestation/tdx/certificate.h"
#include "attestation/tdx/pem.h"
#include "base/hash.h"

rpl_status rpl_roots_test_from_pem(rpl_bytes pem, rpl_roots *out)
{
    rpl_pem_chain text;
    rpl_certificate root;
    rpl_roots roots = {.is_test = true};
    const char *code;
    RPL_TRY(rpl_pem_decode(pem, 1, false, &text, &code));
    if (!rpl_certificate_parse(rpl_bytes_of(text.der[0], text.len[0]), &root))
        return rpl_fail(RPL_MALFORMED, "test root: expected an X.509 certificate");
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_certificate_key(&root);
    if (!key)
        return rpl_fail(RPL_MALFORMED, "test root: expected a P-256 key");
    if (!rpl_certificate_signed_by(&root, key))
        return rpl_fail(RPL_MALFORMED, "test root: expected a certificate that signed itself");
    rpl_sha256(root.der, roots.cert_digest);
    rpl_reader r = rpl_reader_over(rpl_bytes_of(root.key, sizeof(root.key)));
    if (!rpl_read_copy(&r, roots.key, sizeof(roots.key)))
        return rpl_fail(RPL_INTERNAL, "test root: key length");
    *out = roots;
    return rpl_ok();
}
