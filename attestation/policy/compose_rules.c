#include "attestation/policy/compose_rules.h"

#include <strings.h>

#include "attestation/policy/mount_source.h"
#include "base/hex.h"
#include "base/writer.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Cut at the end; the last byte is left for the zero. */
static void print(rpl_writer *w, rpl_bytes text)
{
    for (size_t i = 0; i < text.len && w->len < w->cap - 1; i++) {
        const uint8_t c = text.data[i];
        rpl_write_u8(w, c >= 0x20 && c < 0x7f ? c : '?');
    }
}

static void print_text(rpl_writer *w, const char *text)
{
    print(w, rpl_bytes_of_text(text));
}

void rpl_lint_print(char out[static RPL_LINT_WHERE_MAX], rpl_bytes text)
{
    rpl_writer w = rpl_writer_over(out, RPL_LINT_WHERE_MAX);
    print(&w, text);
    out[w.len] = 0;
}

/* "services.web.volumes": the keys from the top down to `node`; list items have none. */
static void print_path(rpl_writer *w, const rpl_yaml_node *node)
{
    const rpl_yaml_node *path[RPL_YAML_DEPTH_MAX + 1];
    size_t depth = 0;
    for (; node && node->parent && depth < COUNT(path); node = node->parent) {
        if (node->parent->kind == RPL_YAML_MAP)
            path[depth++] = node;
    }
    while (depth > 0) {
        print(w, path[--depth]->key);
        print_text(w, depth ? "." : "");
    }
}

void rpl_lint_add(rpl_compose_report *report, rpl_lint_rule rule, const rpl_yaml_node *node,
                  const char *key, rpl_bytes text)
{
    if (report->n_findings == RPL_LINT_FINDINGS_MAX) {
        report->more = true;
        return;
    }
    rpl_lint_finding *finding = &report->findings[report->n_findings++];
    *finding = (rpl_lint_finding){.rule = rule};
    rpl_writer w = rpl_writer_over(finding->where, sizeof(finding->where));
    print_path(&w, node);
    print_text(&w, node && key ? "." : "");
    print_text(&w, key ? key : "");
    finding->where[w.len] = 0;
    rpl_lint_print(finding->text, text);
}

static void add_node(rpl_compose_report *report, rpl_lint_rule rule, const rpl_yaml_node *node)
{
    rpl_lint_add(report, rule, node, NULL, node->kind == RPL_YAML_SCALAR ? node->value : node->key);
}

static bool starts_with(rpl_bytes text, const char *beginning)
{
    const size_t len = strlen(beginning);
    return text.len >= len &&
           rpl_bytes_equal((rpl_bytes){text.data, len}, rpl_bytes_of(beginning, len));
}

static bool is_one_of(rpl_bytes text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rpl_bytes_equal(text, rpl_bytes_of_text(list[i])))
            return true;
    }
    return false;
}

/* Ours, and those by which the environment replaces what Compose or a program runs. */
void rpl_lint_allowed_env(rpl_compose_report *report, rpl_bytes name)
{
    static const char *const names[] = {"CONTRACT", "CHAIN_ID", "CONTRACT_CODE", "SECURE_FILE",
                                        "PATH",     "BASH_ENV", "ETH_RPC_PREFIX"};
    static const char *const beginnings[] = {"REPLICATOOR_", "COMPOSE_", "DOCKER_", "LD_"};
    bool refused = is_one_of(name, names, COUNT(names));
    for (size_t i = 0; i < COUNT(beginnings); i++)
        refused = refused || starts_with(name, beginnings[i]);
    if (refused)
        rpl_lint_add(report, RPL_LINT_ALLOWED_ENV, NULL, "allowed_envs", name);
}

static void judge_mount(rpl_compose_report *report, const rpl_yaml_node *node, rpl_bytes source)
{
    const rpl_mount_verdict verdict = rpl_mount_source_judge(source);
    if (verdict != RPL_MOUNT_HARMLESS)
        rpl_lint_add(report, verdict == RPL_MOUNT_UNCLEAR ? RPL_LINT_MOUNT_UNCLEAR : RPL_LINT_MOUNT,
                     node, NULL, source);
}

/* A volume of another file system, or by a name that is not in the text, could be anything. */
static void check_named_volume(rpl_compose_report *report, const rpl_yaml_node *volume)
{
    static const char *const types[] = {"none", "tmpfs", "nfs", "nfs4", "cifs"};
    const rpl_yaml_node *options = rpl_yaml_get(volume, "driver_opts");
    const rpl_yaml_node *device = rpl_yaml_get(options, "device");
    const rpl_yaml_node *type = rpl_yaml_get(options, "type"), *name = rpl_yaml_get(volume, "name");
    if (device && (rpl_mount_is_path(device->value) || rpl_is_interpolated(device->value)))
        judge_mount(report, device, device->value);
    if (type && !is_one_of(type->value, types, COUNT(types)))
        add_node(report, RPL_LINT_MOUNT_UNCLEAR, type);
    if (name && rpl_is_interpolated(name->value))
        add_node(report, RPL_LINT_MOUNT_UNCLEAR, name);
}

