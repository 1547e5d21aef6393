#include "server/io/world.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/net/http_client.h"
#include "server/io/chain_source.h"
#include "server/io/clock.h"
#include "server/io/collateral_source.h"
#include "server/io/guest_agent.h"
#include "server/io/host_clock_testing.h"
#include "server/io/time_source.h"

struct rpl_world {
    rpl_world_config config;
    rpl_ports ports;
    rpl_clock clock;
    rpl_time_source *time;
    rpl_chain_source *chain; /* NULL without a contract */
    rpl_guest_agent *agent;
    rpl_collateral_source *collateral;
};

enum { ENV_FILE_MODE = 0640 };

static rpl_status quote(void *self, const rpl_report_data *report_data, rpl_agent_quote *out)
{
    return rpl_guest_agent_quote(((rpl_world *)self)->agent, report_data, out);
}

static rpl_status app_compose(void *self, char **text, size_t *len)
{
    return rpl_guest_agent_app_compose(((rpl_world *)self)->agent, text, len);
}

static const char *agent_name(void *self)
{
    return rpl_guest_agent_name(((rpl_world *)self)->agent);
}

static rpl_status collateral(void *self, const rpl_collateral_wants *wants,
                             rpl_collateral_lease *out)
{
    rpl_world *world = self;
    const rpl_time now = rpl_clock_read(&world->clock);
    return rpl_collateral_source_get(world->collateral, wants, &now, out);
}

static void collateral_done(void *self, rpl_collateral_lease *lease,
                            const rpl_collateral_outcome *outcome)
{
    rpl_world *world = self;
    if (outcome->verified)
        rpl_clock_raise_floor(&world->clock, outcome->issued_s);
    rpl_collateral_source_done(world->collateral, lease, outcome->verified);
}

static void chain(void *self, const rpl_chain_question *question, rpl_chain_facts *out)
{
    rpl_chain_source_ask(((rpl_world *)self)->chain, question, out);
}

static void chain_witness(void *self, uint64_t finalized, uint64_t latest, rpl_chain_witnesses *out)
{
    rpl_chain_source_witness(((rpl_world *)self)->chain, finalized, latest, out);
}

static rpl_status chain_list(void *self, size_t provider, const uint8_t block[static 32],
                             rpl_contract_item *items, size_t cap, size_t *count)
{
    return rpl_chain_source_list(((rpl_world *)self)->chain, provider, block, items, cap, count);
}

static void chain_confirmed(void *self, const rpl_chain_block *finalized)
{
    rpl_clock_raise_floor(&((rpl_world *)self)->clock, finalized->timestamp);
}

static void chain_keys(void *self, const rpl_rpc_keys *keys)
{
    rpl_chain_source_keys(((rpl_world *)self)->chain, keys);
}

static rpl_status read_files(void *self, rpl_file_list *out)
{
    return rpl_secure_files_read(&((rpl_world *)self)->config.files, out);
}

static rpl_status write_files(void *self, const rpl_file_list *files, bool set_aside,
                              size_t *written)
{
    return rpl_secure_files_write(&((rpl_world *)self)->config.files, files, set_aside, written);
}

static rpl_status write_untrusted_env(void *self, rpl_bytes text)
{
    const rpl_world *world = self;
    char path[PATH_MAX];

    if (mkdir(world->config.untrusted_dir, 0755) != 0 && errno != EEXIST)
        return rpl_fail(RPL_UNAVAILABLE,
                        "REPLICATOOR_UNTRUSTED_DIR is not there and cannot be made: "
                        "mount a volume at it");
    if (snprintf(path, sizeof(path), "%s/private.env", world->config.untrusted_dir) >=
        (int)sizeof(path))
        return rpl_fail(RPL_MALFORMED, "REPLICATOOR_UNTRUSTED_DIR is too long");
    return rpl_write_file_atomically(path, text, ENV_FILE_MODE, NULL);
}

static rpl_time time_now(void *self)
{
    return rpl_clock_read(&((rpl_world *)self)->clock);
}

static void time_report(void *self, rpl_time_report *out)
{
    rpl_time_source_report(((rpl_world *)self)->time, out);
}

static int64_t now_s(void *self)
{
    return time_now(self).now_s;
}

static void random_bytes(void *self, uint8_t *out, size_t len)
{
    (void)self;
    randombytes_buf(out, len);
}

