#include <sodium.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "server/settings.h"
#include "tests/support/configuration.h"

static char path[64]; /* a file of the test's own */

static int make_file(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/config-test.XXXXXX");
    const int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const char *content, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void digest_with(const char *assignment, uint8_t digest[static 32])
{
    rpl_config config;
    assert_loads(assignment, &config);
    memcpy(digest, config.digest, 32);
    rpl_config_free(&config);
}

static bool changes_digest(const char *assignment)
{
    uint8_t before[32], after[32];
    digest_with(NULL, before);
    digest_with(assignment, after);
    return memcmp(before, after, 32) != 0;
}

static void without_any_setting_the_defaults_hold(void **state)
{
    (void)state;
    rpl_config c;
    assert_loads(NULL, &c);
    assert_null(c.secure_file);
    assert_null(c.secure_dir);
    assert_false(c.has_owner);
    assert_int_equal(c.file_mode, 0600);
    assert_false(c.has_identity);
    assert_int_equal(c.min_epoch, 1);
    assert_false(c.challenge_required);
    assert_int_equal(c.n_guests, 0);
    assert_string_equal(c.guest_dir, "/var/run/replicatoor");
    assert_string_equal(c.listen, "0.0.0.0:4001");
    assert_string_equal(c.untrusted_dir, "/var/run/untrustedhost");
    assert_null(c.configure_keys);
    assert_null(c.dstack);
    assert_string_equal(c.collateral_urls, "");
    assert_null(c.ca_file);
    assert_null(c.stop_at);
    assert_int_equal(c.verifier_policy.accepted_tcb, 1u << RPL_TCB_UP_TO_DATE);
    assert_false(c.roots.is_test);
    assert_int_equal(c.max_state, 8 << 20);
    assert_int_equal(c.log_level, RPL_LOG_INFO);
    assert_int_equal(c.policy.give_to.count + c.policy.take_from.count + c.policy.devices.count, 0);
    rpl_config_free(&c);
    rpl_config_free(&c);
}

static void every_row_has_a_name_once_and_a_meaning(void **state)
{
    (void)state;
    size_t count;
    const rpl_setting_row *rows = rpl_setting_rows(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(rows[i].help[0]);
        assert_non_null(rows[i].parse);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(rows[i].name, rows[k].name);
    }
}

static void every_default_is_shown_and_can_be_said(void **state)
{
    (void)state;
    size_t count;
    char assignment[128];
    rpl_config defaults, said;
    const rpl_setting_row *rows = rpl_setting_rows(&count);
    assert_loads(NULL, &defaults);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == RPL_SETTING_LATER) {
            assert_null(shown(&defaults, rows[i].name));
            continue;
        }
        assert_string_equal(shown(&defaults, rows[i].name), rows[i].fallback);
        snprintf(assignment, sizeof(assignment), "%s=%s", rows[i].name, rows[i].fallback);
        assert_loads(assignment, &said);
        assert_memory_equal(said.digest, defaults.digest, 32);
        rpl_config_free(&said);
    }
    rpl_config_free(&defaults);
}

static void every_row_refuses_control_characters(void **state)
{
    (void)state;
    static const char *const values[] = {"a\nSECURE_FILE=/x", "a\x01", "\x7f", "a\r", "\t"};
    size_t count;
    char assignment[128];
    const rpl_setting_row *rows = rpl_setting_rows(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < sizeof(values) / sizeof(*values); k++) {
            snprintf(assignment, sizeof(assignment), "%s=%s", rows[i].name, values[k]);
            assert_stops(assignment, "without control characters");
        }
    }
}

static void a_value_that_is_far_too_long_is_refused(void **state)
{
    (void)state;
    const size_t size = strlen("SECURE_FILE=") + RPL_CONFIG_VALUE_MAX + 2;
    char *assignment = malloc(size);
    assert_non_null(assignment);
    memset(assignment, 'x', size - 1);
    memcpy(assignment, "SECURE_FILE=", strlen("SECURE_FILE="));
    assignment[size - 1] = 0;
    assert_stops(assignment, "shorter");
    free(assignment);
}

static void reserved_names_stop_the_start_unless_empty(void **state)
{
    (void)state;
    size_t count, later = 0;
    char assignment[128];
    const rpl_setting_row *rows = rpl_setting_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind != RPL_SETTING_LATER)
            continue;
        later++;
        snprintf(assignment, sizeof(assignment), "%s=x", rows[i].name);
        assert_stops(assignment, "leave it out");
        snprintf(assignment, sizeof(assignment), "%s=", rows[i].name);
        assert_false(changes_digest(assignment));
    }
    assert_true(later > 0);
}