/* Whatever mounts it later: a volume or a secret is only another name for its source. */
static void check_named_sources(rpl_compose_report *report, const rpl_yaml_node *root)
{
    static const char *const files[] = {"configs", "secrets"};
    const rpl_yaml_node *volumes = rpl_yaml_get(root, "volumes");
    for (const rpl_yaml_node *v = volumes ? volumes->first : NULL; v; v = v->next)
        check_named_volume(report, v);
    for (size_t i = 0; i < COUNT(files); i++) {
        const rpl_yaml_node *map = rpl_yaml_get(root, files[i]);
        for (const rpl_yaml_node *c = map ? map->first : NULL; c; c = c->next) {
            const rpl_yaml_node *file = rpl_yaml_get(c, "file");
            if (file)
                judge_mount(report, file, file->value);
        }
    }
}

void rpl_lint_top_level(rpl_compose_report *report, const rpl_yaml_node *root)
{
    const rpl_yaml_node *include = rpl_yaml_get(root, "include");
    if (include)
        add_node(report, RPL_LINT_INCLUDE, include);
    check_named_sources(report, root);
}

static bool is_pinned(rpl_bytes image)
{
    static const char mark[] = "@sha256:";
    enum { DIGEST_LEN = 64, MARK_LEN = sizeof(mark) - 1 };
    if (image.len <= MARK_LEN + DIGEST_LEN)
        return false;
    const uint8_t *tail = image.data + image.len - DIGEST_LEN - MARK_LEN;
    uint8_t digest[DIGEST_LEN / 2];
    return starts_with((rpl_bytes){tail, MARK_LEN}, mark) &&
           rpl_hex_decode_exact((rpl_bytes){tail + MARK_LEN, DIGEST_LEN}, digest, sizeof(digest))
                   .code == RPL_OK;
}

/* Keys that must not be there at all. */
static void check_absent(rpl_compose_report *report, const rpl_yaml_node *service, bool is_ours)
{
    static const struct {
        const char *key;
        rpl_lint_rule rule;
        bool of_others_only;
    } absent[] = {
        {"build", RPL_LINT_BUILD, false},
        {"provider", RPL_LINT_PROVIDER, false},
        {"env_file", RPL_LINT_ENV_FILE, false},
        {"extends", RPL_LINT_INCLUDE, false},
        {"pid", RPL_LINT_PID, true},
        {"volumes_from", RPL_LINT_VOLUMES_FROM, true},
        {"device_cgroup_rules", RPL_LINT_DEVICE, true},
    };
    for (size_t i = 0; i < COUNT(absent); i++) {
        const rpl_yaml_node *found = rpl_yaml_get(service, absent[i].key);
        if (found && !(is_ours && absent[i].of_others_only))
            add_node(report, absent[i].rule, found);
    }
}

static void check_image(rpl_compose_report *report, const rpl_yaml_node *service)
{
    const rpl_yaml_node *image = rpl_yaml_get(service, "image");
    if (!image)
        rpl_lint_add(report, RPL_LINT_IMAGE, service, "image", (rpl_bytes){0});
    else if (!is_pinned(image->value))
        add_node(report, RPL_LINT_IMAGE, image);
}

static void check_interpolation(rpl_compose_report *report, const rpl_yaml_node *top)
{
    for (const rpl_yaml_node *node = top; node; node = rpl_yaml_walk(top, node)) {
        if (rpl_is_interpolated(node->key) || rpl_is_interpolated(node->value))
            add_node(report, RPL_LINT_INTERPOLATED, node);
    }
}

static void check_our_environment(rpl_compose_report *report, const rpl_yaml_node *service)
{
    const rpl_yaml_node *environment = rpl_yaml_get(service, "environment");
    for (const rpl_yaml_node *v = environment ? environment->first : NULL; v; v = v->next) {
        const bool in_map = environment->kind == RPL_YAML_MAP;
        const bool has_value =
            in_map ? !v->is_null : v->value.len > 0 && memchr(v->value.data, '=', v->value.len);
        if (!has_value)
            add_node(report, RPL_LINT_PASSED_THROUGH, v);
    }
}

/* Booleans as Compose reads them; what is not plainly false is taken for true. */
static bool says_false(const rpl_yaml_node *node)
{
    static const char *const no[] = {"false", "False", "FALSE"};
    return node->kind == RPL_YAML_SCALAR && is_one_of(node->value, no, COUNT(no));
}

