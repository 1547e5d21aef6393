/* policy.h - who may be given the state, and from whom it is taken: the rule `self` and the static
 * policy of the measured configuration. It decides by facts that the verifier has established
 * (rpl_peer_identity, config digest bound by report data); it verifies no quote itself, and the
 * on-chain policy is not here.
 *
 * `self` needs no text: a peer of this node's own release and configuration is admitted. The static
 * policy adds to it:
 *   {"give_to":[ENTRY,..],    who may be given the state
 *    "take_from":[ENTRY,..],  whose state is accepted; left out: the same as give_to
 *    "devices":["any"] or [HEX32,..],   SHA-256 of accepted PPIDs; left out: any
 *    "legacy":[{"mrtd","rtmr0","rtmr1","rtmr2","rtmr3": HEX48},..]}
 *   ENTRY  {"release":HEX32}
 *        | {"compose_hash":HEX32,"image_hash":HEX32}
 *        | {"compose_hash":HEX32,"mrtd":HEX48,"rtmr0":HEX48,"rtmr1":HEX48,"rtmr2":HEX48}
 * All three name a release (measurement.h) and are kept as one. Unknown members are refused.
 * Source: docs/protocol.md, policy.
 */
#ifndef RPL_ATTESTATION_POLICY_POLICY_H
#define RPL_ATTESTATION_POLICY_POLICY_H

#include "attestation/measurement.h"
#include "attestation/tdx/verdict.h"

enum {
    RPL_POLICY_TEXT_MAX = 65536, /* bytes of JSON */
    RPL_POLICY_ENTRIES_MAX = 64, /* of each list */
    RPL_POLICY_MEMBER_MAX = 96,
};

typedef struct {
    uint8_t b[32];
} rpl_policy_hash;

typedef struct {
    size_t count;
    rpl_policy_hash items[RPL_POLICY_ENTRIES_MAX];
} rpl_policy_hashes;

typedef struct {
    rpl_policy_hashes give_to,
        take_from;             /* releases; take_from is filled when it was left out, too */
    rpl_policy_hashes devices; /* empty: any */
    size_t n_legacy;
    rpl_measurement legacy[RPL_POLICY_ENTRIES_MAX]; /* nodes of the Python original */
} rpl_policy;

/* Which member was wrong: "give_to[3].compose_hash"; empty when the text as a whole was. */
typedef struct {
    char text[RPL_POLICY_MEMBER_MAX];
} rpl_policy_member;

/* `text` is the word "self" or the JSON above.
 *   member  set on failure; the status says what was expected there
 * RPL_MALFORMED  not such a text
 * RPL_TOO_LARGE  over a limit above */
RPL_CHECKED rpl_status rpl_policy_parse(rpl_bytes text, rpl_policy *policy,
                                        rpl_policy_member *member);

/* The same list from a setting of its own: `text` is "any", which restricts nothing and changes
 * nothing, or HEX32s separated by commas, spaces around them allowed.
 * RPL_MALFORMED, RPL_TOO_LARGE  as above; RPL_CONFLICT  the policy names other devices */
RPL_CHECKED rpl_status rpl_policy_set_devices(rpl_bytes text, rpl_policy *policy);

typedef enum { RPL_POLICY_GIVE, RPL_POLICY_TAKE } rpl_policy_direction;

/* One side of a handover. */
typedef struct {
    const rpl_peer_identity *identity; /* NULL: no quote of this side has been verified */
    uint8_t config_digest[32];         /* bound by that quote's report data */
    rpl_bytes config;                  /* its preimage; empty: not shown */
} rpl_policy_party;

/* Runs policy.release, policy.config and policy.device over `peer` into `verdict`.
 *   policy.release  the release of this node, or one of the list of this direction
 *   policy.config   the configuration of this node; or, for a listed release, a preimage that
 *                   hashes to the digest and whose CONTRACT, CHAIN_ID and CONTRACT_CODE are ours
 *   policy.device   on the device list
 * Without an identity of our own nothing is admitted by `self`, and policy.release and policy.config
 * of an unlisted peer stay not run; lists still count. */
void rpl_policy_check(const rpl_policy *policy, rpl_policy_direction direction,
                      const rpl_policy_party *self, const rpl_policy_party *peer,
                      rpl_verdict *verdict);

/* The same beside a contract, which decides afterwards: this only restricts. A release has to be
 * listed where there is a list, or be this node's own; a device as above. policy.config passes when
 * it is settled without an entry of the contract: it is this node's own, or that of another release
 * and names the same contract; then *is_config_settled. Nothing is failed for a configuration. */
void rpl_policy_restrict(const rpl_policy *policy, rpl_policy_direction direction,
                         const rpl_policy_party *self, const rpl_policy_party *peer,
                         rpl_verdict *verdict, bool *is_config_settled);

/* True when both sides are of one release and one configuration, and both are known. */
RPL_CHECKED bool rpl_policy_is_own(const rpl_policy_party *self, const rpl_policy_party *peer);

/* True for measurements listed under "legacy". */
bool rpl_policy_is_legacy(const rpl_policy *policy, const rpl_measurement *m);

#endif
