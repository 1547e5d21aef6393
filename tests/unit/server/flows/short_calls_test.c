/* /status, /configure, /challenge, /bootstrap, /custody, /getkey, and the check of the own quote. */
#include <sodium.h>

#include "tests/support/world/calls.h"

static const fake_server_options options = {.machine = "first", .seed = 1};

static const Replicatoor__V1__StatusResponse *call_status(fake_server *s, fake_call *call,
                                                          const uint8_t *nonce)
{
    INPUT(StatusRequest, STATUS_REQUEST);
    if (nonce)
        input.nonce = pb(nonce, 32);
    fake_call_start(s, call, "Status", &input.base, NULL);
    fake_call_finish(s, call);
    return fake_call_answer(call, &replicatoor__v1__status_response__descriptor);
}

static void call_configure(fake_server *s, fake_call *call, const char *env)
{
    INPUT(ConfigureRequest, CONFIGURE_REQUEST);
    input.env = pb(env, strlen(env));
    fake_call_start(s, call, "Configure", &input.base, NULL);
    fake_call_finish(s, call);
}

static void call_get_key(fake_server *s, fake_call *call, const char *guest, const char *path,
                         const char *algorithm)
{
    INPUT(GetKeyRequest, GET_KEY_REQUEST);
    char path_copy[300], algorithm_copy[32];
    snprintf(path_copy, sizeof(path_copy), "%s", path);
    snprintf(algorithm_copy, sizeof(algorithm_copy), "%s", algorithm);
    input.path = path_copy;
    input.algorithm = algorithm_copy;
    fake_call_start(s, call, "GetKey", &input.base, guest);
    fake_call_finish(s, call);
}

static const Replicatoor__V1__GetKeyResponse *key_of(const fake_call *call)
{
    return fake_call_answer(call, &replicatoor__v1__get_key_response__descriptor);
}

/* --- the own quote --- */

static void a_node_without_an_agent_starts_and_says_so(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, false);
    fake_call call;
    atomic_store(&s->world->quotes_until_failure, 0);
    rpl_services_start(s->services);
    fake_server_settle(s);
    assert_int_equal(s->node->phase, RPL_PHASE_STARTING);
    assert_false(s->node->self_known);
    const Replicatoor__V1__StatusResponse *r = call_status(s, &call, NULL);
    assert_string_equal(r->phase, "starting");
    assert_null(r->quote);
    fake_call_free(&call);
    fake_server_free(s);
}

static void the_own_quote_is_tried_again_until_it_verifies(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, false);
    atomic_store(&s->world->quotes_until_failure, 0);
    rpl_services_start(s->services);
    fake_server_settle(s);
    const unsigned tried = atomic_load(&s->world->n_quotes);
    rpl_services_tick(s->services);
    fake_server_settle(s);
    assert_int_equal(atomic_load(&s->world->n_quotes), tried);
    atomic_store(&s->world->quotes_until_failure, -1);
    atomic_fetch_add(&s->world->boot_ms, 1000);
    rpl_services_tick(s->services);
    fake_server_settle(s);
    assert_true(s->node->self_known);
    assert_int_equal(s->node->phase, RPL_PHASE_EMPTY);
    fake_server_free(s);
}

static void without_collateral_the_node_is_empty_but_does_not_know_itself(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, false);
    fake_call call;
    atomic_store(&s->world->no_collateral, true);
    rpl_services_start(s->services);
    fake_server_settle(s);
    assert_int_equal(s->node->phase, RPL_PHASE_EMPTY);
    assert_false(s->node->self_known);
    const Replicatoor__V1__StatusResponse *r = call_status(s, &call, NULL);
    assert_non_null(r->self_verdict);
    assert_false(r->self_verdict->admitted);
    fake_call_free(&call);
    call_bootstrap(s, &call);
    (void)fake_call_error(&call, "not_ready");
    assert_null(s->node->state);
    fake_call_free(&call);
    fake_server_free(s);
}

