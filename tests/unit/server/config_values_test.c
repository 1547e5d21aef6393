#include <sodium.h>

#include "tests/support/configuration.h"

static const char *const refused[][2] = {
    {"REPLICATOOR_CA_FILE=/nonexistent/pem", "PEM"},
    {"REPLICATOOR_CHALLENGE=yes", "optional or required"},
    {"REPLICATOOR_CHALLENGE=", "optional or required"},
    {"REPLICATOOR_CHALLENGE=Required", "optional or required"},
    {"REPLICATOOR_CONFIGURE_KEYS=", "any"},
    {"REPLICATOOR_DSTACK=", "probe"},
    {"REPLICATOOR_FILE_MODE=0o600", "octal"},
    {"REPLICATOOR_FILE_MODE=", "octal"},
    {"REPLICATOOR_FILE_MODE=0900", "octal"},
    {"REPLICATOOR_FILE_MODE=01777", "octal"},
    {"REPLICATOOR_FILE_MODE=-600", "octal"},
    {"REPLICATOOR_FILE_MODE=4755", "octal"},
    {"REPLICATOOR_FILE_MODE=0", "octal"},
    {"REPLICATOOR_GUESTS=../etc", "names of"},
    {"REPLICATOOR_GUESTS=web,web", "each guest once"},
    {"REPLICATOOR_GUESTS=Web", "names of"},
    {"REPLICATOOR_GUESTS=-x", "names of"},
    {"REPLICATOOR_GUESTS=a b", "names of"},
    {"REPLICATOOR_GUESTS=a.b", "names of"},
    {"REPLICATOOR_GUEST_DIR=", "folder"},
    {"REPLICATOOR_IDENTITY=1234", "64 hex digits"},
    {"REPLICATOOR_IDENTITY=" HEX32 "00", "64 hex digits"},
    {"REPLICATOOR_IDENTITY=zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
     "64 hex digits"},
    {"REPLICATOOR_LISTEN=4001", "address:port"},
    {"REPLICATOOR_LOG=loud", "debug, info, warn or error"},
    {"REPLICATOOR_MAX_STATE=8GiB", "size"},
    {"REPLICATOOR_MAX_STATE=33MiB", "size"},
    {"REPLICATOOR_MAX_STATE=4095", "size"},
    {"REPLICATOOR_MAX_STATE=3KiB", "size"},
    {"REPLICATOOR_MAX_STATE=0", "size"},
    {"REPLICATOOR_MAX_STATE=-1", "size"},
    {"REPLICATOOR_MAX_STATE=18446744073709551617", "size"},
    {"REPLICATOOR_MAX_STATE=8 MiB", "size"},
    {"REPLICATOOR_MIN_EPOCH=0", "number from 1"},
    {"REPLICATOOR_MIN_EPOCH=-1", "number from 1"},
    {"REPLICATOOR_MIN_EPOCH=1x", "number from 1"},
    {"REPLICATOOR_MIN_EPOCH= 1", "number from 1"},
    {"REPLICATOOR_MIN_EPOCH=18446744073709551616", "number from 1"},
    {"REPLICATOOR_POLICY=/nonexistent/policy", "64 KiB"},
    {"REPLICATOOR_POLICY=", "64 KiB"},
    {"REPLICATOOR_POLICY={\"give\":[]}", "give"},
    {"REPLICATOOR_POLICY={\"give_to\":[{\"release\":\"12\"}]}", "give_to[0]"},
    {"REPLICATOOR_DEVICES=12", ""},
    {"REPLICATOOR_SECURE_OWNER=root", "uid:gid"},
    {"REPLICATOOR_SECURE_OWNER=1", "uid:gid"},
    {"REPLICATOOR_SECURE_OWNER=1:2:3", "uid:gid"},
    {"REPLICATOOR_SECURE_OWNER=-1:1", "uid:gid"},
    {"REPLICATOOR_SECURE_OWNER=4294967295:1", "uid:gid"},
    {"REPLICATOOR_STORE=", "memory:"},
    {"REPLICATOOR_STORE=memory", "memory:"},
    {"REPLICATOOR_STORE=memory:x", "memory:"},
    {"REPLICATOOR_STORE=file:", "absolute path"},
    {"REPLICATOOR_STORE=file:relative/path", "absolute path"},
    {"REPLICATOOR_STORE=file:/", "absolute path"},
    {"REPLICATOOR_STORE=file:/a/", "absolute path"},
    {"REPLICATOOR_STORE=file:/a//b", "absolute path"},
    {"REPLICATOOR_STORE=file:/a/../b", "absolute path"},
    {"REPLICATOOR_STORE=file:/a/..", "absolute path"},
    {"REPLICATOOR_STORE=file:/a/.", "absolute path"},
    {"REPLICATOOR_STORE=etcd:http://127.0.0.1:2379", "not store in etcd yet"},
    {"REPLICATOOR_TCB_ACCEPT=Revoked", "UpToDate"},
    {"REPLICATOOR_TCB_ACCEPT=uptodate", "UpToDate"},
    {"REPLICATOOR_TCB_ACCEPT=", "UpToDate"},
    {"REPLICATOOR_TCB_ACCEPT=,", "UpToDate"},
    {"REPLICATOOR_TCB_ACCEPT=UpToDate, OutOfDate", "UpToDate"},
    {"REPLICATOOR_TCB_ADVISORIES=", "any, none"},
    {"REPLICATOOR_TCB_CURRENT=yes", "counts or ignored"},
    {"REPLICATOOR_TCB_GRACE_DAYS=4000", "3650 at most"},
    {"REPLICATOOR_TCB_MIN_EVALUATION=-1", "tcbEvaluationDataNumber"},
    {"REPLICATOOR_TCB_SAME_EVALUATION=1", "yes or no"},
    {"REPLICATOOR_PLATFORMS_ALLOW=b0c06f", "FMSPC"},
    {"REPLICATOOR_PLATFORMS_DENY=any", "FMSPC"},
    {"REPLICATOOR_TD_ATTRIBUTES=DEBUG", "PERFMON"},
    {"REPLICATOOR_XFAM=0", "mask"},
    {"REPLICATOOR_SERVICE_TDS=" HEX32, "96 hex digits"},
    {"REPLICATOOR_UNTRUSTED_DIR=", "folder"},
};

