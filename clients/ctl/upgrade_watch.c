#include <time.h>

#include "base/hash.h"
#include "base/net/http_client.h"
#include "clients/ctl/upgrade.h"

enum {
    EXPECTED_MAX = 256,
    EXPECT_FILE_MAX = 65536,
    WEBHOOK_TIMEOUT_MS = 15000,
    WEBHOOK_ANSWER_MAX = 65536,
    UNAVAILABLE = 4,
    LEAST_PAUSE_NS = 200000000,
};

typedef struct {
    rpl_ctl_chain chain;
    const char *webhook;
    uint64_t interval_s, max_age_s, blind_s;
    bool once;
    size_t n_expected;
    rpl_contract_key expected[EXPECTED_MAX];
    bool was_used[EXPECTED_MAX]; /* an announcement is of one proposal */
    bool has_last;               /* what the last good look showed */
    rpl_ctl_operator last;
    int64_t good_s; /* when that was, by our own clock */
    bool is_blind;
    int exit_status; /* not 0: stop */
} watch;

/* The watcher's own clock: what it tells by it is what it has not seen. */
static int64_t clock_s(void)
{
    return (int64_t)time(NULL);
}

static void rpl_auto_watch(watch *w)
{
    rpl_ctl_operator_free(&w->last);
}

static bool same(const uint8_t *a, const uint8_t *b, size_t len)
{
    return rpl_bytes_equal(rpl_bytes_of(a, len), rpl_bytes_of(b, len));
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    const rpl_reader r = rpl_reader_over(rpl_bytes_of(bytes, len));
    return rpl_read_zeros_to_end(&r);
}

static bool same_key(const rpl_contract_key *a, const rpl_contract_key *b)
{
    return same(a->kind, b->kind, 32) && same(a->value, b->value, 32);
}

static bool take_expected(watch *w, const rpl_contract_key *key)
{
    for (size_t i = 0; i < w->n_expected; i++) {
        if (w->was_used[i] || !same_key(&w->expected[i], key))
            continue;
        w->was_used[i] = true;
        return true;
    }
    return false;
}

static bool post(const char *url, const char *text)
{
    const rpl_http_request request = {.url = url,
                                      .content_type = "application/json",
                                      .body = rpl_bytes_of_text(text),
                                      .connect_timeout_ms = WEBHOOK_TIMEOUT_MS,
                                      .timeout_ms = WEBHOOK_TIMEOUT_MS,
                                      .body_max = WEBHOOK_ANSWER_MAX};
    rpl_http_response response = {0};
    if (rpl_http_exchange(&request, &response).code != RPL_OK)
        return false;
    const bool taken = response.status >= 200 && response.status < 300;
    rpl_http_response_free(&response);
    return taken;
}

/* One line; an alarm also goes to the webhook. Without one, or when it does not take it, the alarm is
 * the end: whoever started us sees the exit status. */
static void say(watch *w, json_t *line, int alarm)
{
    RPL_AUTO(json_text) char *text = NULL;
    json_object_set_new(line, "alarm", json_boolean(alarm));
    rpl_json_set_uint(line, "time", (uint64_t)clock_s());
    if (rpl_json_dump(line, &text).code != RPL_OK || puts(text) < 0 || fflush(stdout) != 0) {
        w->exit_status = rpl_ctl_fail("stdout", rpl_fail(RPL_INTERNAL, "cannot write"));
        return;
    }
    if (!alarm || (w->webhook && post(w->webhook, text)))
        return;
    if (w->webhook)
        (void)rpl_ctl_fail_at(w->webhook,
                              rpl_fail(RPL_UNAVAILABLE, "the webhook did not take the alarm"));
    w->exit_status = alarm;
}

static json_t *line_of(const rpl_ctl_operator *now, const char *event)
{
    json_t *line = json_object();
    rpl_json_set_text(line, "event", event);
    rpl_json_set_uint(line, "block", now->block.number);
    rpl_json_set_uint(line, "block_time", (uint64_t)now->block.time_s);
    return line;
}

