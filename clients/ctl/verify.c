#include <time.h>

#include "attestation/collateral_bundle.h"
#include "attestation/measurement.h"
#include "attestation/tdx/verifier_rules.h"
#include "attestation/verdict_json.h"
#include "base/hex.h"
#include "clients/ctl/inputs.h"
#include "clients/ctl/node_quote.h"

enum {
    /* more than anything that is accepted: of what is longer, so much is read and then refused */
    FILE_MAX = RPL_CTL_INPUT_MAX,
    REFUSED = 1,
};

static void rpl_auto_collateral(rpl_collateral_set *set)
{
    rpl_collateral_set_free(set);
}

static void rpl_auto_event_log(rpl_event_log *log)
{
    rpl_event_log_free(log);
}

_Static_assert((int)FILE_MAX > (int)RPL_COLLATERAL_BUNDLE_MAX &&
                   (int)FILE_MAX > (int)RPL_EVENT_LOG_MAX && FILE_MAX > 2 * RPL_QUOTE_MAX,
               "a file cut at FILE_MAX is too long for its parser");

typedef struct {
    const char *quote, *collateral, *at, *accept, *event_log, *root, *node, *release;
    const char *rules[RPL_RULE_COUNT];
    bool json;
} arguments;

/* What the arguments say, with every file read. */
typedef struct {
    uint8_t *quote, *collateral, *event_log; /* owned */
    size_t quote_len, collateral_len, event_log_len;
    int64_t now;
    rpl_verifier_policy policy;
    rpl_roots roots;
    bool is_node, has_release;
    uint8_t report_data[64], release[32]; /* what the node's quote must have */
} task;

static void rpl_auto_task(task *t)
{
    free(t->quote);
    free(t->collateral);
    free(t->event_log);
}

static bool complain(const char *what, const char *value)
{
    fprintf(stderr, "replicatoorctl verify: %s: ", what);
    rpl_ctl_print(stderr, rpl_bytes_of_text(value));
    fputc('\n', stderr);
    return false;
}

static bool accept_status(rpl_bytes name, uint32_t *accepted)
{
    const rpl_tcb_status status = rpl_tcb_status_parse(name);
    if (status == RPL_TCB_UNKNOWN)
        return false;
    if (status == RPL_TCB_REVOKED)
        fputs("replicatoorctl verify: Revoked is never accepted\n", stderr);
    *accepted |= 1u << status;
    return true;
}

/* Comma separated names; the list replaces the default. */
static bool read_accepted(const char *list, uint32_t *accepted)
{
    uint32_t set = 0;
    for (const char *at = list;; at++) {
        const size_t len = strcspn(at, ",");
        if (!accept_status(rpl_bytes_of(at, len), &set))
            return complain("--accept wants names of TCB statuses", list);
        at += len;
        if (*at == '\0')
            break;
    }
    *accepted = set;
    return true;
}

static bool read_rules(const arguments *a, rpl_verifier_policy *policy)
{
    for (int i = 0; i < RPL_RULE_COUNT; i++) {
        const rpl_rule_row *rule = rpl_rule_table((rpl_rule)i);
        const char *wanted =
            a->rules[i] ? rule->read(rpl_bytes_of_text(a->rules[i]), policy) : NULL;
        if (!wanted)
            continue;
        fprintf(stderr, "replicatoorctl verify: --%s wants %s\n", rule->name, wanted);
        return false;
    }
    return true;
}

static bool read_settings(const arguments *a, task *t)
{
    t->now = (int64_t)time(NULL);
    t->policy = rpl_verifier_policy_default();
    t->roots = rpl_roots_intel();
    return (!a->at || rpl_ctl_read_time("verify", a->at, &t->now)) && read_rules(a, &t->policy) &&
           (!a->accept || read_accepted(a->accept, &t->policy.accepted_tcb)) &&
           (!a->root || rpl_ctl_read_root("verify", a->root, &t->roots));
}