static void malformed_values_are_refused_with_what_was_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        assert_stops(refused[i][0], refused[i][1]);
}

static void what_came_is_quoted_and_cut(void **state)
{
    (void)state;
    char assignment[600] = "REPLICATOOR_CHALLENGE=";
    assert_stops("REPLICATOOR_CHALLENGE=maybe", "got \"maybe\"");
    memset(assignment + strlen(assignment), 'x', 500);
    assert_stops(assignment, "got \"xxx");
}

static void texts_and_paths_are_taken_as_they_are(void **state)
{
    (void)state;
    static const char *const values[] = {"/secret/key", "relative", "/with space/and\xc3\xa4"};
    char assignment[128];
    rpl_config c;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        snprintf(assignment, sizeof(assignment), "SECURE_FILE=%s", values[i]);
        assert_loads(assignment, &c);
        assert_string_equal(c.secure_file, values[i]);
        assert_string_equal(shown(&c, "SECURE_FILE"), values[i]);
        rpl_config_free(&c);
    }
    assert_loads("REPLICATOOR_SECURE_DIR=/d", &c);
    assert_string_equal(c.secure_dir, "/d");
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_DSTACK=/s.sock", &c);
    assert_string_equal(c.dstack, "/s.sock");
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_PCCS=http://127.0.0.1:1,https://b", &c);
    assert_string_equal(c.collateral_urls, "http://127.0.0.1:1,https://b");
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_CONFIGURE_KEYS=A,B", &c);
    assert_string_equal(c.configure_keys, "A,B");
    rpl_config_free(&c);
}