static void the_own_quote_is_renewed_hourly(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, true);
    const unsigned made = atomic_load(&s->world->n_quotes);
    atomic_fetch_add(&s->world->boot_ms, 3600 * 1000 - 1);
    rpl_services_tick(s->services);
    fake_server_settle(s);
    assert_int_equal(atomic_load(&s->world->n_quotes), made);
    atomic_fetch_add(&s->world->boot_ms, 1);
    rpl_services_tick(s->services);
    fake_server_settle(s);
    assert_int_equal(atomic_load(&s->world->n_quotes), made + 1);
    fake_server_free(s);
}

static void check_metric(fake_server *s, const char *line)
{
    size_t len;
    rpl_services_measure(s->services, s->metrics);
    char *text = rpl_metrics_text(s->metrics, &len);
    assert_non_null(text);
    if (!strstr(text, line))
        fail_msg("no %s in\n%s", line, text);
    free(text);
}

static void what_the_verifiers_did_is_measured(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, true);
    check_metric(s, "rpl_verifier_misses_total{kept=\"chain\"} 1\n");
    check_metric(s, "rpl_verifier_hits_total{kept=\"collateral\"} 0\n");
    check_metric(s, "rpl_verifier_signatures_total 9\n");
    atomic_fetch_add(&s->world->boot_ms, 3600 * 1000);
    rpl_services_tick(s->services);
    fake_server_settle(s);
    check_metric(s, "rpl_verifier_misses_total{kept=\"chain\"} 1\n");
    check_metric(s, "rpl_verifier_hits_total{kept=\"collateral\"} 1\n");
    fake_server_free(s);
}

/* --- /status --- */

static void the_status_shows_the_node_as_it_is(void **state)
{
    (void)state;
    fake_server *s = a_holder(&options);
    fake_call call;
    const Replicatoor__V1__StatusResponse *r = call_status(s, &call, NULL);
    assert_string_equal(r->phase, "holding");
    assert_true(r->simulated);
    assert_string_equal(r->caller_address, "192.0.2.1:1");
    assert_string_equal(r->time, "fake clock");
    assert_string_equal(r->agent, "fake");
    assert_string_equal(r->config_preimage, s->preimage);
    assert_true(r->self_verdict->admitted);
    assert_int_equal(r->n_epochs, 1);
    assert_int_equal(r->custody_receipts, 1);
    assert_string_equal(r->quote->phase, "holding");
    assert_memory_equal(r->measurements->release.data, s->node->self.release, 32);
    fake_call_free(&call);
    fake_server_free(s);
}

/* Never limited, and never a reason to ask the agent. */
static void the_status_costs_nothing(void **state)
{
    (void)state;
    fake_server_options few = options;
    few.burst = 1;
    fake_server *s = fake_server_new(&few, true);
    const unsigned made = atomic_load(&s->world->n_quotes);
    for (int i = 0; i < 10; i++) {
        fake_call call;
        (void)call_status(s, &call, NULL);
        fake_call_free(&call);
    }
    assert_int_equal(atomic_load(&s->world->n_quotes), made);
    fake_server_free(s);
}

static void a_nonce_gets_a_fresh_quote_over_it(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, true);
    fake_call call;
    const uint8_t nonce[32] = {1, 2, 3};
    const Replicatoor__V1__StatusResponse *r = call_status(s, &call, nonce);
    rpl_status_fields fields = {.phase = RPL_PHASE_EMPTY};
    rpl_report_data expected;
    memcpy(fields.nonce, nonce, 32);
    memcpy(fields.config_digest, s->node->settings.config_digest, 32);
    rpl_transcript_status(&fields, &expected);
    assert_memory_equal(r->quote->nonce.data, nonce, 32);
    assert_memory_equal(r->quote->report_data.data, expected.b, 64);
    assert_memory_equal(r->quote->quote_raw.data + 568, expected.b, 64);
    fake_call_free(&call);
    fake_server_free(s);
}

