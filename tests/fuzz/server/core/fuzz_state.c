#include <sodium.h>

#include "server/core/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted encodes to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    RPL_AUTO(state) rpl_state *state = NULL;
    RPL_AUTO(secret) rpl_secret *again = NULL;
    if (sodium_init() < 0 || rpl_state_decode(rpl_bytes_of(data, len), &state).code != RPL_OK)
        return 0;
    if (rpl_state_encode(state, &again).code != RPL_OK ||
        !rpl_bytes_equal(rpl_secret_expose(again), rpl_bytes_of(data, len)))
        __builtin_trap();
    return 0;
}
