#include "server/core/measured_config.h"

#include <stdio.h>
#include <stdlib.h>

#include "attestation/policy/compose_lint.h"
#include "base/hash.h"
#include "base/hex.h"

enum { SHOWN_MAX = 80 };

typedef struct {
    const rpl_measured_question *q;
    rpl_measured_config *out;
    bool *named; /* of each setting: the text has it */
} comparison;

static bool is_decided(const rpl_measured_config *out)
{
    return out->outcome == RPL_CONFIG_CONTRADICTED;
}

/* Printable ASCII of at most SHOWN_MAX characters; what was cut is said. */
static const char *shown(rpl_bytes text, char out[static SHOWN_MAX + 4])
{
    const bool cut = text.len > SHOWN_MAX;
    size_t n = 0;
    for (; n < text.len && n < SHOWN_MAX; n++)
        out[n] = text.data[n] >= 0x20 && text.data[n] < 0x7f ? (char)text.data[n] : '?';
    snprintf(out + n, 4, "%s", cut ? "..." : "");
    return out;
}

static void contradict_lint(const rpl_lint_finding *f, rpl_measured_config *out)
{
    out->outcome = RPL_CONFIG_CONTRADICTED;
    snprintf(out->why, sizeof(out->why), "the measured compose text: %s at %s: %s",
             rpl_lint_rule_id(f->rule), f->where, rpl_lint_rule_fix(f->rule));
}

/* The first finding that the owner has not accepted decides. */
static void lint(const rpl_measured_question *q, rpl_measured_config *out)
{
    rpl_compose_report *report = calloc(1, sizeof(*report));
    const rpl_status s = report ? rpl_compose_lint(q->text, q->service, report)
                                : rpl_fail(RPL_INTERNAL, "no memory");
    if (s.code != RPL_OK) {
        out->outcome = s.code == RPL_INTERNAL ? RPL_CONFIG_UNMEASURED : RPL_CONFIG_CONTRADICTED;
        snprintf(out->why, sizeof(out->why), "the measured compose text cannot be read: %s",
                 s.what);
    }
    for (size_t i = 0; s.code == RPL_OK && i < report->n_findings && !is_decided(out); i++) {
        const rpl_lint_finding *f = &report->findings[i];
        if (rpl_lint_rule_kind(f->rule) != RPL_LINT_AGENT_SHARED || !q->agent_shared)
            contradict_lint(f, out);
    }
    if (s.code == RPL_OK && report->more && !is_decided(out)) {
        out->outcome = RPL_CONFIG_CONTRADICTED;
        snprintf(out->why, sizeof(out->why),
                 "the measured compose text: more findings than can be accepted unseen");
    }
    free(report);
}

static void contradict(comparison *c, rpl_bytes name, const char *in_force, const char *in_text)
{
    char label[SHOWN_MAX + 4];
    if (is_decided(c->out))
        return;
    c->out->outcome = RPL_CONFIG_CONTRADICTED;
    snprintf(c->out->why, sizeof(c->out->why),
             "%s is %.80s here and %.80s in the measured compose text: start the container with "
             "exactly that text",
             shown(name, label), in_force, in_text);
}

/* Compose writes a dollar as two. */
static bool is_same(rpl_bytes text, const char *value)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++, n++) {
        if (value[n] != (char)text.data[i] || value[n] == '\0')
            return false;
        i += text.data[i] == '$' && i + 1 < text.len && text.data[i + 1] == '$';
    }
    return value[n] == '\0';
}

static bool is_ours(rpl_bytes name)
{
    static const char prefix[] = "REPLICATOOR_";
    return name.len >= sizeof(prefix) - 1 &&
           rpl_bytes_equal(rpl_bytes_of(name.data, sizeof(prefix) - 1), rpl_bytes_of_text(prefix));
}

static void compare_variable(void *context, rpl_bytes name, rpl_bytes value)
{
    comparison *c = context;
    char in_text[SHOWN_MAX + 4];
    bool known = false;
    for (size_t i = 0; i < c->q->n_settings; i++) {
        const rpl_setting *s = &c->q->settings[i];
        if (!rpl_bytes_equal(name, rpl_bytes_of_text(s->name)))
            continue;
        known = c->named[i] = true;
        if (s->trusted && !is_same(value, s->given))
            contradict(c, name, s->given[0] ? s->given : "unset", shown(value, in_text));
    }
    if (!known && is_ours(name))
        contradict(c, name, "unset", shown(value, in_text));
}

static void compare_absent(comparison *c)
{
    for (size_t i = 0; i < c->q->n_settings; i++) {
        const rpl_setting *s = &c->q->settings[i];
        if (s->trusted && !c->named[i] && strcmp(s->given, s->fallback) != 0)
            contradict(c, rpl_bytes_of_text(s->name), s->given,
                       s->fallback[0] ? s->fallback : "unset");
    }
}

static void compare(const rpl_measured_question *q, rpl_measured_config *out)
{
    comparison c = {.q = q, .out = out, .named = calloc(q->n_settings + 1, sizeof(bool))};
    const rpl_status s = c.named
                             ? rpl_compose_environment(q->text, q->service, compare_variable, &c)
                             : rpl_fail(RPL_INTERNAL, "no memory");
    if (s.code == RPL_OK) {
        compare_absent(&c);
    } else {
        out->outcome = RPL_CONFIG_UNMEASURED;
        snprintf(out->why, sizeof(out->why), "%s", s.what);
    }
    free(c.named);
}

/* False after saying why it is not, or cannot be known to be, the text that was measured. */
static bool is_measured_text(const rpl_measured_question *q, rpl_measured_config *out)
{
    uint8_t digest[RPL_SHA256_LEN];
    char have[2 * sizeof(digest) + 1], want[2 * sizeof(digest) + 1];

    if (q->text.len == 0 || q->compose_hash.len != sizeof(digest)) {
        snprintf(out->why, sizeof(out->why), "%s",
                 q->text.len == 0 ? "the guest agent does not tell the app-compose text"
                                  : "this node's own quote shows no compose hash");
        return false;
    }
    rpl_sha256(q->text, digest);
    if (rpl_bytes_equal(rpl_bytes_of(digest, sizeof(digest)), q->compose_hash))
        return true;
    rpl_hex_encode(rpl_bytes_of(digest, sizeof(digest)), have);
    rpl_hex_encode(q->compose_hash, want);
    snprintf(out->why, sizeof(out->why),
             "the guest agent's app-compose text hashes to %s, this node's own quote says %s", have,
             want);
    return false;
}

void rpl_measured_config_check(const rpl_measured_question *question, rpl_measured_config *out)
{
    rpl_measured_config found = {.outcome = RPL_CONFIG_UNMEASURED};
    if (is_measured_text(question, &found)) {
        found.outcome = RPL_CONFIG_MEASURED;
        lint(question, &found);
        if (found.outcome == RPL_CONFIG_MEASURED)
            compare(question, &found);
    }
    *out = found;
}
