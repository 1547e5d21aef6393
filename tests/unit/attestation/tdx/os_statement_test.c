#include "attestation/tdx/event_log.h"
#include "tests/support/check.h"

#define V05     "system-preparing app-id compose-hash instance-id boot-mr-done "
#define V05_END "key-provider system-ready"

static uint8_t bytes[5000];

static size_t usual_len(rpl_bytes name)
{
    static const struct {
        const char *name;
        size_t len;
    } usual[] = {{"app-id", 20},          {"upgraded-app-id", 20}, {"instance-id", 20},
                 {"compose-hash", 32},    {"rootfs-hash", 32},     {"ca-cert-hash", 32},
                 {"mr-kms", 32},          {"os-image-hash", 32},   {"init-script-hash", 32},
                 {"gpu-policy-hash", 32}, {"gpu-attestation", 90}, {"key-provider", 92},
                 {"storage-fs", 3}};
    for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
        if (rpl_bytes_equal(name, rpl_bytes_of_text(usual[i].name)))
            return usual[i].len;
    }
    return 0;
}

/* "name" or "name=len", separated by spaces. */
static void add_word(rpl_event_log *log, uint8_t version, const char *word, size_t word_len)
{
    const char *equals = memchr(word, '=', word_len);
    const rpl_bytes name = rpl_bytes_of(word, equals ? (size_t)(equals - word) : word_len);
    const size_t len = equals ? strtoul(equals + 1, NULL, 10) : usual_len(name);
    const uint32_t type = version ? RPL_EVENT_DSTACK : 1;
    assert_ok(rpl_event_log_add(log, 3, type, version, name, rpl_bytes_of(bytes, len)));
}

static rpl_status statement(uint8_t version, const char *names, rpl_os_statement *os)
{
    static rpl_event_log log;
    log = (rpl_event_log){0};
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i + 1);
    while (*names) {
        const size_t len = strcspn(names, " ");
        add_word(&log, version, names, len);
        names += len + strspn(names + len, " ");
    }
    return rpl_event_log_os_statement(&log, os);
}

static void refused(uint8_t version, const char *names)
{
    rpl_os_statement os;
    if (statement(version, names, &os).code != RPL_MALFORMED)
        fail_msg("accepted: %s", names);
}

static void accepted(uint8_t version, const char *names)
{
    rpl_os_statement os;
    const rpl_status s = statement(version, names, &os);
    if (s.code != RPL_OK)
        fail_msg("refused: %s: %s", names, s.what);
}

static void every_era_is_known(void **state)
{
    (void)state;
    accepted(0, "rootfs-hash app-id=32 ca-cert-hash");
    accepted(0, "rootfs-hash app-id=32");
    accepted(0, "rootfs-hash app-id upgraded-app-id ca-cert-hash");
    accepted(0, "rootfs-hash app-id upgraded-app-id ca-cert-hash instance-id");
    for (uint8_t version = 1; version <= 2; version++) {
        accepted(version, "rootfs-hash app-id upgraded-app-id ca-cert-hash instance-id");
        accepted(version, "rootfs-hash app-id compose-hash ca-cert-hash instance-id");
        accepted(version,
                 "system-preparing rootfs-hash app-id compose-hash instance-id boot-mr-done "
                 "key-provider system-ready");
        accepted(version, "system-preparing rootfs-hash app-id compose-hash instance-id "
                          "ca-cert-hash boot-mr-done key-provider system-ready");
        accepted(version, V05 V05_END);
        accepted(version, V05 "mr-kms mr-kms mr-kms os-image-hash key-provider storage-fs "
                              "system-ready");
        accepted(version, "system-preparing app-id compose-hash instance-id=0 boot-mr-done "
                          "key-provider=2 storage-fs=4 system-ready");
        accepted(version, "system-preparing app-id compose-hash gpu-policy-hash instance-id "
                          "boot-mr-done os-image-hash key-provider storage-fs system-ready");
        accepted(version, "system-preparing app-id compose-hash init-script-hash init-script-hash "
                          "gpu-policy-hash gpu-attestation instance-id boot-mr-done key-provider "
                          "system-ready");
    }
}

