/* collateral_bundle.h - collateral that owns its bytes, and the two ways it is gathered: from the one
 * JSON file that dcap-qvl and other tools write, and from the answers of a provisioning service.
 *
 * Gathering believes nothing: what is put in is judged by the verification alone.
 */
#ifndef RPL_ATTESTATION_COLLATERAL_BUNDLE_H
#define RPL_ATTESTATION_COLLATERAL_BUNDLE_H

#include "attestation/tdx/pcs_answer.h"
#include "attestation/verify.h"

enum { RPL_COLLATERAL_BUNDLE_MAX = 4 << 20 }; /* bytes of JSON */

/* Start from zeros; released with rpl_collateral_set_free. */
typedef struct {
    rpl_collateral view;     /* borrows the parts below: what a verification takes */
    rpl_bytes pck_crl_chain; /* PEM; carries no authority, a verification of a quote does without */
    uint8_t *part[9];        /* owned */
} rpl_collateral_set;

/* Reads a bundle: one JSON object of strings (QuoteCollateralV3: root_ca_crl, pck_crl,
 * tcb_info_issuer_chain, tcb_info, tcb_info_signature, qe_identity_issuer_chain, qe_identity,
 * qe_identity_signature, pck_crl_issuer_chain). Other members are ignored. Empty strings are passed on, for the verdict to name.
 *   out   zeros before; untouched on failure
 * RPL_MALFORMED  not strict JSON, a member missing or not a string
 * RPL_TOO_LARGE  over RPL_COLLATERAL_BUNDLE_MAX
 * RPL_INTERNAL   memory */
RPL_CHECKED rpl_status rpl_collateral_bundle_read(rpl_bytes json_text, rpl_collateral_set *out);

/* Puts one answer of a provisioning service into the set, in place of an earlier one of its kind.
 *   chain_header   value of the issuer chain's header as received; ignored for CRLs
 * RPL_MALFORMED, RPL_TOO_LARGE  not such an answer; the set is as before
 * RPL_INTERNAL   memory; the set is as before */
RPL_CHECKED rpl_status rpl_collateral_set_add(rpl_collateral_set *set, rpl_pcs_kind kind,
                                              rpl_bytes body, rpl_bytes chain_header);
/* Writes a bundle: signed documents as the exact bytes that they are, CRLs (in any form of crl.h) as hex
 * of DER. The text is owned by the caller (free).
 * RPL_MALFORMED  a CRL in no such form, or a document that is not UTF-8
 * RPL_INTERNAL   memory */
RPL_CHECKED rpl_status rpl_collateral_bundle_write(const rpl_collateral *collateral,
                                                   rpl_bytes pck_crl_chain, char **out);
/* Leaves zeros. */
void rpl_collateral_set_free(rpl_collateral_set *set);

#endif
