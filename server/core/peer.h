/* peer.h - verifying another node (or ourselves, like one): quote and evidence, collateral, policy,
 * into one verdict. Pure: the caller fetches the collateral between the steps.
 *
 * Order (docs/protocol.md, handover): everything that needs no network first, all of it collected;
 * the network only when every offline check passed.
 */
#ifndef RPL_SERVER_CORE_PEER_H
#define RPL_SERVER_CORE_PEER_H

#include "attestation/measurement.h"
#include "attestation/policy/policy.h"
#include "attestation/verify.h"
#include "server/core/evidence.h"
#include "server/core/transcript.h"

/* All borrowed until the check is freed. */
typedef struct {
    rpl_bytes quote;                        /* with or without the evidence trailer */
    rpl_bytes event_log, challenge, config; /* what a bare quote lacks; ignored with a trailer */
} rpl_peer_input;

/* By what the peer is judged; borrowed during the calls. */
typedef struct {
    rpl_verifier
        *verifier; /* the thread's own, until the collateral is judged; NULL: `roots` count */
    const rpl_roots *roots;
    const rpl_verifier_policy *verifier_policy;
    const rpl_policy *policy;
    const rpl_policy_party *self; /* without an identity while our own quote is unverified */
    rpl_policy_direction direction;
    bool has_contract; /* it decides afterwards, and the policy only restricts */
    int64_t now_s;
} rpl_peer_rules;

typedef struct {
    rpl_verdict verdict;
    rpl_evidence evidence;
    rpl_verification *verification; /* NULL before rpl_peer_check_offline */
    rpl_peer_identity identity;     /* zero as far as checks failed */
    const rpl_collateral *given;    /* came with the call; borrowed, or NULL */
    bool want_forecast;             /* costs a document, perhaps, and a cold verification */
    uint8_t config_digest[32];      /* of the evidence's configuration preimage */
    bool is_own;            /* release and configuration are ours: what the contract asks of it */
    bool is_config_settled; /* with a contract: no entry is needed for the configuration */
} rpl_peer_check;

/* Owned; NULL: no memory. A verdict is large: keep it off the stack. */
rpl_peer_check *rpl_peer_check_new(void);
void rpl_peer_check_free(rpl_peer_check *check);
RPL_DEFINE_AUTO(rpl_peer_check *, peer_check, rpl_peer_check_free)

/* Splits quote and evidence, and requires `groups` (rpl_check_group) of the verdict.
 * RPL_MALFORMED, RPL_TOO_LARGE  a trailer or a field that cannot be read */
RPL_CHECKED rpl_status rpl_peer_check_open(rpl_peer_check *check, const rpl_peer_input *input,
                                           unsigned groups);
/* Quote, certificates, TD, event log, report data; and the policy when RPL_GROUP_POLICY is required.
 * Look at check->verdict afterwards. */
RPL_CHECKED rpl_status rpl_peer_check_offline(rpl_peer_check *check,
                                              const rpl_report_data *expected,
                                              const rpl_peer_rules *rules);
/* The policy alone, once more. */
void rpl_peer_check_policy(rpl_peer_check *check, const rpl_peer_rules *rules);
/* Where its collateral is found; false while the PCK chain did not verify to the root. */
RPL_CHECKED bool rpl_peer_check_platform(const rpl_peer_check *check, uint8_t fmspc[static 6],
                                         bool *processor_ca);
/* What the next TCB level will say; best effort, and decides nothing. After the collateral. */
void rpl_peer_check_forecast(rpl_peer_check *check, const rpl_collateral *early);
RPL_CHECKED rpl_status rpl_peer_check_collateral(rpl_peer_check *check,
                                                 const rpl_collateral *collateral);

#endif
