#include "tests/support/flips.h"

int main(void)
{
    return run_flips(RPL_VECTORS "/dcap/real/phala-dcap-qvl/tdx_v4_b0c06f");
}
