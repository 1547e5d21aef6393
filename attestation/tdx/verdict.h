/* verdict.h - what a verification found: every named check, passed, failed or not run.
 *
 * A verdict is not an error. It starts refused: every required check is "not run" until something
 * passes or fails it, and only a verdict whose required checks all passed admits. All findings are
 * collected, so that one refusal names every reason. The same struct becomes the "verdict" of a
 * refusal on every transport, the output of `replicatoorctl verify`, a metric and a custody record;
 * they cannot disagree.
 *
 * A dotted id ("tcb.status") names the check; the code ("TCB_STATUS") names the way in which it
 * failed. One id may fail in several ways at once: each is a finding.
 */
#ifndef RPL_ATTESTATION_TDX_VERDICT_H
#define RPL_ATTESTATION_TDX_VERDICT_H

#include "base/reader.h"
#include "base/status.h"

/* Which checks a caller requires. */
typedef enum {
    RPL_GROUP_QUOTE = 1 << 0,      /* quote, its certificates and QE: needs no network */
    RPL_GROUP_COLLATERAL = 1 << 1, /* CRLs, TCB info, QE identity, TCB status */
    RPL_GROUP_TD = 1 << 2,         /* attributes of the TD itself */
    RPL_GROUP_BINDING = 1 << 3,    /* report data, event log: what ties the quote to a request */
    RPL_GROUP_POLICY = 1 << 4,     /* release, config, device, .. : may this node have it */
} rpl_check_group;

