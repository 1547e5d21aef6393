/* main.c - the composition root: configuration -> parts -> loop -> shutdown. */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/net/http_client.h"
#include "rest_gateway/gateway.h"
#include "server/config.h"
#include "server/io/world.h"
#include "server/rpc/health.h"
#include "server/rpc/listener.h"
#include "server/rpc/services.h"

enum {
    WORKERS = 4,
    QUEUE_MAX = 64,
    TICK_MS = 1000,
    SHUTDOWN_GRACE_MS = 5000,
    BURST = 120,
    PER_MINUTE = 600,
    BODY_ROOM = 512 << 10, /* around the hex of a sealed state */
    BUFFERED_MIN = 64 << 20,
};

/* Everything that lives as long as the process, in the order in which it is made. */
typedef struct {
    rpl_config config;
    rpl_world *world;
    rpl_node *node;
    rpl_loop *loop;
    rpl_workers *workers;
    rpl_admission admission;
    rpl_metrics *metrics;
    rpl_services *services;
    rpl_listeners *listeners;
    rpl_timer tick;
    int64_t started_ms; /* CLOCK_BOOTTIME */
    char problem[256];  /* why the start failed, when a static text does not say it */
    bool contradicted;  /* by the measured compose text */
} server;

static server the_server; /* large; and signals and timers come back without an argument */

static int complain(const char *what)
{
    fprintf(stderr, "replicatoor: %s\n", what);
    return rpl_code_table(RPL_MALFORMED)->exit_code;
}

/* No core file, no ptrace by others, secrets out of swap as far as the limit allows. */
static rpl_status harden_process(void)
{
    const struct rlimit none = {0, 0};
    struct rlimit lock;

    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
        return rpl_fail(RPL_INTERNAL, "core dumps cannot be switched off");
    if (getrlimit(RLIMIT_MEMLOCK, &lock) == 0) {
        lock.rlim_cur = lock.rlim_max;
        (void)setrlimit(RLIMIT_MEMLOCK, &lock);
    }
    if (sodium_init() < 0)
        return rpl_fail(RPL_INTERNAL, "libsodium cannot start");
    return rpl_http_global_init();
}

static rpl_node_settings node_settings(const rpl_config *c)
{
    rpl_node_settings s = {
        .config_preimage = rpl_bytes_of(c->preimage, c->preimage_len),
        .roots = c->roots,
        .verifier_policy = c->verifier_policy,
        .policy = &c->policy,
        .has_pin = c->has_identity,
        .min_epoch = c->min_epoch,
        .chain = c->chain,
        .rpc_prefixes = &c->rpc_prefixes,
        .challenge_required = c->challenge_required,
        .has_secure_files = c->secure_file || c->secure_dir,
        .max_state = c->max_state,
    };
    memcpy(s.config_digest, c->digest, sizeof(s.config_digest));
    memcpy(s.pin, c->identity, sizeof(s.pin));
    return s;
}

static rpl_status make_world(server *s)
{
    const rpl_config *c = &s->config;
    const rpl_world_config world = {
        .agent_socket = c->dstack,
        .collateral_urls = c->collateral_urls,
        .ca_file = c->ca_file,
        .roots = c->roots,
        .chain = c->chain,
        .rpc_prefixes = &c->rpc_prefixes,
        .chain_deadline_ms = c->chain_deadline_ms,
        .store_dir = c->store_dir,
        .untrusted_dir = c->untrusted_dir,
        .time_origins = c->time_origins,
        .n_time_origins = c->n_time_origins,
        .time_max_age_ms = c->test_time_max_age_s * 1000,
        .host_clock = c->host_clock,
        .stop_at = c->stop_at,
        .files = {.file = c->secure_file,
                  .dir = c->secure_dir,
                  .mode = c->file_mode,
                  .has_owner = c->has_owner,
                  .uid = c->uid,
                  .gid = c->gid,
                  .total_max = c->max_state},
    };
    return rpl_world_new(&world, &s->world);
}

/* What was approved is not what runs: nothing may be given or taken any more. */
static void on_contradicted(void *data, const char *why)
{
    server *s = data;
    s->contradicted = true;
    fprintf(stderr, "replicatoor: stopped: %s\n", why);
    rpl_loop_stop(s->loop);
}

