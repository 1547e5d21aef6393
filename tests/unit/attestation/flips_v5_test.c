#include "tests/support/flips.h"

int main(void)
{
    return run_flips(RPL_VECTORS "/dcap/real/google-go-tdx-guest/tdx_v5_90c06f");
}
