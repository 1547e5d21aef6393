/* certificate.h - the X.509 certificates of Intel's provisioning: read strictly and judged by the
 * role that their position in the chain gives them, never by what they say of themselves.
 *
 * Source: Intel SGX PCK Certificate and CRL Specification 1.4; RFC 5280. P-256 and ecdsa-with-SHA256
 * only; version 3; no critical extension but BasicConstraints and KeyUsage; no extension twice.
 */
#ifndef RPL_ATTESTATION_TDX_CERTIFICATE_H
#define RPL_ATTESTATION_TDX_CERTIFICATE_H

#include "attestation/tdx/ossl.h"
#include "attestation/tdx/verdict.h"

typedef enum {
    RPL_ROLE_PCK,      /* leaf of a quote */
    RPL_ROLE_PLATFORM, /* Platform CA or Processor CA */
    RPL_ROLE_ROOT,
    RPL_ROLE_TCB_SIGNER, /* signs TCB info and QE identity */
} rpl_certificate_role;

enum { RPL_SERIAL_MAX = 20, RPL_COMMON_NAME_MAX = 64 };

/* Views borrow the DER. */
typedef struct {
    rpl_bytes der, tbs, issuer, subject; /* issuer and subject: raw DER of the Name */
    rpl_bytes signature;                 /* DER ECDSA-Sig-Value */
    char common_name[RPL_COMMON_NAME_MAX + 1];
    uint8_t serial[RPL_SERIAL_MAX]; /* unsigned, without leading zeros */
    size_t serial_len;
    int64_t not_before, not_after; /* both inclusive */
    uint8_t key[65];               /* 04 || x || y; zero when it is not a P-256 key */
    bool is_p256, is_ecdsa_sha256; /* key, both signature algorithms */
    bool has_basic_constraints, is_ca, has_path_len;
    uint32_t path_len;
    bool has_key_usage;
    uint16_t key_usage; /* bit 0 digitalSignature, 5 keyCertSign, 6 cRLSign */
    bool has_unknown_critical, has_duplicate_extension;
    rpl_bytes sgx_extension; /* content of 1.2.840.113741.1.13.1; empty when absent */
} rpl_certificate;

/* Reads one certificate completely; judges nothing. False: not such DER. */
RPL_CHECKED bool rpl_certificate_parse(rpl_bytes der, rpl_certificate *out);

/* Everything a certificate in this role must be, at `now`. `checks` names the checks of the verdict
 * to which findings go (all must be passed by the caller when every certificate was judged). True
 * when everything but the dates holds. */
typedef struct {
    rpl_check profile, names, validity;
} rpl_certificate_checks;
bool rpl_certificate_judge(const rpl_certificate *c, rpl_certificate_role role, int64_t now,
                           const rpl_certificate_checks *checks, rpl_verdict *verdict);

/* The child names the parent's subject as its issuer and carries its signature. */
RPL_CHECKED bool rpl_certificate_issued_by(const rpl_certificate *child,
                                           const rpl_certificate *parent);
RPL_CHECKED bool rpl_certificate_signed_by(const rpl_certificate *child, EVP_PKEY *parent_key);
/* Owned by the caller; NULL when it has no P-256 key. */
EVP_PKEY *rpl_certificate_key(const rpl_certificate *c);

#endif
