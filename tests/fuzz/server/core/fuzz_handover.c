#include <sodium.h>

#include "server/core/handover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The plaintext of a sealed message, which anybody can send who knows a node's public key. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const rpl_request_fields request = {.pubk = {1}};
    rpl_handover handover;
    rpl_onboard_fields fields;
    rpl_verdict verdict;
    if (sodium_init() < 0 || rpl_handover_decode(rpl_bytes_of(data, len), &handover).code != RPL_OK)
        return 0;
    rpl_verdict_start(&verdict, 0);
    rpl_handover_check(&handover, request.pubk, &request, request.pubk, &verdict, &fields);
    if (rpl_verdict_admits(&verdict))
        __builtin_trap();
    rpl_handover_free(&handover);
    return 0;
}