/* X(name, id, group, status class of a refusal by this check) */
#define RPL_CHECKS(X)                                                                              \
    X(QUOTE_FORMAT, "quote.format", RPL_GROUP_QUOTE, RPL_MALFORMED)                                \
    X(QUOTE_HEADER, "quote.header", RPL_GROUP_QUOTE, RPL_MALFORMED)                                \
    X(QUOTE_CERTIFICATION, "quote.certification", RPL_GROUP_QUOTE, RPL_MALFORMED)                  \
    X(PCK_FORMAT, "pck.format", RPL_GROUP_QUOTE, RPL_MALFORMED)                                    \
    X(PCK_PROFILE, "pck.profile", RPL_GROUP_QUOTE, RPL_UNTRUSTED)                                  \
    X(PCK_NAMES, "pck.names", RPL_GROUP_QUOTE, RPL_UNTRUSTED)                                      \
    X(PCK_VALIDITY, "pck.validity", RPL_GROUP_QUOTE, RPL_STALE)                                    \
    X(PCK_ROOT, "pck.root", RPL_GROUP_QUOTE, RPL_UNTRUSTED)                                        \
    X(PCK_CHAIN, "pck.chain", RPL_GROUP_QUOTE, RPL_UNTRUSTED)                                      \
    X(PCK_EXTENSION, "pck.extension", RPL_GROUP_QUOTE, RPL_MALFORMED)                              \
    X(PLATFORM_ALLOWED, "platform.allowed", RPL_GROUP_QUOTE, RPL_DENIED)                           \
    X(QE_SIGNATURE, "qe.signature", RPL_GROUP_QUOTE, RPL_UNTRUSTED)                                \
    X(QE_BINDING, "qe.binding", RPL_GROUP_QUOTE, RPL_UNTRUSTED)                                    \
    X(QUOTE_SIGNATURE, "quote.signature", RPL_GROUP_QUOTE, RPL_UNTRUSTED)                          \
    X(COLLATERAL_PRESENT, "collateral.present", RPL_GROUP_COLLATERAL, RPL_UNAVAILABLE)             \
    X(CRL_ROOT, "crl.root", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                                   \
    X(CRL_PCK, "crl.pck", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                                     \
    X(CRL_VALIDITY, "crl.validity", RPL_GROUP_COLLATERAL, RPL_STALE)                               \
    X(PCK_REVOKED, "pck.revoked", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                             \
    X(TCB_SIGNER, "tcb.signer", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                               \
    X(TCB_INFO, "tcb.info", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                                   \
    X(TCB_VALIDITY, "tcb.validity", RPL_GROUP_COLLATERAL, RPL_STALE)                               \
    X(TCB_PLATFORM, "tcb.platform", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                           \
    X(QE_IDENTITY, "qe.identity", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                             \
    X(QE_VALIDITY, "qe.validity", RPL_GROUP_COLLATERAL, RPL_STALE)                                 \
    X(QE_REPORT, "qe.report", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                                 \
    X(TDX_MODULE, "tdx.module", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                               \
    X(TCB_LEVEL, "tcb.level", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                                 \
    X(TCB_STATUS, "tcb.status", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                               \
    X(TCB_ADVISORIES, "tcb.advisories", RPL_GROUP_COLLATERAL, RPL_UNTRUSTED)                       \
    X(TCB_EVALUATION, "tcb.evaluation", RPL_GROUP_COLLATERAL, RPL_STALE)                           \
    X(TD_ATTRIBUTES, "td.attributes", RPL_GROUP_TD, RPL_UNTRUSTED)                                 \
    X(TD_XFAM, "td.xfam", RPL_GROUP_TD, RPL_UNTRUSTED)                                             \
    X(TD_SERVICETD, "td.servicetd", RPL_GROUP_TD, RPL_UNTRUSTED)                                   \
    X(REPORT_DATA, "report_data", RPL_GROUP_BINDING, RPL_UNTRUSTED)                                \
    X(EVENT_LOG, "event_log.replay", RPL_GROUP_BINDING, RPL_UNTRUSTED)                             \
    X(MR_CONFIG_ID, "td.mr_config_id", RPL_GROUP_BINDING, RPL_UNTRUSTED)                           \
    X(POLICY_IMAGE, "policy.image", RPL_GROUP_POLICY, RPL_DENIED)                                  \
    X(POLICY_RELEASE, "policy.release", RPL_GROUP_POLICY, RPL_DENIED)                              \
    X(POLICY_CONFIG, "policy.config", RPL_GROUP_POLICY, RPL_DENIED)                                \
    X(POLICY_DEVICE, "policy.device", RPL_GROUP_POLICY, RPL_DENIED)                                \
    X(POLICY_CHALLENGE, "policy.challenge", 0, RPL_STALE)                                          \
    X(POLICY_IDENTITY, "policy.identity", 0, RPL_DENIED)                                           \
    X(POLICY_EPOCH, "policy.epoch", 0, RPL_DENIED)                                                 \
    X(POLICY_TIME, "policy.time", 0, RPL_UNAVAILABLE)                                              \
    X(POLICY_DELAY, "policy.delay", 0, RPL_DENIED)                                                 \
    X(POLICY_CHAIN, "policy.chain", 0, RPL_UNAVAILABLE)                                            \
    X(HANDOVER_SIGNATURE, "handover.signature", 0, RPL_UNTRUSTED)                                  \
    X(HANDOVER_DIGEST, "handover.digest", 0, RPL_UNTRUSTED)                                        \
    X(HANDOVER_SEALED, "handover.sealed", 0, RPL_UNTRUSTED)                                        \
    X(HANDOVER_REQUEST, "handover.request", 0, RPL_NOT_READY)

typedef enum {
#define RPL_CHECK_ENUM(name, id, group, code) RPL_CHECK_##name,
    RPL_CHECKS(RPL_CHECK_ENUM)
#undef RPL_CHECK_ENUM
        RPL_CHECK_COUNT
} rpl_check;

typedef enum { RPL_NOT_RUN = 0, RPL_PASSED, RPL_FAILED } rpl_check_state;

/* Texts are ours or hex of public bytes: printable ASCII, zero-terminated, cut to fit. */
typedef struct {
    rpl_check check;
    const char *code; /* static: "TCB_STATUS" */
    char got[200], want[200];
    char fix[240]; /* what an operator can do */
} rpl_finding;

#define RPL_FINDINGS_MAX 48

typedef struct {
    bool required[RPL_CHECK_COUNT];
    uint8_t state[RPL_CHECK_COUNT]; /* rpl_check_state */
    bool starved;                   /* memory was short: neither this nor that counts */
    size_t n_findings;
    rpl_finding
        findings[RPL_FINDINGS_MAX]; /* failures in the order found; further ones only set state */
} rpl_verdict;

/* Forgets everything; requires the checks of `groups` (rpl_check_group, or-ed). */
void rpl_verdict_start(rpl_verdict *v, unsigned groups);
/* Takes back what passed of the checks of `groups`; what failed stays so. */
void rpl_verdict_unpass(rpl_verdict *v, unsigned groups);
/* What follows could not be evaluated for want of memory: nothing is admitted, and a verification that
 * runs into `v` answers RPL_INTERNAL rather than with a refusal. Until rpl_verdict_start. */
void rpl_verdict_starve(rpl_verdict *v);
/* Adds one check to the required ones, without touching its state. */
void rpl_verdict_require(rpl_verdict *v, rpl_check check);
/* A failure is final: passing a check that has failed leaves it failed. */
void rpl_verdict_pass(rpl_verdict *v, rpl_check check);
/* `code` must be static. got, want and fix may be NULL. Marks the check as required, too. */
void rpl_verdict_fail(rpl_verdict *v, rpl_check check, const char *code, const char *got,
                      const char *want, const char *fix);
/* The same with got and want as hex of public bytes. */
void rpl_verdict_fail_bytes(rpl_verdict *v, rpl_check check, const char *code, rpl_bytes got,
                            rpl_bytes want, const char *fix);
/* Passes when `holds`, else fails with got and want. Returns `holds`. */
bool rpl_verdict_equal(rpl_verdict *v, rpl_check check, const char *code, rpl_bytes got,
                       rpl_bytes want, const char *fix);

/* True only when at least one check is required and every required one passed, and memory sufficed. */
RPL_CHECKED bool rpl_verdict_admits(const rpl_verdict *v);
/* True when some check failed; "not run" is not a failure. */
RPL_CHECKED bool rpl_verdict_has_failure(const rpl_verdict *v);
/* True when every required check of `groups` passed. */
RPL_CHECKED bool rpl_verdict_groups_pass(const rpl_verdict *v, unsigned groups);
/* The first failed check in table order, RPL_CHECK_COUNT when none failed. */
rpl_check rpl_verdict_first_failure(const rpl_verdict *v);
/* The refusal as a status for a caller: class of the first failed check (RPL_OK when admitted,
 * RPL_UNAVAILABLE when checks are merely not run); `what` is static text. */
rpl_status rpl_verdict_status(const rpl_verdict *v);

const char *rpl_check_id(rpl_check check);
unsigned rpl_check_groups(rpl_check check);

#endif
