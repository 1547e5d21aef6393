#include "attestation/policy/policy.h"

#include "tests/support/check.h"

#define HEX_16(c)  c c c c c c c c c c c c c c c c
#define H32(c)     "\"" HEX_16(c) HEX_16(c) HEX_16(c) HEX_16(c) "\""
#define H48(c)     "\"" HEX_16(c) HEX_16(c) HEX_16(c) HEX_16(c) HEX_16(c) HEX_16(c) "\""
#define RELEASE(c) "{\"release\":" H32(c) "}"
#define REGISTERS                                                                                  \
    "\"mrtd\":" H48("1") ",\"rtmr0\":" H48("2") ",\"rtmr1\":" H48("3") ",\"rtmr2\":" H48("4")
#define LEGACY "{" REGISTERS ",\"rtmr3\":" H48("5") "}"

static rpl_policy parsed(const char *text)
{
    rpl_policy policy;
    rpl_policy_member member;
    const rpl_status s = rpl_policy_parse(rpl_bytes_of_text(text), &policy, &member);
    if (s.code != RPL_OK)
        fail_msg("%s: %s: %s", text, member.text, s.what);
    return policy;
}

static void refused(const char *text, const char *member_name)
{
    rpl_policy policy;
    rpl_policy_member member;
    const size_t len = strlen(text);
    uint8_t *exact = exact_copy(text, len);
    const rpl_status s = rpl_policy_parse(rpl_bytes_of(exact, len), &policy, &member);
    if (s.code != RPL_MALFORMED)
        fail_msg("%s: %d", text, s.code);
    assert_string_equal(member.text, member_name);
    assert_true(strlen(s.what) > 10);
    free(exact);
}

static bool is_filled(const rpl_policy_hash *h, int byte)
{
    uint8_t want[32];
    memset(want, byte, sizeof(want));
    return memcmp(h->b, want, sizeof(want)) == 0;
}

static void self_is_the_empty_policy(void **state)
{
    (void)state;
    static const char *const texts[] = {"self", "{}", "{\"give_to\":[]}",
                                        "{\"devices\":[\"any\"]}"};
    for (size_t i = 0; i < 4; i++) {
        const rpl_policy p = parsed(texts[i]);
        assert_int_equal(p.give_to.count + p.take_from.count + p.devices.count + p.n_legacy, 0);
    }
    refused("Self", "");
    refused("self ", "");
    refused("", "");
}

static void take_from_defaults_to_give_to(void **state)
{
    (void)state;
    rpl_policy p = parsed("{\"give_to\":[" RELEASE("a") "," RELEASE("b") "]}");
    assert_int_equal(p.give_to.count, 2);
    assert_int_equal(p.take_from.count, 2);
    assert_true(is_filled(&p.take_from.items[1], 0xbb));
    p = parsed("{\"give_to\":[" RELEASE("a") "],\"take_from\":[]}");
    assert_int_equal(p.take_from.count, 0);
    p = parsed("{\"take_from\":[" RELEASE("c") "]}");
    assert_int_equal(p.give_to.count, 0);
    assert_true(is_filled(&p.take_from.items[0], 0xcc));
}

static void the_three_spellings_name_one_release(void **state)
{
    (void)state;
    rpl_measurement m;
    uint8_t compose[32], image[32], release[32];
    for (int i = 0; i < 4; i++)
        memset(i ? m.rtmr[i - 1] : m.mrtd, 0x11 * (i + 1), 48);
    memset(compose, 0xbb, sizeof(compose));
    memset(image, 0xcc, sizeof(image));

    rpl_policy p = parsed("{\"give_to\":[{\"compose_hash\":" H32("b") ",\"image_hash\":" H32(
        "c") "},{\"compose_hash\":" H32("B") "," REGISTERS "}]}");
    rpl_release_hash(compose, image, release);
    assert_memory_equal(p.give_to.items[0].b, release, 32);
    rpl_image_hash(&m, image);
    rpl_release_hash(compose, image, release);
    assert_memory_equal(p.give_to.items[1].b, release, 32);
}

