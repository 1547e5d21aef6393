/* certificate.h - one X.509 certificate: what it says, and whether that is what Intel issues in its
 * place. Whether its issuer signed it is asked by chain.h.
 *
 * Source: RFC 5280; Intel SGX PCK Certificate and CRL Profile Specification. The profile is narrow
 * on purpose: P-256 by name, ECDSA with SHA-256, roles by position in the chain, never by searching.
 */
#ifndef RPL_ATTESTATION_TDX_CERTIFICATE_H
#define RPL_ATTESTATION_TDX_CERTIFICATE_H

#include "attestation/tdx/verdict.h"
#include "attestation/tdx/x509.h"

/* Where it stands in its chain. */
typedef enum {
    RPL_ROLE_PCK,        /* leaf of a quote's chain */
    RPL_ROLE_PCK_CA,     /* the Platform or Processor CA between it and the root */
    RPL_ROLE_ROOT,       /* Intel SGX Root CA, last of every chain */
    RPL_ROLE_TCB_SIGNER, /* leaf of the chain of TCB info and QE identity */
    RPL_ROLE_COUNT
} rpl_role;

const char *rpl_role_name(rpl_role role); /* "PCK certificate", .. for messages */

enum { RPL_PATH_LEN_NONE = -1 };

/* Views into the DER it was read from. */
typedef struct {
    rpl_x509_envelope envelope;
    rpl_bytes der;
    rpl_bytes inner_algorithm; /* AlgorithmIdentifier, whole */
    rpl_bytes serial;          /* magnitude, big-endian, 1..20 bytes, no leading zero */
    rpl_bytes issuer, subject; /* Names, whole, as they stand: names are compared by these bytes */
    rpl_bytes common_name;     /* of the subject; empty when it is not exactly one */
    int64_t not_before, not_after; /* unix seconds; both ends are inside */
    rpl_bytes spki;                /* SubjectPublicKeyInfo, whole */
    rpl_x509_extensions extensions;
} rpl_certificate;

/* Reads one certificate (version 3), which must be all of `der`; judges nothing. `der` is borrowed.
 * RPL_MALFORMED  not the exact DER of a certificate; serial not positive or over 20 bytes */
RPL_CHECKED rpl_status rpl_certificate_parse(rpl_bytes der, rpl_certificate *out);

/* Key, signature algorithm, extensions against the profile of `role`; failures go to `check`, with
 * the codes CERT_KEY CERT_SIGALG CERT_CRITICAL_EXT BASIC_CONSTRAINTS KEY_USAGE. True when all hold.
 * (Whether the key is a point of the curve shows when it is made.) */
bool rpl_certificate_check_profile(const rpl_certificate *c, rpl_role role, rpl_check check,
                                   rpl_verdict *verdict);
/* The common name: PCK_NAME INTER_NAME TCB_SIGNING_NAME; ROOT_UNTRUSTED for the root's. */
bool rpl_certificate_check_name(const rpl_certificate *c, rpl_role role, rpl_check check,
                                rpl_verdict *verdict);
/* CERT_NOT_YET_VALID, CERT_EXPIRED. */
bool rpl_certificate_check_validity(const rpl_certificate *c, rpl_role role, int64_t now,
                                    rpl_check check, rpl_verdict *verdict);

/* A PCK CA whose name is the Processor CA's. */
bool rpl_certificate_is_processor_ca(const rpl_certificate *c);

/* The value of the only extension with this OID. False when there is none or several. */
RPL_CHECKED bool rpl_certificate_extension(const rpl_certificate *c, rpl_bytes oid,
                                           rpl_bytes *value);

#endif
