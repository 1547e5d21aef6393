#include "attestation/policy/compose_lint.h"

#include "base/json.h"
#include "tests/support/check.h"

#define DIGEST "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OURS   "services:\n  replicatoor:\n    image: example/replicatoor" DIGEST "\n"
#define APP    "  app:\n    image: app" DIGEST "\n"

static rpl_compose_report report;

static void lint(const char *text, const char *service)
{
    uint8_t *exact = exact_copy(text, strlen(text));
    assert_ok(rpl_compose_lint(rpl_bytes_of(exact, strlen(text)), service, &report));
    free(exact);
}

/* Exactly one finding, of this rule, at this place. */
static void assert_finding(const char *text, const char *rule, const char *where)
{
    lint(text, NULL);
    if (report.n_findings != 1)
        fail_msg("%zu findings, wanted one %s in\n%s", report.n_findings, rule, text);
    assert_string_equal(rpl_lint_rule_id(report.findings[0].rule), rule);
    assert_string_equal(report.findings[0].where, where);
}

static void assert_clean(const char *text)
{
    lint(text, NULL);
    if (report.n_findings)
        fail_msg("%s at %s in\n%s", rpl_lint_rule_id(report.findings[0].rule),
                 report.findings[0].where, text);
    assert_true(rpl_compose_is_clean(&report, RPL_LINT_UNMEASURED));
    assert_true(rpl_compose_is_clean(&report, RPL_LINT_AGENT_SHARED));
}

static void the_drop_in_snippet_is_clean(void **state)
{
    (void)state;
    assert_clean(OURS "    ports: ['4001:4001']\n"
                      "    environment:\n"
                      "      - SECURE_FILE=/mnt/secure/file\n"
                      "      - PRICE=5$$\n"
                      "    volumes:\n"
                      "      - /var/run/dstack.sock:/var/run/dstack.sock\n"
                      "      - keys:/var/run/replicatoor/app\n" APP
                      "    environment: {MODE: '${MODE}'}\n"
                      "    network_mode: host\n"
                      "    privileged: false\n"
                      "    cap_add: [NET_BIND_SERVICE]\n"
                      "    devices: ['/dev/fuse:/dev/fuse']\n"
                      "    volumes:\n"
                      "      - keys:/var/run/dstack\n"
                      "      - ./data:/data\n"
                      "      - /anonymous\n"
                      "      - {type: volume, source: keys, target: /k}\n"
                      "      - {type: tmpfs, target: /t}\n"
                      "volumes: {keys: }\n");
    assert_string_equal(report.ours, "replicatoor");
    assert_false(report.is_app_compose);
}

static void what_runs_must_stand_in_the_text(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {OURS "  app:\n    image: app:latest\n", "image.unpinned", "services.app.image"},
        {OURS "  app:\n    image: app@sha256:0123\n", "image.unpinned", "services.app.image"},
        {OURS "  app:\n    image: app" DIGEST "0\n", "image.unpinned", "services.app.image"},
        {OURS "  app: {}\n", "image.unpinned", "services.app.image"},
        {OURS "  app:\n", "image.unpinned", "services.app.image"},
        {OURS APP "    build: .\n", "service.build", "services.app.build"},
        {OURS APP "    build:\n", "service.build", "services.app.build"},
        {OURS APP "    env_file: x\n", "env.file", "services.app.env_file"},
        {OURS APP "    extends: {service: o}\n", "compose.include", "services.app.extends"},
        {OURS APP "    provider: {type: x}\n", "service.provider", "services.app.provider"},
        {OURS "include: [other.yml]\n", "compose.include", "include"},
        {OURS APP "    volumes: [{type: image, source: x, target: /x}]\n", "image.unpinned",
         "services.app.volumes.source"},
        {OURS "    command: run ${X}\n", "env.interpolated", "services.replicatoor.command"},
        {OURS "    labels: {a: [b, $NAME]}\n", "env.interpolated", "services.replicatoor.labels.a"},
        {OURS "    environment: [CONTRACT]\n", "env.passed_through",
         "services.replicatoor.environment"},
        {OURS "    environment: {CONTRACT: }\n", "env.passed_through",
         "services.replicatoor.environment.CONTRACT"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_finding(cases[i][0], cases[i][1], cases[i][2]);
        assert_false(rpl_compose_is_clean(&report, RPL_LINT_UNMEASURED));
        assert_true(rpl_compose_is_clean(&report, RPL_LINT_AGENT_SHARED));
    }
}