/* What was closed was so for a reason: no announcement covers that it comes back. */
static const char again[] = "proposed again";

/* What loosens and was not announced is an alarm. */
static void say_key(watch *w, const rpl_ctl_operator *now, const char *event,
                    const rpl_contract_key *key, uint64_t from)
{
    RPL_AUTO(json) json_t *line = line_of(now, event);
    char kind[RPL_CTL_NAME_MAX], value[RPL_CTL_HEX32];
    const bool loosens = from != 0,
               expected = loosens && strcmp(event, again) != 0 && take_expected(w, key);
    const int64_t left_s = (int64_t)from - now->block.time_s;
    rpl_ctl_kind_text(key->kind, kind);
    rpl_ctl_hex(rpl_bytes_of(key->value, 32), value);
    rpl_json_set_text(line, "kind", kind);
    rpl_json_set_text(line, "value", value);
    if (loosens) {
        rpl_json_set_uint(line, "from", from);
        rpl_json_set_uint(line, "left_s", left_s > 0 ? (uint64_t)left_s : 0);
        json_object_set_new(line, "expected", json_boolean(expected));
    }
    say(w, line, loosens && !expected ? RPL_CTL_REFUSED : 0);
}

/* The list has the order of the first proposals: what was proposed after one behind it was closed
 * before, and comes again. */
static bool came_again(const rpl_ctl_operator *now, size_t i)
{
    for (size_t k = i + 1; k < now->count; k++)
        if (now->items[k].entry.proposed_at < now->items[i].entry.proposed_at)
            return true;
    return false;
}

static void say_proposed(watch *w, const rpl_ctl_operator *now, size_t i)
{
    const rpl_contract_item *item = &now->items[i];
    say_key(w, now, came_again(now, i) ? again : "proposed", &item->key, item->entry.not_before);
}

static bool is_closed(rpl_entry_state state)
{
    return state == RPL_ENTRY_ENDED || state == RPL_ENTRY_CANCELLED;
}

static void compare_item(watch *w, const rpl_ctl_operator *now, size_t i)
{
    const rpl_contract_item *item = &now->items[i];
    const rpl_entry_state state =
        rpl_contract_entry_state(&item->entry, (uint64_t)now->block.time_s);
    if (!w->has_last) {
        if (state == RPL_ENTRY_PENDING)
            say_proposed(w, now, i);
        return;
    }
    if (i >= w->last.count || !same_key(&item->key, &w->last.items[i].key)) {
        say_proposed(w, now, i);
        return;
    }
    const rpl_contract_entry *was = &w->last.items[i].entry;
    const rpl_entry_state before = rpl_contract_entry_state(was, (uint64_t)w->last.block.time_s);
    if (was->proposed_at != item->entry.proposed_at || (is_closed(before) && !is_closed(state)))
        say_key(w, now, again, &item->key, item->entry.not_before);
    else if (state != before)
        say_key(w, now, rpl_ctl_state_text(state), &item->key, 0);
    else if (was->not_after != item->entry.not_after)
        say_key(w, now, "sunset", &item->key, 0);
}

/* A key for what is no entry, as rpl_ctl_key_read makes it. */
static rpl_contract_key key_of(const char *name, const uint8_t *value, size_t len)
{
    rpl_contract_key key = {0};
    rpl_writer w = rpl_writer_over(key.value + 32 - len, len);
    rpl_keccak256(rpl_bytes_of_text(name), key.kind);
    rpl_write_bytes(&w, rpl_bytes_of(value, len));
    return key;
}

static void compare_identity(watch *w, const rpl_ctl_operator *now)
{
    const rpl_contract_key next = key_of("identity", now->next_identity.digest, 32);
    const rpl_contract_key present = key_of("identity", now->identity, 32);
    const uint64_t at = (uint64_t)now->block.time_s;
    if (!is_zero(now->next_identity.digest, 32) &&
        (!w->has_last || now->next_identity.proposed_at != w->last.next_identity.proposed_at))
        say_key(w, now, "identity proposed", &next, now->next_identity.from);
    if (!w->has_last)
        return;
    if (is_zero(now->next_identity.digest, 32) && !is_zero(w->last.next_identity.digest, 32) &&
        same(now->identity, w->last.identity, 32))
        say_key(w, now, "identity cancelled", &present, 0);
    if (same(now->identity, w->last.identity, 32))
        return;
    const bool announced = same(now->identity, w->last.next_identity.digest, 32);
    say_key(w, now, "identity in force", &present, announced ? 0 : at);
}

