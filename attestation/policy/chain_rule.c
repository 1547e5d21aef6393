#include "attestation/policy/chain_rule.h"

#include "attestation/policy/sentence.h"
#include "attestation/tdx/calendar.h"
#include "base/hex.h"
#include "base/writer.h"

/* One thing that has to be listed, and how to say so. The codes are static. */
typedef struct {
    rpl_check check;
    const char *not_listed, *ended, *waits; /* codes */
    const char *what;                       /* "release" */
    const uint8_t *value;
} subject;

/* What one report says of one subject, the better of two entries where either will do. */
typedef struct {
    rpl_chain_word_of word;
    rpl_entry_state state; /* at the latest block */
    uint64_t from;         /* when it waits: from then on, by the time of blocks */
    bool waits_for_finality;
} opinion;

static void write_number(rpl_writer *w, uint64_t n)
{
    char digits[21];
    size_t at = sizeof(digits) - 1;

    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    rpl_write_text(w, digits + at);
}

void rpl_chain_wait_text(uint64_t from, int64_t now_s, char out[static RPL_CHAIN_WAIT_TEXT_SIZE])
{
    rpl_writer w = rpl_writer_over(out, RPL_CHAIN_WAIT_TEXT_SIZE - 1);
    char moment[RPL_TIME_TEXT_SIZE];
    const uint64_t now = now_s > 0 ? (uint64_t)now_s : 0;
    const uint64_t minutes = from > now ? (from - now) / 60 + ((from - now) % 60 > 0) : 0;

    rpl_time_text(from > INT64_MAX ? INT64_MAX : (int64_t)from, moment);
    for (const char *c = moment; *c && *c != 'Z'; c++)
        rpl_write_u8(&w, (uint8_t)(*c == 'T' ? ' ' : *c));
    rpl_write_text(&w, " UTC, ");
    write_number(&w, minutes / 60);
    rpl_write_text(&w, " h ");
    write_number(&w, minutes % 60);
    rpl_write_text(&w, " min to go");
    rpl_write_u8(&w, 0);
}

/* --- what one entry is worth --- */

/* A peer of our own release and configuration: active is enough. Otherwise it has waited, too; one
 * that ended has done so before its end, or it never counted. */
static rpl_chain_word_of weigh(const rpl_contract_entry *e, int64_t t_s, bool is_own,
                               bool may_have_ended)
{
    const uint64_t t = t_s > 0 ? (uint64_t)t_s : 0;

    switch (rpl_contract_entry_state(e, t)) {
    case RPL_ENTRY_ACTIVE:
        return is_own || rpl_contract_entry_from(e) <= t ? RPL_CHAIN_APPROVED : RPL_CHAIN_WAITS;
    case RPL_ENTRY_PENDING:
        return RPL_CHAIN_WAITS;
    case RPL_ENTRY_ENDED:
        return may_have_ended && (is_own || rpl_contract_entry_from(e) < e->not_after)
                   ? RPL_CHAIN_APPROVED
                   : RPL_CHAIN_NOT_APPROVED;
    case RPL_ENTRY_NONE:
    case RPL_ENTRY_CANCELLED:
        break;
    }
    return RPL_CHAIN_NOT_APPROVED;
}

/* The finalized view can hold back what the latest approves, never approve by itself. */
static rpl_chain_word_of both(rpl_chain_word_of finalized, rpl_chain_word_of latest)
{
    if (latest == RPL_CHAIN_APPROVED && finalized != RPL_CHAIN_APPROVED)
        return RPL_CHAIN_WAITS;
    return latest;
}

rpl_chain_word_of rpl_chain_entry_counts(const rpl_contract_entry *finalized, int64_t finalized_s,
                                         const rpl_contract_entry *latest, int64_t latest_s)
{
    return both(weigh(finalized, finalized_s, false, false), weigh(latest, latest_s, false, false));
}

static opinion opinion_of(const rpl_chain_report *r, const rpl_contract_entry *finalized,
                          const rpl_contract_entry *latest, bool is_own, bool may_have_ended)
{
    const int64_t t = r->latest.block.timestamp;
    const rpl_chain_word_of newest = weigh(latest, t, is_own, may_have_ended);

    return (opinion){
        .word =
            both(weigh(finalized, r->finalized.block.timestamp, is_own, may_have_ended), newest),
        .state = rpl_contract_entry_state(latest, t > 0 ? (uint64_t)t : 0),
        .from = is_own ? latest->not_before : rpl_contract_entry_from(latest),
        .waits_for_finality = newest == RPL_CHAIN_APPROVED,
    };
}

