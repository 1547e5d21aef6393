#include "attestation/measurement.h"

#include "base/hex.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

/* Offsets in a version 4 quote. */
enum { MRTD_AT = 184, MR_CONFIG_ID_AT = 232, RTMR_AT = 376 };

typedef struct {
    rpl_quote quote;
    rpl_event_log log;
    rpl_verdict verdict;
    rpl_peer_identity identity;
} peer;

static void load(peer *p, const char *folder)
{
    char name[256];
    size_t len;
    *p = (peer){0};
    snprintf(name, sizeof(name), "dstack/%s/quote.bin", folder);
    uint8_t *bytes = read_vector(name, &len);
    memcpy(p->quote.measurement.mrtd, bytes + MRTD_AT, 48);
    memcpy(p->quote.measurement.rtmr, bytes + RTMR_AT, 4 * 48);
    memcpy(p->quote.mr_config_id, bytes + MR_CONFIG_ID_AT, 48);
    free(bytes);
    snprintf(name, sizeof(name), "dstack/%s/event_log.json", folder);
    bytes = read_vector(name, &len);
    assert_ok(rpl_event_log_parse(rpl_bytes_of(bytes, len), &p->log));
    free(bytes);
}

static void check(peer *p)
{
    static const rpl_check required[] = {RPL_CHECK_EVENT_LOG, RPL_CHECK_MR_CONFIG_ID,
                                         RPL_CHECK_POLICY_IMAGE};
    rpl_verdict_start(&p->verdict, 0);
    for (size_t i = 0; i < 3; i++)
        rpl_verdict_require(&p->verdict, required[i]);
    memset(&p->identity, 0xee, sizeof(p->identity));
    rpl_measurement_check(&p->quote, &p->log, &p->verdict, &p->identity);
}

static bool is_zero(const uint8_t hash[static 32])
{
    const rpl_reader r = {.rest = {hash, 32}};
    return rpl_read_zeros_to_end(&r);
}

/* Exactly this check fails, with this code, and no release comes out. */
static void assert_fails(const peer *p, rpl_check id, const char *code)
{
    assert_false(rpl_verdict_admits(&p->verdict));
    assert_int_equal(p->verdict.n_findings, 1);
    assert_int_equal(p->verdict.findings[0].check, id);
    assert_string_equal(p->verdict.findings[0].code, code);
    assert_true(p->verdict.findings[0].got[0] && p->verdict.findings[0].want[0] &&
                p->verdict.findings[0].fix[0]);
    assert_true(is_zero(p->identity.release));
}

static void assert_hash(const uint8_t got[static 32], const char *hex)
{
    char text[65];
    rpl_hex_encode(rpl_bytes_of(got, 32), text);
    assert_string_equal(text, hex);
}

/* Computed by another implementation from the bytes of the quote. */
static void a_real_machine_has_the_known_release(void **state)
{
    (void)state;
    peer p;
    load(&p, "v05-simulator-attestation");
    check(&p);
    assert_true(rpl_verdict_admits(&p.verdict));
    assert_hash(p.identity.image_hash,
                "a180d2d1b8e7af9ffe9e54d47f40b58baee08b1a0fb0edba99cb34dd2627ff69");
    assert_hash(p.identity.compose_hash,
                "c143116fef3940e7f776bfc0919c256232ae5338a6e948c96b711e0b2383483a");
    assert_hash(p.identity.release,
                "2431d3b6a1b368b7558fc5b6cc0c4977a5b5d64fba31fdd1f18a1685ee49ac2b");
    assert_true(is_zero(p.identity.device));
    assert_memory_equal(&p.identity.measurement, &p.quote.measurement, sizeof(rpl_measurement));
    rpl_event_log_free(&p.log);
}

