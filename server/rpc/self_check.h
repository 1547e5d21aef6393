/* self_check.h - the node's own quote, over the status fields and a zero nonce: made at start and
 * when the state changes, verified like a peer's, kept for /status and for the rule `self`.
 */
#ifndef RPL_SERVER_RPC_SELF_CHECK_H
#define RPL_SERVER_RPC_SELF_CHECK_H

#include "server/core/measured_config.h"
#include "server/rpc/flow.h"

/* What the newest quote of ours says; loop thread only. */
typedef struct rpl_self_check rpl_self_check;
struct rpl_self_check {
    rpl_services *services;
    bool running, again;
    int64_t next_ms; /* CLOCK_BOOTTIME: when to try or to renew */
    uint32_t failures;
    bool waits_for_time; /* not judged, since the time was unknown: again as soon as it is known */
    bool have_quote;
    rpl_own_quote quote;
    rpl_status_fields fields;
    rpl_report_data report_data;
    rpl_measurement measurement;
    uint8_t mr_config_id[48];
    rpl_peer_identity identity;
    rpl_quote_facts facts; /* status and advisories; its views are void */
    rpl_measured_config measured;
};

/* NULL: no memory. */
rpl_self_check *rpl_self_check_new(rpl_services *services);
void rpl_self_check_free(rpl_self_check *self);
/* Makes a new quote now, or as soon as the one under way is done. */
void rpl_self_check_run(rpl_self_check *self);
/* Called once a second by the loop. */
void rpl_self_check_tick(rpl_self_check *self);

/* When the first document behind the quote ends; 0 unless every check of the collateral passed. */
int64_t rpl_self_check_collateral_end(const rpl_self_check *self, const rpl_verdict *verdict);

/* The status fields of the node now. */
void rpl_status_fields_now(const rpl_node *node, const uint8_t *nonce, rpl_status_fields *out);

#endif
