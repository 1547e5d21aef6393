#include "attestation/tdx/verifier_policy.h"

#include "attestation/tdx/td_policy.h"

rpl_verifier_policy rpl_verifier_policy_default(void)
{
    return (rpl_verifier_policy){
        .accepted_tcb = 1u << RPL_TCB_UP_TO_DATE,
        .xfam_allowed = RPL_XFAM_DEFAULT,
    };
}
