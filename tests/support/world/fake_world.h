/* fake_world.h - the ports of a node, faked: genuine quotes of a machine whose key the test has,
 * collateral, files in memory, a clock that stands still, counted randomness, and everything that
 * can go wrong.
 *
 * Machines are made by tests/vectors/generate: "first" and "second" run one release, "other" another
 * one. Thread-safe as the ports must be; what a test sets, it sets while no call is under way, except
 * what holds them.
 */
#ifndef RPL_TESTS_FAKE_WORLD_H
#define RPL_TESTS_FAKE_WORLD_H

#include <pthread.h>
#include <stdatomic.h>

#include "attestation/collateral_bundle.h"
#include "server/core/ports.h"

struct evp_pkey_st;

enum { FAKE_NOW_S = 1780272000, FAKE_ROWS_MAX = 256 };

typedef struct {
    rpl_ports ports;
    pthread_mutex_t lock;
    uint8_t *quote; /* template of the machine */
    size_t quote_len;
    char *event_log;
    struct evp_pkey_st *key;
    rpl_collateral_set bundle;
    uint64_t random_seed, random_count;
    _Atomic int64_t now_s, boot_ms;
    /* Quotes are not answered, files not written, until it is false; how many calls stand there. */
    atomic_bool hold_quotes, hold_writes;
    atomic_uint quotes_waiting, writes_waiting;
    atomic_uint n_quotes, n_collateral, n_writes, n_chain;
    _Atomic int64_t chain_takes_ms; /* by boot time, per answer */
    _Atomic int64_t seal_takes_ms;  /* by boot time, from the receipt on */
    atomic_uint n_witness;
    /* Set and read under the lock, or while no call is under way. */
    rpl_chain_facts chain_facts;       /* the answer */
    rpl_chain_question chain_question; /* the last one */
    rpl_chain_witnesses chain_witnesses;
    rpl_contract_item chain_items[40]; /* the contract's list */
    size_t n_chain_items;              /* 0: nobody answers */
    size_t chain_hides[3];             /* so many at its end each provider does not show */
    rpl_chain_block chain_confirmed;
    rpl_rpc_keys chain_keys;
    atomic_uint leases;              /* taken and not given back */
    atomic_int quotes_until_failure; /* -1: never */
    atomic_bool no_time, no_collateral, unreadable_files, unwritable_files;
    const rpl_evaluation_floor *seen; /* what collateral is measured by, or NULL */
    bool last_outcome_verified, last_set_aside;
    rpl_file_list disk;
    char *untrusted_env;
    const char *rows[FAKE_ROWS_MAX]; /* loop thread */
    size_t n_rows;
} fake_world;

/* Owned by the caller. `seed` makes its randomness another than that of other worlds. */
fake_world *fake_world_new(const char *machine, uint64_t seed);
void fake_world_free(fake_world *world);
/* The root that vouches for every machine. */
rpl_roots fake_world_root(void);
/* Puts a file on disk, in place of one of that name. */
void fake_world_put(fake_world *world, const char *name, const char *content);
/* Whether the file on disk is exactly this. */
bool fake_world_has(fake_world *world, const char *name, const char *content);
bool fake_world_reached(const fake_world *world, const char *row);

#endif
