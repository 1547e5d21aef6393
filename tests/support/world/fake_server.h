/* fake_server.h - a whole node without a transport: services, workers and loop over a fake world,
 * called as a transport calls them. */
#ifndef RPL_TESTS_FAKE_SERVER_H
#define RPL_TESTS_FAKE_SERVER_H

#include "proto/call.h"
#include "replicatoor/v1/guest.pb-c.h"
#include "replicatoor/v1/host.pb-c.h"
#include "server/rpc/services.h"
#include "tests/support/check.h"
#include "tests/support/world/fake_world.h"

#define FAKE_PREFIXES "https://a.example/,https://b.example/,https://c.example/v2/"

typedef struct {
    const char *machine; /* of fake_world.h */
    uint64_t seed;
    const char *config; /* a line added to the configuration preimage: another configuration */
    const char *policy; /* NULL: self */
    const uint8_t *pin; /* 32 bytes, or NULL */
    const rpl_chain_pin *chain; /* NULL: no contract */
    bool challenge_required;
    uint64_t min_epoch;
    unsigned threads; /* 0: two */
    size_t queue_max; /* 0: sixteen */
    uint32_t burst;   /* 0: plenty */
    size_t max_state; /* 0: 1 MiB */
} fake_server_options;

typedef struct {
    fake_world *world;
    rpl_node *node;
    rpl_loop *loop;
    rpl_workers *workers;
    rpl_admission admission;
    rpl_metrics *metrics;
    rpl_services *services;
    rpl_policy policy;
    rpl_rpc_prefixes rpc_prefixes;
    char preimage[256];
    uint8_t key[16]; /* the caller's address */
} fake_server;

/* Started, and in phase empty knowing itself, unless `start` is false. */
fake_server *fake_server_new(const fake_server_options *options, bool start);
/* Finishes what is under way. */
void fake_server_free(fake_server *server);
/* Until no job is outstanding. */
void fake_server_settle(fake_server *server);
/* Until `n` calls stand where the world holds them. */
void fake_server_until(fake_server *server, atomic_uint *waiting, unsigned n);

/* One call and its answer, a copy. */
typedef struct {
    rpl_call call; /* first, as for a transport */
    rpl_peer peer;
    unsigned answers; /* must become 1 */
    ProtobufCMessage *message;
} fake_call;

/* "Onboard" of HostService; with `guest` set, a method of GuestService. The call and the input stay
 * where they are until it is answered. */
void fake_call_start(fake_server *server, fake_call *call, const char *method,
                     const ProtobufCMessage *input, const char *guest);
/* Runs the loop until this one is answered and nothing is outstanding. */
void fake_call_finish(fake_server *server, fake_call *call);
void fake_call_free(fake_call *call);
/* The answer, when it is the error `code` ("denied"); the test fails otherwise. */
const Replicatoor__V1__Error *fake_call_error(const fake_call *call, const char *code);
/* The answer, when it is of this type; the test fails otherwise, showing the error. */
const void *fake_call_answer(const fake_call *call, const ProtobufCMessageDescriptor *type);

#endif