/* The quote, the log and what both must say come from the node. */
static int ask_node(const arguments *a, task *t)
{
    rpl_ctl_node_quote node;
    const int refused = rpl_ctl_node_quote_ask(a->node, &node);
    if (refused)
        return refused;
    t->is_node = true;
    t->quote = node.quote;
    t->quote_len = node.quote_len;
    t->event_log = node.event_log;
    t->event_log_len = node.event_log_len;
    rpl_reader r = rpl_reader_over(rpl_bytes_of(node.report_data, sizeof(node.report_data)));
    return rpl_read_copy(&r, t->report_data, sizeof(t->report_data)) ? 0 : RPL_CTL_USAGE;
}

static bool read_files(const arguments *a, task *t)
{
    t->collateral = rpl_ctl_read_start(a->collateral, FILE_MAX, &t->collateral_len);
    if (a->node || !t->collateral)
        return t->collateral != NULL;
    t->quote = rpl_ctl_read_quote("verify", a->quote, &t->quote_len);
    if (!t->quote)
        return false;
    if (!a->event_log)
        return true;
    t->event_log = rpl_ctl_read_start(a->event_log, FILE_MAX, &t->event_log_len);
    return t->event_log != NULL;
}

static rpl_status judge_collateral(const task *t, rpl_verification *v, rpl_verdict *verdict)
{
    RPL_AUTO(collateral) rpl_collateral_set set = {0};
    const rpl_status s =
        rpl_collateral_bundle_read(rpl_bytes_of(t->collateral, t->collateral_len), &set);
    if (s.code == RPL_INTERNAL)
        return s;
    if (s.code != RPL_OK) {
        rpl_verdict_fail(verdict, RPL_CHECK_COLLATERAL_PRESENT, "COLLATERAL_MISSING", s.what,
                         "a collateral bundle: one JSON object of nine strings",
                         "write the bundle again, for example with dcap-qvl");
        return rpl_ok();
    }
    return rpl_verification_collateral(v, &set.view, verdict);
}

/* The log is judged against a quote that could be read; else its checks stay "not run". */
static rpl_status judge_event_log(const task *t, const rpl_quote *quote, rpl_verdict *verdict,
                                  rpl_peer_identity *identity)
{
    static const rpl_check checks[] = {RPL_CHECK_EVENT_LOG, RPL_CHECK_MR_CONFIG_ID,
                                       RPL_CHECK_POLICY_IMAGE};
    RPL_AUTO(event_log) rpl_event_log log = {0};
    if (!t->event_log)
        return rpl_ok();
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        rpl_verdict_require(verdict, checks[i]);
    const rpl_status s = rpl_event_log_parse(rpl_bytes_of(t->event_log, t->event_log_len), &log);
    if (s.code == RPL_INTERNAL)
        return s;
    if (s.code != RPL_OK)
        rpl_verdict_fail(verdict, RPL_CHECK_EVENT_LOG, "EVENT_LOG_FORMAT", s.what,
                         "the event log as the guest agent gives it", "ask the agent again");
    else if (quote->signed_part.len > 0)
        rpl_measurement_check(quote, &log, verdict, identity);
    return rpl_ok();
}

/* Does the quote say what the node says of itself, and is it the release that was asked for? */
static void judge_node(const task *t, const rpl_quote *quote, const rpl_peer_identity *identity,
                       rpl_verdict *verdict)
{
    if (t->is_node)
        rpl_verdict_equal(verdict, RPL_CHECK_REPORT_DATA, "REPORT_DATA",
                          rpl_bytes_of(quote->report_data, sizeof(quote->report_data)),
                          rpl_bytes_of(t->report_data, sizeof(t->report_data)),
                          "the quote is not over this nonce and what the node shows of itself: ask "
                          "again, and look for what stands between you and the node");
    if (t->has_release)
        rpl_verdict_equal(verdict, RPL_CHECK_POLICY_RELEASE, "RELEASE_NOT_APPROVED",
                          rpl_bytes_of(identity->release, sizeof(identity->release)),
                          rpl_bytes_of(t->release, sizeof(t->release)),
                          "another app or image runs there: replicatoorctl measure --quote says "
                          "which of its values differ");
}

