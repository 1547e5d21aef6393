/* Values that an era does not have, has too often, or has in another length. */
#include "attestation/reference/runtime.h"

#include "attestation/reference/boot_log.h"
#include "tests/support/check.h"

static rpl_event_log made;
static const uint8_t bytes[64] = {1, 2, 3};

static const rpl_os_era *era_of(const char *id)
{
    size_t count;
    const rpl_os_era *eras = rpl_os_eras(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(eras[i].id, id) == 0)
            return &eras[i];
    fail_msg("no era %s", id);
    return NULL;
}

static rpl_code make(const char *era, const rpl_os_input *inputs, size_t count, const char **about)
{
    *about = NULL;
    return rpl_runtime_log(era_of(era), 1, inputs, count, &made, about).code;
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    const char *about;
    const rpl_os_input inputs[] = {{"app-id", {bytes, 20}}, {"instance-id", {bytes, 20}}};
    assert_int_equal(make("0.5", inputs, 2, &about), RPL_NOT_READY);
    assert_string_equal(about, "compose-hash");
}

static void a_wrong_length_is_named(void **state)
{
    (void)state;
    const char *about;
    const rpl_os_input inputs[] = {{"app-id", {bytes, 32}}};
    assert_int_equal(make("0.5", inputs, 1, &about), RPL_MALFORMED);
    assert_string_equal(about, "app-id");
}

static void what_stands_once_cannot_be_given_twice(void **state)
{
    (void)state;
    const char *about;
    const rpl_os_input twice[] = {{"rootfs-hash", {bytes, 32}}, {"rootfs-hash", {bytes, 32}}};
    assert_int_equal(make("0.3.1", twice, 2, &about), RPL_MALFORMED);
    assert_string_equal(about, "rootfs-hash");
}

static void the_order_is_the_eras_whatever_the_inputs_are(void **state)
{
    (void)state;
    const char *about;
    const rpl_os_input inputs[] = {{"key-provider", {bytes, 5}},  {"mr-kms", {bytes, 32}},
                                   {"compose-hash", {bytes, 32}}, {"instance-id", {bytes, 0}},
                                   {"mr-kms", {bytes + 1, 32}},   {"app-id", {bytes, 20}},
                                   {"rootfs-hash", {bytes, 32}},  {"storage-fs", {bytes, 3}}};
    const char *const want[] = {"system-preparing", "app-id",      "compose-hash", "instance-id",
                                "boot-mr-done",     "mr-kms",      "mr-kms",       "key-provider",
                                "storage-fs",       "system-ready"};
    rpl_os_statement os;
    assert_int_equal(make("0.5", inputs, 8, &about), RPL_OK);
    assert_int_equal(made.count, 10);
    for (size_t i = 0; i < 10; i++)
        assert_true(rpl_bytes_equal(made.events[i].name, rpl_bytes_of_text(want[i])));
    assert_int_equal(made.events[6].payload.data - bytes, 1);
    assert_ok(rpl_event_log_os_statement(&made, &os));
}

static void version_two_has_other_digests(void **state)
{
    (void)state;
    const char *about = NULL;
    uint8_t one[48], two[48];
    const rpl_os_input inputs[] = {{"app-id", {bytes, 20}},
                                   {"compose-hash", {bytes, 32}},
                                   {"gpu-policy-hash", {bytes, 32}},
                                   {"instance-id", {bytes, 0}},
                                   {"key-provider", {bytes, 5}}};
    assert_ok(rpl_runtime_log(era_of("0.6"), 1, inputs, 5, &made, &about));
    rpl_event_log_replay(&made, 3, one);
    assert_ok(rpl_runtime_log(era_of("0.6"), 2, inputs, 5, &made, &about));
    rpl_event_log_replay(&made, 3, two);
    assert_memory_not_equal(one, two, 48);
}

static void every_era_has_its_own_id(void **state)
{
    (void)state;
    size_t count;
    const rpl_os_era *eras = rpl_os_eras(&count);
    assert_int_equal(count, 7);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(era_of(eras[i].id), &eras[i]);
}

static void a_command_line_is_printable_ascii(void **state)
{
    (void)state;
    static uint8_t line[RPL_COMMAND_LINE_MAX + 1];
    uint8_t digest[48];
    memset(line, 'x', sizeof(line));
    assert_ok(rpl_command_line_digest(rpl_bytes_of(line, RPL_COMMAND_LINE_MAX), digest));
    assert_code(rpl_command_line_digest(rpl_bytes_of(line, sizeof(line)), digest), RPL_TOO_LARGE);
    line[7] = 0xc3;
    const rpl_status s = rpl_command_line_digest(rpl_bytes_of(line, 9), digest);
    assert_int_equal(s.code, RPL_MALFORMED);
    assert_int_equal(s.at, 7);
}

static void two_acpi_events_are_too_few(void **state)
{
    (void)state;
    uint8_t acpi[RPL_BOOT_ACPI][48];
    rpl_event_log log = {.count = 3};
    for (size_t i = 0; i < 3; i++)
        log.events[i] = (rpl_event){.type = 10, .digest = {(uint8_t)(i + 1)}};
    assert_true(rpl_boot_log_acpi(&log, acpi));
    assert_int_equal(acpi[0][0], 1);
    assert_int_equal(acpi[2][0], 3);
    log.events[1].imr = 1;
    assert_false(rpl_boot_log_acpi(&log, acpi));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_wrong_length_is_named),
        cmocka_unit_test(what_stands_once_cannot_be_given_twice),
        cmocka_unit_test(the_order_is_the_eras_whatever_the_inputs_are),
        cmocka_unit_test(version_two_has_other_digests),
        cmocka_unit_test(every_era_has_its_own_id),
        cmocka_unit_test(a_command_line_is_printable_ascii),
        cmocka_unit_test(two_acpi_events_are_too_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
