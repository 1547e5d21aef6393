#include "replicatoor/v1/host.pb-c.h"
#include "rest_gateway/input.h"
#include "rest_gateway/to_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_input input;
    if (rpl_input_start(&input, &replicatoor__v1__onboard_request__descriptor).code != RPL_OK)
        return 0;
    if (rpl_input_from_form(&input, (rpl_bytes){data, len}, NULL).code == RPL_OK &&
        rpl_to_json(input.message, NULL, 0) < 2)
        __builtin_trap();
    rpl_input_clear(&input);
    return 0;
}