static void numbers_modes_and_owners_are_read(void **state)
{
    (void)state;
    rpl_config c;
    assert_loads("REPLICATOOR_MIN_EPOCH=18446744073709551615", &c);
    assert_true(c.min_epoch == UINT64_MAX);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_FILE_MODE=640", &c);
    assert_int_equal(c.file_mode, 0640);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_SECURE_OWNER=1000:4294967294", &c);
    assert_true(c.has_owner && c.uid == 1000 && c.gid == 4294967294u);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_CHALLENGE=required", &c);
    assert_true(c.challenge_required);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_LOG=debug", &c);
    assert_int_equal(c.log_level, RPL_LOG_DEBUG);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_IDENTITY=" HEX32, &c);
    assert_true(c.has_identity && c.identity[1] == 0x11);
    rpl_config_free(&c);
}

static void sizes_have_units_and_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *assignment;
        size_t size;
    } sizes[] = {{"REPLICATOOR_MAX_STATE=4096", 4096},
                 {"REPLICATOOR_MAX_STATE=4KiB", 4096},
                 {"REPLICATOOR_MAX_STATE=1MiB", 1 << 20},
                 {"REPLICATOOR_MAX_STATE=32MiB", 32 << 20},
                 {"REPLICATOOR_MAX_STATE=33554432", 32 << 20}};
    rpl_config c;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        assert_loads(sizes[i].assignment, &c);
        assert_int_equal(c.max_state, sizes[i].size);
        rpl_config_free(&c);
    }
    assert_stops("REPLICATOOR_MAX_STATE=33554433", "size");
}

static void guests_are_a_bounded_list_of_names(void **state)
{
    (void)state;
    char assignment[512] = "REPLICATOOR_GUESTS=";
    rpl_config c;
    assert_loads("REPLICATOOR_GUESTS=web,worker-2,3d_x", &c);
    assert_int_equal(c.n_guests, 3);
    assert_string_equal(c.guests[0], "web");
    assert_string_equal(c.guests[1], "worker-2");
    assert_string_equal(c.guests[2], "3d_x");
    rpl_config_free(&c);
    for (int i = 0; i < RPL_CONFIG_GUESTS_MAX; i++)
        snprintf(assignment + strlen(assignment), 8, "%sg%d", i ? "," : "", i);
    assert_loads(assignment, &c);
    assert_int_equal(c.n_guests, RPL_CONFIG_GUESTS_MAX);
    rpl_config_free(&c);
    snprintf(assignment + strlen(assignment), 8, ",more");
    assert_stops(assignment, "at most 32");
}

static void time_origins_are_https_urls_of_different_hosts(void **state)
{
    (void)state;
    rpl_config c;
    assert_loads(NULL, &c);
    assert_int_equal(c.n_time_origins, 2);
    assert_non_null(strstr(c.time_origins[0], "https://api.trustedservices.intel.com/"));
    assert_non_null(strstr(c.time_origins[1], "https://certificates.trustedservices.intel.com/"));
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_TIME_ORIGINS=https://a,https://b:8443/x", &c);
    assert_int_equal(c.n_time_origins, 2);
    assert_string_equal(c.time_origins[1], "https://b:8443/x");
    rpl_config_free(&c);
    static const char *const wrong[] = {"",
                                        "https://a",
                                        "http://a,https://b",
                                        "https://a,https://A/x",
                                        "https://a,https://a:8443",
                                        "https://a,https://u@b",
                                        "https://a,https://b?c",
                                        "Intel",
                                        "https://1,https://2,https://3,https://4,https://5,https://"
                                        "6,https://7,https://8,https://9"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char assignment[256];
        snprintf(assignment, sizeof(assignment), "REPLICATOOR_TIME_ORIGINS=%s", wrong[i]);
        assert_stops(assignment, "https URLs of different hosts");
    }
}

