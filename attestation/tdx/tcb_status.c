#include "attestation/tdx/tcb_status.h"

static const char *const names[RPL_TCB_STATUS_COUNT] = {
    [RPL_TCB_UNKNOWN] = "Unknown",
    [RPL_TCB_UP_TO_DATE] = "UpToDate",
    [RPL_TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
    [RPL_TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
    [RPL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
    [RPL_TCB_TD_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
    [RPL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = "TDRelaunchAdvisedConfigurationNeeded",
    [RPL_TCB_OUT_OF_DATE] = "OutOfDate",
    [RPL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
    [RPL_TCB_REVOKED] = "Revoked",
};

const char *rpl_tcb_status_name(rpl_tcb_status status)
{
    return names[status < RPL_TCB_STATUS_COUNT ? status : RPL_TCB_UNKNOWN];
}

rpl_tcb_status rpl_tcb_status_parse(rpl_bytes name)
{
    for (int i = RPL_TCB_UP_TO_DATE; i < RPL_TCB_STATUS_COUNT; i++) {
        if (rpl_bytes_equal(name, rpl_bytes_of_text(names[i])))
            return (rpl_tcb_status)i;
    }
    return RPL_TCB_UNKNOWN;
}
