/* pck.h - the chain of certificates by which Intel vouches for a platform, and what the leaf says of
 * that platform; and the shorter chain that signs TCB info and QE identity.
 *
 * Source: Intel SGX PCK Certificate and CRL Specification 1.4. The root is recognised by its key.
 */
#ifndef RPL_ATTESTATION_TDX_PCK_H
#define RPL_ATTESTATION_TDX_PCK_H

#include "attestation/tdx/certificate.h"
#include "attestation/tdx/pem.h"
#include "attestation/tdx/trust_anchor.h"

/* The SGX extension, OID 1.2.840.113741.1.13.1. */
typedef struct {
    uint8_t ppid[16], components[16], cpu_svn[16];
    uint16_t pcesvn;
    uint8_t pceid[2], fmspc[6];
    uint32_t sgx_type;
    bool has_configuration, smt_enabled;
} rpl_pck;

/* Exact DER; every required member once, of its type and length. Unknown members are ignored.
 * RPL_MALFORMED  anything else; `what` says which member, `at` where */
RPL_CHECKED rpl_status rpl_pck_extension_parse(rpl_bytes extension, rpl_pck *out);

/* A chain with its keys; certificates are views into `pem`. */
typedef struct {
    rpl_pem_chain pem;
    rpl_certificate leaf, intermediate, root; /* a TCB signing chain has no intermediate */
    EVP_PKEY *leaf_key, *intermediate_key;    /* owned; NULL unless the chain to the root
                                           holds in everything but its dates */
    bool processor_ca;
    bool has_pck;
    rpl_pck pck;
    int64_t valid_from, valid_until; /* intersection of the certificates */
    _Atomic unsigned shares;         /* further owners */
} rpl_pck_chain;

/* Runs pck.format, .profile, .names, .validity, .root, .chain, .extension into `verdict`. NULL when
 * memory is short; else owned by the caller, also when checks failed: then only what passed is set. */
rpl_pck_chain *rpl_pck_chain_verify(rpl_bytes pem, const rpl_roots *roots, int64_t now,
                                    rpl_verdict *verdict);
/* Everything that rpl_pck_chain_verify checks holds at `now`, dates and extension included. */
RPL_CHECKED bool rpl_pck_chain_holds(const rpl_pck_chain *chain, int64_t now);
/* Passes the seven checks of rpl_pck_chain_verify, for a chain of which that holds. */
void rpl_pck_chain_pass(rpl_verdict *verdict);
/* Signer and root of a signed document: runs tcb.signer. leaf is the signer. A caller with two
 * chains runs it twice; it never passes the check by itself (rpl_verdict_pass when all are good):
 * the result says whether this chain is. */
rpl_pck_chain *rpl_tcb_signer_verify(rpl_bytes pem, const rpl_roots *roots, int64_t now,
                                     rpl_verdict *verdict, bool *good);
/* The CA that issues PCK certificates and its root, without a leaf: what a PCK CRL comes with. Runs
 * crl.pck in the same manner; leaf and leaf_key are the CA's. */
rpl_pck_chain *rpl_pck_ca_verify(rpl_bytes pem, const rpl_roots *roots, int64_t now,
                                 rpl_verdict *verdict, bool *good);
/* One more owner, on any thread: a chain does not change once it is verified. Returns `chain`. */
rpl_pck_chain *rpl_pck_chain_share(rpl_pck_chain *chain);
/* The last owner frees it. */
void rpl_pck_chain_free(rpl_pck_chain *chain);
RPL_DEFINE_AUTO(rpl_pck_chain *, pck_chain, rpl_pck_chain_free)

#endif