static void compare_owner(watch *w, const rpl_ctl_operator *now)
{
    const rpl_contract_key next = key_of("owner", now->pending_owner, 20);
    const rpl_contract_key present = key_of("owner", now->owner, 20);
    const bool is_pending = now->pending_owner_from != 0;
    if (is_pending && (!w->has_last || now->pending_owner_from != w->last.pending_owner_from))
        say_key(w, now, "owner proposed", &next, now->pending_owner_from);
    if (!w->has_last)
        return;
    if (!is_pending && w->last.pending_owner_from && same(now->owner, w->last.owner, 20))
        say_key(w, now, "owner cancelled", &present, 0);
    if (same(now->owner, w->last.owner, 20))
        return;
    const bool announced = same(now->owner, w->last.pending_owner, 20);
    say_key(w, now, "owner changed", &present, announced ? 0 : (uint64_t)now->block.time_s);
}

static void compare_rest(watch *w, const rpl_ctl_operator *now)
{
    if (now->min_epoch != w->last.min_epoch) {
        RPL_AUTO(json) json_t *line = line_of(now, "minEpoch raised");
        rpl_json_set_uint(line, "min_epoch", now->min_epoch);
        say(w, line, 0);
    }
    if (now->chain_id != w->last.chain_id || now->min_delay_s != w->last.min_delay_s ||
        !same(now->code_hash, w->last.code_hash, 32)) {
        RPL_AUTO(json) json_t *line = line_of(now, "another contract");
        say(w, line, RPL_CTL_REFUSED);
    }
}

static void say_start(watch *w, const rpl_ctl_operator *now)
{
    RPL_AUTO(json) json_t *line = line_of(now, "watching");
    char hex[RPL_CTL_HEX32];
    rpl_ctl_hex(rpl_bytes_of(now->code_hash, 32), hex);
    rpl_json_set_text(line, "code", hex);
    rpl_json_set_uint(line, "chain_id", now->chain_id);
    rpl_json_set_uint(line, "entries", now->count);
    say(w, line, 0);
}

static void compare(watch *w, const rpl_ctl_operator *now)
{
    if (!w->has_last)
        say_start(w, now);
    for (size_t i = 0; i < now->count; i++)
        compare_item(w, now, i);
    compare_identity(w, now);
    compare_owner(w, now);
    if (w->has_last)
        compare_rest(w, now);
}

static rpl_status look(watch *w, rpl_ctl_operator *now)
{
    RPL_TRY(rpl_ctl_operator_read(&w->chain, now));
    if (clock_s() - now->block.time_s > (int64_t)w->max_age_s)
        return rpl_fail(RPL_STALE, "its latest block is too old");
    if (w->has_last && (now->block.number < w->last.block.number || now->count < w->last.count))
        return rpl_fail(RPL_STALE, "it went back to an older block");
    return rpl_ok();
}

/* Not to see is tolerated for a while; then it is an alarm, once. */
static void say_unseen(watch *w, rpl_status why)
{
    RPL_AUTO(json) json_t *line = json_object();
    const int64_t now_s = clock_s();
    const bool is_blind = now_s - w->good_s >= (int64_t)w->blind_s;
    rpl_json_set_text(line, "event", is_blind ? "blind" : "not seen");
    rpl_json_set_text(line, "why", why.what ? why.what : rpl_code_table(why.code)->name);
    rpl_json_set_uint(line, "since_s", (uint64_t)(now_s - w->good_s));
    say(w, line, is_blind && !w->is_blind ? UNAVAILABLE : 0);
    w->is_blind = is_blind;
}