static void a_nonce_of_another_length_is_malformed(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, true);
    fake_call call;
    INPUT(StatusRequest, STATUS_REQUEST);
    input.nonce = pb("short", 5);
    fake_call_start(s, &call, "Status", &input.base, NULL);
    (void)fake_call_error(&call, "malformed");
    fake_call_free(&call);
    fake_server_free(s);
}

/* --- /configure --- */

static void configure_names_the_keys_and_writes_the_file(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, true);
    fake_call call;
    call_configure(s, &call, "API_KEY=top=secret\nOTHER='x y'\n");
    const Replicatoor__V1__ConfigureResponse *r =
        fake_call_answer(&call, &replicatoor__v1__configure_response__descriptor);
    assert_int_equal(r->n_accepted, 2);
    assert_string_equal(r->accepted[0], "API_KEY");
    assert_string_equal(r->accepted[1], "OTHER");
    assert_non_null(strstr(s->world->untrusted_env, "API_KEY='top=secret'\n"));
    fake_call_free(&call);
    fake_server_free(s);
}

static void a_refused_configure_writes_nothing_and_repeats_no_value(void **state)
{
    (void)state;
    static const char *const refused[] = {"AAA=hidden BBB=hiddenCCC=hidden", "LD_PRELOAD=hidden\n",
                                          "REPLICATOOR_POLICY=hidden\n", "lower=hidden\n"};
    fake_server *s = fake_server_new(&options, true);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        fake_call call;
        call_configure(s, &call, refused[i]);
        const Replicatoor__V1__Error *e = (const void *)call.message;
        assert_ptr_equal(call.message->descriptor, &replicatoor__v1__error__descriptor);
        assert_null(strstr(e->message, "hidden"));
        assert_null(s->world->untrusted_env);
        fake_call_free(&call);
    }
    fake_server_free(s);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, true);
    fake_call call;
    atomic_store(&s->world->unwritable_files, true);
    call_configure(s, &call, "A=x\n");
    (void)fake_call_error(&call, "unavailable");
    fake_call_free(&call);
    fake_server_free(s);
}

/* --- /bootstrap, /custody --- */

static void a_bootstrap_tells_the_identity_and_is_once(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, true);
    fake_call first, second;
    call_bootstrap(s, &first);
    const Replicatoor__V1__BootstrapResponse *r =
        fake_call_answer(&first, &replicatoor__v1__bootstrap_response__descriptor);
    assert_string_equal(r->phase, "holding");
    assert_int_equal(r->epoch->number, 1);
    assert_memory_equal(r->identity.data,
                        rpl_identity_public(rpl_state_identity(s->node->state))->b,
                        RPL_IDENTITY_PUB_LEN);
    const node_picture before = picture_of(s);
    call_bootstrap(s, &second);
    (void)fake_call_error(&second, "conflict");
    assert_unchanged(s, &before);
    fake_call_free(&first);
    fake_call_free(&second);
    fake_server_free(s);
}

static void two_bootstraps_at_once_make_one_identity(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, true);
    fake_call calls[2];
    INPUT(BootstrapRequest, BOOTSTRAP_REQUEST);
    for (size_t i = 0; i < 2; i++)
        fake_call_start(s, &calls[i], "Bootstrap", &input.base, NULL);
    unsigned made = 0;
    for (size_t i = 0; i < 2; i++) {
        fake_call_finish(s, &calls[i]);
        made += calls[i].message->descriptor == &replicatoor__v1__bootstrap_response__descriptor;
    }
    assert_int_equal(made, 1);
    assert_int_equal(rpl_state_custody(s->node->state)->count, 1);
    for (size_t i = 0; i < 2; i++)
        fake_call_free(&calls[i]);
    fake_server_free(s);
}

