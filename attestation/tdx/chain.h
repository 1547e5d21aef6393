/* chain.h - a chain of certificates from PEM to a pinned root key: the PCK chain of a quote (PCK, its
 * CA, root) and the chain of the TCB signer (signer, root).
 *
 * A chain owns everything it holds and does not change once made, so it may be kept, shared between
 * threads and used for many quotes: what depends on the time is a call of its own.
 */
#ifndef RPL_ATTESTATION_TDX_CHAIN_H
#define RPL_ATTESTATION_TDX_CHAIN_H

#include "attestation/tdx/certificate.h"
#include "attestation/tdx/ossl.h"
#include "attestation/tdx/pem.h"

/* The root that is believed. Made by attestation/roots.h alone. */
typedef struct {
    uint8_t key[65];         /* uncompressed P-256 point: 04 || x || y */
    uint8_t cert_digest[32]; /* SHA-256 of the root certificate's DER whose self-signature was
                                  verified beforehand; all zero when none was */
    bool is_test;
} rpl_roots;

typedef enum { RPL_CHAIN_PCK, RPL_CHAIN_TCB_SIGNER } rpl_chain_kind;

enum { RPL_CHAIN_LEAF = 0, RPL_CHAIN_PCK_CA = 1 };

typedef struct {
    rpl_chain_kind kind;
    size_t count; /* 3 for a PCK chain, 2 for a TCB signer's; the root is the last */
    rpl_certificate certificates[RPL_CERTIFICATES_MAX];
    rpl_p256_key
        *keys[RPL_CERTIFICATES_MAX]; /* NULL: not a key of the profile, a finding says so */
    bool holds; /* all of it but the dates: profile, names, signatures up to the pinned root */
    int64_t valid_from, valid_until; /* what all certificates have in common */
    rpl_pem_chain pem;               /* what the certificates are views of */
} rpl_chain;

/* Reads and judges all that does not depend on the time. Findings:
 *   PCK chain    pck.format pck.profile pck.names pck.root pck.chain
 *   TCB signer   tcb.signer (which rpl_chain_check_validity passes, when everything holds)
 * with PEM_FORMAT CHAIN_LEN, the profile's and names' codes of certificate.h, PCK_ISSUER, INTER_SIG,
 * ROOT_UNTRUSTED. Each certificate is judged even when another failed.
 *   pem   borrowed during the call only
 *   out   owned by the caller; NULL (with RPL_OK) when it could not be read as certificates
 * RPL_INTERNAL  no memory */
RPL_CHECKED rpl_status rpl_chain_open(rpl_chain_kind kind, rpl_bytes pem, const rpl_roots *roots,
                                      rpl_verdict *verdict, rpl_chain **out);
/* pck.validity, or the rest of tcb.signer: CERT_NOT_YET_VALID, CERT_EXPIRED, for each certificate. */
void rpl_chain_check_validity(const rpl_chain *chain, int64_t now, rpl_verdict *verdict);

static inline const rpl_certificate *rpl_chain_root(const rpl_chain *chain)
{
    return &chain->certificates[chain->count - 1];
}
static inline const rpl_p256_key *rpl_chain_root_key(const rpl_chain *chain)
{
    return chain->keys[chain->count - 1];
}

void rpl_chain_free(rpl_chain *chain);
RPL_DEFINE_AUTO(rpl_chain *, chain, rpl_chain_free)

#endif