/* MRCONFIGID form 1 is in six of them, zero in the others. */
static void real_machines_with_a_compose_hash_hold(void **state)
{
    (void)state;
    static const char *const folders[] = {"v04-simulator-quote",
                                          "v04dev-examples-attestation",
                                          "v05-guest-agent-attestation-20251224",
                                          "v05-quote-report",
                                          "v05-simulator-attestation-20251220",
                                          "v05-simulator-attestation",
                                          "v06-lite-history-39d9d633",
                                          "v06-lite-history-43e7b544",
                                          "v06-lite-history-d4975289",
                                          "v06-tdx-lite-attestation",
                                          "v06-tdx-lite-getquote"};
    int with_form1 = 0;
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        peer p;
        load(&p, folders[i]);
        check(&p);
        if (!rpl_verdict_admits(&p.verdict))
            fail_msg("%s: %s: %s", folders[i], p.verdict.findings[0].code,
                     p.verdict.findings[0].got);
        with_form1 += p.quote.mr_config_id[0] == 1;
        rpl_event_log_free(&p.log);
    }
    assert_int_equal(with_form1, 6);
}

/* The certificate of September 2024: app-id is zero there. */
static void the_oldest_scheme_has_no_release(void **state)
{
    (void)state;
    peer p;
    load(&p, "v03pre-cert-a");
    check(&p);
    assert_fails(&p, RPL_CHECK_EVENT_LOG, "COMPOSE_HASH_MISSING");
    rpl_event_log_free(&p.log);
}

static void a_register_that_was_never_extended_is_refused(void **state)
{
    (void)state;
    for (size_t r = 1; r <= 2; r++) {
        peer p;
        load(&p, "v05-simulator-attestation");
        memset(p.quote.measurement.rtmr[r], 0, 48);
        check(&p);
        assert_fails(&p, RPL_CHECK_POLICY_IMAGE, "RTMR_ZERO");
        assert_true(is_zero(p.identity.image_hash));
        assert_false(is_zero(p.identity.compose_hash));
        p.quote.measurement.rtmr[r][47] = 1;
        check(&p);
        assert_true(rpl_verdict_admits(&p.verdict));
        rpl_event_log_free(&p.log);
    }
}

static void a_log_that_does_not_replay_states_nothing(void **state)
{
    (void)state;
    peer p;
    load(&p, "v05-simulator-attestation");
    p.quote.measurement.rtmr[3][0] ^= 1;
    check(&p);
    assert_fails(&p, RPL_CHECK_EVENT_LOG, "RTMR3_MISMATCH");
    assert_true(is_zero(p.identity.compose_hash));
    assert_false(is_zero(p.identity.image_hash));
    assert_int_equal(p.verdict.state[RPL_CHECK_MR_CONFIG_ID], RPL_NOT_RUN);
    rpl_event_log_free(&p.log);
    check(&p);
    assert_fails(&p, RPL_CHECK_EVENT_LOG, "EVENT_LOG_MISSING");
}

/* The digests are right, so it replays; the order is no image's. */
static void another_order_of_events_is_refused(void **state)
{
    (void)state;
    peer p;
    load(&p, "v05-quote-report");
    const size_t last = p.log.count - 2; /* before the app's event */
    const rpl_event ready = p.log.events[last];
    p.log.events[last] = p.log.events[last - 1];
    p.log.events[last - 1] = ready;
    rpl_event_log_replay(&p.log, 3, p.quote.measurement.rtmr[3]);
    check(&p);
    assert_fails(&p, RPL_CHECK_EVENT_LOG, "EVENT_LOG_ORDER");
    rpl_event_log_free(&p.log);
}

static void any_other_form_1_is_refused(void **state)
{
    (void)state;
    peer p;
    load(&p, "v06-tdx-lite-getquote");
    for (size_t i = 1; i < 48; i++) {
        p.quote.mr_config_id[i] ^= 1;
        check(&p);
        assert_fails(&p, RPL_CHECK_MR_CONFIG_ID, "MRCONFIGID_MISMATCH");
        assert_true(is_zero(p.identity.compose_hash));
        p.quote.mr_config_id[i] ^= 1;
    }
    check(&p);
    assert_true(rpl_verdict_admits(&p.verdict));
    rpl_event_log_free(&p.log);
}

