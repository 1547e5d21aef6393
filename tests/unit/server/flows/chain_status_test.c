/* What /status says of contract and chain. */
#include <sodium.h>

#include "server/rpc/chain_watch.h"
#include "tests/support/world/fake_chain.h"

static const fake_server_options holder_options = {
    .machine = "first", .seed = 1, .chain = &fake_pin};

static const Replicatoor__V1__StatusResponse *call_status(fake_server *s, fake_call *call)
{
    INPUT(StatusRequest, STATUS_REQUEST);
    fake_call_start(s, call, "Status", &input.base, NULL);
    fake_call_finish(s, call);
    return fake_call_answer(call, &replicatoor__v1__status_response__descriptor);
}

static void status_shows_contract_chain_and_what_admits_this_node(void **state)
{
    (void)state;
    fake_server *s = a_holder_on_chain(&holder_options);
    fake_call call;
    call_configure(s, &call, "ETH_RPC_URL=https://a.example/hunter2\n");
    fake_call_free(&call);
    s->world->chain_facts.reports[2].standing = RPL_CHAIN_UNREACHABLE;
    fake_chain_set(s->world, release, fake_entry(47));
    s->world->chain_items[0] = (rpl_contract_item){{{7}, {8}}, fake_entry(100)};
    s->world->chain_items[1] = (rpl_contract_item){{{7}, {9}}, fake_entry(40)};
    s->world->chain_items[2] = (rpl_contract_item){{{0}, {10}}, fake_entry(46)};
    rpl_contract_kind_hash(RPL_KIND_GUARDIAN, s->world->chain_items[2].key.kind);
    s->world->n_chain_items = 3;
    fake_chain_tick(s);
    const Replicatoor__V1__ChainStatus *c = call_status(s, &call)->chain;
    assert_non_null(c);
    assert_true(c->known && c->chain_id == 1 && c->quorum == 2 && c->agreeing == 2);
    assert_memory_equal(c->contract.data, fake_pin.address, 20);
    assert_int_equal(c->n_providers, 3);
    assert_string_equal(c->providers[0]->prefix, "https://a.example/");
    assert_true(c->providers[0]->agrees && !c->providers[2]->agrees);
    assert_string_equal(c->providers[2]->says, "did not answer in time");
    assert_true(c->latest->number == FAKE_LATEST && c->latest->age == 12);
    assert_true(c->finalized->number == FAKE_FINALIZED && c->mark->number == FAKE_FINALIZED);
    assert_string_equal(c->release->state, "pending");
    assert_memory_equal(c->release->value.data, s->node->self.release, 32);
    assert_false(c->release->counts);
    assert_true(c->release->seconds_left == FAKE_HOUR + 12);
    assert_true(c->device->counts && c->device->value.data[0] == 0xff);
    assert_int_equal(c->identity.len, 32);
    assert_true(c->pending_known && c->n_pending == 2);
    assert_string_equal(c->pending[0]->kind, "guardian");
    assert_true(c->pending[0]->seconds_left == 2 * FAKE_HOUR + 12);
    assert_int_equal(strlen(c->pending[1]->kind), 64);
    assert_int_equal(c->pending[1]->value.data[0], 9);
    assert_false(c->pending_more);
    assert_null(c->release->shown_by);
    assert_true(c->device->shown_by && c->device->shown_by->number == FAKE_FINALIZED);
    const size_t len = protobuf_c_message_get_packed_size(call.message);
    uint8_t *packed = malloc(len);
    (void)protobuf_c_message_pack(call.message, packed);
    assert_null(memmem(packed, len, "hunter2", 7));
    free(packed);
    fake_call_free(&call);
    fake_server_free(s);
}

static void one_provider_cannot_hide_what_waits(void **state)
{
    (void)state;
    fake_server *s = a_holder_on_chain(&holder_options);
    fake_call call;
    s->world->chain_items[0] = (rpl_contract_item){{{7}, {8}}, fake_entry(40)};
    s->world->chain_items[1] = (rpl_contract_item){{{7}, {9}}, fake_entry(40)};
    s->world->n_chain_items = 2;
    s->world->chain_hides[0] = 1;
    fake_chain_tick(s);
    const Replicatoor__V1__ChainStatus *c = call_status(s, &call)->chain;
    assert_true(c->known && c->pending_known && !c->pending_more);
    assert_int_equal(c->n_pending, 2);
    assert_int_equal(c->pending[1]->value.data[0], 9);
    fake_call_free(&call);
    /* but one that speaks of another block is not listened to */
    s->world->chain_hides[1] = s->world->chain_hides[0] = 1;
    s->world->chain_facts.reports[2].latest.block.hash[0] ^= 1;
    fake_chain_tick(s);
    c = call_status(s, &call)->chain;
    assert_true(c->known && c->n_pending == 1);
    fake_call_free(&call);
    fake_server_free(s);
}

