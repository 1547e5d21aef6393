#include "server/core/node.h"

#include <sodium.h>

#include "tests/support/core.h"

enum { NOW_S = 1790000000, BOOT_MS = 5000, LIFE_MS = RPL_REQUEST_LIFE_S * 1000 };

/* As much of the world as a node touches by itself. */
static int64_t boot_ms;
static uint8_t next_random;
static const char *rows[16];
static size_t n_rows;

static rpl_time fake_time(void *self)
{
    (void)self;
    return (rpl_time){
        .trusted = true, .now_s = NOW_S, .floor_s = 1, .boot_ms = boot_ms, .source = "test"};
}

static void fake_random(void *self, uint8_t *out, size_t len)
{
    (void)self;
    for (size_t i = 0; i < len; i++)
        out[i] = next_random;
    next_random++;
}

static void fake_reached(void *self, const char *row)
{
    (void)self;
    assert_true(n_rows < sizeof(rows) / sizeof(*rows));
    rows[n_rows++] = row;
}

static const rpl_ports ports = {.time = fake_time, .random = fake_random, .reached = fake_reached};
static rpl_policy policy;

/* A node in phase empty that knows itself. */
static rpl_node *node_with(bool has_pin, uint64_t min_epoch)
{
    rpl_node_settings settings = {.policy = &policy, .has_pin = has_pin, .min_epoch = min_epoch};
    memset(settings.config_digest, 0xc0, sizeof(settings.config_digest));
    settings.config_preimage = rpl_bytes_of_text("replicatoor/v1/config\n");
    boot_ms = BOOT_MS;
    next_random = 1;
    n_rows = 0;
    rpl_node *node = rpl_node_new(&settings, &ports);
    assert_non_null(node);
    assert_ok(rpl_node_step(node, RPL_EVENT_AGENT_ANSWERED));
    node->self_known = true;
    memset(node->self.release, 0x5e, sizeof(node->self.release));
    memset(node->self_quote_digest, 0x9d, sizeof(node->self_quote_digest));
    return node;
}

static rpl_request *ask(rpl_node *node, const uint8_t *challenge)
{
    rpl_secret *key = rpl_secret_new(32);
    rpl_request *request = NULL;
    assert_non_null(key);
    fake_random(NULL, rpl_secret_fill(key), 32);
    assert_ok(rpl_requests_add(&node->requests, challenge, node->settings.config_digest, key,
                               boot_ms, &request));
    assert_ok(rpl_node_step(node, RPL_EVENT_REQUEST_MADE));
    return request;
}

static void bootstrap(rpl_node *node)
{
    rpl_state *genesis = NULL;
    assert_ok(rpl_node_genesis(node, NULL, &genesis));
    assert_ok(rpl_node_bootstrap(node, &genesis));
    assert_null(genesis);
}

static void a_new_node_is_starting_and_owns_nothing(void **state)
{
    (void)state;
    const rpl_node_settings settings = {.policy = &policy};
    rpl_node *node = rpl_node_new(&settings, &ports);
    assert_int_equal(node->phase, RPL_PHASE_STARTING);
    assert_null(node->state);
    assert_false(node->self_known);
    assert_null(node->self_verdict);
    assert_int_equal(rpl_requests_count(&node->requests), 0);
    rpl_node_free(node);
    rpl_node_free(NULL);
}

static void a_step_moves_the_phase_and_tells_the_row(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    assert_int_equal(node->phase, RPL_PHASE_EMPTY);
    assert_int_equal(n_rows, 1);
    assert_string_equal(rows[0], "agent.answered");
    assert_ok(rpl_node_step(node, RPL_EVENT_REQUEST_MADE));
    assert_int_equal(node->phase, RPL_PHASE_REQUESTED);
    assert_string_equal(rows[1], "request.first");
    rpl_node_free(node);
}

static void a_refused_step_changes_nothing_and_tells_nobody(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    assert_code(rpl_node_step(node, RPL_EVENT_RECEIVE_INSTALLED), RPL_NOT_READY);
    assert_int_equal(node->phase, RPL_PHASE_EMPTY);
    assert_int_equal(n_rows, 1);
    assert_ok(rpl_node_may(node, RPL_EVENT_REQUEST_MADE));
    assert_int_equal(node->phase, RPL_PHASE_EMPTY);
    assert_int_equal(n_rows, 1);
    rpl_node_free(node);
}

