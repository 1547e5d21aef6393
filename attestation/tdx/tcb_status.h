/* tcb_status.h - the TCB statuses, their names and sets of them. */
#ifndef RPL_ATTESTATION_TDX_TCB_STATUS_H
#define RPL_ATTESTATION_TDX_TCB_STATUS_H

#include "base/reader.h"

enum { RPL_ADVISORY_LEN_MAX = 23 }; /* "INTEL-SA-01036" has 14 */

/* In order of severity (Intel PCS API v4 and QVL 1.27 names). Policies use explicit sets, never <=. */
typedef enum {
    RPL_TCB_UNKNOWN = 0, /* not evaluated */
    RPL_TCB_UP_TO_DATE,
    RPL_TCB_SW_HARDENING_NEEDED,
    RPL_TCB_CONFIGURATION_NEEDED,
    RPL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    RPL_TCB_TD_RELAUNCH_ADVISED,
    RPL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
    RPL_TCB_OUT_OF_DATE,
    RPL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
    RPL_TCB_REVOKED,
    RPL_TCB_STATUS_COUNT
} rpl_tcb_status;

const char *rpl_tcb_status_name(rpl_tcb_status status); /* "UpToDate", .. */
/* RPL_TCB_UNKNOWN when there is no such name. */
rpl_tcb_status rpl_tcb_status_parse(rpl_bytes name);

#endif
