/* crl.h - certificate revocation lists of Intel's provisioning, verified with the key of the CA that
 * stands in the quote's own (verified) chain, never with a chain that came with the list.
 *
 * Source: RFC 5280; Intel SGX PCK Certificate and CRL Specification 1.4.
 */
#ifndef RPL_ATTESTATION_TDX_CRL_H
#define RPL_ATTESTATION_TDX_CRL_H

#include "attestation/tdx/certificate.h"

/* Immutable once verified: it may be kept for many quotes and shared between threads. */
typedef struct {
    int64_t this_update, next_update; /* both inclusive */
    uint64_t number;                  /* CRLNumber; UINT64_MAX when it is larger */
    rpl_bytes entries;                /* content of revokedCertificates; empty when there is none */
    uint8_t *storage;                 /* owned: the DER that `entries` is a view of */
    rpl_bytes *serials;               /* owned: in order, after rpl_crl_index; else NULL */
    size_t n_serials;
} rpl_crl;

/* `RPL_AUTO(crl) rpl_crl list = {0};` */
void rpl_auto_crl(rpl_crl *crl);

/* Whose list it must be: a CA of a chain that was verified. Borrowed. */
typedef struct {
    const rpl_certificate *certificate;
    EVP_PKEY *key;
} rpl_crl_issuer;

/* `input` is DER, hex of DER or PEM, borrowed during the call only. Runs `check` (crl.root or crl.pck:
 * CRL_FORMAT, CRL_UNKNOWN_ISSUER, CRL_BAD_SIGNATURE, CRL_EXTENSION) and crl.validity (CRL_EXPIRED,
 * CRL_NOT_YET_VALID) into `verdict`; neither is passed by this function. True when the list holds;
 * otherwise something failed (or rpl_verdict_starve was called), and *out is untouched. */
RPL_CHECKED bool rpl_crl_verify(rpl_bytes input, const rpl_crl_issuer *issuer, int64_t now,
                                rpl_check check, rpl_verdict *verdict, rpl_crl *out);
/* For a list that is kept: from here on a serial is found without reading the list.
 * RPL_INTERNAL  no memory */
RPL_CHECKED rpl_status rpl_crl_index(rpl_crl *crl);
/* The DER of a list in any of the three forms: hex, DER (one element that is all of the input) or
 * PEM. Nothing else is looked at. `*storage` is owned by the caller (free), also on failure; *der is a
 * view into it.
 * RPL_MALFORMED, RPL_TOO_LARGE  not in one of the forms
 * RPL_INTERNAL   memory */
RPL_CHECKED rpl_status rpl_crl_decode(rpl_bytes input, uint8_t **storage, rpl_bytes *der);
/* What a list says of itself, unverified: for showing it. `out` borrows `der`. False: no such list. */
RPL_CHECKED bool rpl_crl_peek(rpl_bytes der, rpl_crl *out);
/* How many certificates are on the list. */
size_t rpl_crl_count(const rpl_crl *crl);
/* Serials are compared as unsigned integers. */
RPL_CHECKED bool rpl_crl_revokes(const rpl_crl *crl, const rpl_certificate *certificate);

#endif
