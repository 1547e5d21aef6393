/* collateral_document.h - one document of the collateral on its own: TCB info, QE identity or one of
 * the CRLs, with everything that its verification needs but the roots and the time.
 *
 * For those who keep documents: which may be used, for how long, and which of two is the older one.
 * What a document says of a quote is verify.h's business, which believes nothing that was found here.
 */
#ifndef RPL_ATTESTATION_COLLATERAL_DOCUMENT_H
#define RPL_ATTESTATION_COLLATERAL_DOCUMENT_H

#include <stdlib.h>

#include "attestation/tdx/pcs_answer.h"
#include "attestation/verify.h"
#include "base/hash.h"

/* Immutable; one block of memory, released with free. Views are of its own bytes. */
typedef struct {
    rpl_pcs_ask ask;
    rpl_bytes text;                 /* DER of a CRL; else the exact bytes that are signed */
    rpl_bytes signature;            /* 128 hex characters; empty for a CRL */
    rpl_bytes chain;                /* PEM: who signed it, then the root */
    uint8_t digest[RPL_SHA256_LEN]; /* over all three: two with the same are the same bytes */
    uint8_t bytes[];
} rpl_collateral_document;
RPL_DEFINE_AUTO(rpl_collateral_document *, collateral_document, free)

/* When a document that verified was made, until when it may be used, and its number: the evaluation
 * number, or that of the CRL. */
typedef struct {
    int64_t issued_s;
    int64_t next_update_s; /* inclusive */
    int64_t valid_until_s; /* inclusive; the certificates that sign it may end before it does */
    uint64_t number;
    size_t n_entries; /* certificates on a CRL */
} rpl_collateral_stamp;

/* From its parts, which are copied; a CRL in any form of crl.h becomes DER.
 * RPL_MALFORMED, RPL_TOO_LARGE  a CRL in no such form; a part over its limit (pcs_answer.h)
 * RPL_INTERNAL  memory */
RPL_CHECKED rpl_status rpl_collateral_document_new(const rpl_pcs_ask *ask, rpl_bytes text,
                                                   rpl_bytes signature, rpl_bytes chain,
                                                   rpl_collateral_document **out);
/* From an answer of a provisioning service: `chain_header` as received, may be empty where
 * `ca_chain` (PEM, rpl_pck_issuers) stands in. For CRLs the latter is preferred.
 * RPL_MALFORMED, RPL_TOO_LARGE  not such an answer */
RPL_CHECKED rpl_status rpl_collateral_document_take(const rpl_pcs_ask *ask, rpl_bytes body,
                                                    rpl_bytes chain_header, rpl_bytes ca_chain,
                                                    rpl_collateral_document **out);

/* The part of a collateral that `ask` names; `issuers` (PEM) as the chain of a CRL. Fails as _new. */
RPL_CHECKED rpl_status rpl_collateral_document_of(const rpl_pcs_ask *ask,
                                                  const rpl_collateral *collateral,
                                                  rpl_bytes issuers, rpl_collateral_document **out);

/* Does it hold by itself: of the kind that was asked for, signed by Intel, in force at `now`? Fails
 * the checks of its kind in `verdict` (started by the caller, no group needed) with every reason;
 * whether a signer was revoked needs the other documents and is not looked at.
 *   out   written when it holds
 * RPL_UNTRUSTED  a check failed; RPL_STALE  nothing but dates; RPL_INTERNAL  memory */
RPL_CHECKED rpl_status rpl_collateral_document_check(const rpl_collateral_document *d,
                                                     const rpl_roots *roots, int64_t now,
                                                     rpl_verdict *verdict,
                                                     rpl_collateral_stamp *out);

/* True when `a` was made before `b` or has a lower number: it must never take b's place. */
RPL_CHECKED bool rpl_collateral_is_older(const rpl_collateral_stamp *a,
                                         const rpl_collateral_stamp *b);

/* The certificates behind the leaf of a quote's PEM chain: CA and root. Borrowed; empty when there
 * is no leaf. */
rpl_bytes rpl_pck_issuers(rpl_bytes pck_pem);

#endif