/* For a person: every reason on stderr. stdout is JSON and nothing else. */
static int report(const rpl_verdict *verdict, const rpl_quote_facts *facts, bool compact)
{
    RPL_AUTO(json) json_t *json = rpl_verification_json(verdict, facts);
    const size_t layout = compact ? JSON_COMPACT : JSON_INDENT(2);
    if (!json || json_dumpf(json, stdout, layout | JSON_ENSURE_ASCII) != 0 || putchar('\n') < 0 ||
        fflush(stdout) != 0)
        return rpl_ctl_fail("stdout", rpl_fail(RPL_INTERNAL, "cannot write"));
    if (!compact && !rpl_verdict_admits(verdict))
        rpl_ctl_print_checks(stderr, json);
    return rpl_verdict_admits(verdict) ? 0 : REFUSED;
}

static int verify(const task *t, bool compact)
{
    RPL_AUTO(verification) rpl_verification *v = NULL;
    rpl_peer_identity identity = {0};
    rpl_verdict verdict;
    rpl_verdict_start(&verdict, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    rpl_status s = rpl_verification_begin(rpl_bytes_of(t->quote, t->quote_len), &t->roots,
                                          &t->policy, t->now, &verdict, &v);
    if (s.code == RPL_OK)
        s = judge_collateral(t, v, &verdict);
    if (s.code == RPL_OK)
        s = judge_event_log(t, &rpl_verification_facts(v)->quote, &verdict, &identity);
    if (s.code != RPL_OK)
        return rpl_ctl_fail("verify", s);
    judge_node(t, &rpl_verification_facts(v)->quote, &identity, &verdict);
    return report(&verdict, rpl_verification_facts(v), compact);
}

/* With --node or --release there is no quote to name, or the log is needed. */
static bool fits_together(const arguments *a, task *t)
{
    if (!a->collateral)
        return complain("--collateral FILE is missing", "");
    if (a->node && a->event_log)
        return complain("--node brings its own event log", a->event_log);
    t->has_release = a->release != NULL;
    if (a->release && !a->node && !a->event_log)
        return complain("--release wants --node, or --event-log beside the quote", a->release);
    return !a->release ||
           rpl_hex_decode_exact(rpl_bytes_of_text(a->release), t->release, 32).code == RPL_OK ||
           complain("--release wants 64 hex digits", a->release);
}

static bool names_node(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--node") == 0)
            return true;
    return false;
}

/* One option for each rule of the policy, named like it. */
enum { OPTIONS_OF_OUR_OWN = 8, OPTION_NAME_SIZE = 32 };
typedef struct {
    char names[RPL_RULE_COUNT][OPTION_NAME_SIZE];
    rpl_ctl_option all[OPTIONS_OF_OUR_OWN + RPL_RULE_COUNT + 1];
} option_table;

static void make_options(arguments *a, option_table *out)
{
    const rpl_ctl_option own[OPTIONS_OF_OUR_OWN] = {
        {"--collateral", &a->collateral, NULL},
        {"--at", &a->at, NULL},
        {"--accept", &a->accept, NULL},
        {"--event-log", &a->event_log, NULL},
        {"--root", &a->root, NULL},
        {"--node", &a->node, NULL},
        {"--release", &a->release, NULL},
        {"--json", NULL, &a->json},
    };
    size_t n = 0;
    for (; n < OPTIONS_OF_OUR_OWN; n++)
        out->all[n] = own[n];
    for (int i = 0; i < RPL_RULE_COUNT; i++) {
        snprintf(out->names[i], OPTION_NAME_SIZE, "--%s", rpl_rule_table((rpl_rule)i)->name);
        out->all[n++] = (rpl_ctl_option){out->names[i], &a->rules[i], NULL};
    }
    out->all[n] = (rpl_ctl_option){0};
}

int rpl_ctl_verify(int argc, char **argv)
{
    arguments a = {0};
    option_table options;
    RPL_AUTO(task) task t = {0};
    make_options(&a, &options);
    if (!rpl_ctl_arguments(argc, argv, options.all, &a.quote, names_node(argc, argv) ? 0 : 1))
        return RPL_CTL_USAGE;
    if (!fits_together(&a, &t) || !read_settings(&a, &t) || !read_files(&a, &t))
        return RPL_CTL_USAGE;
    const int refused = a.node ? ask_node(&a, &t) : 0;
    return refused ? refused : verify(&t, a.json);
}
