#include "attestation/tdx/event_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    rpl_event_log log;
    rpl_os_statement os;
    uint8_t mr[48];
    if (rpl_event_log_parse((rpl_bytes){data, len}, &log).code != RPL_OK)
        return 0;
    rpl_event_log_replay(&log, 3, mr);
    (void)!rpl_event_log_os_statement(&log, &os).code;
    rpl_event_log_free(&log);
    return 0;
}