static void a_genesis_has_identity_epoch_and_one_receipt(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    rpl_state *genesis = NULL;
    uint8_t digest[32];
    assert_ok(rpl_node_genesis(node, NULL, &genesis));
    assert_null(node->state);
    assert_int_equal(node->phase, RPL_PHASE_EMPTY);
    assert_int_equal(rpl_state_highest_epoch(genesis), 1);
    const rpl_custody *log = rpl_state_custody(genesis);
    assert_int_equal(log->count, 1);
    assert_int_equal(log->receipts[0].kind, RPL_RECEIPT_GENESIS);
    assert_int_equal(log->receipts[0].at, NOW_S);
    assert_memory_equal(log->receipts[0].release, node->self.release, 32);
    assert_memory_equal(log->receipts[0].config_digest, node->settings.config_digest, 32);
    assert_memory_equal(log->receipts[0].holder_quote, node->self_quote_digest, 32);
    assert_ok(rpl_state_digest(genesis, digest));
    assert_memory_equal(log->receipts[0].state_digest, digest, 32);
    rpl_state_free(genesis);
    rpl_node_free(node);
}

static void seed_and_root_are_different_random_bytes(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    rpl_state *first = NULL, *second = NULL;
    uint8_t left[32], right[32];
    assert_ok(rpl_node_genesis(node, NULL, &first));
    assert_ok(rpl_node_genesis(node, NULL, &second));
    assert_ok(rpl_state_digest(first, left));
    assert_ok(rpl_state_digest(second, right));
    assert_memory_not_equal(left, right, 32);
    rpl_state_free(first);
    rpl_state_free(second);
    rpl_node_free(node);
}

static void files_on_disk_become_part_of_a_genesis(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    rpl_file_list files = {0};
    rpl_state *genesis = NULL;
    assert_ok(rpl_file_list_add(&files, "", rpl_bytes_of_text("wallet")));
    assert_ok(rpl_node_genesis(node, &files, &genesis));
    assert_file(genesis, "", "wallet");
    assert_int_equal(live_files(genesis), 1);
    rpl_file_list_free(&files);
    rpl_state_free(genesis);
    rpl_node_free(node);
}

static void a_bootstrap_makes_a_holder_of_an_empty_node(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    bootstrap(node);
    assert_int_equal(node->phase, RPL_PHASE_HOLDING);
    assert_non_null(node->state);
    assert_string_equal(rows[n_rows - 1], "bootstrap.empty");
    rpl_node_free(node);
}

static void a_second_bootstrap_is_refused_and_what_is_there_stays(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    rpl_state *late = NULL, *none = NULL;
    assert_ok(rpl_node_genesis(node, NULL, &late));
    bootstrap(node);
    const rpl_state *before = node->state;
    assert_code(rpl_node_genesis(node, NULL, &none), RPL_CONFLICT);
    assert_code(rpl_node_bootstrap(node, &late), RPL_CONFLICT);
    assert_ptr_equal(node->state, before);
    assert_non_null(late);
    assert_null(none);
    rpl_state_free(late);
    rpl_node_free(node);
}

static void a_pinned_node_makes_no_identity_of_its_own(void **state)
{
    (void)state;
    rpl_node *node = node_with(true, 1);
    rpl_state *genesis = NULL;
    assert_code(rpl_node_genesis(node, NULL, &genesis), RPL_CONFLICT);
    assert_null(genesis);
    rpl_node_free(node);
}

static void a_node_that_does_not_know_itself_makes_no_state(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    rpl_state *genesis = NULL;
    node->self_known = false;
    assert_code(rpl_node_genesis(node, NULL, &genesis), RPL_NOT_READY);
    assert_null(genesis);
    rpl_node_free(node);
}

static void while_a_state_is_being_installed_none_is_made(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    rpl_state *genesis = NULL, *none = NULL;
    assert_ok(rpl_node_genesis(node, NULL, &genesis));
    node->installing = true;
    assert_code(rpl_node_genesis(node, NULL, &none), RPL_UNAVAILABLE);
    assert_code(rpl_node_bootstrap(node, &genesis), RPL_UNAVAILABLE);
    assert_null(node->state);
    assert_int_equal(node->phase, RPL_PHASE_EMPTY);
    rpl_state_free(genesis);
    rpl_node_free(node);
}

static void the_phase_ends_with_the_last_request(void **state)
{
    (void)state;
    static const uint8_t challenge[32] = {7};
    rpl_node *node = node_with(false, 1);
    ask(node, NULL);
    boot_ms += 10;
    ask(node, challenge);
    boot_ms = BOOT_MS + LIFE_MS;
    rpl_node_expire(node);
    assert_int_equal(node->phase, RPL_PHASE_REQUESTED);
    assert_int_equal(rpl_requests_count(&node->requests), 1);
    boot_ms += 10;
    rpl_node_expire(node);
    assert_int_equal(node->phase, RPL_PHASE_EMPTY);
    assert_string_equal(rows[n_rows - 1], "request.expired");
    rpl_node_expire(node);
    assert_string_equal(rows[n_rows - 1], "request.expired");
    assert_int_equal(n_rows, 4);
    rpl_node_free(node);
}

