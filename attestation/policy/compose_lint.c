#include "attestation/policy/compose_lint.h"

#include "attestation/policy/compose_rules.h"
#include "base/json.h"

static const struct {
    const char *id;
    rpl_lint_kind kind;
    const char *fix;
} rules[RPL_LINT_RULE_COUNT] = {
#define RPL_LINT_ROW(name, id, kind, fix) [RPL_LINT_##name] = {id, RPL_LINT_##kind, fix},
    RPL_LINT_RULES(RPL_LINT_ROW)
#undef RPL_LINT_ROW
};

const char *rpl_lint_rule_id(rpl_lint_rule rule)
{
    return rules[rule].id;
}

rpl_lint_kind rpl_lint_rule_kind(rpl_lint_rule rule)
{
    return rules[rule].kind;
}

const char *rpl_lint_rule_fix(rpl_lint_rule rule)
{
    return rules[rule].fix;
}

bool rpl_compose_is_clean(const rpl_compose_report *report, rpl_lint_kind kind)
{
    for (size_t i = 0; i < report->n_findings; i++) {
        if (rules[report->findings[i].rule].kind == kind)
            return false;
    }
    return !report->more;
}

/* Whichever form the text came in: the YAML tree, and the JSON around it or NULL. */
typedef struct {
    json_t *app;
    rpl_yaml_tree *tree;
} document;

static void close_document(document *d)
{
    json_decref(d->app);
    rpl_yaml_free(d->tree);
}
#define AUTO_DOCUMENT __attribute__((cleanup(close_document)))

static bool begins_object(rpl_bytes text)
{
    size_t i = 0;
    while (i < text.len && memchr(" \t\r\n", text.data[i], 4))
        i++;
    return i < text.len && text.data[i] == '{';
}

/* An object with "services" at its top is a compose file that happens to be written as JSON. */
static rpl_status read_app(rpl_bytes text, json_t **app, rpl_bytes *yaml)
{
    if (!begins_object(text)) {
        *yaml = text;
        return rpl_ok();
    }
    RPL_AUTO(json) json_t *object = NULL;
    RPL_TRY(rpl_json_parse(text, RPL_COMPOSE_MAX, &object));
    if (json_object_get(object, "services")) {
        *yaml = text;
        return rpl_ok();
    }
    if (!rpl_json_get_text(object, "docker_compose_file", yaml))
        *yaml = (rpl_bytes){0};
    *app = RPL_TAKE(object);
    return rpl_ok();
}

static rpl_status read_document(rpl_bytes text, document *out)
{
    rpl_bytes yaml;
    if (text.len > RPL_COMPOSE_MAX)
        return rpl_fail(RPL_TOO_LARGE, "compose file: longer than 1 MiB");
    RPL_TRY(read_app(text, &out->app, &yaml));
    return rpl_yaml_parse(yaml, &out->tree);
}

static bool contains_our_word(rpl_bytes text)
{
    static const char word[] = "replicatoor";
    return text.len >= sizeof(word) - 1 && memmem(text.data, text.len, word, sizeof(word) - 1);
}

static bool could_be_ours(const rpl_yaml_node *service)
{
    const rpl_yaml_node *image = rpl_yaml_get(service, "image");
    return contains_our_word(service->key) || (image && contains_our_word(image->value));
}

/* NULL: none, or several (then *several). */
static const rpl_yaml_node *find_ours(const rpl_yaml_node *services, const char *name,
                                      bool *several)
{
    const rpl_yaml_node *exact = rpl_yaml_get(services, name ? name : "replicatoor");
    if (exact || name || !services)
        return exact;
    const rpl_yaml_node *found = NULL;
    for (const rpl_yaml_node *s = services->first; s; s = s->next) {
        if (!could_be_ours(s))
            continue;
        *several = found != NULL;
        if (*several)
            return NULL;
        found = s;
    }
    return found;
}

static void check_app(const json_t *app, rpl_compose_report *report)
{
    rpl_bytes runner, yaml;
    report->is_app_compose = true;
    const bool has_runner = json_object_get(app, "runner") != NULL;
    if (has_runner && !(rpl_json_get_text(app, "runner", &runner) &&
                        rpl_bytes_equal(runner, rpl_bytes_of_text("docker-compose"))))
        rpl_lint_add(report, RPL_LINT_RUNNER, NULL, "runner", (rpl_bytes){0});
    if (!rpl_json_get_text(app, "docker_compose_file", &yaml))
        rpl_lint_add(report, RPL_LINT_RUNNER, NULL, "docker_compose_file", (rpl_bytes){0});
    const json_t *allowed = rpl_json_get_array(app, "allowed_envs");
    size_t i;
    json_t *name;
    json_array_foreach(allowed, i, name) rpl_lint_allowed_env(
        report, rpl_bytes_of(json_string_value(name), json_string_length(name)));
}

static void check_ours(const rpl_yaml_node *ours, bool several, rpl_compose_report *report)
{
    if (ours)
        rpl_lint_print(report->ours, ours->key);
    else
        rpl_lint_add(report, several ? RPL_LINT_OURS_SEVERAL : RPL_LINT_OURS_MISSING, NULL,
                     "services", (rpl_bytes){0});
}

rpl_status rpl_compose_lint(rpl_bytes text, const char *service, rpl_compose_report *out)
{
    AUTO_DOCUMENT document d = {0};
    RPL_TRY(read_document(text, &d));
    rpl_compose_report report = {0};
    if (d.app)
        check_app(d.app, &report);
    const rpl_yaml_node *root = rpl_yaml_root(d.tree), *services = rpl_yaml_get(root, "services");
    bool several = false;
    const rpl_yaml_node *ours = find_ours(services, service, &several);
    if (!services || services->kind != RPL_YAML_MAP || !services->first)
        rpl_lint_add(&report, RPL_LINT_SERVICES, NULL, "services", (rpl_bytes){0});
    else
        check_ours(ours, several, &report);
    rpl_lint_top_level(&report, root);
    for (const rpl_yaml_node *s = services ? services->first : NULL; s; s = s->next)
        rpl_lint_service(&report, s, s == ours);
    *out = report;
    return rpl_ok();
}

/* "NAME=value" of a list, or a member of a map. */
static void give_variable(const rpl_yaml_node *variable, rpl_compose_variable each, void *context)
{
    if (variable->kind != RPL_YAML_SCALAR ||
        (variable->parent->kind == RPL_YAML_MAP && variable->is_null))
        return;
    if (variable->parent->kind == RPL_YAML_MAP) {
        each(context, variable->key, variable->value);
        return;
    }
    const rpl_bytes text = variable->value;
    const uint8_t *equals = text.len ? memchr(text.data, '=', text.len) : NULL;
    if (!equals)
        return;
    const size_t name_len = (size_t)(equals - text.data);
    each(context, (rpl_bytes){text.data, name_len},
         (rpl_bytes){equals + 1, text.len - name_len - 1});
}

rpl_status rpl_compose_environment(rpl_bytes text, const char *service, rpl_compose_variable each,
                                   void *context)
{
    AUTO_DOCUMENT document d = {0};
    RPL_TRY(read_document(text, &d));
    bool several = false;
    const rpl_yaml_node *ours =
        find_ours(rpl_yaml_get(rpl_yaml_root(d.tree), "services"), service, &several);
    if (!ours)
        return rpl_fail(RPL_DENIED, "compose file: our service is not in it, or several could be");
    const rpl_yaml_node *environment = rpl_yaml_get(ours, "environment");
    for (const rpl_yaml_node *v = environment ? environment->first : NULL; v; v = v->next)
        give_variable(v, each, context);
    return rpl_ok();
}
