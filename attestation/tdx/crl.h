/* crl.h - certificate revocation lists of Intel's provisioning, verified with the key of the CA that
 * stands in the quote's own (verified) chain, never with a chain that came with the list.
 *
 * Source: RFC 5280; Intel SGX PCK Certificate and CRL Specification 1.4.
 */
#ifndef RPL_ATTESTATION_TDX_CRL_H
#define RPL_ATTESTATION_TDX_CRL_H

#include "attestation/tdx/certificate.h"

/* Views borrow the DER. */
typedef struct {
    int64_t this_update, next_update; /* both inclusive */
    rpl_bytes entries;                /* content of revokedCertificates; empty when there is none */
} rpl_crl;

/* `input` is DER, hex of DER or PEM; `buffer` receives what had to be decoded, allocated by the
 * callee, freed by the caller. Runs `check` (crl.root or crl.pck) and crl.validity into `verdict`;
 * neither is passed by this function. True when the list holds. */
RPL_CHECKED bool rpl_crl_verify(rpl_bytes input, const rpl_certificate *ca, EVP_PKEY *ca_key,
                                int64_t now, rpl_check check, rpl_verdict *verdict,
                                uint8_t **buffer, rpl_crl *out);
/* Serials are compared as unsigned integers. */
RPL_CHECKED bool rpl_crl_revokes(const rpl_crl *crl, const rpl_certificate *certificate);

#endif
