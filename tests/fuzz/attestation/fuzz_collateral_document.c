#include "attestation/collateral_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The first byte says which document the rest is an answer for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static rpl_verdict verdict;
    const rpl_roots roots = rpl_roots_intel();
    const rpl_pcs_ask ask = {.kind = (rpl_pcs_kind)(len ? data[0] % RPL_PCS_KIND_COUNT : 0)};
    const rpl_bytes body = rpl_bytes_of(data + (len > 0), len - (len > 0));
    char base[RPL_PCS_BASE_MAX];
    rpl_collateral_document *d = NULL;
    rpl_collateral_stamp stamp;
    if ((rpl_pcs_base_parse(body, base) && strlen(base) >= sizeof(base)) ||
        rpl_pcs_retry_after(body) > RPL_PCS_RETRY_MAX_S)
        __builtin_trap();
    if (rpl_collateral_document_take(&ask, body, body, rpl_pck_issuers(body), &d).code != RPL_OK &&
        rpl_collateral_document_take(&ask, body, rpl_bytes_of_text("%2D"), body, &d).code != RPL_OK)
        return 0;
    rpl_verdict_start(&verdict, 0);
    (void)!rpl_collateral_document_check(d, &roots, 1750377600, &verdict, &stamp).code;
    free(d);
    return 0;
}