/* At any depth: a hook of a service may be privileged, too. */
static void check_switches(rpl_compose_report *report, const rpl_yaml_node *service)
{
    for (const rpl_yaml_node *node = service; node; node = rpl_yaml_walk(service, node)) {
        if (node == service || node->parent->kind != RPL_YAML_MAP || says_false(node))
            continue;
        if (rpl_bytes_equal(node->key, rpl_bytes_of_text("privileged")))
            add_node(report, RPL_LINT_PRIVILEGED, node);
        if (rpl_bytes_equal(node->key, rpl_bytes_of_text("use_api_socket")))
            add_node(report, RPL_LINT_API_SOCKET, node);
    }
}

/* Capabilities that reach other processes, raw memory, devices or any file. */
static void check_capabilities(rpl_compose_report *report, const rpl_yaml_node *service)
{
    static const char *const refused[] = {"ALL",        "SYS_ADMIN", "SYS_PTRACE",
                                          "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH",
                                          "BPF",        "PERFMON",   "CHECKPOINT_RESTORE"};
    const rpl_yaml_node *list = rpl_yaml_get(service, "cap_add");
    for (const rpl_yaml_node *c = list ? list->first : NULL; c; c = c->next) {
        rpl_bytes name = c->value;
        if (name.len >= 4 && strncasecmp((const char *)name.data, "CAP_", 4) == 0)
            name = (rpl_bytes){name.data + 4, name.len - 4};
        bool found = rpl_is_interpolated(name);
        for (size_t i = 0; i < COUNT(refused); i++)
            found = found || (name.len == strlen(refused[i]) &&
                              strncasecmp((const char *)name.data, refused[i], name.len) == 0);
        if (found)
            add_node(report, RPL_LINT_CAPABILITY, c);
    }
}

/* What stands before the first colon of "source:target:mode". */
static rpl_bytes before_colon(rpl_bytes text)
{
    const uint8_t *colon = text.len ? memchr(text.data, ':', text.len) : NULL;
    return colon ? (rpl_bytes){text.data, (size_t)(colon - text.data)} : text;
}

static void check_long_volume(rpl_compose_report *report, const rpl_yaml_node *volume)
{
    const rpl_yaml_node *type = rpl_yaml_get(volume, "type");
    const rpl_yaml_node *source = rpl_yaml_get(volume, "source");
    if (!source)
        source = rpl_yaml_get(volume, "src");
    if (!source)
        return;
    const bool is_image = type && rpl_bytes_equal(type->value, rpl_bytes_of_text("image"));
    const bool is_volume = type && rpl_bytes_equal(type->value, rpl_bytes_of_text("volume"));
    if (is_image && !is_pinned(source->value))
        add_node(report, RPL_LINT_IMAGE, source);
    const bool is_name = is_volume && !rpl_mount_is_path(source->value);
    if (!is_image && (!is_name || rpl_is_interpolated(source->value)))
        judge_mount(report, source, source->value);
}

static void check_volumes(rpl_compose_report *report, const rpl_yaml_node *service)
{
    const rpl_yaml_node *volumes = rpl_yaml_get(service, "volumes");
    for (const rpl_yaml_node *v = volumes ? volumes->first : NULL; v; v = v->next) {
        if (v->kind != RPL_YAML_SCALAR) {
            check_long_volume(report, v);
            continue;
        }
        /* ${..:-..} has a colon of its own: look at the whole */
        const bool interpolated = rpl_is_interpolated(v->value);
        const rpl_bytes source = interpolated ? v->value : before_colon(v->value);
        if (interpolated || (source.len < v->value.len && rpl_mount_is_path(source)))
            judge_mount(report, v, source);
    }
}

static void check_devices(rpl_compose_report *report, const rpl_yaml_node *service)
{
    const rpl_yaml_node *devices = rpl_yaml_get(service, "devices");
    for (const rpl_yaml_node *d = devices ? devices->first : NULL; d; d = d->next) {
        const rpl_yaml_node *named = d->kind == RPL_YAML_MAP ? rpl_yaml_get(d, "source") : d;
        const bool interpolated = named && rpl_is_interpolated(named->value);
        const rpl_bytes source = named && !interpolated ? before_colon(named->value)
                                 : named                ? named->value
                                                        : (rpl_bytes){0};
        if (rpl_device_judge(source) != RPL_MOUNT_HARMLESS)
            rpl_lint_add(report, RPL_LINT_DEVICE, named ? named : d, NULL, source);
    }
}

void rpl_lint_service(rpl_compose_report *report, const rpl_yaml_node *service, bool is_ours)
{
    check_absent(report, service, is_ours);
    check_image(report, service);
    if (is_ours) {
        check_interpolation(report, service);
        check_our_environment(report, service);
        return;
    }
    check_switches(report, service);
    check_capabilities(report, service);
    check_volumes(report, service);
    check_devices(report, service);
}