static void no_other_service_may_reach_the_agent(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"volumes: ['/var/run/dstack.sock:/var/run/dstack.sock']", "mount.agent", "volumes"},
        {"volumes: ['/:/host:ro']", "mount.agent", "volumes"},
        {"volumes: ['/var/run/:/x']", "mount.agent", "volumes"},
        {"volumes: [{type: bind, source: /run, target: /x}]", "mount.agent", "volumes.source"},
        {"volumes: [{source: /run/docker.sock, target: /x}]", "mount.agent", "volumes.source"},
        {"volumes: [{type: bind, src: /sys, target: /x}]", "mount.agent", "volumes.src"},
        {"volumes: [{type: volume, source: /run, target: /x}]", "mount.agent", "volumes.source"},
        {"volumes: ['${SOCK}:/x']", "mount.unclear", "volumes"},
        {"volumes: ['${SOCK:-a}:/x']", "mount.unclear", "volumes"},
        {"volumes: ['~/x:/x']", "mount.unclear", "volumes"},
        {"volumes: ['../../run:/x']", "mount.unclear", "volumes"},
        {"volumes: [{type: volume, source: $V, target: /x}]", "mount.unclear", "volumes.source"},
        {"volumes_from: [replicatoor]", "service.volumes_from", "volumes_from"},
        {"devices: [/dev/tdx_guest]", "device.agent", "devices"},
        {"devices: ['/dev/vda:/dev/x:rw']", "device.agent", "devices"},
        {"devices: ['${D}:/dev/x']", "device.agent", "devices"},
        {"devices: [{source: /dev/mem, target: /dev/x}]", "device.agent", "devices.source"},
        {"device_cgroup_rules: ['c *:* rwm']", "device.agent", "device_cgroup_rules"},
        {"privileged: true", "service.privileged", "privileged"},
        {"privileged: yes", "service.privileged", "privileged"},
        {"privileged: ${P}", "service.privileged", "privileged"},
        {"post_start: [{command: x, privileged: true}]", "service.privileged",
         "post_start.privileged"},
        {"pid: host", "service.pid", "pid"},
        {"pid: service:replicatoor", "service.pid", "pid"},
        {"cap_add: [SYS_ADMIN]", "service.cap_add", "cap_add"},
        {"cap_add: [cap_sys_ptrace]", "service.cap_add", "cap_add"},
        {"cap_add: [all]", "service.cap_add", "cap_add"},
        {"cap_add: ['${C}']", "service.cap_add", "cap_add"},
        {"use_api_socket: true", "service.use_api_socket", "use_api_socket"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[1024], where[128];
        snprintf(text, sizeof(text), "%s%s    %s\n", OURS, APP, cases[i][0]);
        snprintf(where, sizeof(where), "services.app.%s", cases[i][2]);
        assert_finding(text, cases[i][1], where);
        assert_true(rpl_compose_is_clean(&report, RPL_LINT_UNMEASURED));
        assert_false(rpl_compose_is_clean(&report, RPL_LINT_AGENT_SHARED));
        if (cases[i][0][0] == 'v' || cases[i][0][0] == 'd' || cases[i][0][0] == 'c') {
            snprintf(text, sizeof(text), "%s    %s\n", OURS, cases[i][0]);
            lint(text, NULL);
            assert_true(rpl_compose_is_clean(&report, RPL_LINT_AGENT_SHARED));
        }
    }
}

