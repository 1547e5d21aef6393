/* world.h - the ports of the core, connected to the real world: guest agent, collateral, files,
 * clock, randomness.
 */
#ifndef RPL_SERVER_IO_WORLD_H
#define RPL_SERVER_IO_WORLD_H

#include "server/core/ports.h"
#include "server/io/secure_files.h"

/* Texts are borrowed for the world's life. */
typedef struct {
    const char *agent_socket;             /* NULL: the default paths */
    const char *collateral_urls;          /* comma separated; "" or NULL: Intel's PCS */
    const char *ca_file;                  /* NULL: the system's bundle */
    rpl_roots roots;                      /* under which collateral must verify to be kept */
    rpl_chain_pin chain;                  /* is_set: its providers are asked */
    const rpl_rpc_prefixes *rpc_prefixes; /* as many as the pin has providers */
    const char *store_dir;                /* NULL: nothing is kept across restarts */
    const char *untrusted_dir;
    const char *const *time_origins; /* https URLs of distinct hosts */
    size_t n_time_origins;
    int64_t time_max_age_ms; /* how long an agreed time is carried on; 0: a day */
    bool host_clock;         /* builds with RPL_TEST_ROOTS only */
    const char *stop_at;     /* test builds: the row at which the process stops itself, or NULL */
    int64_t
        chain_deadline_ms; /* test builds: for one question to the providers; 0: the usual one */
    rpl_secure_paths files;
} rpl_world_config;

typedef struct rpl_world rpl_world;

/* Owned by the caller. From here on https judges certificates by this world's time. One at a time.
 * RPL_MALFORMED: a collateral URL or a time origin */
RPL_CHECKED rpl_status rpl_world_new(const rpl_world_config *config, rpl_world **out);
void rpl_world_free(rpl_world *world);
/* Begins to ask for the time, in a thread. RPL_INTERNAL */
RPL_CHECKED rpl_status rpl_world_start(rpl_world *world);
/* Borrowed. */
const rpl_ports *rpl_world_ports(rpl_world *world);

#endif