static void a_holder_stays_one_when_its_request_expires(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    ask(node, NULL);
    bootstrap(node);
    assert_string_equal(rows[n_rows - 1], "bootstrap.requested");
    boot_ms += LIFE_MS;
    rpl_node_expire(node);
    assert_int_equal(node->phase, RPL_PHASE_HOLDING);
    assert_int_equal(rpl_requests_count(&node->requests), 0);
    rpl_node_free(node);
}

/* Its files may be on disk already: the state has to come after them. */
static void a_request_does_not_expire_under_its_installation(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    ask(node, NULL);
    node->installing = true;
    boot_ms += 2 * LIFE_MS;
    rpl_node_expire(node);
    assert_int_equal(node->phase, RPL_PHASE_REQUESTED);
    assert_ok(rpl_node_step(node, RPL_EVENT_RECEIVE_WRITTEN));
    node->installing = false;
    rpl_node_expire(node);
    assert_int_equal(node->phase, RPL_PHASE_EMPTY);
    rpl_node_free(node);
}

static void a_used_request_is_gone_and_so_is_the_phase(void **state)
{
    (void)state;
    static const uint8_t challenge[32] = {7};
    rpl_node *node = node_with(false, 1);
    rpl_request *shared = ask(node, NULL), *challenged = ask(node, challenge);
    rpl_node_request_used(node, shared);
    assert_int_equal(node->phase, RPL_PHASE_REQUESTED);
    rpl_node_request_used(node, challenged);
    assert_int_equal(node->phase, RPL_PHASE_EMPTY);
    rpl_node_free(node);
}

static void states_below_the_lowest_epoch_are_refused(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 3);
    assert_code(rpl_node_epoch_allowed(node, 2), RPL_DENIED);
    assert_ok(rpl_node_epoch_allowed(node, 3));
    assert_ok(rpl_node_epoch_allowed(node, UINT64_MAX));
    rpl_node_free(node);
}

static void a_party_has_an_identity_only_when_it_is_verified(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    rpl_policy_party party = rpl_node_party(node, &node->self);
    assert_ptr_equal(party.identity, &node->self);
    assert_memory_equal(party.config_digest, node->settings.config_digest, 32);
    assert_ptr_equal(party.config.data, node->settings.config_preimage.data);
    node->self_known = false;
    assert_null(rpl_node_party(node, &node->self).identity);
    rpl_node_free(node);
}

static void a_snapshot_is_the_state_as_it_is_now(void **state)
{
    (void)state;
    rpl_node *node = node_with(false, 1);
    rpl_snapshot snapshot;
    rpl_state *decoded = NULL;
    bootstrap(node);
    write_file(node->state, 1, "key", "secret");
    assert_ok(rpl_snapshot_make(node->state, &snapshot));
    write_file(node->state, 1, "key", "later");
    assert_ok(rpl_state_decode(rpl_secret_expose(snapshot.state), &decoded));
    assert_file(decoded, "key", "secret");
    uint8_t digest[32];
    assert_ok(rpl_state_digest(decoded, digest));
    assert_memory_equal(snapshot.digest, digest, 32);
    assert_int_equal(snapshot.highest_epoch, 1);
    assert_memory_equal(snapshot.identity.b,
                        rpl_identity_public(rpl_state_identity(node->state))->b,
                        RPL_IDENTITY_PUB_LEN);
    rpl_state_free(decoded);
    rpl_snapshot_free(&snapshot);
    assert_null(snapshot.state);
    rpl_node_free(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_node_is_starting_and_owns_nothing),
        cmocka_unit_test(a_step_moves_the_phase_and_tells_the_row),
        cmocka_unit_test(a_refused_step_changes_nothing_and_tells_nobody),
        cmocka_unit_test(a_genesis_has_identity_epoch_and_one_receipt),
        cmocka_unit_test(seed_and_root_are_different_random_bytes),
        cmocka_unit_test(files_on_disk_become_part_of_a_genesis),
        cmocka_unit_test(a_bootstrap_makes_a_holder_of_an_empty_node),
        cmocka_unit_test(a_second_bootstrap_is_refused_and_what_is_there_stays),
        cmocka_unit_test(a_pinned_node_makes_no_identity_of_its_own),
        cmocka_unit_test(a_node_that_does_not_know_itself_makes_no_state),
        cmocka_unit_test(while_a_state_is_being_installed_none_is_made),
        cmocka_unit_test(the_phase_ends_with_the_last_request),
        cmocka_unit_test(a_holder_stays_one_when_its_request_expires),
        cmocka_unit_test(a_request_does_not_expire_under_its_installation),
        cmocka_unit_test(a_used_request_is_gone_and_so_is_the_phase),
        cmocka_unit_test(states_below_the_lowest_epoch_are_refused),
        cmocka_unit_test(a_party_has_an_identity_only_when_it_is_verified),
        cmocka_unit_test(a_snapshot_is_the_state_as_it_is_now),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
