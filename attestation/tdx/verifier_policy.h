/* verifier_policy.h - what the measured configuration decides about a quote that is genuine: which
 * states of a platform are good enough, which platforms at all, and what a TD may be like. Which
 * releases and devices may have a state is another policy (attestation/policy).
 *
 * Whatever stands here can only make the verifier refuse more than Intel's does, but for the accepted
 * statuses and the grace, which the operator has to ask for. verifier_rules.h reads it from text.
 */
#ifndef RPL_ATTESTATION_TDX_VERIFIER_POLICY_H
#define RPL_ATTESTATION_TDX_VERIFIER_POLICY_H

#include "attestation/tdx/tcb_status.h"

enum {
    RPL_POLICY_ADVISORIES_MAX = 64,
    RPL_POLICY_PLATFORMS_MAX = 64,
    RPL_POLICY_SERVICE_TDS_MAX = 8,
    RPL_GRACE_DAYS_MAX = 3650,
};

/* How many bytes name what. */
typedef enum {
    RPL_PLATFORM_FMSPC = 6,   /* a kind of platform */
    RPL_PLATFORM_PPID = 16,   /* one platform */
    RPL_PLATFORM_DEVICE = 32, /* the same by the SHA-256 of its PPID, which publishes less */
} rpl_platform_kind;

typedef struct {
    uint8_t len; /* rpl_platform_kind */
    uint8_t bytes[32];
} rpl_platform_name;

typedef struct {
    size_t count;
    rpl_platform_name names[RPL_POLICY_PLATFORMS_MAX];
} rpl_platform_list;

typedef struct {
    uint32_t accepted_tcb;  /* bit set of 1u << rpl_tcb_status; Revoked is never accepted */
    bool limits_advisories; /* only these, whatever the status */
    size_t n_advisories;
    char advisories[RPL_POLICY_ADVISORIES_MAX][RPL_ADVISORY_LEN_MAX + 1];
    uint32_t grace_days;     /* an OutOfDate level counts for so long after its tcbDate; 0: not */
    uint32_t min_evaluation; /* of TCB info and QE identity: tcbEvaluationDataNumber at least */
    bool same_evaluation;    /* both documents with one number */
    bool current_counts;     /* a TD that runs on something worse than it was launched on: worse */
    rpl_platform_list
        platforms_allowed; /* for each kind of name on it, one must be the platform's */
    rpl_platform_list platforms_denied; /* none may be */
    uint64_t td_optional_allowed; /* bits of RPL_TD_OPTIONAL (td_policy.h) that are tolerated */
    uint64_t xfam_allowed;        /* bits of RPL_XFAM_KNOWN that a TD may use */
    size_t n_service_tds;         /* the service TDs that a TD may be bound to */
    uint8_t service_tds[RPL_POLICY_SERVICE_TDS_MAX][48];
} rpl_verifier_policy;

/* The strict default: UpToDate alone, no grace, any platform, no optional attribute, no service TD. */
rpl_verifier_policy rpl_verifier_policy_default(void);

#endif