static void another_name_for_a_source_is_no_way_around(void **state)
{
    (void)state;
    assert_finding(OURS APP
                   "volumes: {v: {driver_opts: {type: none, o: bind, device: /var/run}}}\n",
                   "mount.agent", "volumes.v.driver_opts.device");
    assert_finding(OURS APP "volumes: {v: {driver_opts: {device: '${D}'}}}\n", "mount.unclear",
                   "volumes.v.driver_opts.device");
    assert_finding(OURS APP "volumes: {v: {driver_opts: {type: overlay, device: overlay}}}\n",
                   "mount.unclear", "volumes.v.driver_opts.type");
    assert_finding(OURS APP "volumes: {v: {name: '${N}'}}\n", "mount.unclear", "volumes.v.name");
    assert_finding(OURS APP "secrets: {s: {file: /run/docker.sock}}\n", "mount.agent",
                   "secrets.s.file");
    assert_finding(OURS APP "configs: {c: {file: /dev/tdx_guest}}\n", "mount.agent",
                   "configs.c.file");
}

static void our_service_is_found_by_name_or_image(void **state)
{
    (void)state;
    static const char two[] = "services:\n  a:\n    image: replicatoor" DIGEST "\n"
                              "  my-replicatoor:\n    image: x" DIGEST "\n";
    assert_finding(two, "service.several", "services");
    assert_string_equal(report.ours, "");
    lint(two, "a");
    assert_int_equal(report.n_findings, 0);
    assert_string_equal(report.ours, "a");
    lint("services:\n  a:\n    image: replicatoor" DIGEST "\n" APP, NULL);
    assert_string_equal(report.ours, "a");
    assert_clean(OURS "  replicatoor-web:\n    image: x" DIGEST "\n");
    assert_string_equal(report.ours, "replicatoor");
    assert_finding("services:\n" APP, "service.missing", "services");
    lint(OURS, "other");
    assert_string_equal(rpl_lint_rule_id(report.findings[0].rule), "service.missing");
    assert_finding("version: '3'\n", "compose.services", "services");
    assert_finding("services: []\n", "compose.services", "services");
}

/* As Dstack deploys it: JSON around the YAML text. */
static const char *app_compose(const char *yaml, const char *more)
{
    static char text[4096];
    RPL_AUTO(json) json_t *object = json_loads(more, 0, NULL);
    RPL_AUTO(json_text) char *dumped = NULL;
    rpl_json_set_text(object, "docker_compose_file", yaml);
    assert_ok(rpl_json_dump(object, &dumped));
    snprintf(text, sizeof(text), "%s", dumped);
    return text;
}

static void an_app_compose_is_opened(void **state)
{
    (void)state;
    assert_clean(app_compose(OURS APP, "{\"manifest_version\":2,\"runner\":\"docker-compose\","
                                       "\"allowed_envs\":[\"API_KEY\",\"MY_PATH\"]}"));
    assert_true(report.is_app_compose);
    assert_finding(app_compose(OURS APP "    privileged: true\n", "{}"), "service.privileged",
                   "services.app.privileged");
    assert_finding(app_compose(OURS, "{\"runner\":\"bash\"}"), "compose.runner", "runner");
    lint("{\"runner\":\"docker-compose\"}", NULL);
    assert_string_equal(report.findings[0].where, "docker_compose_file");
}

static void no_outside_name_may_decide_what_runs(void **state)
{
    (void)state;
    static const char *const names[] = {
        "CONTRACT",           "CHAIN_ID",     "CONTRACT_CODE", "SECURE_FILE", "ETH_RPC_PREFIX",
        "REPLICATOOR_POLICY", "COMPOSE_FILE", "DOCKER_HOST",   "LD_PRELOAD",  "PATH"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char more[128];
        snprintf(more, sizeof(more), "{\"allowed_envs\":[\"FINE\",\"%s\"]}", names[i]);
        assert_finding(app_compose(OURS APP, more), "allowed_envs.ours", "allowed_envs");
        assert_string_equal(report.findings[0].text, names[i]);
    }
}

static void compose_written_as_json_is_compose(void **state)
{
    (void)state;
    assert_clean("{\"services\":{\"replicatoor\":{\"image\":\"r" DIGEST "\"}}}");
    assert_false(report.is_app_compose);
}

