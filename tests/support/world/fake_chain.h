/* fake_chain.h - what three providers say in a fake world: everything approved and settled, until a
 * test says otherwise. */
#ifndef RPL_TESTS_FAKE_CHAIN_H
#define RPL_TESTS_FAKE_CHAIN_H

#include "tests/support/world/calls.h"

enum { FAKE_HOUR = 3600, FAKE_FINALIZED = 900, FAKE_LATEST = 1000 };

static const rpl_chain_pin fake_pin = {.is_set = true,
                                       .chain_id = 1,
                                       .address = {0xaa},
                                       .code_hash = {0xc0},
                                       .n_providers = 3,
                                       .quorum = 2};

/* Proposed so many hours ago, counting as the contract sees it since 48 hours after that. */
static inline rpl_contract_entry fake_entry(int64_t hours_ago)
{
    const uint64_t proposed_at = (uint64_t)(FAKE_NOW_S - hours_ago * FAKE_HOUR);
    return (rpl_contract_entry){proposed_at + RPL_CONTRACT_DELAY_S, UINT64_MAX, proposed_at, 1};
}

static inline rpl_contract_entry fake_revoked(void)
{
    rpl_contract_entry e = fake_entry(100);
    e.not_after = FAKE_NOW_S - FAKE_HOUR;
    return e;
}

static inline rpl_chain_view fake_view(uint64_t number, int64_t timestamp)
{
    return (rpl_chain_view){.block = {number, timestamp, {1, (uint8_t)number}},
                            .code_hash = {0xc0},
                            .release = fake_entry(100),
                            .any_device = fake_entry(100),
                            .min_epoch = 1};
}

/* The same from each provider. */
static inline rpl_chain_facts fake_facts(void)
{
    rpl_chain_facts facts = {.count = 3};
    for (size_t i = 0; i < facts.count; i++)
        facts.reports[i] =
            (rpl_chain_report){.standing = RPL_CHAIN_KNOWN,
                               .chain_id = 1,
                               .finalized = fake_view(FAKE_FINALIZED, FAKE_NOW_S - 800),
                               .latest = fake_view(FAKE_LATEST, FAKE_NOW_S - 12)};
    return facts;
}

/* In every view of the world's chain. */
#define fake_chain_set(world, member, value)                                                       \
    do {                                                                                           \
        for (size_t i_ = 0; i_ < (world)->chain_facts.count; i_++) {                               \
            (world)->chain_facts.reports[i_].finalized.member = (value);                           \
            (world)->chain_facts.reports[i_].latest.member = (value);                              \
        }                                                                                          \
    } while (0)

static inline void fake_chain_name(fake_world *world, const rpl_identity_pub *identity)
{
    rpl_contract_identity named = {.next_from = 0};
    rpl_identity_digest(identity, named.digest);
    fake_chain_set(world, identity, named);
}

/* A node with a contract whose chain answers. */
static inline fake_server *a_node_on_chain(const fake_server_options *options)
{
    fake_server *s = fake_server_new(options, true);
    s->world->chain_facts = fake_facts();
    return s;
}

/* Lets the watch ask once more. */
static inline void fake_chain_tick(fake_server *s)
{
    atomic_fetch_add(&s->world->boot_ms, 61000);
    rpl_services_tick(s->services);
    fake_server_settle(s);
}

/* Bootstrapped, named by the contract, and holding. */
static inline fake_server *a_holder_on_chain(const fake_server_options *options)
{
    fake_call call;
    fake_server *s = a_node_on_chain(options);
    fake_world_put(s->world, "", "the secret");
    call_bootstrap(s, &call);
    (void)fake_call_answer(&call, &replicatoor__v1__bootstrap_response__descriptor);
    fake_call_free(&call);
    assert_int_equal(s->node->phase, RPL_PHASE_AWAITING_PIN);
    fake_chain_name(s->world, rpl_identity_public(rpl_state_identity(s->node->state)));
    fake_chain_tick(s);
    assert_int_equal(s->node->phase, RPL_PHASE_HOLDING);
    return s;
}

static inline void call_configure(fake_server *s, fake_call *call, const char *env)
{
    INPUT(ConfigureRequest, CONFIGURE_REQUEST);
    input.env = pb(env, strlen(env));
    fake_call_start(s, call, "Configure", &input.base, NULL);
    fake_call_finish(s, call);
}

#endif