#ifdef RPL_TEST_ROOTS
static void the_clock_of_tests_is_chosen_by_name(void **state)
{
    (void)state;
    rpl_config c;
    assert_loads(NULL, &c);
    assert_true(c.host_clock);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_TEST_CLOCK=origins", &c);
    assert_false(c.host_clock);
    assert_int_equal(c.test_time_max_age_s, 0);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_TEST_CLOCK=origins:5", &c);
    assert_false(c.host_clock);
    assert_int_equal(c.test_time_max_age_s, 5);
    rpl_config_free(&c);
    assert_stops("REPLICATOOR_TEST_CLOCK=origins:", "origins:SECONDS");
    assert_stops("REPLICATOOR_TEST_CLOCK=origins:0", "origins:SECONDS");
    assert_stops("REPLICATOOR_TEST_CLOCK=origins:5s", "origins:SECONDS");
    assert_stops("REPLICATOOR_TEST_CLOCK=wall", "origins:SECONDS");
    assert_stops("REPLICATOOR_TEST_CLOCK=", "origins:SECONDS");
}
#endif

static void accepted_tcb_statuses_are_exactly_the_list(void **state)
{
    (void)state;
    rpl_config c;
    assert_loads("REPLICATOOR_TCB_ACCEPT=OutOfDate,SWHardeningNeeded", &c);
    assert_int_equal(c.verifier_policy.accepted_tcb,
                     1u << RPL_TCB_OUT_OF_DATE | 1u << RPL_TCB_SW_HARDENING_NEEDED);
    rpl_config_free(&c);
}

static void settings_make_up_the_verifiers_policy(void **state)
{
    (void)state;
    rpl_config c;
    assert_loads("REPLICATOOR_TCB_ADVISORIES=INTEL-SA-00615", &c);
    assert_true(c.verifier_policy.limits_advisories);
    assert_string_equal(c.verifier_policy.advisories[0], "INTEL-SA-00615");
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_TCB_GRACE_DAYS=30", &c);
    assert_int_equal(c.verifier_policy.grace_days, 30);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_TCB_MIN_EVALUATION=18", &c);
    assert_int_equal(c.verifier_policy.min_evaluation, 18);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_TCB_SAME_EVALUATION=yes", &c);
    assert_true(c.verifier_policy.same_evaluation);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_TCB_CURRENT=counts", &c);
    assert_true(c.verifier_policy.current_counts);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_PLATFORMS_ALLOW=b0c06f000000," HEX32, &c);
    assert_int_equal(c.verifier_policy.platforms_allowed.count, 2);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_PLATFORMS_DENY=b0c06f000000", &c);
    assert_int_equal(c.verifier_policy.platforms_denied.count, 1);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_TD_ATTRIBUTES=PKS", &c);
    assert_true(c.verifier_policy.td_optional_allowed == RPL_TD_PKS);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_XFAM=0x602e7", &c);
    assert_true(c.verifier_policy.xfam_allowed == 0x602e7);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_SERVICE_TDS=" HEX32 "00112233445566778899aabbccddeeff", &c);
    assert_int_equal(c.verifier_policy.n_service_tds, 1);
    rpl_config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_values_are_refused_with_what_was_expected),
        cmocka_unit_test(what_came_is_quoted_and_cut),
        cmocka_unit_test(texts_and_paths_are_taken_as_they_are),
        cmocka_unit_test(numbers_modes_and_owners_are_read),
        cmocka_unit_test(sizes_have_units_and_bounds),
        cmocka_unit_test(guests_are_a_bounded_list_of_names),
        cmocka_unit_test(time_origins_are_https_urls_of_different_hosts),
#ifdef RPL_TEST_ROOTS
        cmocka_unit_test(the_clock_of_tests_is_chosen_by_name),
#endif
        cmocka_unit_test(accepted_tcb_statuses_are_exactly_the_list),
        cmocka_unit_test(settings_make_up_the_verifiers_policy),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