static void unknown_names_of_ours_stop_the_start(void **state)
{
    (void)state;
    assert_stops("REPLICATOOR_POLICIES=self", "no such setting");
    assert_stops("REPLICATOOR_POLIC=self", "no such setting");
    assert_stops("REPLICATOOR_=", "no such setting");
    assert_stops("REPLICATOOR_policy=self", "no such setting");
    assert_false(changes_digest("REPLICATOO=1"));
    assert_false(changes_digest("replicatoor_policy=1"));
    assert_false(changes_digest("MY_SECURE_FILE=1"));
}

static void test_settings_exist_in_test_builds_alone(void **state)
{
    (void)state;
#ifdef RPL_TEST_ROOTS
    rpl_config c;
    assert_loads("REPLICATOOR_TEST_STOP_AT=receive.written", &c);
    assert_string_equal(c.stop_at, "receive.written");
    rpl_config_free(&c);
    assert_stops("REPLICATOOR_TEST_ROOT=/nonexistent", "PEM");
    assert_stops("REPLICATOOR_TEST_OTHER=1", "");
#else
    assert_stops("REPLICATOOR_TEST_STOP_AT=receive.written", "release build");
    assert_stops("REPLICATOOR_TEST_ROOT=/nonexistent", "release build");
#endif
}

static void a_policy_is_inline_or_a_file_and_devices_join_it(void **state)
{
    (void)state;
    static const char policy[] = "{\"give_to\":[{\"release\":\"" HEX32 "\"}]}";
    char assignment[256];
    rpl_config c;
    snprintf(assignment, sizeof(assignment), "REPLICATOOR_POLICY=%s", policy);
    assert_loads(assignment, &c);
    assert_int_equal(c.policy.give_to.count, 1);
    assert_string_equal(shown(&c, "REPLICATOOR_POLICY"), policy);
    rpl_config_free(&c);
    put(policy, strlen(policy));
    snprintf(assignment, sizeof(assignment), "REPLICATOOR_POLICY=%s", path);
    assert_loads(assignment, &c);
    assert_int_equal(c.policy.give_to.count, 1);
    rpl_config_free(&c);
    assert_loads("REPLICATOOR_DEVICES=" HEX32, &c);
    assert_int_equal(c.policy.devices.count, 1);
    assert_int_equal(c.policy.devices.items[0].b[1], 0x11);
    rpl_config_free(&c);
}

/* Paths differ between images that do the same; contents do not. */
static void a_file_counts_by_its_content(void **state)
{
    (void)state;
    static const char content[] = "-----BEGIN CERTIFICATE-----\n";
    char assignment[128], expected[80] = "sha256:";
    uint8_t digest[32], first[32], second[32];
    rpl_config c;
    put(content, strlen(content));
    rpl_sha256(rpl_bytes_of(content, strlen(content)), digest);
    rpl_hex_encode(rpl_bytes_of(digest, sizeof(digest)), expected + strlen(expected));
    snprintf(assignment, sizeof(assignment), "REPLICATOOR_CA_FILE=%s", path);
    assert_loads(assignment, &c);
    assert_string_equal(c.ca_file, path);
    assert_string_equal(shown(&c, "REPLICATOOR_CA_FILE"), expected);
    assert_non_null(strstr(c.preimage, expected));
    assert_null(strstr(c.preimage, path));
    memcpy(first, c.digest, 32);
    rpl_config_free(&c);
    put("other", 5);
    digest_with(assignment, second);
    assert_memory_not_equal(first, second, 32);
}

static void a_file_over_the_limit_or_a_folder_is_refused(void **state)
{
    (void)state;
    char assignment[128];
    rpl_config c;
    char *big = calloc(1, RPL_CONFIG_VALUE_MAX + 1);
    assert_non_null(big);
    snprintf(assignment, sizeof(assignment), "REPLICATOOR_CA_FILE=%s", path);
    put(big, RPL_CONFIG_VALUE_MAX);
    assert_loads(assignment, &c);
    rpl_config_free(&c);
    put(big, RPL_CONFIG_VALUE_MAX + 1);
    assert_stops(assignment, "64 KiB");
    free(big);
    assert_stops("REPLICATOOR_CA_FILE=/tmp", "64 KiB");
    assert_stops("REPLICATOOR_POLICY=/tmp", "64 KiB");
}

