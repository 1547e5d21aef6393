/* compose_lint.h - does what is approved run, and is the guest agent ours alone? Read from the
 * compose text, and nothing but the text: bytes in, findings out.
 *
 * The same lint answers `replicatoorctl release` before an approval and the node itself over its own
 * measured app-compose when it starts. Source: docs/protocol.md, "What is approved is what runs";
 * docs/architecture.md, "The guest agent's socket is ours alone".
 */
#ifndef RPL_ATTESTATION_POLICY_COMPOSE_LINT_H
#define RPL_ATTESTATION_POLICY_COMPOSE_LINT_H

#include "base/reader.h"
#include "base/status.h"

enum {
    RPL_COMPOSE_MAX = 1 << 20, /* bytes of app-compose.json; the YAML in it: RPL_YAML_MAX */
    RPL_LINT_FINDINGS_MAX = 64,
    RPL_LINT_WHERE_MAX = 96,
};

typedef enum {
    RPL_LINT_UNMEASURED,   /* the compose hash does not say what runs */
    RPL_LINT_AGENT_SHARED, /* another container could ask for quotes in our name: what the owner
                              accepts with REPLICATOOR_AGENT_SHARED=1 */
} rpl_lint_kind;

/* X(name, id, kind, what to do) */
#define RPL_LINT_RULES(X)                                                                          \
    X(RUNNER, "compose.runner", UNMEASURED,                                                        \
      "set \"runner\" to \"docker-compose\" and docker_compose_file to the YAML text")             \
    X(SERVICES, "compose.services", UNMEASURED, "write at least one service under services:")      \
    X(INCLUDE, "compose.include", UNMEASURED,                                                      \
      "write it out in this file: included and extended text is not measured")                     \
    X(OURS_MISSING, "service.missing", UNMEASURED,                                                 \
      "add the replicatoor service, or name it with --service")                                    \
    X(OURS_SEVERAL, "service.several", UNMEASURED,                                                 \
      "several could be ours: name one exactly replicatoor, or use --service")                     \
    X(IMAGE, "image.unpinned", UNMEASURED,                                                         \
      "name the image by digest: image: name@sha256:<64 hex>")                                     \
    X(BUILD, "service.build", UNMEASURED, "build beforehand and name the image by digest")         \
    X(PROVIDER, "service.provider", UNMEASURED,                                                    \
      "run an image: a provider is a program of the guest")                                        \
    X(ENV_FILE, "env.file", UNMEASURED, "write the variables under environment:")                  \
    X(INTERPOLATED, "env.interpolated", UNMEASURED,                                                \
      "write the value itself ($$ is a plain dollar): what replaces ${..} is not measured")        \
    X(PASSED_THROUGH, "env.passed_through", UNMEASURED,                                            \
      "give the variable a value: without one it is taken from outside the measured text")         \
    X(ALLOWED_ENV, "allowed_envs.ours", UNMEASURED,                                                \
      "take the name out of allowed_envs: it decides what we or Compose do")                       \
    X(MOUNT, "mount.agent", AGENT_SHARED,                                                          \
      "do not mount it: give the service a guest folder of ours, a named volume, instead")         \
    X(MOUNT_UNCLEAR, "mount.unclear", AGENT_SHARED,                                                \
      "write an absolute path, or one below ./ without .., ~ and variables")                       \
    X(DEVICE, "device.agent", AGENT_SHARED, "do not pass this device through")                     \
    X(PRIVILEGED, "service.privileged", AGENT_SHARED, "remove privileged")                         \
    X(PID, "service.pid", AGENT_SHARED, "remove pid: it shows other containers' processes")        \
    X(CAPABILITY, "service.cap_add", AGENT_SHARED, "remove the capability")                        \
    X(VOLUMES_FROM, "service.volumes_from", AGENT_SHARED, "mount the named volumes one by one")    \
    X(API_SOCKET, "service.use_api_socket", AGENT_SHARED, "remove use_api_socket")

typedef enum {
#define RPL_LINT_ENUM(name, id, kind, fix) RPL_LINT_##name,
    RPL_LINT_RULES(RPL_LINT_ENUM)
#undef RPL_LINT_ENUM
        RPL_LINT_RULE_COUNT
} rpl_lint_rule;

const char *rpl_lint_rule_id(rpl_lint_rule rule);
rpl_lint_kind rpl_lint_rule_kind(rpl_lint_rule rule);
const char *rpl_lint_rule_fix(rpl_lint_rule rule);

typedef struct {
    rpl_lint_rule rule;
    /* Printable ASCII, cut to fit: "services.web.volumes", and the text that broke the rule. */
    char where[RPL_LINT_WHERE_MAX], text[RPL_LINT_WHERE_MAX];
} rpl_lint_finding;

typedef struct {
    bool is_app_compose;           /* Dstack's app-compose.json; else docker-compose YAML */
    char ours[RPL_LINT_WHERE_MAX]; /* the name of our service; empty when not found */
    size_t n_findings;
    rpl_lint_finding findings[RPL_LINT_FINDINGS_MAX];
    bool more; /* there are further findings than fit */
} rpl_compose_report;

/* `text` is a docker-compose YAML or an app-compose.json as deployed; `service` names our service,
 * or NULL: the one named "replicatoor", else the only one whose name or image contains that word.
 * RPL_MALFORMED  neither of both, or YAML that yaml_tree.h refuses; `at` is the byte or the line
 * RPL_TOO_LARGE  over a limit */
RPL_CHECKED rpl_status rpl_compose_lint(rpl_bytes text, const char *service,
                                        rpl_compose_report *out);
/* True when there is no finding of this kind. */
RPL_CHECKED bool rpl_compose_is_clean(const rpl_compose_report *report, rpl_lint_kind kind);

/* The environment of our service as it stands in the text; what the node's effective settings are
 * compared with. `each` is called per variable, both views valid during the call; a variable without
 * value is left out (the lint refuses it). Fails as rpl_compose_lint; RPL_DENIED when our service is
 * not found. */
typedef void (*rpl_compose_variable)(void *context, rpl_bytes name, rpl_bytes value);
RPL_CHECKED rpl_status rpl_compose_environment(rpl_bytes text, const char *service,
                                               rpl_compose_variable each, void *context);

#endif
