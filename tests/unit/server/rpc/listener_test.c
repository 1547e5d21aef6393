#include "server/rpc/listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/check.h"

static char base[] = "/tmp/rpl-listener-XXXXXX";
static rpl_loop *loop;
static rpl_listeners *listeners;

static int set_up(void **state)
{
    (void)state;
    strcpy(base, "/tmp/rpl-listener-XXXXXX");
    loop = rpl_loop_new();
    listeners = loop ? rpl_listeners_new(loop, NULL) : NULL;
    return listeners && mkdtemp(base) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    rpl_listeners_free(listeners);
    rpl_loop_free(loop);
    snprintf(command, sizeof(command), "rm -rf '%s'", base);
    return system(command);
}

static struct sockaddr_un guest_address(const char *service)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s/replicatoor.sock", base, service);
    return address;
}

static void make_guest_folder(const char *service)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", base, service);
    assert_int_equal(mkdir(path, 0700), 0);
}

static bool answers(const char *service)
{
    const struct sockaddr_un to = guest_address(service);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const bool ok = connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
    close(fd);
    return ok;
}

static void guest_names_are_plain(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a", "0", "web-app_2", "a23456789012345678901234567890123456789012345678901234567890123"};
    static const char *const bad[] = {
        "",         "-a",  "_a",
        "A",        "a.b", "a/b",
        "..",       ".",   "a b",
        "\xc3\xa4", "a\n", "a234567890123456789012345678901234567890123456789012345678901234"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(rpl_guest_name_ok(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(rpl_guest_name_ok(bad[i]));
        assert_code(rpl_listeners_guest(listeners, base, bad[i]), RPL_MALFORMED);
    }
}

static void a_stale_socket_is_replaced(void **state)
{
    (void)state;
    const struct sockaddr_un at = guest_address("app");
    make_guest_folder("app");
    const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(stale, (const struct sockaddr *)&at, sizeof(at)), 0);
    close(stale);
    assert_false(answers("app"));
    assert_ok(rpl_listeners_guest(listeners, base, "app"));
    assert_true(answers("app"));
}

static void a_socket_in_use_is_left_alone(void **state)
{
    (void)state;
    const struct sockaddr_un at = guest_address("app");
    make_guest_folder("app");
    const int other = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(other, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(other, 4), 0);
    assert_code(rpl_listeners_guest(listeners, base, "app"), RPL_CONFLICT);
    assert_true(answers("app"));
    close(other);
}

static void what_is_no_socket_is_left_alone(void **state)
{
    (void)state;
    const struct sockaddr_un at = guest_address("app");
    make_guest_folder("app");
    assert_int_equal(symlink("/etc/hostname", at.sun_path), 0);
    assert_code(rpl_listeners_guest(listeners, base, "app"), RPL_CONFLICT);
    struct stat st;
    assert_int_equal(lstat(at.sun_path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
}

static void a_path_too_long_for_a_socket_is_refused(void **state)
{
    (void)state;
    char deep[128];
    snprintf(deep, sizeof(deep), "%s/%080d", base, 0);
    assert_code(rpl_listeners_guest(listeners, deep, "app"), RPL_MALFORMED);
}

static void a_folder_that_cannot_be_made_is_said(void **state)
{
    (void)state;
    assert_code(rpl_listeners_guest(listeners, "/proc/none", "app"), RPL_UNAVAILABLE);
    assert_int_equal(errno, ENOENT);
}

static void each_guest_has_its_own_socket_and_closing_removes_them(void **state)
{
    (void)state;
    assert_ok(rpl_listeners_guest(listeners, base, "one"));
    assert_ok(rpl_listeners_guest(listeners, base, "two"));
    assert_true(answers("one") && answers("two"));
    rpl_listeners_shutdown(listeners, 0, NULL, NULL);
    assert_int_not_equal(access(guest_address("one").sun_path, F_OK), 0);
    assert_int_not_equal(access(guest_address("two").sun_path, F_OK), 0);
}

static void addresses_are_numeric_with_a_port(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      ":",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      ":4001",
                                      "localhost:4001",
                                      "127.0.0.1:x",
                                      "127.0.0.1:70000000",
                                      "::1:4001",
                                      "[::1]",
                                      "[127.0.0.1",
                                      "256.0.0.1:1",
                                      "127.0.0.1:1 "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_code(rpl_listeners_tcp(listeners, bad[i]), RPL_MALFORMED);
    assert_int_equal(rpl_listeners_tcp_port(listeners), 0);
    assert_ok(rpl_listeners_tcp(listeners, "127.0.0.1:0"));
    assert_int_not_equal(rpl_listeners_tcp_port(listeners), 0);
    const rpl_status v6 = rpl_listeners_tcp(listeners, "[::1]:0"); /* may be off on this machine */
    assert_true(v6.code == RPL_OK || v6.code == RPL_UNAVAILABLE);
}

static void an_address_in_use_is_said(void **state)
{
    (void)state;
    char address[32];
    assert_ok(rpl_listeners_tcp(listeners, "127.0.0.1:0"));
    snprintf(address, sizeof(address), "127.0.0.1:%u", rpl_listeners_tcp_port(listeners));
    assert_code(rpl_listeners_tcp(listeners, address), RPL_UNAVAILABLE);
    assert_int_equal(errno, EADDRINUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(guest_names_are_plain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stale_socket_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_socket_in_use_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_socket_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_path_too_long_for_a_socket_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_guest_has_its_own_socket_and_closing_removes_them,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(addresses_are_numeric_with_a_port, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_in_use_is_said, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