static void an_error_names_its_member(void **state)
{
    (void)state;
    refused("[]", "");
    refused("{", "");
    refused("{\"give\":[]}", "give");
    refused("{\"give_to\":{}}", "give_to");
    refused("{\"give_to\":[],\"give_to\":[]}", "");
    refused("{\"give_to\":[1]}", "give_to[0]");
    refused("{\"give_to\":[{}]}", "give_to[0]");
    refused("{\"give_to\":[" RELEASE("a") ",{\"release\":\"aa\"}]}", "give_to[1].release");
    refused("{\"give_to\":[" RELEASE("a") "," RELEASE("g") "]}", "give_to[1].release");
    refused("{\"give_to\":[{\"release\":" H48("a") "}]}", "give_to[0].release");
    refused("{\"give_to\":[{\"release\":1}]}", "give_to[0].release");
    refused("{\"give_to\":[{\"release\":" H32("a") ",\"note\":1}]}", "give_to[0].note");
    refused("{\"give_to\":[{\"re lease\\u0001\":1}]}", "give_to[0].re?lease?");
    refused("{\"give_to\":[{\"release\":" H32("a") ",\"image_hash\":" H32("a") "}]}", "give_to[0]");
    refused("{\"give_to\":[{\"compose_hash\":" H32("a") "}]}", "give_to[0]");
    refused("{\"take_from\":[{\"image_hash\":" H32("a") "}]}", "take_from[0]");
    refused("{\"take_from\":[{\"compose_hash\":1,\"image_hash\":" H32("a") "}]}",
            "take_from[0].compose_hash");
    refused("{\"take_from\":[{\"compose_hash\":" H32("a") ",\"image_hash\":null}]}",
            "take_from[0].image_hash");
    refused("{\"give_to\":[{\"compose_hash\":" H32("a") ",\"mrtd\":" H48("1") ",\"rtmr0\":" H48(
                "2") ",\"rtmr1\":" H48("3") "}]}",
            "give_to[0]");
    refused("{\"give_to\":[{\"compose_hash\":" H32("a") ",\"mrtd\":" H48("1") ",\"rtmr0\":" H48(
                "2") ",\"rtmr1\":" H32("3") ",\"rtmr2\":" H48("4") "}]}",
            "give_to[0].rtmr1");
    refused("{\"devices\":[]}", "devices");
    refused("{\"devices\":\"any\"}", "devices");
    refused("{\"devices\":[\"any\",\"any\"]}", "devices[0]");
    refused("{\"devices\":[" H32("a") ",\"any\"]}", "devices[1]");
    refused("{\"devices\":[" H32("a") "," H48("a") "]}", "devices[1]");
    refused("{\"legacy\":{}}", "legacy");
    refused("{\"legacy\":[1]}", "legacy[0]");
    refused("{\"legacy\":[{}]}", "legacy[0].mrtd");
    refused("{\"legacy\":[{\"mrtd\":\"00\"}]}", "legacy[0].mrtd");
    refused("{\"legacy\":[{\"mrtd\":" H48("1") ",\"rtmr0\":7}]}", "legacy[0].rtmr0");
    refused("{\"legacy\":[{\"mrtd\":" H48("1") ",\"rtmr0\":" H48("2") "}]}", "legacy[0].rtmr1");
    refused("{\"legacy\":[{" REGISTERS "}]}", "legacy[0].rtmr3");
    refused("{\"legacy\":[" LEGACY ",{" REGISTERS ",\"x\":1}]}", "legacy[1].x");
}

static void a_long_foreign_name_is_cut(void **state)
{
    (void)state;
    char text[300] = "{\"give_to\":[{\"";
    rpl_policy policy;
    rpl_policy_member member;
    memset(text + strlen(text), 'x', 200);
    memcpy(text + 214, "\":1}]}", 7);
    assert_code(rpl_policy_parse(rpl_bytes_of_text(text), &policy, &member), RPL_MALFORMED);
    assert_int_equal(strlen(member.text), strlen("give_to[0].") + 40);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    const char *text = "{\"give_to\":[" RELEASE("a") ",{\"compose_hash\":" H32(
        "b") "," REGISTERS "}],\"devices\":[" H32("d") "],\"legacy\":[" LEGACY "]}";
    rpl_policy policy;
    rpl_policy_member member;
    (void)parsed(text);
    for (size_t len = 0; len < strlen(text); len++) {
        uint8_t *exact = exact_copy(text, len);
        assert_code(rpl_policy_parse(rpl_bytes_of(exact, len), &policy, &member), RPL_MALFORMED);
        free(exact);
    }
}

