/* collateral_check.h - the second half of a verification: revocation lists, TCB info and QE identity,
 * and what they say of a quote. Called by verify.c alone.
 */
#ifndef RPL_ATTESTATION_COLLATERAL_CHECK_H
#define RPL_ATTESTATION_COLLATERAL_CHECK_H

#include "attestation/tdx/pck.h"
#include "attestation/verify.h"

/* Everything is borrowed. */
typedef struct {
    rpl_verifier *verifier; /* may be NULL */
    const rpl_collateral *collateral;
    const rpl_roots *roots;
    const rpl_verifier_policy *policy;
    int64_t now;
    const rpl_quote *quote;     /* NULL when it could not be read */
    const rpl_pck_chain *chain; /* the same */
} rpl_collateral_question;

/* Runs the checks of RPL_GROUP_COLLATERAL as far as the quote and each other allow; narrows the
 * window of `facts` and fills what it says on the TCB.
 * RPL_INTERNAL  no memory */
RPL_CHECKED rpl_status rpl_collateral_check(const rpl_collateral_question *question,
                                            rpl_verdict *verdict, rpl_quote_facts *facts);

#endif
