/* x509.h - what certificates and CRLs have in common: the signed envelope, names, extensions.
 *
 * Source: RFC 5280, sections 4.1 and 5.1. Reading only.
 */
#ifndef RPL_ATTESTATION_TDX_X509_H
#define RPL_ATTESTATION_TDX_X509_H

#include "attestation/tdx/der.h"

/* SEQUENCE { to be signed, AlgorithmIdentifier, BIT STRING }, alone in its input. Views. */
typedef struct {
    rpl_bytes tbs;         /* the element as it was signed */
    rpl_bytes algorithm;   /* the outer AlgorithmIdentifier, whole */
    bool has_signature;    /* the BIT STRING is DER of two positive numbers that fit P-256 */
    uint8_t signature[64]; /* r || s; zero without */
} rpl_x509_envelope;

RPL_CHECKED bool rpl_x509_read_envelope(rpl_bytes der, rpl_x509_envelope *out);

/* Is this AlgorithmIdentifier exactly ecdsa-with-SHA256 without parameters? */
RPL_CHECKED bool rpl_x509_is_ecdsa_sha256(rpl_bytes algorithm);

/* The one commonName of a Name (whole element, DER): borrowed, empty when there is none or more than
 * one. False when it is no Name. */
RPL_CHECKED bool rpl_x509_common_name(rpl_bytes name, rpl_bytes *common_name);

/* One Extension: `id` the OID's content, `value` what the OCTET STRING holds. Views. */
typedef struct {
    rpl_bytes id, value;
    bool critical;
} rpl_x509_extension;

enum { RPL_X509_EXTENSIONS_MAX = 32 };

/* The Extensions of `r`, which must end with them; at least one. False when it is none, or there are
 * more than RPL_X509_EXTENSIONS_MAX. */
typedef struct {
    size_t count;
    rpl_x509_extension all[RPL_X509_EXTENSIONS_MAX];
} rpl_x509_extensions;

RPL_CHECKED bool rpl_x509_read_extensions(rpl_reader *r, rpl_x509_extensions *out);

/* Content of the OIDs we know. */
extern const rpl_bytes rpl_oid_basic_constraints, rpl_oid_key_usage, rpl_oid_sgx,
    rpl_oid_crl_number, rpl_oid_authority_key_id, rpl_oid_crl_reason;

#endif