static rpl_status make_services(server *s)
{
    const rpl_ports *ports = rpl_world_ports(s->world);
    const rpl_node_settings settings = node_settings(&s->config);

    s->node = rpl_node_new(&settings, ports);
    s->loop = rpl_loop_new();
    s->workers = s->loop ? rpl_workers_new(s->loop, WORKERS, QUEUE_MAX) : NULL;
    s->metrics = rpl_metrics_new();
    rpl_admission_init(&s->admission, (rpl_admission_rate){BURST, PER_MINUTE});
    if (!s->node || !s->workers || !s->metrics)
        return rpl_fail(RPL_INTERNAL, "no memory or no threads");
    s->started_ms = ports->time(ports->self).boot_ms;
    const rpl_services_config config = {
        .node = s->node,
        .ports = ports,
        .workers = s->workers,
        .admission = &s->admission,
        .metrics = s->metrics,
        .settings = s->config.settings,
        .n_settings = s->config.n_settings,
        .agent_shared = s->config.agent_shared,
        .service = s->config.service,
        .contradicted = on_contradicted,
        .contradicted_data = s,
        .guests = s->config.guests,
        .n_guests = s->config.n_guests,
        .configure_keys = s->config.configure_keys,
        .started_ms = s->started_ms,
    };
    s->services = rpl_services_new(&config);
    return s->services ? rpl_ok() : rpl_fail(RPL_INTERNAL, "no memory");
}

static const char *phase_now(void *data)
{
    return rpl_phase_name(((const server *)data)->node->phase);
}

static void refresh_time(const server *s, rpl_metrics *metrics)
{
    const rpl_ports *ports = rpl_world_ports(s->world);
    const rpl_time time = ports->time(ports->self);

    rpl_metrics_set(metrics, RPL_METRIC_TIME_TRUSTED, NULL, time.trusted);
    rpl_metrics_set(metrics, RPL_METRIC_TIME_AGE, NULL, time.age_s);
    if (time.trusted)
        rpl_metrics_set(metrics, RPL_METRIC_STARTED, NULL,
                        time.now_s - (time.boot_ms - s->started_ms) / 1000);
}

static void refresh_gauges(void *data, rpl_metrics *metrics)
{
    const server *s = data;
    rpl_metrics_phase(metrics, phase_now(data));
    rpl_services_measure(s->services, metrics);
    rpl_metrics_set(metrics, RPL_METRIC_BUILD, RPL_VERSION, 1);
    refresh_time(s, metrics);
    rpl_metrics_set(metrics, RPL_METRIC_JOBS, NULL, (int64_t)rpl_workers_outstanding(s->workers));
    rpl_metrics_set(metrics, RPL_METRIC_CONNECTIONS, "host",
                    (int64_t)rpl_listeners_connections(s->listeners, RPL_LISTENER_HOST));
    rpl_metrics_set(metrics, RPL_METRIC_CONNECTIONS, "guest",
                    (int64_t)rpl_listeners_connections(s->listeners, RPL_LISTENER_GUEST));
}

static size_t sealed_body_max(const server *s)
{
    return 2 * s->config.max_state + BODY_ROOM;
}

static rpl_status install(server *s, rpl_listener_kind kind, rpl_route_listener routes,
                          ProtobufCService *service)
{
    struct st_h2o_hostconf_t *host = rpl_listeners_host(s->listeners, kind);
    const rpl_health_options health = {phase_now, refresh_gauges, s, s->metrics};
    const rpl_gateway_options gateway = {
        .listener = routes,
        .services = {service},
        .sealed_body_max = sealed_body_max(s),
        .peer = rpl_listener_peer,
        .observe = rpl_metrics_request,
        .observe_data = s->metrics,
    };
    RPL_TRY(rpl_health_install(host, kind, &health));
    return rpl_gateway_install(host, &gateway);
}

/* Says which address or guest it was, and what the system answered. */
static rpl_status name_problem(server *s, rpl_status status, const char *of)
{
    const int error = errno;
    if (status.code != RPL_OK)
        snprintf(s->problem, sizeof(s->problem), "%s: %s%s%s", of, status.what,
                 status.code == RPL_UNAVAILABLE ? ": " : "",
                 status.code == RPL_UNAVAILABLE ? strerrordesc_np(error) : "");
    return status;
}

static rpl_status open_listeners(server *s)
{
    const size_t body_max = sealed_body_max(s) + BODY_ROOM;
    const rpl_listener_options options = {
        .body_max = body_max,
        .buffered_max = 2 * body_max > BUFFERED_MIN ? 2 * body_max : BUFFERED_MIN,
    };

    s->listeners = rpl_listeners_new(s->loop, &options);
    if (!s->listeners)
        return rpl_fail(RPL_INTERNAL, "no memory");
    RPL_TRY(install(s, RPL_LISTENER_HOST, RPL_ON_HOST, rpl_services_host(s->services)));
    RPL_TRY(install(s, RPL_LISTENER_GUEST, RPL_ON_GUEST, rpl_services_guest(s->services)));
    RPL_TRY(name_problem(s, rpl_listeners_tcp(s->listeners, s->config.listen), s->config.listen));
    for (size_t i = 0; i < s->config.n_guests; i++)
        RPL_TRY(name_problem(
            s, rpl_listeners_guest(s->listeners, s->config.guest_dir, s->config.guests[i]),
            s->config.guests[i]));
    return rpl_ok();
}

