/* crl.h - certificate revocation lists: Intel's root CRL and the CRL of a PCK CA.
 *
 * Source: RFC 5280, section 5; Intel SGX PCK Certificate and CRL Profile Specification. A list is
 * believed under the key of the CA in the quote's own chain, so the chains that services send along
 * with it are never needed. Only complete lists exist: a delta or a partitioned one is refused.
 */
#ifndef RPL_ATTESTATION_TDX_CRL_H
#define RPL_ATTESTATION_TDX_CRL_H

#include "attestation/tdx/chain.h"

enum { RPL_CRL_MAX = 1 << 20 }; /* bytes of DER */

/* Views into the DER it was read from. */
typedef struct {
    rpl_x509_envelope envelope;
    rpl_bytes inner_algorithm, issuer;
    int64_t this_update, next_update; /* unix seconds; both ends are inside */
    rpl_bytes entries;                /* revokedCertificates, its content; well formed */
    size_t n_entries;
    bool entries_plain; /* no entry has an extension but a reasonCode, none is a removal */
    rpl_x509_extensions extensions; /* at most a few; judged by rpl_crl_open */
    uint8_t *storage;               /* owned: the DER; NULL when it is borrowed */
} rpl_crl;

/* Reads one CRL (version 2), which must be all of `der`; judges nothing, allocates nothing.
 * RPL_MALFORMED  not the exact DER of a CRL, no nextUpdate, a serial that is not positive */
RPL_CHECKED rpl_status rpl_crl_parse(rpl_bytes der, rpl_crl *out);

/* Reads and judges all that does not depend on the time, into `check` (crl.root or crl.pck):
 * CRL_FORMAT, CRL_UNKNOWN_ISSUER (not the name of `ca`), CRL_EXTENSION, CRL_BAD_SIGNATURE.
 *   input   hex of DER, DER, or PEM; borrowed during the call only
 *   ca      certificate position `issuer` of a chain that holds: its name and key
 *   out     owned by the caller; NULL (with RPL_OK) unless all of it holds
 * RPL_INTERNAL  no memory */
RPL_CHECKED rpl_status rpl_crl_open(rpl_bytes input, const rpl_chain *chain, size_t issuer,
                                    rpl_check check, rpl_verdict *verdict, rpl_crl **out);
void rpl_crl_free(rpl_crl *crl);
RPL_DEFINE_AUTO(rpl_crl *, crl, rpl_crl_free)

/* crl.validity for both lists: CRL_NOT_YET_VALID, CRL_EXPIRED. A NULL list is not judged, and then
 * the check does not pass. */
void rpl_crl_check_validity(const rpl_crl *root_crl, const rpl_crl *pck_crl, int64_t now,
                            rpl_verdict *verdict);

/* Is this serial (magnitude without leading zeros) on the list? */
RPL_CHECKED bool rpl_crl_lists(const rpl_crl *crl, rpl_bytes serial);

/* pck.revoked: the PCK on the PCK CA's list (PCK_REVOKED), its CA and the root on the root's
 * (INTER_REVOKED, ROOT_REVOKED). A NULL list is not asked, and then the check does not pass. */
void rpl_crl_check_pck(const rpl_chain *pck_chain, const rpl_crl *root_crl, const rpl_crl *pck_crl,
                       rpl_verdict *verdict);
/* The TCB signer (TCB_SIGNING_REVOKED, a failure of tcb.signer) and the root of its chain
 * (ROOT_REVOKED) on the root's list. Never passes tcb.signer. */
void rpl_crl_check_tcb_signer(const rpl_chain *signer_chain, const rpl_crl *root_crl,
                              rpl_verdict *verdict);

#endif