static opinion better(opinion a, opinion b)
{
    if (a.word != b.word)
        return a.word > b.word ? a : b;
    if (a.word == RPL_CHAIN_WAITS)
        return a.from <= b.from ? a : b;
    return a.state != RPL_ENTRY_NONE ? a : b;
}

static opinion on_release(const rpl_chain_case *p, const rpl_chain_report *r, bool is_pinned)
{
    const bool takes = p->direction == RPL_POLICY_TAKE;
    const opinion release =
        opinion_of(r, &r->finalized.release, &r->latest.release, p->is_own, takes && is_pinned);

    if (!takes)
        return release;
    return better(release,
                  opinion_of(r, &r->finalized.source, &r->latest.source, p->is_own, false));
}

static opinion on_device(const rpl_chain_case *p, const rpl_chain_report *r)
{
    return better(opinion_of(r, &r->finalized.device, &r->latest.device, p->is_own, false),
                  opinion_of(r, &r->finalized.any_device, &r->latest.any_device, p->is_own, false));
}

/* --- saying it --- */

static void refuse(const subject *s, const opinion *o, rpl_verdict *verdict)
{
    static const char *const states[] = {
        [RPL_ENTRY_NONE] = " was never proposed",
        [RPL_ENTRY_PENDING] = " waits",
        [RPL_ENTRY_ACTIVE] = " is not approved",
        [RPL_ENTRY_ENDED] = " was revoked or has ended",
        [RPL_ENTRY_CANCELLED] = " was proposed and taken back",
    };
    char hex[65];
    rpl_sentence got, want, fix;

    rpl_hex_encode(rpl_bytes_of(s->value, 32), hex);
    rpl_verdict_fail(
        verdict, s->check, o->state == RPL_ENTRY_ENDED ? s->ended : s->not_listed,
        RPL_SAY(&got, s->what, " ", hex, states[o->state]),
        RPL_SAY(&want, "a ", s->what,
                " that the contract approves, at its finalized and latest block"),
        RPL_SAY(&fix,
                "if it is yours: the owner of the contract proposes it (replicatoorctl upgrade "
                "propose); it counts 48 hours later"));
}

static void make_wait(const subject *s, const opinion *o, const rpl_chain_time *time,
                      rpl_verdict *verdict)
{
    char wait[RPL_CHAIN_WAIT_TEXT_SIZE], hex[65];
    rpl_sentence got, fix;

    rpl_hex_encode(rpl_bytes_of(s->value, 32), hex);
    rpl_chain_wait_text(o->from, time->now_s, wait);
    rpl_verdict_pass(verdict, s->check);
    if (o->waits_for_finality) {
        rpl_verdict_fail(verdict, RPL_CHECK_POLICY_DELAY, "NOT_FINAL",
                         RPL_SAY(&got, s->what, " ", hex, " is approved at the latest block only"),
                         "approved at the finalized block, too",
                         "ask again in some minutes, when the chain has finalized it");
        return;
    }
    rpl_verdict_fail(verdict, RPL_CHECK_POLICY_DELAY, s->waits,
                     RPL_SAY(&got, s->what, " ", hex, ": approved from ", wait),
                     "48 hours between proposal and approval, whatever the contract says",
                     RPL_SAY(&fix, "ask again after ", wait));
}

/* --- one subject over all reports --- */

typedef struct {
    const rpl_chain_case *peer;
    const rpl_chain_facts *facts;
    const rpl_chain_agreement *agreement;
    const rpl_chain_time *time;
    rpl_verdict *verdict;
} hearing;

typedef enum { ON_RELEASE, ON_CONFIG, ON_DEVICE } topic;

static bool has_digest(const uint8_t digest[static 32])
{
    static const uint8_t zero[32];
    return !rpl_bytes_equal(rpl_bytes_of(digest, 32), rpl_bytes_of(zero, 32));
}

static const uint8_t *identity_of(const rpl_chain_view *v)
{
    const int64_t t = v->block.timestamp;
    return rpl_contract_identity_at(&v->identity, t > 0 ? (uint64_t)t : 0);
}