static void another_order_is_refused(void **state)
{
    (void)state;
    refused(1, "");
    refused(1, "system-ready");
    refused(1, "app-id system-preparing compose-hash instance-id boot-mr-done " V05_END);
    refused(1, "system-preparing compose-hash app-id instance-id boot-mr-done " V05_END);
    refused(1, V05 "key-provider os-image-hash system-ready");
    refused(1, V05 "os-image-hash mr-kms " V05_END);
    refused(1, V05 "storage-fs " V05_END);
    refused(1, "system-preparing app-id compose-hash instance-id " V05_END);
    refused(1, V05 "system-ready");
    refused(1, V05 "something-else " V05_END);
    refused(1, "something-else " V05 V05_END);
    refused(1, "system-preparing app-id compose-hash gpu-policy-hash instance-id boot-mr-done "
               "mr-kms " V05_END);
    refused(
        1,
        "system-preparing app-id compose-hash init-script-hash instance-id boot-mr-done " V05_END);
}

static void every_left_out_event_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"system-preparing", "app-id",       "compose-hash",
                                        "instance-id",      "boot-mr-done", "key-provider",
                                        "system-ready"};
    enum { COUNT = sizeof(names) / sizeof(*names) };
    for (size_t skip = 0; skip < COUNT; skip++) {
        char text[256] = "";
        for (size_t i = 0; i < COUNT; i++) {
            if (i != skip)
                strcat(strcat(text, names[i]), " ");
        }
        refused(1, text);
    }
}

static void a_name_twice_is_refused(void **state)
{
    (void)state;
    refused(1, "system-preparing app-id app-id compose-hash instance-id boot-mr-done " V05_END);
    refused(1,
            "system-preparing app-id compose-hash compose-hash instance-id boot-mr-done " V05_END);
    refused(1, V05 "compose-hash " V05_END);
    refused(1, V05 "os-image-hash os-image-hash " V05_END);
    refused(1, V05 "key-provider " V05_END);
    refused(1, "rootfs-hash app-id compose-hash ca-cert-hash instance-id instance-id");
}

static void a_name_with_a_colon_is_refused(void **state)
{
    (void)state;
    refused(1, V05 "a:b " V05_END);
    refused(1, "system-preparing: app-id compose-hash instance-id boot-mr-done " V05_END);
    refused(1, "=3 " V05 V05_END);
}

/* Without system-ready nothing says where the app begins, so nothing may stand behind. */
static void an_image_without_system_ready_shows_exactly_its_events(void **state)
{
    (void)state;
    refused(1, "rootfs-hash app-id compose-hash ca-cert-hash instance-id my-event");
    refused(1, "rootfs-hash app-id compose-hash ca-cert-hash");
    refused(1, "rootfs-hash app-id compose-hash ca-cert-hash instance-id system-ready");
    refused(0, "rootfs-hash app-id=32 ca-cert-hash rootfs-hash");
    refused(0, "rootfs-hash app-id=32 ca-cert-hash instance-id");
    refused(1, V05 "key-provider");
}

static void the_schemes_do_not_mix(void **state)
{
    (void)state;
    static rpl_event_log log;
    rpl_os_statement os;
    refused(1, "rootfs-hash app-id=32 ca-cert-hash");
    refused(0, "rootfs-hash app-id compose-hash ca-cert-hash instance-id");
    log = (rpl_event_log){0};
    add_word(&log, 1, "rootfs-hash", 11);
    add_word(&log, 1, "app-id", 6);
    add_word(&log, 0, "compose-hash", 12);
    add_word(&log, 1, "ca-cert-hash", 12);
    add_word(&log, 1, "instance-id", 11);
    assert_code(rpl_event_log_os_statement(&log, &os), RPL_MALFORMED);
}

