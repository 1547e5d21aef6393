/* verified_collateral.h - collateral as read and verified: what a judgement of a quote needs of it.
 * Inside of attestation/; filled by collateral_check.c, kept by verifier.c.
 */
#ifndef RPL_ATTESTATION_VERIFIED_COLLATERAL_H
#define RPL_ATTESTATION_VERIFIED_COLLATERAL_H

#include "attestation/tdx/crl.h"
#include "attestation/tdx/pck.h"
#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/tcb_info.h"

/* Large and pointing into itself: on the heap, never copied. */
typedef struct {
    rpl_crl root_crl, pck_crl;
    rpl_pck_chain *tcb_signer, *qe_signer; /* owned; equal when their texts are */
    rpl_tcb_info info;
    rpl_qe_identity identity;
    int64_t valid_from, valid_until; /* of all of it together; both inclusive */
} rpl_verified_collateral;

/* Owned by the caller, empty; NULL: no memory. */
rpl_verified_collateral *rpl_verified_collateral_new(void);
void rpl_verified_collateral_free(rpl_verified_collateral *c);
RPL_DEFINE_AUTO(rpl_verified_collateral *, verified_collateral, rpl_verified_collateral_free)

/* Sets the window from the parts, all of which must be there. */
void rpl_verified_collateral_set_window(rpl_verified_collateral *c);

#endif
