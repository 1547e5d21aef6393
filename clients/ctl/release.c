#include "attestation/policy/compose_lint.h"
#include "base/hash.h"
#include "base/hex.h"
#include "clients/ctl/capture.h"
#include "clients/ctl/ctl.h"

enum { REFUSED = 1 };

typedef struct {
    const char *file, *service, *quote, *event_log;
    bool json;
} arguments;

typedef struct {
    rpl_compose_report report;
    uint8_t compose_hash[RPL_SHA256_LEN];
    bool has_capture;
    rpl_peer_identity capture;
} release;

static bool is_clean(const release *r)
{
    return r->report.n_findings == 0;
}

/* What is measured is the app-compose.json, so only its hash can be the one in the quote. */
static bool is_other_app(const release *r)
{
    return r->has_capture && r->report.is_app_compose &&
           !rpl_bytes_equal(rpl_bytes_of(r->capture.compose_hash, 32),
                            rpl_bytes_of(r->compose_hash, 32));
}

static const char *kind_name(rpl_lint_rule rule)
{
    return rpl_lint_rule_kind(rule) == RPL_LINT_UNMEASURED ? "unmeasured" : "agent_shared";
}

static json_t *json_of_finding(const rpl_lint_finding *finding)
{
    json_t *object = json_object();
    rpl_json_set_text(object, "rule", rpl_lint_rule_id(finding->rule));
    rpl_json_set_text(object, "kind", kind_name(finding->rule));
    rpl_json_set_text(object, "where", finding->where);
    rpl_json_set_text(object, "text", finding->text);
    rpl_json_set_text(object, "fix", rpl_lint_rule_fix(finding->rule));
    return object;
}

static void set_bool(json_t *object, const char *key, bool value)
{
    json_object_set_new(object, key, json_boolean(value));
}

static bool print_json(const release *r)
{
    RPL_AUTO(json) json_t *object = json_object();
    json_t *findings = json_array();
    rpl_json_set_text(object, "form", r->report.is_app_compose ? "app-compose" : "docker-compose");
    rpl_json_set_hex(object, "compose_hash", rpl_bytes_of(r->compose_hash, 32));
    rpl_json_set_text(object, "service", r->report.ours);
    set_bool(object, "clean", is_clean(r));
    for (size_t i = 0; i < r->report.n_findings; i++)
        json_array_append_new(findings, json_of_finding(&r->report.findings[i]));
    json_object_set_new(object, "findings", findings);
    set_bool(object, "more", r->report.more);
    if (r->has_capture) {
        rpl_json_set_hex(object, "quoted_compose_hash", rpl_bytes_of(r->capture.compose_hash, 32));
        rpl_json_set_hex(object, "image_hash", rpl_bytes_of(r->capture.image_hash, 32));
        rpl_json_set_hex(object, "release", rpl_bytes_of(r->capture.release, 32));
        set_bool(object, "same_compose", !is_other_app(r));
        set_bool(object, "quote_verified", false);
    }
    return json_dumpf(object, stdout, JSON_COMPACT) == 0 && putchar('\n') >= 0;
}

static void print_hash(const char *label, const uint8_t hash[static 32])
{
    char hex[65];
    rpl_hex_encode(rpl_bytes_of(hash, 32), hex);
    printf("%-13s %s\n", label, hex);
}

static void print_findings(const rpl_compose_report *report)
{
    for (size_t i = 0; i < report->n_findings; i++) {
        const rpl_lint_finding *finding = &report->findings[i];
        printf("\n%s  %s%s%s\n    fix: %s\n", rpl_lint_rule_id(finding->rule), finding->where,
               finding->text[0] ? ": " : "", finding->text, rpl_lint_rule_fix(finding->rule));
    }
    if (report->n_findings)
        printf("\n%zu%s findings: not fit to be approved\n", report->n_findings,
               report->more ? " and more" : "");
}

static void print_text(const release *r)
{
    print_hash("compose hash", r->compose_hash);
    if (!r->report.is_app_compose)
        printf("              of this text alone: what is measured and approved is the\n"
               "              app-compose.json around it, as deployed; give that file\n");
    printf("%-13s %s\n", "our service", r->report.ours[0] ? r->report.ours : "not found");
    if (r->has_capture) {
        print_hash("in the quote", r->capture.compose_hash);
        print_hash("image hash", r->capture.image_hash);
        print_hash("release", r->capture.release);
        printf("              the quote was read, not verified: approve these hashes only when\n"
               "              replicatoorctl verify admits it, on a machine shape you know\n");
    }
    print_findings(&r->report);
}

static int report(const release *r, bool json)
{
    if (!json)
        print_text(r);
    else if (!print_json(r))
        return rpl_ctl_fail("stdout", rpl_fail(RPL_INTERNAL, "cannot write"));
    if (is_other_app(r))
        return rpl_ctl_fail("quote",
                            rpl_fail(RPL_UNTRUSTED, "it is of another app-compose.json: its "
                                                    "compose hash is not this file's"));
    return is_clean(r) ? 0 : REFUSED;
}

static int read_compose(const arguments *a, release *r)
{
    size_t len;
    RPL_AUTO(bytes) uint8_t *text = rpl_ctl_read(a->file, RPL_COMPOSE_MAX, &len);
    if (!text)
        return RPL_CTL_USAGE;
    rpl_sha256(rpl_bytes_of(text, len), r->compose_hash);
    const rpl_status s = rpl_compose_lint(rpl_bytes_of(text, len), a->service, &r->report);
    if (s.code == RPL_OK)
        return 0;
    if (strncmp(s.what, "YAML", 4) != 0)
        return rpl_ctl_fail(a->file, s);
    fprintf(stderr, "%s: line %u of the YAML text\n", a->file, s.at);
    return rpl_ctl_fail(a->file, rpl_fail(s.code, s.what));
}

int rpl_ctl_release(int argc, char **argv)
{
    arguments a = {0};
    const rpl_ctl_option options[] = {{"--service", &a.service, NULL},
                                      {"--quote", &a.quote, NULL},
                                      {"--event-log", &a.event_log, NULL},
                                      {"--json", NULL, &a.json},
                                      {0}};
    if (!rpl_ctl_arguments(argc, argv, options, &a.file, 1))
        return RPL_CTL_USAGE;
    if (!a.quote != !a.event_log) {
        fprintf(stderr, "replicatoorctl release: --quote and --event-log go together\n");
        return RPL_CTL_USAGE;
    }
    release r = {.has_capture = a.quote != NULL};
    int refused = read_compose(&a, &r);
    if (!refused && a.quote)
        refused = rpl_ctl_capture(a.quote, a.event_log, &r.capture);
    return refused ? refused : report(&r, a.json);
}