static void every_length_is_checked(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "system-preparing=1", "app-id=19",       "app-id=21",         "app-id=0",
        "compose-hash=31",    "compose-hash=33", "compose-hash=0",    "instance-id=19",
        "instance-id=21",     "instance-id=1",   "boot-mr-done=1",    "mr-kms=31",
        "os-image-hash=33",   "key-provider=0",  "key-provider=4097", "storage-fs=0",
        "storage-fs=17",      "system-ready=1"};
    static const char *const usual[] = {
        "system-preparing", "app-id",        "compose-hash", "instance-id", "boot-mr-done",
        "mr-kms",           "os-image-hash", "key-provider", "storage-fs",  "system-ready"};
    for (size_t w = 0; w < sizeof(wrong) / sizeof(*wrong); w++) {
        char text[512] = "";
        int replaced = 0;
        for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
            const bool here = strncmp(wrong[w], usual[i], strlen(usual[i])) == 0 &&
                              wrong[w][strlen(usual[i])] == '=';
            strcat(strcat(text, here ? wrong[w] : usual[i]), " ");
            replaced += here;
        }
        assert_int_equal(replaced, 1);
        refused(1, text);
    }
    refused(0, "rootfs-hash app-id=20");
    refused(0, "rootfs-hash app-id=32 upgraded-app-id ca-cert-hash");
}

static void what_the_app_says_is_not_the_systems(void **state)
{
    (void)state;
    rpl_os_statement os;
    assert_ok(
        statement(1, V05 V05_END " compose-hash=31 app-id=5 a:b system-ready os-image-hash", &os));
    assert_true(os.has_system_ready && os.has_compose_hash);
    assert_memory_equal(os.compose_hash, bytes, 32);
    assert_int_equal(os.app_id.len, 20);
    assert_int_equal(os.instance_id.len, 20);
    assert_int_equal(os.key_provider.len, 92);
    assert_int_equal(os.os_image_hash.len, 0);
}

static void the_oldest_images_state_no_compose_hash(void **state)
{
    (void)state;
    rpl_os_statement os;
    assert_ok(statement(0, "rootfs-hash app-id=32 ca-cert-hash", &os));
    assert_false(os.has_compose_hash || os.has_system_ready);
    assert_int_equal(os.app_id.len, 32);
    assert_int_equal(os.rootfs_hash.len, 32);
}

/* A log gives 32 bytes of each padded digest; the era knows that only 20 of them are the id. */
static void a_padded_id_must_end_in_zeros(void **state)
{
    (void)state;
    static rpl_event_log log;
    rpl_os_statement os;
    uint8_t id[32] = {1, 2, 3};
    for (int last = 0; last < 2; last++) {
        log = (rpl_event_log){0};
        id[31] = (uint8_t)last;
        add_word(&log, 0, "rootfs-hash", 11);
        assert_ok(
            rpl_event_log_add(&log, 3, 1, 0, rpl_bytes_of_text("app-id"), rpl_bytes_of(id, 32)));
        add_word(&log, 0, "upgraded-app-id", 15);
        add_word(&log, 0, "ca-cert-hash", 12);
        assert_code(rpl_event_log_os_statement(&log, &os), last ? RPL_MALFORMED : RPL_OK);
    }
    assert_int_equal(id[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_era_is_known),
        cmocka_unit_test(another_order_is_refused),
        cmocka_unit_test(every_left_out_event_is_refused),
        cmocka_unit_test(a_name_twice_is_refused),
        cmocka_unit_test(a_name_with_a_colon_is_refused),
        cmocka_unit_test(an_image_without_system_ready_shows_exactly_its_events),
        cmocka_unit_test(the_schemes_do_not_mix),
        cmocka_unit_test(every_length_is_checked),
        cmocka_unit_test(what_the_app_says_is_not_the_systems),
        cmocka_unit_test(the_oldest_images_state_no_compose_hash),
        cmocka_unit_test(a_padded_id_must_end_in_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