static size_t list_of(char *text, const char *head, size_t count)
{
    char *at = stpcpy(text, head);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, i ? "," H32("a") : H32("a"));
    return (size_t)(stpcpy(at, "]}") - text);
}

static void lists_are_limited_exactly(void **state)
{
    (void)state;
    static char text[70 * 72];
    rpl_policy policy;
    rpl_policy_member member;
    size_t len = list_of(text, "{\"devices\":[", RPL_POLICY_ENTRIES_MAX);
    assert_ok(rpl_policy_parse(rpl_bytes_of(text, len), &policy, &member));
    assert_int_equal(policy.devices.count, RPL_POLICY_ENTRIES_MAX);
    len = list_of(text, "{\"devices\":[", RPL_POLICY_ENTRIES_MAX + 1);
    assert_code(rpl_policy_parse(rpl_bytes_of(text, len), &policy, &member), RPL_TOO_LARGE);
    assert_string_equal(member.text, "devices");
    len = list_of(text, "{\"give_to\":[", RPL_POLICY_ENTRIES_MAX + 1);
    assert_code(rpl_policy_parse(rpl_bytes_of(text, len), &policy, &member), RPL_TOO_LARGE);
    assert_string_equal(member.text, "give_to");
}

#define DEVICE(c) HEX_16(c) HEX_16(c) HEX_16(c) HEX_16(c)

static void devices_come_from_a_setting_too(void **state)
{
    (void)state;
    rpl_policy p = parsed("self");
    assert_ok(rpl_policy_set_devices(rpl_bytes_of_text("any"), &p));
    assert_int_equal(p.devices.count, 0);
    assert_ok(rpl_policy_set_devices(rpl_bytes_of_text(DEVICE("a") " , 0x" DEVICE("B")), &p));
    assert_int_equal(p.devices.count, 2);
    assert_true(is_filled(&p.devices.items[1], 0xbb));
    assert_ok(rpl_policy_set_devices(rpl_bytes_of_text(DEVICE("a") "," DEVICE("b")), &p));
    assert_ok(rpl_policy_set_devices(rpl_bytes_of_text("any"), &p));
    assert_int_equal(p.devices.count, 2);
    assert_code(rpl_policy_set_devices(rpl_bytes_of_text(DEVICE("a")), &p), RPL_CONFLICT);
    assert_int_equal(p.devices.count, 2);
}

static void a_device_list_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        ",",
                                        DEVICE("a") ",",
                                        "," DEVICE("a"),
                                        "aa",
                                        "ANY",
                                        "any," DEVICE("a"),
                                        DEVICE("a") " " DEVICE("b"),
                                        DEVICE("a") "0",
                                        "\t" DEVICE("a")};
    rpl_policy p = parsed("self");
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_code(rpl_policy_set_devices(rpl_bytes_of_text(texts[i]), &p), RPL_MALFORMED);
    assert_int_equal(p.devices.count, 0);
}

static void legacy_measurements_compare_whole(void **state)
{
    (void)state;
    const rpl_policy p = parsed("{\"legacy\":[" LEGACY "]}");
    rpl_measurement m = p.legacy[0];
    assert_true(rpl_policy_is_legacy(&p, &m));
    for (size_t i = 0; i < 4; i++) {
        m = p.legacy[0];
        m.rtmr[i][47] ^= 1;
        assert_false(rpl_policy_is_legacy(&p, &m));
    }
    m = (rpl_measurement){{0}, {{0}}};
    assert_false(rpl_policy_is_legacy(&p, &m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(self_is_the_empty_policy),
        cmocka_unit_test(take_from_defaults_to_give_to),
        cmocka_unit_test(the_three_spellings_name_one_release),
        cmocka_unit_test(an_error_names_its_member),
        cmocka_unit_test(a_long_foreign_name_is_cut),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(lists_are_limited_exactly),
        cmocka_unit_test(devices_come_from_a_setting_too),
        cmocka_unit_test(a_device_list_that_is_none_is_refused),
        cmocka_unit_test(legacy_measurements_compare_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
