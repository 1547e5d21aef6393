#include "server/core/trusted_time.h"

const char *rpl_time_sample_problem(const rpl_time_sample *sample, const rpl_time_rules *rules)
{
    const int64_t trip_ms = sample->received_ms - sample->sent_ms;
    if (trip_ms < 0 || trip_ms >= rules->round_trip_max_ms)
        return "the answer took too long to tell the time";
    if (sample->date_s < rules->floor_s)
        return "the Date is before what is known to have happened (time_floor)";
    if (sample->date_s < sample->certificates_from_s ||
        sample->date_s > sample->certificates_until_s)
        return "the certificates are not valid at the Date that came with them";
    return NULL;
}

/* The samples that count, by their offset, ascending. */
typedef struct {
    int64_t offset_ms, sent_ms;
    size_t index;
} placed;

static void insert(placed *sorted, size_t count, placed one)
{
    size_t at = count;
    for (; at > 0 && sorted[at - 1].offset_ms > one.offset_ms; at--)
        sorted[at] = sorted[at - 1];
    sorted[at] = one;
}

static size_t place(const rpl_time_sample *samples, size_t count, const rpl_time_rules *rules,
                    placed *sorted)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const rpl_time_sample *s = &samples[i];
        if (rpl_time_sample_problem(s, rules))
            continue;
        insert(sorted, n++, (placed){s->date_s * 1000 - s->sent_ms, s->sent_ms, i});
    }
    return n;
}

/* The largest run within the spread, the last of several. */
static size_t largest_run(const placed *sorted, size_t count, int64_t spread_ms, size_t *first)
{
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = 1;
        while (i + len < count && sorted[i + len].offset_ms - sorted[i].offset_ms <= spread_ms)
            len++;
        if (len >= best) {
            best = len;
            *first = i;
        }
    }
    return best;
}

static size_t quorum(size_t n_origins)
{
    const size_t majority = n_origins / 2 + 1;
    return majority > RPL_TIME_QUORUM_MIN ? majority : RPL_TIME_QUORUM_MIN;
}

rpl_status rpl_time_agree(const rpl_time_sample *samples, size_t count, const rpl_time_rules *rules,
                          rpl_time_agreement *out)
{
    placed sorted[RPL_TIME_ORIGINS_MAX];
    size_t first = 0;

    if (count > rules->n_origins || rules->n_origins > RPL_TIME_ORIGINS_MAX)
        return rpl_fail(RPL_INTERNAL, "more time samples than origins");
    const size_t n = place(samples, count, rules, sorted);
    if (n < quorum(rules->n_origins))
        return rpl_fail(RPL_UNAVAILABLE, "too few of the time origins gave a time that counts");
    const size_t run = largest_run(sorted, n, rules->spread_max_s * 1000, &first);
    if (run < quorum(rules->n_origins))
        return rpl_fail(RPL_UNAVAILABLE, "the time origins disagree");
    rpl_time_agreement agreed = {.offset_ms = sorted[first + run / 2].offset_ms,
                                 .boot_ms = sorted[first].sent_ms,
                                 .count = run};
    for (size_t i = first; i < first + run; i++) {
        agreed.agrees[sorted[i].index] = true;
        if (sorted[i].sent_ms < agreed.boot_ms)
            agreed.boot_ms = sorted[i].sent_ms;
    }
    *out = agreed;
    return rpl_ok();
}

void rpl_trusted_time_take(rpl_trusted_time *time, const rpl_time_agreement *agreement)
{
    time->agreed = true;
    time->offset_ms = agreement->offset_ms;
    time->agreed_ms = agreement->boot_ms;
}

void rpl_trusted_time_raise_floor(rpl_trusted_time *time, int64_t known_s)
{
    if (known_s > time->floor_s)
        time->floor_s = known_s;
}

rpl_time rpl_trusted_time_at(const rpl_trusted_time *time, int64_t boot_ms)
{
    rpl_time now = {.now_s = time->floor_s,
                    .floor_s = time->floor_s,
                    .boot_ms = boot_ms,
                    .source = RPL_TIME_UNKNOWN};
    const int64_t age_ms = boot_ms - time->agreed_ms;
    if (!time->agreed || age_ms < 0 || age_ms > time->max_age_ms)
        return now;
    const int64_t carried_s = (boot_ms + time->offset_ms) / 1000;
    now.now_s = carried_s > time->floor_s ? carried_s : time->floor_s;
    now.trusted = true;
    now.age_s = age_ms / 1000;
    now.source = RPL_TIME_FROM_ORIGINS;
    return now;
}