static void look_again(watch *w)
{
    RPL_AUTO(operator) rpl_ctl_operator now = {0};
    const rpl_status s = look(w, &now);
    if (s.code != RPL_OK) {
        say_unseen(w, s);
        return;
    }
    compare(w, &now);
    rpl_ctl_operator_free(&w->last);
    w->last = now;
    now.items = NULL;
    w->has_last = true;
    w->is_blind = false;
    w->good_s = clock_s();
}

/* "KIND=VALUE" or "KIND VALUE"; `text` is cut in two. */
static bool expect(watch *w, char *text)
{
    char *value = text + strcspn(text, "= ");
    if (w->n_expected == EXPECTED_MAX) {
        fprintf(stderr, "replicatoorctl upgrade watch: more than %d are expected\n", EXPECTED_MAX);
        return false;
    }
    if (*value)
        *value++ = 0;
    return rpl_ctl_key_read(text, value, &w->expected[w->n_expected++]);
}

/* Every part of `text` up to one of `ends`; empty ones and those that begin with # are left out. */
static bool expect_all(watch *w, char *text, const char *ends)
{
    while (*text) {
        char *end = text + strcspn(text, ends), *next = *end ? end + 1 : end;
        *end = 0;
        if (*text && *text != '#' && !expect(w, text))
            return false;
        text = next;
    }
    return true;
}

static bool expect_given(watch *w, const char *list, const char *file)
{
    size_t len;
    RPL_AUTO(bytes) uint8_t *text = file ? rpl_ctl_read(file, EXPECT_FILE_MAX, &len) : NULL;
    RPL_AUTO(bytes) uint8_t *copy = (uint8_t *)strdup(list ? list : "");
    return copy && (!file || text) && expect_all(w, (char *)copy, ",") &&
           (!file || expect_all(w, (char *)text, "\r\n"));
}

/* Never without a breath: a provider answers others, too. */
static void pause_between(uint64_t interval_s)
{
    const struct timespec breath = {.tv_sec = (time_t)interval_s,
                                    .tv_nsec = interval_s ? 0 : LEAST_PAUSE_NS};
    (void)nanosleep(&breath, NULL);
}

static bool seconds(const char *option, const char *text, uint64_t *out)
{
    return !text || rpl_ctl_number(option, text, UINT32_MAX, out);
}

int rpl_ctl_upgrade_watch(int argc, char **argv)
{
    rpl_ctl_upgrade_arguments a = {0};
    const char *list = NULL, *file = NULL, *interval = NULL, *max_age = NULL, *blind = NULL;
    __attribute__((cleanup(rpl_auto_watch)))
    watch w = {.interval_s = 30, .max_age_s = 600, .blind_s = 900, .good_s = clock_s()};
    const rpl_ctl_option options[] = {
        {"--contract", &a.contract, NULL}, {"--rpc", &a.rpc, NULL},
        {"--expect", &list, NULL},         {"--expect-file", &file, NULL},
        {"--webhook", &w.webhook, NULL},   {"--interval", &interval, NULL},
        {"--max-age", &max_age, NULL},     {"--blind", &blind, NULL},
        {"--once", NULL, &w.once},         {0}};
    if (!rpl_ctl_arguments(argc, argv, options, NULL, 0) ||
        !seconds("--interval", interval, &w.interval_s) ||
        !seconds("--max-age", max_age, &w.max_age_s) || !seconds("--blind", blind, &w.blind_s) ||
        !expect_given(&w, list, file))
        return RPL_CTL_USAGE;
    if (!a.rpc) {
        fprintf(stderr, "replicatoorctl upgrade watch: --rpc URL was expected\n");
        return RPL_CTL_USAGE;
    }
    const int refused = rpl_ctl_chain_read(&a, &w.chain);
    if (refused)
        return refused;
    look_again(&w);
    while (!w.once && !w.exit_status) {
        pause_between(w.interval_s);
        look_again(&w);
    }
    if (!w.exit_status && !w.has_last)
        return UNAVAILABLE;
    return w.exit_status;
}
