/* collateral_table.h - what a collateral source remembers: documents with what is known about each, and
 * per kind of platform the newest that a whole verification has believed. For collateral_source.c
 * alone, which holds its lock around every call. No I/O.
 *
 * Both tables are bounded; where one is full, the entry whose last use is longest ago gives way.
 */
#ifndef RPL_SERVER_IO_COLLATERAL_TABLE_H
#define RPL_SERVER_IO_COLLATERAL_TABLE_H

#include "server/core/collateral_cache.h"
#include "server/core/ports.h"

enum { RPL_COLLATERAL_ENTRIES_MAX = 64, RPL_COLLATERAL_FLOORS_MAX = 64 };

/* A document and how many hold it: the table, leases, calls. */
typedef struct {
    unsigned refs;
    bool is_given;                     /* came with a call */
    rpl_collateral_stamp stamp;        /* zeros unless it verified */
    rpl_collateral_document *document; /* owned */
} rpl_held;

/* One reference. Takes the document over, also when memory is short (then NULL). */
rpl_held *rpl_held_new(rpl_collateral_document *document, const rpl_collateral_stamp *stamp);
rpl_held *rpl_held_again(rpl_held *held);
void rpl_held_let_go(rpl_held *held); /* may be NULL */

typedef struct {
    bool used;
    rpl_pcs_ask ask;
    rpl_cache_state state;
    rpl_held *kept;     /* verified; NULL unless state.has */
    rpl_held *stored;   /* read back at the start, not looked at yet */
    rpl_held *doubtful; /* the newest answer, if it did not verify and nothing better is there */
    rpl_status failed;  /* why there is none */
    bool unsaved;       /* `kept` could not be stored */
    bool in_flight;     /* asked for, or what is stored is being looked at */
    unsigned busy;      /* callers that look at this entry: it stays */
    int64_t used_ms;
    bool wanted; /* by the thread, at wanted_at */
    rpl_time wanted_at;
} rpl_collateral_entry;

typedef struct {
    uint8_t fmspc[6];
    rpl_evaluation_floor floor;
    int64_t used_ms;
} rpl_collateral_floor;

/* Starts as zeros. */
typedef struct {
    rpl_collateral_entry entries[RPL_COLLATERAL_ENTRIES_MAX];
    size_t n_floors;
    rpl_collateral_floor floors[RPL_COLLATERAL_FLOORS_MAX];
} rpl_collateral_table;

void rpl_collateral_table_clear(rpl_collateral_table *table);
/* NULL: not there. */
rpl_collateral_entry *rpl_collateral_table_find(rpl_collateral_table *table,
                                                const rpl_pcs_ask *ask);
/* The same, made when it is not there; NULL: every place is busy. */
rpl_collateral_entry *rpl_collateral_table_entry(rpl_collateral_table *table,
                                                 const rpl_pcs_ask *ask, int64_t boot_ms);

/* What documents of this kind of platform are measured by; zeros: nothing is known. */
rpl_evaluation_floor rpl_collateral_table_floor(const rpl_collateral_table *table,
                                                const uint8_t fmspc[static 6]);
/* These were believed, with a quote and everything else; never lowers. */
void rpl_collateral_table_raise(rpl_collateral_table *table, const uint8_t fmspc[static 6],
                                const rpl_collateral_stamp *tcb_info,
                                const rpl_collateral_stamp *qe_identity, int64_t boot_ms);

#endif
