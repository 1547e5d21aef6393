/* ports.h - what the node needs from the world: quotes, collateral, files, time, randomness.
 *
 * server/io implements it, tests fake it, server/main.c connects it. The functions may block: they
 * are called from worker threads only, except `time`, `random` and `reached`, which are quick and
 * may be called anywhere. All of them are thread-safe.
 */
#ifndef RPL_SERVER_CORE_PORTS_H
#define RPL_SERVER_CORE_PORTS_H

#include "attestation/policy/chain_push.h"
#include "attestation/policy/contract_call.h"
#include "attestation/policy/rpc_urls.h"
#include "attestation/verify.h"
#include "server/core/state.h"
#include "server/core/transcript.h"

/* As the guest agent gave it; owned. */
typedef struct {
    uint8_t *quote;
    size_t quote_len;
    char *event_log; /* JSON text, zero-terminated; "" when the agent gives none */
    size_t event_log_len;
} rpl_agent_quote;

/* Which platform's collateral; everything is borrowed during the call. */
typedef struct {
    uint8_t fmspc[6];
    bool processor_ca; /* that issued the PCK, else the Platform CA */
    rpl_bytes issuers; /* PEM of that CA and the root, from the quote's verified chain */
    const rpl_collateral
        *given;      /* came with the call, or NULL: used for this call only, and only where
                                    it is newer than what is known, or where nothing is */
    bool renew;      /* a quote did not pass: ask the sources again, if not just done */
    bool want_early; /* the early view, too; else it is not asked for */
} rpl_collateral_wants;

/* One platform's collateral; borrowed until it is given back. What could be verified document by
 * document was; what a source gave that could not is passed on for the verdict to say why. The same
 * document is the same bytes at the same place, lease after lease. */
typedef struct {
    rpl_collateral collateral;
    rpl_collateral early; /* with what Intel publishes first; all empty when that is unknown */
    void *owner;
} rpl_collateral_lease;

/* What the verifier found of it. */
typedef struct {
    bool verified;
    int64_t issued_s, valid_until_s; /* when verified */
} rpl_collateral_outcome;

/* Where the time comes from. */
#define RPL_TIME_FROM_ORIGINS "trusted origins"
#define RPL_TIME_UNKNOWN      "unknown"
#define RPL_TIME_FROM_HOST    "host clock" /* test builds only */

typedef struct {
    bool trusted;       /* false: nothing is given or taken by it */
    int64_t now_s;      /* Unix seconds, never below the floor; the floor while not trusted */
    int64_t floor_s;    /* build time and the issue dates of verified collateral */
    int64_t boot_ms;    /* CLOCK_BOOTTIME: ages and expiries */
    int64_t age_s;      /* since the origins agreed; 0 while not trusted */
    const char *source; /* static: one of the three above */
} rpl_time;

enum { RPL_TIME_ORIGINS_MAX = 8, RPL_TIME_HOST_MAX = 253 };

/* What became of one origin of the time when it was last asked. */
typedef struct {
    char host[RPL_TIME_HOST_MAX + 1]; /* nothing else of its address */
    const char *result;               /* static: "agrees", or what is wrong */
    int64_t asked_ms;                 /* CLOCK_BOOTTIME; 0: never */
    int64_t date_s;                   /* as it said; 0: nothing */
    int64_t round_trip_ms;
} rpl_time_origin;

typedef struct {
    size_t count, agreeing;
    const char *problem; /* static: why the last round gave no time; "" when it did */
    rpl_time_origin origins[RPL_TIME_ORIGINS_MAX];
} rpl_time_report;

typedef struct {
    void *self;
    /* A quote over exactly these 64 bytes, read back from the quote and compared.
     * RPL_UNAVAILABLE  no agent, busy, or another report data */
    rpl_status (*quote)(void *self, const rpl_report_data *report_data, rpl_agent_quote *out);
    /* The deployed app-compose as the agent has it; owned by the caller. */
    rpl_status (*app_compose)(void *self, char **text, size_t *len);
    /* "dstack.sock GetQuote", ..; static, "" before the first answer. */
    const char *(*agent_name)(void *self);
    /* RPL_UNAVAILABLE  some document is not to be had now; `what` says why */
    rpl_status (*collateral)(void *self, const rpl_collateral_wants *wants,
                             rpl_collateral_lease *out);
    /* Ends the lease. The issue date of verified collateral raises the floor of the time. */
    void (*collateral_done)(void *self, rpl_collateral_lease *lease,
                            const rpl_collateral_outcome *outcome);
    /* Only with a contract in the configuration. What each pinned provider says about one peer at its
     * finalized and its latest block, asked now and within a deadline. It does not fail: what is not
     * known says why. */
    void (*chain)(void *self, const rpl_chain_question *question, rpl_chain_facts *out);
    /* The contract's list at the block of this hash, the last `cap` items of it, as the provider of
     * this place has it: not proven, only to be shown. The first item's position tells whether that
     * is all. RPL_UNAVAILABLE, RPL_MALFORMED */
    rpl_status (*chain_list)(void *self, size_t provider, const uint8_t block[static 32],
                             rpl_contract_item *items, size_t cap, size_t *count);
    /* What each pinned provider knows of two blocks by number, and which its own latest is, for
     * chain_push.h: the first is to be final. Asked now and within a deadline; it does not fail. */
    void (*chain_witness)(void *self, uint64_t finalized, uint64_t latest,
                          rpl_chain_witnesses *out);
    /* A finalized block that a quorum confirmed: its time raises the floor of the time. */
    void (*chain_confirmed)(void *self, const rpl_chain_block *finalized);
    /* Puts the keys of ETH_RPC_URL in force, in place of those before; quick. */
    void (*chain_keys)(void *self, const rpl_rpc_keys *keys);
    /* What lies on disk now; an absent file is not in the list. */
    rpl_status (*read_files)(void *self, rpl_file_list *out);
    /* Each atomically (temp, fsync, rename) where the content differs. With `set_aside`, whatever
     * else was there is kept under another name, <name>.local-<digest>. */
    rpl_status (*write_files)(void *self, const rpl_file_list *files, bool set_aside,
                              size_t *written);
    /* $REPLICATOOR_UNTRUSTED_DIR/private.env, atomically. */
    rpl_status (*write_untrusted_env)(void *self, rpl_bytes text);
    rpl_time (*time)(void *self);
    /* For /status; quick. */
    void (*time_report)(void *self, rpl_time_report *out);
    void (*random)(void *self, uint8_t *out, size_t len);
    /* Test builds stop the process here when the row is named by REPLICATOOR_TEST_STOP_AT. */
    void (*reached)(void *self, const char *row);
} rpl_ports;

void rpl_agent_quote_free(rpl_agent_quote *quote);

#endif
