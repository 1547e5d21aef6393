/* node_quote.h - a running node's own quote over a nonce drawn here, with the event log beside it, and
 * the report data that the quote must have if the rest of the answer is true. Nothing is verified. */
#ifndef RPL_CLIENTS_CTL_NODE_QUOTE_H
#define RPL_CLIENTS_CTL_NODE_QUOTE_H

#include "clients/ctl/ctl.h"

typedef struct {
    uint8_t *quote, *event_log; /* owned by the caller (free); the quote is raw */
    size_t quote_len, event_log_len;
    /* tag || SHA-384(tag || nonce, identity, phase, highest epoch, SHA-256 of the shown
     * configuration): docs/protocol.md, report data, status */
    uint8_t report_data[64];
} rpl_ctl_node_quote;

/* GET /status?nonce=.. of `node`. 0 and *out, or the exit status after saying why on stderr. */
RPL_CHECKED int rpl_ctl_node_quote_ask(const char *node, rpl_ctl_node_quote *out);

#endif
