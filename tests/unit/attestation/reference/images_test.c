/* Image folders that tests/vectors/generate/reference.py made, against the values it computed. */
#include "attestation/reference/boot_log.h"
#include "attestation/reference/linux_setup.h"
#include "attestation/reference/pe_image.h"
#include "attestation/reference/td_hob.h"
#include "base/hash.h"
#include "base/json.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

enum { SHAPES = 5 };

static const char *const folders[] = {"plus", "signed", "narrow"};

static uint8_t *read_of(const char *folder, const char *file, size_t *len)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s-images/%s/%s", RPL_GENERATED, folder, file);
    return read_file(path, len);
}

static json_t *expected_of(const char *folder)
{
    size_t len;
    json_t *json = NULL;
    uint8_t *text = read_of(folder, "expected.json", &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(text, len), len, &json));
    free(text);
    return json;
}

static void check(const json_t *expected, const char *key, const uint8_t digest[static 48])
{
    uint8_t want[48];
    assert_true(rpl_json_get_hex(expected, key, want, sizeof(want)));
    if (memcmp(want, digest, sizeof(want)) != 0)
        fail_msg("%s differs", key);
}

static void firmware_gives_mrtd_and_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t len;
        rpl_tdvf tdvf;
        uint8_t digest[48], *firmware = read_of(folders[i], "ovmf.fd", &len);
        json_t *expected = expected_of(folders[i]);
        assert_ok(rpl_tdvf_parse(rpl_bytes_of(firmware, len), &tdvf));
        assert_int_equal(tdvf.count, 6);
        rpl_tdvf_mrtd(&tdvf, RPL_PAGES_SINGLE_PASS, digest);
        check(expected, "mrtd_single_pass", digest);
        rpl_tdvf_mrtd(&tdvf, RPL_PAGES_TWO_PASS, digest);
        check(expected, "mrtd_two_pass", digest);
        assert_true(rpl_tdvf_variables_digest(&tdvf, digest));
        check(expected, "variables", digest);
        json_decref(expected);
        free(firmware);
    }
}

static void acpi_of(const char *folder, uint8_t acpi[static RPL_BOOT_ACPI][48])
{
    size_t len;
    static rpl_event_log log;
    uint8_t *text = read_of(folder, "acpi_log.json", &len);
    assert_ok(rpl_event_log_parse(rpl_bytes_of(text, len), &log));
    assert_true(rpl_boot_log_acpi(&log, acpi));
    rpl_event_log_free(&log);
    free(text);
}

static void check_rtmr0(const char *folder, const json_t *shape, const rpl_td_hob_layout *layout,
                        const uint8_t variables[static 48])
{
    uint64_t memory;
    uint8_t acpi[RPL_BOOT_ACPI][48], hob[48], register0[48];
    rpl_boot_log log;
    assert_true(rpl_json_get_uint(shape, "memory", UINT64_MAX, &memory));
    assert_ok(rpl_td_hob_digest(layout, memory, hob));
    check(shape, "td_hob", hob);
    acpi_of(folder, acpi);
    rpl_boot_log_rtmr0(hob, variables, (const uint8_t(*)[48])acpi, &log);
    rpl_boot_log_replay(&log, register0);
    check(shape, "rtmr0", register0);
}

static void memory_gives_rtmr0(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t len;
        rpl_tdvf tdvf;
        rpl_td_hob_layout layout;
        uint8_t variables[48], *firmware = read_of(folders[i], "ovmf.fd", &len);
        json_t *expected = expected_of(folders[i]);
        const json_t *shapes = rpl_json_get_array(expected, "shapes");
        assert_ok(rpl_tdvf_parse(rpl_bytes_of(firmware, len), &tdvf));
        assert_ok(rpl_td_hob_layout_of(&tdvf, &layout));
        assert_true(rpl_tdvf_variables_digest(&tdvf, variables));
        assert_int_equal(json_array_size(shapes), SHAPES);
        for (size_t k = 0; k < SHAPES; k++)
            check_rtmr0(folders[i], json_array_get(shapes, k), &layout, variables);
        json_decref(expected);
        free(firmware);
    }
}

static void check_patched(const json_t *shape, rpl_bytes kernel, size_t initrd_len)
{
    uint64_t memory;
    uint8_t digest[48], *copy = exact_copy(kernel.data, kernel.len);
    rpl_boot_log log;
    assert_true(rpl_json_get_uint(shape, "memory", UINT64_MAX, &memory));
    assert_ok(rpl_linux_setup_patch(copy, kernel.len, initrd_len, memory));
    assert_ok(rpl_pe_image_digest(rpl_bytes_of(copy, kernel.len), digest));
    check(shape, "kernel_patched", digest);
    rpl_boot_log_rtmr1(digest, &log);
    rpl_boot_log_replay(&log, digest);
    check(shape, "rtmr1_patched", digest);
    free(copy);
}

static void kernel_gives_rtmr1(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t len, initrd_len;
        uint8_t digest[48], *kernel = read_of(folders[i], "bzImage", &len);
        uint8_t *initrd = read_of(folders[i], "initramfs.cpio.gz", &initrd_len);
        json_t *expected = expected_of(folders[i]);
        const json_t *shapes = rpl_json_get_array(expected, "shapes");
        rpl_boot_log log;
        assert_ok(rpl_pe_image_digest(rpl_bytes_of(kernel, len), digest));
        check(expected, "kernel_as_is", digest);
        rpl_boot_log_rtmr1(digest, &log);
        rpl_boot_log_replay(&log, digest);
        check(expected, "rtmr1_as_is", digest);
        for (size_t k = 0; k < SHAPES; k++)
            check_patched(json_array_get(shapes, k), rpl_bytes_of(kernel, len), initrd_len);
        json_decref(expected);
        free(initrd);
        free(kernel);
    }
}

static void command_line_and_initrd_give_rtmr2(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t len, metadata_len;
        uint8_t line[48], initrd_digest[48], register2[48];
        uint8_t *initrd = read_of(folders[i], "initramfs.cpio.gz", &len);
        uint8_t *text = read_of(folders[i], "metadata.json", &metadata_len);
        json_t *expected = expected_of(folders[i]), *metadata = NULL;
        rpl_bytes command_line;
        rpl_boot_log log;
        assert_ok(rpl_json_parse(rpl_bytes_of(text, metadata_len), metadata_len, &metadata));
        assert_true(rpl_json_get_text(metadata, "cmdline", &command_line));
        assert_ok(rpl_command_line_digest(command_line, line));
        check(expected, "command_line", line);
        rpl_sha384(rpl_bytes_of(initrd, len), initrd_digest);
        check(expected, "initrd", initrd_digest);
        rpl_boot_log_rtmr2(line, initrd_digest, &log);
        rpl_boot_log_replay(&log, register2);
        check(expected, "rtmr2", register2);
        json_decref(metadata);
        json_decref(expected);
        free(text);
        free(initrd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(firmware_gives_mrtd_and_variables),
        cmocka_unit_test(memory_gives_rtmr0),
        cmocka_unit_test(kernel_gives_rtmr1),
        cmocka_unit_test(command_line_and_initrd_give_rtmr2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
