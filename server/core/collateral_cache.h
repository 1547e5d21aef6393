/* collateral_cache.h - what to do about one kept document of the collateral: use it, renew it, ask for
 * it, or leave the sources alone for now. Decisions over dates and numbers; no bytes, no clock.
 *
 * A document that is in force and was fetched by this process within six hours is used at once; it is
 * renewed in the background five hours after it was fetched, or when its end is near (a quarter of its
 * life, a week at most). For any other the sources are asked first: what lies in a store may have been
 * put back there, and what is old says nothing of a revocation since. When no source answers, what is in
 * force is used all the same. Failures are remembered, so that callers do not pile up behind a service
 * that is down. An older document never takes the place of a newer one that verified.
 */
#ifndef RPL_SERVER_CORE_COLLATERAL_CACHE_H
#define RPL_SERVER_CORE_COLLATERAL_CACHE_H

#include "attestation/collateral_document.h"

enum {
    RPL_CACHE_RENEW_MS = 5 * 3600 * 1000, /* age at which a document is renewed */
    RPL_CACHE_STALE_MS = 6 * 3600 * 1000, /* and is not used before the sources were asked */
    RPL_CACHE_MARGIN_S = 7 * 86400,       /* before its end, at most */
    RPL_CACHE_REST_MS = 60 * 1000,        /* between two fetches of a document */
    RPL_CACHE_RETRY_FIRST_MS = 2000,      /* after a failure; doubled with each further one */
    RPL_CACHE_FORCED_MS = 5 * 60 * 1000,  /* between two renewals because a quote did not pass */
};

/* Starts as zeros: nothing known, nothing asked. Times are CLOCK_BOOTTIME. */
typedef struct {
    bool has; /* a document that verified, with these dates */
    rpl_collateral_stamp stamp;
    bool fetched; /* by this process, at fetched_ms; else it comes from the store */
    int64_t fetched_ms;
    int64_t not_before_ms; /* when the sources may be asked again */
    bool forced;           /* renewed for a quote's sake, at forced_ms */
    int64_t forced_ms;
    unsigned failures; /* in a row */
} rpl_cache_state;

typedef enum {
    RPL_CACHE_USE,           /* the kept document */
    RPL_CACHE_USE_AND_RENEW, /* the kept one, and ask for a newer one in the background */
    RPL_CACHE_FETCH,   /* ask, and wait: there is none in force, or it is not known to be new */
    RPL_CACHE_NOT_NOW, /* there is none, and it is too early to ask again */
} rpl_cache_plan;

rpl_cache_plan rpl_cache_decide(const rpl_cache_state *state, int64_t now_s, int64_t boot_ms);
/* A quote did not pass with what is kept: may the sources be asked for its sake? Not when they were
 * asked a moment ago. Call rpl_cache_note_forced when they are. */
RPL_CHECKED bool rpl_cache_may_force(const rpl_cache_state *state, int64_t boot_ms);
void rpl_cache_note_forced(rpl_cache_state *state, int64_t boot_ms);

typedef enum {
    RPL_CACHE_TAKE,  /* it becomes the kept document */
    RPL_CACHE_KEEP,  /* it says nothing new: the bytes that are known stay */
    RPL_CACHE_OLDER, /* refused */
} rpl_cache_offer;

/* Of a document that verified. */
rpl_cache_offer rpl_cache_judge(const rpl_cache_state *state, const rpl_collateral_stamp *offered);
/* Sources answered, at `boot_ms`; `taken` is the new document's stamp, NULL when the known one stays. */
void rpl_cache_note_answer(rpl_cache_state *state, const rpl_collateral_stamp *taken,
                           int64_t boot_ms);
/* No source had a document that may be kept, at `boot_ms`, when the last of them was done;
 * `retry_after_ms`: what they ask for, 0 for nothing. */
void rpl_cache_note_failure(rpl_cache_state *state, int64_t retry_after_ms, int64_t boot_ms);

#endif