bool rpl_chain_names_identity(const rpl_chain_view *view, const uint8_t digest[static 32])
{
    const uint8_t *named = identity_of(view);
    return named && rpl_bytes_equal(rpl_bytes_of(named, 32), rpl_bytes_of(digest, 32));
}

/* The configuration or both views name the identity. */
static bool is_pinned(const rpl_chain_case *peer, const rpl_chain_report *r)
{
    return peer->has_pin || (identity_of(&r->finalized) && identity_of(&r->latest));
}

static opinion hear(const hearing *h, topic about, const rpl_chain_report *r)
{
    switch (about) {
    case ON_RELEASE:
        return on_release(h->peer, r, is_pinned(h->peer, r));
    case ON_DEVICE:
        return on_device(h->peer, r);
    case ON_CONFIG:
        break;
    }
    return opinion_of(r, &r->finalized.config, &r->latest.config, h->peer->is_own, false);
}

/* What it says where it is asked, or would say if its own newest block were the latest: the worse. */
static opinion hear_all(const hearing *h, topic about, const rpl_chain_report *r)
{
    const opinion here = hear(h, about, r);
    rpl_chain_report ahead = *r;

    if (!r->has_newest)
        return here;
    ahead.latest = r->newest;
    const opinion there = hear(h, about, &ahead);
    return there.word < here.word ? there : here;
}

/* The worst word of those that count decides; a lone dissent is enough. Passing takes the quorum. */
static void decide(const hearing *h, topic about, const subject *s)
{
    opinion worst = {.word = RPL_CHAIN_APPROVED};

    for (size_t i = 0; i < h->agreement->n_providers; i++) {
        if (!rpl_chain_counts(h->agreement, i))
            continue;
        const opinion o = hear_all(h, about, &h->facts->reports[i]);
        if (o.word < worst.word)
            worst = o;
    }
    if (worst.word == RPL_CHAIN_NOT_APPROVED)
        refuse(s, &worst, h->verdict);
    else if (worst.word == RPL_CHAIN_WAITS)
        make_wait(s, &worst, h->time, h->verdict);
    else if (h->agreement->is_reached)
        rpl_verdict_pass(h->verdict, s->check);
}

static void decide_release(const hearing *h)
{
    const subject s = {RPL_CHECK_POLICY_RELEASE,
                       "RELEASE_NOT_APPROVED",
                       "RELEASE_REVOKED",
                       "RELEASE_DELAY",
                       "release",
                       h->peer->question.release};
    decide(h, ON_RELEASE, &s);
}

static void decide_config(const hearing *h)
{
    const subject s = {
        RPL_CHECK_POLICY_CONFIG, "CONFIG_NOT_APPROVED", "CONFIG_REVOKED", "CONFIG_DELAY", "config",
        h->peer->question.config};
    if (h->peer->is_config_settled)
        rpl_verdict_pass(h->verdict, RPL_CHECK_POLICY_CONFIG);
    else
        decide(h, ON_CONFIG, &s);
}

static void decide_device(const hearing *h)
{
    const subject s = {
        RPL_CHECK_POLICY_DEVICE, "DEVICE_NOT_APPROVED", "DEVICE_REVOKED", "DEVICE_DELAY", "device",
        h->peer->question.device};
    decide(h, ON_DEVICE, &s);
}

/* --- identity and epoch --- */

static void refuse_unpinned(const hearing *h)
{
    char hex[65];
    rpl_sentence got;

    rpl_hex_encode(rpl_bytes_of(h->peer->identity, 32), hex);
    rpl_verdict_fail(h->verdict, RPL_CHECK_POLICY_IDENTITY, "IDENTITY_UNPINNED",
                     RPL_SAY(&got, "no identity is pinned; the state's is ", hex),
                     "the identity that the contract (setIdentity) or REPLICATOOR_IDENTITY names",
                     "compare identity_digest with /status of the true holder, then let the owner "
                     "of the contract set it; it counts once finalized");
}