/* Keccak-256 of compose hash, app id, 2 (kms) and the provider's 91 bytes: another implementation. */
static void form_2_is_recomputed(void **state)
{
    (void)state;
    peer p;
    load(&p, "v05-simulator-attestation");
    memset(p.quote.mr_config_id, 0, 48);
    p.quote.mr_config_id[0] = 2;
    assert_ok(rpl_hex_decode_exact(
        rpl_bytes_of_text("7f3ed03a2447103f4d97b9bc2c93dfb9c24740775d7fa9ab0c62d7fd3c52a318"),
        p.quote.mr_config_id + 1, 32));
    check(&p);
    assert_true(rpl_verdict_admits(&p.verdict));
    for (size_t i = 1; i < 48; i++) {
        p.quote.mr_config_id[i] ^= 0x80;
        check(&p);
        assert_fails(&p, RPL_CHECK_MR_CONFIG_ID, "MRCONFIGID_MISMATCH");
        p.quote.mr_config_id[i] ^= 0x80;
    }
    rpl_event_log_free(&p.log);
}

static void form_2_needs_a_readable_key_provider(void **state)
{
    (void)state;
    static const char *const providers[] = {"x",
                                            "{}",
                                            "[]",
                                            "{\"name\":\"kms\"}",
                                            "{\"id\":\"\"}",
                                            "{\"name\":\"other\",\"id\":\"\"}",
                                            "{\"name\":\"kms\",\"id\":\"0\"}",
                                            "{\"name\":2,\"id\":\"\"}"};
    for (size_t i = 0; i < sizeof(providers) / sizeof(*providers); i++) {
        peer p;
        load(&p, "v05-simulator-attestation");
        memset(p.quote.mr_config_id, 0, 48);
        p.quote.mr_config_id[0] = 2;
        rpl_event_log changed = {0};
        for (size_t e = 0; e < p.log.count; e++) {
            const rpl_event *from = &p.log.events[e];
            const bool provider = rpl_bytes_equal(from->name, rpl_bytes_of_text("key-provider"));
            if (from->imr == 3)
                assert_ok(
                    rpl_event_log_add(&changed, 3, from->type, from->version, from->name,
                                      provider ? rpl_bytes_of_text(providers[i]) : from->payload));
        }
        changed.storage = p.log.storage;
        p.log = changed;
        rpl_event_log_replay(&p.log, 3, p.quote.measurement.rtmr[3]);
        check(&p);
        assert_fails(&p, RPL_CHECK_MR_CONFIG_ID, "MRCONFIGID_MISMATCH");
        rpl_event_log_free(&p.log);
    }
}

static void other_forms_are_refused(void **state)
{
    (void)state;
    peer p;
    load(&p, "v05-simulator-attestation");
    for (int form = 0; form < 256; form++) {
        p.quote.mr_config_id[0] = (uint8_t)form;
        check(&p);
        if (form == 1)
            assert_true(rpl_verdict_admits(&p.verdict));
        else
            assert_fails(&p, RPL_CHECK_MR_CONFIG_ID,
                         form == 2   ? "MRCONFIGID_MISMATCH"
                         : form == 3 ? "MRCONFIGID_DOCUMENT"
                                     : "MRCONFIGID_FORM");
    }
    memset(p.quote.mr_config_id, 0, 48);
    check(&p);
    assert_true(rpl_verdict_admits(&p.verdict));
    rpl_event_log_free(&p.log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_machine_has_the_known_release),
        cmocka_unit_test(real_machines_with_a_compose_hash_hold),
        cmocka_unit_test(the_oldest_scheme_has_no_release),
        cmocka_unit_test(a_register_that_was_never_extended_is_refused),
        cmocka_unit_test(a_log_that_does_not_replay_states_nothing),
        cmocka_unit_test(another_order_of_events_is_refused),
        cmocka_unit_test(any_other_form_1_is_refused),
        cmocka_unit_test(form_2_is_recomputed),
        cmocka_unit_test(form_2_needs_a_readable_key_provider),
        cmocka_unit_test(other_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