static void the_digest_changes_exactly_with_trusted_settings(void **state)
{
    (void)state;
    static const char *const trusted[] = {"SECURE_FILE=/x",
                                          "REPLICATOOR_SECURE_DIR=/x",
                                          "REPLICATOOR_SECURE_OWNER=1:1",
                                          "REPLICATOOR_FILE_MODE=0640",
                                          "REPLICATOOR_POLICY={}",
                                          "REPLICATOOR_IDENTITY=" HEX32,
                                          "REPLICATOOR_DEVICES=" HEX32,
                                          "REPLICATOOR_MIN_EPOCH=2",
                                          "REPLICATOOR_CHALLENGE=required",
                                          "REPLICATOOR_GUESTS=web",
                                          "REPLICATOOR_GUEST_DIR=/x",
                                          "REPLICATOOR_UNTRUSTED_DIR=/x",
                                          "REPLICATOOR_CONFIGURE_KEYS=A",
                                          "REPLICATOOR_DSTACK=/x",
                                          "REPLICATOOR_PCCS=http://x",
                                          "REPLICATOOR_TCB_ACCEPT=OutOfDate",
                                          "REPLICATOOR_MAX_STATE=4MiB"};
    static const char *const local[] = {"REPLICATOOR_LISTEN=127.0.0.2:4001",
                                        "REPLICATOOR_LOG=debug", "UNRELATED=1"};
    for (size_t i = 0; i < sizeof(trusted) / sizeof(*trusted); i++)
        if (!changes_digest(trusted[i]))
            fail_msg("%s is not in the digest", trusted[i]);
    for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
        if (changes_digest(local[i]))
            fail_msg("%s is in the digest", local[i]);
}

static void the_preimage_is_one_sorted_line_per_trusted_setting(void **state)
{
    (void)state;
    static const char head[] = "replicatoor/v1/config\n";
    rpl_config c;
    uint8_t digest[32];
    size_t lines = 0, trusted = 0;
    assert_loads("SECURE_FILE=/secret", &c);
    assert_int_equal(strlen(c.preimage), c.preimage_len);
    assert_int_equal(strncmp(c.preimage, head, strlen(head)), 0);
    assert_non_null(strstr(c.preimage, "\nSECURE_FILE=/secret\n"));
    assert_null(strstr(c.preimage, "REPLICATOOR_LISTEN"));
    for (const char *line = c.preimage + strlen(head), *next; *line; line = next, lines++) {
        next = strchr(line, '\n') + 1;
        if (*next)
            assert_true(strncmp(line, next, strcspn(line, "=")) <= 0);
    }
    for (size_t i = 0; i < c.n_settings; i++)
        trusted += c.settings[i].trusted;
    assert_int_equal(lines, trusted);
    rpl_sha256(rpl_bytes_of(c.preimage, c.preimage_len), digest);
    assert_memory_equal(c.digest, digest, 32);
    rpl_config_free(&c);
}

static void a_failure_leaves_the_output_alone(void **state)
{
    (void)state;
    rpl_config c, untouched;
    char error[RPL_CONFIG_ERROR_MAX];
    memset(&untouched, 0x5a, sizeof(untouched));
    assert_code(load("REPLICATOOR_CHALLENGE=maybe", &c, error), RPL_MALFORMED);
    assert_memory_equal(&c, &untouched, sizeof(c));
}

static size_t table_lines;
static void take_line(const char *text)
{
    assert_int_equal(text[0], '|');
    assert_int_equal(text[strlen(text) - 1], '|');
    assert_null(strchr(text, '\n'));
    table_lines++;
}

static void the_printed_table_has_every_setting_of_this_version(void **state)
{
    (void)state;
    rpl_config c;
    assert_loads(NULL, &c);
    table_lines = 0;
    rpl_config_print_table(take_line);
    assert_int_equal(table_lines, c.n_settings + 2);
    rpl_config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_setting_the_defaults_hold),
        cmocka_unit_test(every_row_has_a_name_once_and_a_meaning),
        cmocka_unit_test(every_default_is_shown_and_can_be_said),
        cmocka_unit_test(every_row_refuses_control_characters),
        cmocka_unit_test(a_value_that_is_far_too_long_is_refused),
        cmocka_unit_test(reserved_names_stop_the_start_unless_empty),
        cmocka_unit_test(unknown_names_of_ours_stop_the_start),
        cmocka_unit_test(test_settings_exist_in_test_builds_alone),
        cmocka_unit_test(a_policy_is_inline_or_a_file_and_devices_join_it),
        cmocka_unit_test(a_file_counts_by_its_content),
        cmocka_unit_test(a_file_over_the_limit_or_a_folder_is_refused),
        cmocka_unit_test(the_digest_changes_exactly_with_trusted_settings),
        cmocka_unit_test(the_preimage_is_one_sorted_line_per_trusted_setting),
        cmocka_unit_test(a_failure_leaves_the_output_alone),
        cmocka_unit_test(the_printed_table_has_every_setting_of_this_version),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, make_file, remove_file);
}
