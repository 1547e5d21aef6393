/* x509.h - what certificates and CRLs have in common: the signed envelope and the extensions.
 *
 * Source: RFC 5280, sections 4.1 and 5.1. Reading only.
 */
#ifndef RPL_ATTESTATION_TDX_X509_H
#define RPL_ATTESTATION_TDX_X509_H

#include "attestation/tdx/der.h"

/* SEQUENCE { to be signed, AlgorithmIdentifier, BIT STRING }. Views. */
typedef struct {
    rpl_bytes tbs;       /* the element as it was signed */
    rpl_bytes algorithm; /* AlgorithmIdentifier, whole */
    rpl_bytes signature; /* content of the BIT STRING */
} rpl_x509_envelope;

/* It must be all of `der`; `tbs` reads the content of what is signed. */
RPL_CHECKED bool rpl_x509_open(rpl_bytes der, rpl_x509_envelope *out, rpl_reader *tbs);

/* Both AlgorithmIdentifiers are exactly ecdsa-with-SHA256, without parameters. */
RPL_CHECKED bool rpl_x509_is_ecdsa_sha256(rpl_bytes inner, rpl_bytes outer);

/* One Extension: content of the OID and of the OCTET STRING. Views. */
typedef struct {
    rpl_bytes id, value;
    bool critical;
} rpl_x509_extension;

RPL_CHECKED bool rpl_x509_read_extension(rpl_reader *r, rpl_x509_extension *out);

enum { RPL_X509_EXTENSIONS_MAX = 16 }; /* Intel's certificates have six at most */

/* One [n] EXPLICIT SEQUENCE OF Extension, not empty. */
typedef struct {
    size_t count;
    rpl_x509_extension all[RPL_X509_EXTENSIONS_MAX];
    bool has_duplicate; /* two with the same OID */
} rpl_x509_extensions;

RPL_CHECKED bool rpl_x509_read_extensions(rpl_reader *r, uint8_t tag, rpl_x509_extensions *out);

/* id-ce, 2.5.29.`arc` */
RPL_CHECKED bool rpl_x509_is_id_ce(rpl_bytes id, uint8_t arc);
enum {
    RPL_ID_CE_KEY_USAGE = 15,
    RPL_ID_CE_BASIC_CONSTRAINTS = 19,
    RPL_ID_CE_CRL_NUMBER = 20,
    RPL_ID_CE_CRL_REASON = 21,
    RPL_ID_CE_AUTHORITY_KEY_ID = 35,
};

#endif