/* The whole process stands still, so that a test can kill it exactly here. */
static void reached(void *self, const char *row)
{
    const rpl_world *world = self;
    if (world->config.stop_at && strcmp(world->config.stop_at, row) == 0)
        (void)raise(SIGSTOP);
}

static void make_clock(rpl_world *world)
{
    const int64_t max_age_ms = world->config.time_max_age_ms;
    int64_t (*host)(void) = NULL;
#ifdef RPL_TEST_ROOTS
    host = world->config.host_clock ? rpl_host_clock : NULL;
#endif
    rpl_clock_init(&world->clock, max_age_ms ? max_age_ms : RPL_TIME_MAX_AGE_MS, host);
    rpl_http_set_clock((rpl_http_clock){now_s, world});
}

/* A shorter life of what is agreed is renewed in time. */
static rpl_status make_time_source(rpl_world *world)
{
    rpl_time_source_config config = {
        .urls = world->config.time_origins,
        .n_urls = world->config.n_time_origins,
        .ca_file = world->config.ca_file,
        .pace = RPL_TIME_PACE_DEFAULT,
    };
    const int64_t max_age_ms = world->config.time_max_age_ms;
    if (max_age_ms && config.pace.renew_ms > max_age_ms / 2)
        config.pace.renew_ms = max_age_ms / 2;
    if (max_age_ms && config.pace.retry_max_ms > max_age_ms / 2)
        config.pace.retry_max_ms = max_age_ms / 2;
    return rpl_time_source_new(&config, &world->clock, &world->time);
}

static rpl_status make_chain_source(rpl_world *world)
{
    rpl_chain_source_config config = {
        .pin = world->config.chain,
        .prefixes = world->config.rpc_prefixes,
        .ca_file = world->config.ca_file,
        .pace = RPL_CHAIN_PACE_DEFAULT,
    };
    if (!config.pin.is_set)
        return rpl_ok();
    if (world->config.chain_deadline_ms)
        config.pace.deadline_ms = world->config.chain_deadline_ms;
    world->chain = rpl_chain_source_new(&config);
    return world->chain ? rpl_ok() : rpl_fail(RPL_INTERNAL, "no memory");
}

rpl_status rpl_world_new(const rpl_world_config *config, rpl_world **out)
{
    rpl_world *world = calloc(1, sizeof(*world));
    if (!world)
        return rpl_fail(RPL_INTERNAL, "no memory");
    world->config = *config;
    make_clock(world);
    rpl_secure_files_sweep(&config->files);
    world->agent = rpl_guest_agent_new(config->agent_socket);
    const rpl_collateral_source_config collateral_config = {
        .urls = config->collateral_urls,
        .ca_file = config->ca_file,
        .store_dir = config->store_dir,
        .roots = config->roots,
    };
    rpl_status s = rpl_collateral_source_new(&collateral_config, &world->collateral);
    if (s.code == RPL_OK)
        s = make_time_source(world);
    if (s.code == RPL_OK)
        s = make_chain_source(world);
    if (s.code != RPL_OK || !world->agent) {
        rpl_world_free(world);
        return s.code != RPL_OK ? s : rpl_fail(RPL_INTERNAL, "no memory");
    }
    world->ports = (rpl_ports){
        .self = world,
        .quote = quote,
        .app_compose = app_compose,
        .agent_name = agent_name,
        .collateral = collateral,
        .collateral_done = collateral_done,
        .chain = chain,
        .chain_witness = chain_witness,
        .chain_list = chain_list,
        .chain_confirmed = chain_confirmed,
        .chain_keys = chain_keys,
        .read_files = read_files,
        .write_files = write_files,
        .write_untrusted_env = write_untrusted_env,
        .time = time_now,
        .time_report = time_report,
        .random = random_bytes,
        .reached = reached,
    };
    *out = world;
    return rpl_ok();
}

void rpl_world_free(rpl_world *world)
{
    if (!world)
        return;
    rpl_time_source_free(world->time);
    rpl_chain_source_free(world->chain);
    rpl_http_set_clock((rpl_http_clock){0});
    rpl_guest_agent_free(world->agent);
    rpl_collateral_source_free(world->collateral);
    free(world);
}

rpl_status rpl_world_start(rpl_world *world)
{
    return world->config.host_clock ? rpl_ok() : rpl_time_source_start(world->time);
}

const rpl_ports *rpl_world_ports(rpl_world *world)
{
    return &world->ports;
}
