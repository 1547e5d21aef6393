#include "attestation/policy/mount_source.h"

#include "tests/support/check.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void assert_all(const char *const *sources, size_t count, rpl_mount_verdict want)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t *exact = exact_copy(sources[i], strlen(sources[i]));
        const rpl_mount_verdict got =
            rpl_mount_source_judge(rpl_bytes_of(exact, strlen(sources[i])));
        if (got != want)
            fail_msg("%s: %d, wanted %d", sources[i], (int)got, (int)want);
        free(exact);
    }
}

static void what_is_or_holds_the_agents_socket_reaches_it(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "/var/run/dstack.sock",
        "/run/dstack.sock",
        "/var/run/tappd.sock",
        "/var/run",
        "/run",
        "/run/",
        "/",
        "//",
        "/var",
        "/var/run/dstack",
        "/run/dstack/x.sock",
        "/var/run/docker.sock",
        "/var/sock/tappd",
        "/dev",
        "/dev/tdx_guest",
        "/sys",
        "/sys/kernel",
        "/sys/kernel/config",
        "/sys/kernel/config/tsm/report",
        "/proc",
        "/proc/1/root",
        "/var/lib/docker/volumes",
        "/var/lib",
        "/etc",
        "/usr/bin",
        "/lib",
    };
    assert_all(sources, COUNT(sources), RPL_MOUNT_REACHES_AGENT);
}

static void detours_are_followed(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "/var//run/./dstack.sock",
        "/data/../run/dstack.sock",
        "/../../run",
        "/var/run/../run/tappd.sock",
        "/dstack/persistent",
        "/tapp/.host-shared",
        ".",
        "./",
        "./.host-shared",
        "./persistent/var",
        "/tmp/..",
    };
    assert_all(sources, COUNT(sources), RPL_MOUNT_REACHES_AGENT);
}

static void data_is_harmless(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "./data",
        "./data/",
        "/data",
        "/srv/app",
        "/run/untrustedhost",
        "/var/run/myapp",
        "/dev/shm",
        "/sys/fs/cgroup",
        "/etc/localtime",
        "/var/log",
        "/run/dstack.sock2",
        "/runner",
        "/dstack/evidences",
        "/opt",
        "/$$HOME",
    };
    assert_all(sources, COUNT(sources), RPL_MOUNT_HARMLESS);
}

static void what_the_text_does_not_say_is_unclear(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "",         "~",       "~/x",         "../x",       "./../../run",
        "./a/../b", "${SOCK}", "/data/$NAME", "/${A:-run}", "$_X",
    };
    char longest[RPL_MOUNT_SOURCE_MAX + 2];
    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    assert_all(sources, COUNT(sources), RPL_MOUNT_UNCLEAR);
    assert_int_equal(rpl_mount_source_judge(rpl_bytes_of(longest, RPL_MOUNT_SOURCE_MAX)),
                     RPL_MOUNT_HARMLESS);
    assert_int_equal(rpl_mount_source_judge(rpl_bytes_of(longest, RPL_MOUNT_SOURCE_MAX + 1)),
                     RPL_MOUNT_UNCLEAR);
    assert_int_equal(rpl_mount_source_judge(rpl_bytes_of("/data\0/run", 10)), RPL_MOUNT_UNCLEAR);
}

static void disks_memory_and_tdx_are_no_devices_to_give(void **state)
{
    (void)state;
    static const char *const refused[] = {"/dev/vda",       "/dev/sda1", "/dev/mem",
                                          "/dev/nvme0n1",   "/dev/dm-0", "/dev/tdx_guest",
                                          "/dev/tdx-guest", "/dev",      "/dev/../dev/vdb"};
    static const char *const fine[] = {"/dev/nvidia0", "/dev/dri/card0", "/dev/fuse",
                                       "/dev/net/tun", "nvidia.com/gpu=all"};
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_int_equal(rpl_device_judge(rpl_bytes_of_text(refused[i])), RPL_MOUNT_REACHES_AGENT);
    for (size_t i = 0; i < COUNT(fine); i++)
        assert_int_equal(rpl_device_judge(rpl_bytes_of_text(fine[i])), RPL_MOUNT_HARMLESS);
    assert_int_equal(rpl_device_judge(rpl_bytes_of_text("${DEV}")), RPL_MOUNT_UNCLEAR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_or_holds_the_agents_socket_reaches_it),
        cmocka_unit_test(detours_are_followed),
        cmocka_unit_test(data_is_harmless),
        cmocka_unit_test(what_the_text_does_not_say_is_unclear),
        cmocka_unit_test(disks_memory_and_tdx_are_no_devices_to_give),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