static void what_cannot_be_read_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"services\":{},\"services\":{}}",
        "{",
        "{\"docker_compose_file\":\"a: [\"}",
        "a: &x 1\nservices: *x\n",
        "services: {a: 1, a: 2}",
        "{\"a\":1} x",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_code(rpl_compose_lint(rpl_bytes_of_text(texts[i]), NULL, &report), RPL_MALFORMED);
}

static void every_prefix_of_a_clean_text_ends_without_harm(void **state)
{
    (void)state;
    const char *text = app_compose(OURS APP "    volumes: [{type: bind, source: ./d}]\n", "{}");
    for (size_t len = 0; len < strlen(text); len++) {
        uint8_t *exact = exact_copy(text, len);
        const rpl_status s = rpl_compose_lint(rpl_bytes_of(exact, len), NULL, &report);
        assert_true(s.code == RPL_MALFORMED || report.n_findings > 0);
        free(exact);
    }
}

static void more_findings_than_fit_are_never_clean(void **state)
{
    (void)state;
    static char text[16384];
    size_t len = (size_t)snprintf(text, sizeof(text), "%s", OURS);
    for (int i = 0; i <= RPL_LINT_FINDINGS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "  s%d: {image: x}\n", i);
    lint(text, NULL);
    assert_int_equal(report.n_findings, RPL_LINT_FINDINGS_MAX);
    assert_true(report.more);
    assert_false(rpl_compose_is_clean(&report, RPL_LINT_AGENT_SHARED));
}

static void hostile_names_are_printed_tamely(void **state)
{
    (void)state;
    char text[512];
    snprintf(text, sizeof(text), "%s  \"\\e[31m\\n%0150d\": {image: \"a\\rb\"}\n", OURS, 7);
    lint(text, NULL);
    assert_int_equal(report.n_findings, 1);
    assert_memory_equal(report.findings[0].where, "services.?[31m?000", 18);
    assert_int_equal(strlen(report.findings[0].where), RPL_LINT_WHERE_MAX - 1);
    assert_string_equal(report.findings[0].text, "a?b");
}

static void collect(void *context, rpl_bytes name, rpl_bytes value)
{
    char *out = context;
    sprintf(out + strlen(out), "%.*s=%.*s;", (int)name.len, (const char *)name.data, (int)value.len,
            (const char *)value.data);
}

static void our_environment_is_read_in_both_forms(void **state)
{
    (void)state;
    char list[256] = "", map[256] = "";
    assert_ok(rpl_compose_environment(rpl_bytes_of_text(OURS "    environment:\n      - A=1=2\n"
                                                             "      - E=\n      - NONE\n"),
                                      NULL, collect, list));
    assert_string_equal(list, "A=1=2;E=;");
    assert_ok(rpl_compose_environment(
        rpl_bytes_of_text(OURS "    environment: {A: 1, B: 'x y', NONE: , E: ''}\n"), NULL, collect,
        map));
    assert_string_equal(map, "A=1;B=x y;E=;");
    assert_code(rpl_compose_environment(rpl_bytes_of_text("services:\n" APP), NULL, collect, map),
                RPL_DENIED);
    assert_code(rpl_compose_environment(rpl_bytes_of_text("["), NULL, collect, map), RPL_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_drop_in_snippet_is_clean),
        cmocka_unit_test(what_runs_must_stand_in_the_text),
        cmocka_unit_test(no_other_service_may_reach_the_agent),
        cmocka_unit_test(another_name_for_a_source_is_no_way_around),
        cmocka_unit_test(our_service_is_found_by_name_or_image),
        cmocka_unit_test(an_app_compose_is_opened),
        cmocka_unit_test(no_outside_name_may_decide_what_runs),
        cmocka_unit_test(compose_written_as_json_is_compose),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(every_prefix_of_a_clean_text_ends_without_harm),
        cmocka_unit_test(more_findings_than_fit_are_never_clean),
        cmocka_unit_test(hostile_names_are_printed_tamely),
        cmocka_unit_test(our_environment_is_read_in_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