static void status_tells_when_more_waits_than_it_shows(void **state)
{
    (void)state;
    fake_server *s = a_holder_on_chain(&holder_options);
    fake_call call;
    for (uint8_t i = 0; i <= RPL_CHAIN_PENDING_MAX; i++)
        s->world->chain_items[i] = (rpl_contract_item){{{7}, {i}}, fake_entry(40)};
    s->world->n_chain_items = RPL_CHAIN_PENDING_MAX;
    fake_chain_tick(s);
    const Replicatoor__V1__ChainStatus *c = call_status(s, &call)->chain;
    assert_true(c->n_pending == RPL_CHAIN_PENDING_MAX && !c->pending_more);
    fake_call_free(&call);
    s->world->n_chain_items = RPL_CHAIN_PENDING_MAX + 1;
    fake_chain_tick(s);
    c = call_status(s, &call)->chain;
    assert_true(c->n_pending == RPL_CHAIN_PENDING_MAX && c->pending_more);
    fake_call_free(&call);
    /* the first one that was given is not the first of the list */
    s->world->n_chain_items = 1;
    s->world->chain_items[0].entry.position = 2;
    fake_chain_tick(s);
    c = call_status(s, &call)->chain;
    assert_true(c->n_pending == 1 && c->pending_more);
    fake_call_free(&call);
    fake_server_free(s);
}

static void status_shows_the_entry_for_devices_that_counts(void **state)
{
    (void)state;
    static const struct {
        int64_t own_h, any_h; /* ago; 0: revoked, -1: never */
        bool is_any, counts;
    } cases[] = {{100, 100, false, true}, {0, 100, true, true}, {40, 100, true, true},
                 {100, 40, false, true},  {0, 40, true, false}, {0, 0, false, false},
                 {40, 0, false, false},   {-1, 0, true, false}, {40, -1, false, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const rpl_contract_entry never = {0};
        const int64_t own_h = cases[i].own_h, any_h = cases[i].any_h;
        fake_server *s = a_holder_on_chain(&holder_options);
        fake_call call;
        fake_chain_set(s->world, device,
                       own_h < 0 ? never : (own_h ? fake_entry(own_h) : fake_revoked()));
        fake_chain_set(s->world, any_device,
                       any_h < 0 ? never : (any_h ? fake_entry(any_h) : fake_revoked()));
        fake_chain_tick(s);
        const Replicatoor__V1__ContractEntry *e = call_status(s, &call)->chain->device;
        const bool is_own = memcmp(e->value.data, s->node->self.device, 32) == 0;
        if (is_own == cases[i].is_any || (bool)e->counts != cases[i].counts)
            fail_msg("case %zu: own %d, counts %d", i, is_own, e->counts);
        fake_call_free(&call);
        fake_server_free(s);
    }
}

static void status_says_when_the_chain_is_not_known(void **state)
{
    (void)state;
    fake_server *s = a_node_on_chain(&holder_options);
    fake_call call;
    const Replicatoor__V1__ChainStatus *c = call_status(s, &call)->chain;
    assert_false(c->known);
    assert_string_equal(c->providers[1]->says, "was not asked");
    fake_call_free(&call);
    s->world->chain_facts.reports[0].chain_id = s->world->chain_facts.reports[1].chain_id = 5;
    fake_chain_tick(s);
    c = call_status(s, &call)->chain;
    assert_false(c->known);
    assert_null(c->latest);
    assert_string_equal(c->providers[1]->says, "is on another chain than CHAIN_ID");
    fake_call_free(&call);
    fake_server_free(s);
    s = fake_server_new(&(fake_server_options){.machine = "first", .seed = 1}, true);
    assert_null(call_status(s, &call)->chain);
    fake_call_free(&call);
    fake_server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_shows_contract_chain_and_what_admits_this_node),
        cmocka_unit_test(one_provider_cannot_hide_what_waits),
        cmocka_unit_test(status_tells_when_more_waits_than_it_shows),
        cmocka_unit_test(status_shows_the_entry_for_devices_that_counts),
        cmocka_unit_test(status_says_when_the_chain_is_not_known),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