static void on_tick(rpl_timer *timer)
{
    (void)timer;
    rpl_services_tick(the_server.services);
}

static void on_drained(void *data)
{
    rpl_loop_stop(((server *)data)->loop);
}

static void on_terminate(void *data)
{
    server *s = data;
    rpl_log(RPL_LOG_INFO, "shutting down");
    rpl_listeners_shutdown(s->listeners, SHUTDOWN_GRACE_MS, on_drained, s);
}

static rpl_status start(server *s)
{
    RPL_TRY(make_world(s));
    s->loop = NULL;
    RPL_TRY(make_services(s));
    RPL_TRY(rpl_loop_on_signal(s->loop, SIGTERM, on_terminate, s));
    RPL_TRY(rpl_loop_on_signal(s->loop, SIGINT, on_terminate, s));
    RPL_TRY(open_listeners(s));
    s->tick.fire = on_tick;
    rpl_timer_start(s->loop, &s->tick, TICK_MS, TICK_MS);
    RPL_TRY(rpl_world_start(s->world));
    rpl_services_start(s->services);
    return rpl_ok();
}

static void stop(server *s)
{
    rpl_timer_stop(&s->tick);
    if (s->workers)
        rpl_workers_free(s->workers);
    rpl_listeners_free(s->listeners);
    rpl_services_free(s->services);
    rpl_node_free(s->node);
    rpl_metrics_free(s->metrics);
    if (s->loop)
        rpl_loop_free(s->loop);
    rpl_world_free(s->world);
    rpl_config_free(&s->config);
}

static void print_line(const char *text)
{
    puts(text);
}

static int print_rows(void)
{
    size_t count;
    const rpl_phase_row *rows = rpl_phase_rows(&count);
    for (size_t i = 0; i < count; i++)
        printf("%s %s %s\n", rows[i].name, rpl_phase_name(rows[i].from),
               rpl_phase_name(rows[i].to));
    return 0;
}

/* Exit 0 when the server that is configured here answers on its port: the container's health check. */
static int check_health(const rpl_config *config)
{
    const char *port = strrchr(config->listen, ':');
    const bool any = strncmp(config->listen, "0.0.0.0:", strlen("0.0.0.0:")) == 0;
    char url[128];
    rpl_http_response answer;

    snprintf(url, sizeof(url), "http://%s%s/healthz", any ? "127.0.0.1" : config->listen,
             any ? port : "");
    const rpl_http_request request = {
        .url = url, .connect_timeout_ms = 1000, .timeout_ms = 3000, .body_max = 4096};
    const rpl_status s = rpl_http_exchange(&request, &answer);
    if (s.code != RPL_OK)
        return rpl_code_table(s.code)->exit_code;
    const bool healthy = answer.status == 200;
    rpl_http_response_free(&answer);
    return healthy ? 0 : 1;
}

static int serve(server *s)
{
    const rpl_status started = start(s);
    if (started.code != RPL_OK) {
        fprintf(stderr, "replicatoor: cannot start: %s\n",
                s->problem[0] ? s->problem : started.what);
        stop(s);
        return rpl_code_table(started.code)->exit_code;
    }
    rpl_log(RPL_LOG_INFO, "listening", rpl_log_text("address", s->config.listen),
            rpl_log_public("config_digest", rpl_bytes_of(s->config.digest, 32)));
    rpl_loop_run(s->loop);
    const bool contradicted = s->contradicted;
    stop(s);
    return contradicted ? rpl_code_table(RPL_DENIED)->exit_code : 0;
}

int main(int argc, char **argv)
{
    server *s = &the_server;
    const char *command = argc > 1 ? argv[1] : "serve";
    char error[RPL_CONFIG_ERROR_MAX];

    if (argc > 2)
        return complain("usage: replicatoor [serve|health|rows|settings|--version]");
    if (strcmp(command, "--version") == 0)
        return puts("replicatoor " RPL_VERSION) < 0;
    if (strcmp(command, "rows") == 0)
        return print_rows();
    if (strcmp(command, "settings") == 0) {
        rpl_config_print_table(print_line);
        return 0;
    }
    const rpl_status hardened = harden_process();
    if (hardened.code != RPL_OK)
        return complain(hardened.what);
    if (rpl_config_load((const char *const *)environ, &s->config, error).code != RPL_OK)
        return complain(error);
    rpl_log_set_level(s->config.log_level);
    if (strcmp(command, "health") == 0)
        return check_health(&s->config);
    return strcmp(command, "serve") == 0
               ? serve(s)
               : complain("usage: replicatoor [serve|health|rows|settings|--version]");
}
