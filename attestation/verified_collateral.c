#include "attestation/verified_collateral.h"

#include <stdlib.h>

rpl_verified_collateral *rpl_verified_collateral_new(void)
{
    return calloc(1, sizeof(rpl_verified_collateral));
}

void rpl_verified_collateral_free(rpl_verified_collateral *c)
{
    if (!c)
        return;
    rpl_auto_crl(&c->root_crl);
    rpl_auto_crl(&c->pck_crl);
    if (c->qe_signer != c->tcb_signer)
        rpl_pck_chain_free(c->qe_signer);
    rpl_pck_chain_free(c->tcb_signer);
    rpl_tcb_info_free(&c->info);
    rpl_qe_identity_free(&c->identity);
    free(c);
}

void rpl_verified_collateral_set_window(rpl_verified_collateral *c)
{
    const int64_t windows[][2] = {
        {c->root_crl.this_update, c->root_crl.next_update},
        {c->pck_crl.this_update, c->pck_crl.next_update},
        {c->tcb_signer->valid_from, c->tcb_signer->valid_until},
        {c->qe_signer->valid_from, c->qe_signer->valid_until},
        {c->info.head.issue_date, c->info.head.next_update},
        {c->identity.head.issue_date, c->identity.head.next_update},
    };
    c->valid_from = INT64_MIN;
    c->valid_until = INT64_MAX;
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        c->valid_from = windows[i][0] > c->valid_from ? windows[i][0] : c->valid_from;
        c->valid_until = windows[i][1] < c->valid_until ? windows[i][1] : c->valid_until;
    }
}