/* One view. A pin of the configuration stands in for a contract that never had one. */
static bool accepts_identity(const hearing *h, const rpl_chain_view *v)
{
    const rpl_chain_case *p = h->peer;
    const uint8_t *pinned = identity_of(v);

    if (!pinned && (!p->has_pin || has_digest(v->identity.digest))) {
        refuse_unpinned(h);
        return false;
    }
    return rpl_verdict_equal(
        h->verdict, RPL_CHECK_POLICY_IDENTITY, "IDENTITY_CONTRACT", rpl_bytes_of(p->identity, 32),
        rpl_bytes_of(pinned ? pinned : p->pin, 32),
        "the state is another app's, or its identity was changed in the contract: use the holder "
        "whose identity_digest the contract names");
}

static bool accepts_epoch(const hearing *h, const rpl_chain_view *v)
{
    if (h->peer->highest_epoch >= v->min_epoch)
        return true;
    rpl_verdict_fail(h->verdict, RPL_CHECK_POLICY_EPOCH, "EPOCH_CONTRACT",
                     "the highest epoch of the state is below minEpoch of the contract",
                     "an epoch that is not below minEpoch",
                     "use a holder that has the newer epoch, or rotate");
    return false;
}

static void decide_state(const hearing *h)
{
    bool epoch = true, identity = true;

    for (size_t i = 0; i < h->agreement->n_providers; i++) {
        const rpl_chain_report *r = &h->facts->reports[i];
        if (!rpl_chain_counts(h->agreement, i))
            continue;
        const rpl_chain_view *views[] = {&r->latest, &r->finalized, &r->newest};
        for (size_t v = 0; v < (r->has_newest ? 3 : 2); v++) {
            identity = identity && accepts_identity(h, views[v]);
            epoch = epoch && accepts_epoch(h, views[v]);
        }
    }
    if (epoch && h->agreement->is_reached)
        rpl_verdict_pass(h->verdict, RPL_CHECK_POLICY_EPOCH);
}

/* --- the providers themselves --- */

/* "2 of 3 agree; provider 2 did not answer in time" */
static void refuse_chain(const hearing *h, const rpl_chain_pin *pin)
{
    char got[200] = {0}, want[80] = {0};
    rpl_writer g = rpl_writer_over(got, sizeof(got) - 1),
               w = rpl_writer_over(want, sizeof(want) - 1);

    write_number(&g, h->agreement->n_agreeing);
    rpl_write_text(&g, " of ");
    write_number(&g, pin->n_providers);
    rpl_write_text(&g, " agree");
    for (size_t i = 0; i < h->agreement->n_providers; i++) {
        if (h->agreement->standing[i] == RPL_CHAIN_KNOWN)
            continue;
        rpl_write_text(&g, "; provider ");
        write_number(&g, i + 1);
        rpl_write_text(&g, " ");
        rpl_write_text(&g, rpl_chain_standing_text(h->agreement->standing[i]));
    }
    rpl_write_text(&w, "the same finalized and latest block from ");
    write_number(&w, pin->quorum);
    rpl_write_text(&w, " providers");
    rpl_verdict_fail(h->verdict, RPL_CHECK_POLICY_CHAIN, "CHAIN_UNKNOWN", got, want,
                     "try again; if it stays: look at the providers in /status, and send "
                     "/configure an ETH_RPC_URL that works");
}

void rpl_chain_require(rpl_verdict *verdict)
{
    static const rpl_check checks[] = {RPL_CHECK_POLICY_RELEASE,  RPL_CHECK_POLICY_DELAY,
                                       RPL_CHECK_POLICY_CONFIG,   RPL_CHECK_POLICY_DEVICE,
                                       RPL_CHECK_POLICY_IDENTITY, RPL_CHECK_POLICY_EPOCH,
                                       RPL_CHECK_POLICY_CHAIN};

    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
        rpl_verdict_require(verdict, checks[i]);
}

void rpl_chain_judge(const rpl_chain_case *peer, const rpl_chain_pin *pin,
                     const rpl_chain_facts *facts, const rpl_chain_agreement *agreement,
                     const rpl_chain_time *time, rpl_verdict *verdict)
{
    const hearing h = {peer, facts, agreement, time, verdict};

    rpl_chain_require(verdict);
    decide_release(&h);
    decide_config(&h);
    decide_device(&h);
    decide_state(&h);
    if (!agreement->is_reached) {
        refuse_chain(&h, pin);
        return;
    }
    rpl_verdict_pass(verdict, RPL_CHECK_POLICY_CHAIN);
    rpl_verdict_pass(verdict, RPL_CHECK_POLICY_DELAY);
}
