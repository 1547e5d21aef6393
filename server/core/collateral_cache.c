#include "server/core/collateral_cache.h"

enum { DOUBLINGS_MAX = 5 }; /* 2 s to 64 s */

static bool is_in_force(const rpl_cache_state *state, int64_t now_s)
{
    return state->has && state->stamp.issued_s <= now_s && now_s <= state->stamp.valid_until_s;
}

/* Nobody has said for long, or to this process ever, that it is the newest. */
static bool is_stale(const rpl_cache_state *state, int64_t boot_ms)
{
    return !state->fetched || boot_ms - state->fetched_ms >= RPL_CACHE_STALE_MS;
}

static bool is_due(const rpl_cache_state *state, int64_t now_s, int64_t boot_ms)
{
    const int64_t quarter = (state->stamp.valid_until_s - state->stamp.issued_s) / 4;
    const int64_t margin = quarter < RPL_CACHE_MARGIN_S ? quarter : RPL_CACHE_MARGIN_S;
    return boot_ms - state->fetched_ms >= RPL_CACHE_RENEW_MS ||
           state->stamp.valid_until_s - now_s < margin;
}

rpl_cache_plan rpl_cache_decide(const rpl_cache_state *state, int64_t now_s, int64_t boot_ms)
{
    const bool may_ask = boot_ms >= state->not_before_ms;
    if (!is_in_force(state, now_s))
        return may_ask ? RPL_CACHE_FETCH : RPL_CACHE_NOT_NOW;
    if (may_ask && is_stale(state, boot_ms))
        return RPL_CACHE_FETCH;
    return may_ask && is_due(state, now_s, boot_ms) ? RPL_CACHE_USE_AND_RENEW : RPL_CACHE_USE;
}

bool rpl_cache_may_force(const rpl_cache_state *state, int64_t boot_ms)
{
    const bool fresh = state->fetched && boot_ms - state->fetched_ms < RPL_CACHE_REST_MS;
    const bool forced = state->forced && boot_ms - state->forced_ms < RPL_CACHE_FORCED_MS;
    return !fresh && !forced && (state->failures == 0 || boot_ms >= state->not_before_ms);
}

void rpl_cache_note_forced(rpl_cache_state *state, int64_t boot_ms)
{
    state->forced = true;
    state->forced_ms = boot_ms;
}

rpl_cache_offer rpl_cache_judge(const rpl_cache_state *state, const rpl_collateral_stamp *offered)
{
    const rpl_collateral_stamp *kept = &state->stamp;
    if (!state->has)
        return RPL_CACHE_TAKE;
    if (rpl_collateral_is_older(offered, kept))
        return RPL_CACHE_OLDER;
    return rpl_collateral_is_older(kept, offered) || offered->valid_until_s > kept->valid_until_s
               ? RPL_CACHE_TAKE
               : RPL_CACHE_KEEP;
}

void rpl_cache_note_answer(rpl_cache_state *state, const rpl_collateral_stamp *taken,
                           int64_t boot_ms)
{
    if (taken) {
        state->has = true;
        state->stamp = *taken;
    }
    state->fetched = true;
    state->fetched_ms = boot_ms;
    state->not_before_ms = boot_ms + RPL_CACHE_REST_MS;
    state->failures = 0;
}

void rpl_cache_note_failure(rpl_cache_state *state, int64_t retry_after_ms, int64_t boot_ms)
{
    const unsigned doublings = state->failures < DOUBLINGS_MAX ? state->failures : DOUBLINGS_MAX;
    const int64_t wait_ms = (int64_t)RPL_CACHE_RETRY_FIRST_MS << doublings;
    state->failures++;
    state->not_before_ms = boot_ms + (wait_ms > retry_after_ms ? wait_ms : retry_after_ms);
}
