/* chain_provider.h - inside of chain_source.h: one provider while it is asked, and the steps of asking.
 * What a failure means for its standing, and who is asked about which blocks, is chain_source.c.
 *
 * Each step is blocking, runs in the provider's own thread, begins nothing after `until_ms`, and
 * fails as rpl_json_rpc_ask, or
 * RPL_MALFORMED  not such an answer, or of another block than was asked for
 * RPL_UNTRUSTED  a header or a proof that does not verify
 */
#ifndef RPL_SERVER_IO_CHAIN_PROVIDER_H
#define RPL_SERVER_IO_CHAIN_PROVIDER_H

#include <pthread.h>

#include "attestation/policy/chain_push.h"
#include "attestation/policy/rpc_urls.h"

typedef struct {
    uint64_t chain_id;            /* which it is to be on */
    const uint8_t *address;       /* borrowed, 20 bytes: the contract */
    const rpl_chain_words *slots; /* borrowed; not for a witness */
    const char *ca_file;          /* borrowed; NULL: the system's bundle */
    int64_t request_ms, until_ms;
    char url[RPL_RPC_URL_SIZE]; /* "": no key. To be wiped behind the question */
    size_t index;
    uint64_t latest, finalized;       /* which its own are */
    uint64_t at_latest, at_finalized; /* which it is asked about */
    rpl_chain_report report;
    rpl_chain_witness witness;
    pthread_t thread;
    bool has_thread;
} rpl_chain_provider;

/* Sets the chain id of the report, `latest` and `finalized`. */
RPL_CHECKED rpl_status rpl_chain_provider_learn(rpl_chain_provider *provider);
/* Sets the views of the report; one that is ahead of `at_latest` is read at its own latest, too, and
 * what it cannot show there makes all of it unknown. */
RPL_CHECKED rpl_status rpl_chain_provider_look(rpl_chain_provider *provider);
/* Sets all of the witness but its standing. */
RPL_CHECKED rpl_status rpl_chain_provider_witness(rpl_chain_provider *provider);

#endif
