#include "attestation/policy/chain_agreement.h"

static bool is_same(const uint8_t a[static 32], const uint8_t b[static 32])
{
    return rpl_bytes_equal(rpl_bytes_of(a, 32), rpl_bytes_of(b, 32));
}

static bool is_same_block(const rpl_chain_block *a, const rpl_chain_block *b)
{
    return a->number == b->number && is_same(a->hash, b->hash);
}

/* A later block has a higher number and no earlier time; one of the same number is the same. */
static bool is_at_or_behind(const rpl_chain_block *later, const rpl_chain_block *earlier)
{
    return later->number == earlier->number
               ? is_same(later->hash, earlier->hash)
               : later->number > earlier->number && later->timestamp >= earlier->timestamp;
}

static bool has_code(const rpl_chain_pin *pin, const rpl_chain_report *r)
{
    return is_same(r->finalized.code_hash, pin->code_hash) &&
           is_same(r->latest.code_hash, pin->code_hash) &&
           (!r->has_newest || is_same(r->newest.code_hash, pin->code_hash));
}

static rpl_chain_standing stand_in_time(const rpl_chain_report *r, const rpl_chain_time *time)
{
    const rpl_chain_view *last = r->has_newest ? &r->newest : &r->latest;

    if (!time->is_known)
        return RPL_CHAIN_NO_TIME;
    if (r->latest.block.timestamp < time->now_s - RPL_CHAIN_AGE_MAX_S)
        return RPL_CHAIN_STALE;
    if (last->block.timestamp > time->now_s + RPL_CHAIN_FUTURE_MAX_S)
        return RPL_CHAIN_FUTURE;
    if (r->finalized.block.timestamp < time->now_s - RPL_CHAIN_FINALIZED_AGE_MAX_S)
        return RPL_CHAIN_FINALIZED_STALE;
    return RPL_CHAIN_KNOWN;
}

static rpl_chain_standing stand(const rpl_chain_pin *pin, const rpl_chain_report *r,
                                const rpl_chain_mark *mark, const rpl_chain_time *time)
{
    const rpl_chain_block *finalized = &r->finalized.block, *latest = &r->latest.block;

    if (r->standing != RPL_CHAIN_KNOWN)
        return r->standing;
    if (r->chain_id != pin->chain_id)
        return RPL_CHAIN_OTHER_CHAIN;
    if (!has_code(pin, r))
        return RPL_CHAIN_OTHER_CODE;
    if (!is_at_or_behind(latest, finalized) ||
        (r->has_newest && !is_at_or_behind(&r->newest.block, latest)))
        return RPL_CHAIN_ORDER;
    if (mark->block.number > 0 && !is_at_or_behind(finalized, &mark->block))
        return RPL_CHAIN_BACKWARDS;
    return stand_in_time(r, time);
}

static bool agrees(const rpl_chain_facts *facts, const rpl_chain_agreement *a, size_t i, size_t j)
{
    const rpl_chain_report *x = &facts->reports[i], *y = &facts->reports[j];

    return a->standing[i] == RPL_CHAIN_KNOWN && a->standing[j] == RPL_CHAIN_KNOWN &&
           is_same_block(&x->finalized.block, &y->finalized.block) &&
           is_same_block(&x->latest.block, &y->latest.block);
}

static size_t group_of(const rpl_chain_facts *facts, const rpl_chain_agreement *a, size_t i)
{
    size_t n = 0;

    for (size_t j = 0; j < a->n_providers; j++)
        n += agrees(facts, a, i, j);
    return n;
}

/* The word of one host's backend that is behind says nothing against those that agree. */
static void set_apart(const rpl_chain_facts *facts, rpl_chain_agreement *a)
{
    bool apart[RPL_CHAIN_PROVIDERS_MAX] = {false};

    for (size_t i = 0; i < a->n_providers; i++)
        apart[i] = a->standing[i] == RPL_CHAIN_KNOWN && !agrees(facts, a, i, a->spokesman);
    for (size_t i = 0; i < a->n_providers; i++)
        a->standing[i] = apart[i] ? RPL_CHAIN_DISAGREES : a->standing[i];
}

void rpl_chain_agree(const rpl_chain_pin *pin, const rpl_chain_facts *facts,
                     const rpl_chain_mark *mark, const rpl_chain_time *time,
                     rpl_chain_agreement *out)
{
    rpl_chain_agreement a = {
        .n_providers =
            facts->count < RPL_CHAIN_PROVIDERS_MAX ? facts->count : RPL_CHAIN_PROVIDERS_MAX,
    };

    for (size_t i = 0; i < a.n_providers; i++)
        a.standing[i] = stand(pin, &facts->reports[i], mark, time);
    for (size_t i = 0; i < a.n_providers; i++) {
        const size_t n = group_of(facts, &a, i);
        if (n > a.n_agreeing) {
            a.n_agreeing = n;
            a.spokesman = i;
        }
    }
    a.is_reached = pin->quorum > 0 && a.n_agreeing >= pin->quorum;
    if (a.n_agreeing > 0)
        set_apart(facts, &a);
    *out = a;
}

bool rpl_chain_counts(const rpl_chain_agreement *agreement, size_t report)
{
    return report < agreement->n_providers && (agreement->standing[report] == RPL_CHAIN_KNOWN ||
                                               agreement->standing[report] == RPL_CHAIN_DISAGREES);
}

bool rpl_chain_mark_raise(rpl_chain_mark *mark, const rpl_chain_facts *facts,
                          const rpl_chain_agreement *agreement)
{
    if (!agreement->is_reached)
        return false;
    const rpl_chain_block *finalized = &facts->reports[agreement->spokesman].finalized.block;
    if (finalized->number <= mark->block.number)
        return false;
    mark->block = *finalized;
    return true;
}