static void the_custody_log_is_told_and_may_be_empty(void **state)
{
    (void)state;
    fake_server *empty = fake_server_new(&options, true), *holder = a_holder(&options);
    fake_call call;
    INPUT(CustodyRequest, CUSTODY_REQUEST);
    fake_call_start(empty, &call, "Custody", &input.base, NULL);
    const Replicatoor__V1__CustodyResponse *r =
        fake_call_answer(&call, &replicatoor__v1__custody_response__descriptor);
    assert_int_equal(r->n_receipts, 0);
    fake_call_free(&call);
    fake_call_start(holder, &call, "Custody", &input.base, NULL);
    r = fake_call_answer(&call, &replicatoor__v1__custody_response__descriptor);
    assert_int_equal(r->n_receipts, 1);
    assert_string_equal(r->receipts[0]->kind, "genesis");
    fake_call_free(&call);
    fake_server_free(empty);
    fake_server_free(holder);
}

/* --- /getkey --- */

static void a_guest_gets_the_same_key_again_and_another_guest_another(void **state)
{
    (void)state;
    fake_server *s = a_holder(&options);
    fake_call first, again, other, path;
    call_get_key(s, &first, "web", "a/b", "ed25519");
    call_get_key(s, &again, "web", "a/b", "ed25519");
    call_get_key(s, &other, "worker", "a/b", "ed25519");
    call_get_key(s, &path, "web", "a/c", "ed25519");
    assert_memory_equal(key_of(&first)->key.data, key_of(&again)->key.data, 32);
    assert_memory_not_equal(key_of(&first)->key.data, key_of(&other)->key.data, 32);
    assert_memory_not_equal(key_of(&first)->key.data, key_of(&path)->key.data, 32);
    assert_string_equal(key_of(&first)->service, "web");
    assert_int_equal(key_of(&first)->n_signature_chain, 3);
    assert_int_equal(key_of(&first)->epoch, 1);
    fake_call_free(&first);
    fake_call_free(&again);
    fake_call_free(&other);
    fake_call_free(&path);
    fake_server_free(s);
}

static void without_a_state_there_are_no_keys(void **state)
{
    (void)state;
    fake_server *s = fake_server_new(&options, true);
    fake_call call;
    call_get_key(s, &call, "web", "", "");
    (void)fake_call_error(&call, "not_ready");
    fake_call_free(&call);
    fake_server_free(s);
}

static void what_is_no_algorithm_or_too_long_is_malformed(void **state)
{
    (void)state;
    fake_server *s = a_holder(&options);
    fake_call call;
    char path[257];
    memset(path, 'p', 256);
    path[256] = 0;
    call_get_key(s, &call, "web", "", "rsa");
    (void)fake_call_error(&call, "malformed");
    fake_call_free(&call);
    call_get_key(s, &call, "web", path, "");
    (void)fake_call_error(&call, "malformed");
    fake_call_free(&call);
    path[255] = 0;
    call_get_key(s, &call, "web", path, "");
    assert_string_equal(key_of(&call)->algorithm, "raw");
    fake_call_free(&call);
    fake_server_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_without_an_agent_starts_and_says_so),
        cmocka_unit_test(the_own_quote_is_tried_again_until_it_verifies),
        cmocka_unit_test(without_collateral_the_node_is_empty_but_does_not_know_itself),
        cmocka_unit_test(the_own_quote_is_renewed_hourly),
        cmocka_unit_test(what_the_verifiers_did_is_measured),
        cmocka_unit_test(the_status_shows_the_node_as_it_is),
        cmocka_unit_test(the_status_costs_nothing),
        cmocka_unit_test(a_nonce_gets_a_fresh_quote_over_it),
        cmocka_unit_test(a_nonce_of_another_length_is_malformed),
        cmocka_unit_test(configure_names_the_keys_and_writes_the_file),
        cmocka_unit_test(a_refused_configure_writes_nothing_and_repeats_no_value),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(a_bootstrap_tells_the_identity_and_is_once),
        cmocka_unit_test(two_bootstraps_at_once_make_one_identity),
        cmocka_unit_test(the_custody_log_is_told_and_may_be_empty),
        cmocka_unit_test(a_guest_gets_the_same_key_again_and_another_guest_another),
        cmocka_unit_test(without_a_state_there_are_no_keys),
        cmocka_unit_test(what_is_no_algorithm_or_too_long_is_malformed),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
