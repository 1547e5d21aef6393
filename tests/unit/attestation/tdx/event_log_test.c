#include "attestation/tdx/event_log.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "tests/support/check.h"
#include "tests/support/file.h"

#define HEX_16(c) c c c c c c c c c c c c c c c c
#define ZEROS_96  HEX_16("0") HEX_16("0") HEX_16("0") HEX_16("0") HEX_16("0") HEX_16("0")
#define ONES_96   HEX_16("1") HEX_16("1") HEX_16("1") HEX_16("1") HEX_16("1") HEX_16("1")
#define V2_PLAIN                                                                                   \
    "9dde1673f544faa94b921825209593ddde08d0baf9cd6990175dffaf3081f1bb10311d56de189491feb33842a050" \
    "ad7b"
#define V2_ESCAPED                                                                                 \
    "69f4cda98764a82996759424a00b86ba3ba77d155135dd586e0ae6436d3ab4bd058f19b5087aef536a74d07f3f01" \
    "0914"
/* A log of one event. */
#define E(imr, type, name, payload, more)                                                          \
    "[{\"imr\":" imr ",\"event_type\":" type ",\"event\":" name ",\"event_payload\":" payload more \
    "}]"

static rpl_event_log parsed(const char *text)
{
    rpl_event_log log;
    assert_ok(rpl_event_log_parse(rpl_bytes_of_text(text), &log));
    return log;
}

static void assert_refused(const char *text, rpl_code code)
{
    rpl_event_log log;
    const size_t len = strlen(text);
    uint8_t *exact = exact_copy(text, len);
    assert_code(rpl_event_log_parse(rpl_bytes_of(exact, len), &log), code);
    free(exact);
}

static void assert_digest(const rpl_event *e, const char *hex)
{
    char got[97];
    rpl_hex_encode(rpl_bytes_of(e->digest, 48), got);
    assert_string_equal(got, hex);
}

static void an_empty_text_has_no_events(void **state)
{
    (void)state;
    uint8_t mr[48], zero[48] = {0};
    rpl_event_log log = parsed("");
    assert_int_equal(log.count, 0);
    rpl_event_log_replay(&log, 3, mr);
    assert_memory_equal(mr, zero, 48);
    rpl_event_log_free(&log);
    log = parsed("[]");
    assert_int_equal(log.count, 0);
    rpl_event_log_free(&log);
}

/* Values of Dstack's own logs. */
static void digests_of_the_markers_are_the_known_constants(void **state)
{
    (void)state;
    static const char *const known[][2] = {
        {"system-preparing",
         "f9974020ef507068183313d0ca808e0d1ca9b2d1ad0c61f5784e7157c362c06536f5ddac"
         "dad4451693f48fcc72fff624"},
        {"boot-mr-done",
         "98bd7e6bd3952720b65027fd494834045d06b4a714bf737a06b874638b3ea00ff402f7f583e3"
         "e3b05e921c8570433ac6"},
        {"system-ready",
         "1a76b2a80a0be71eae59f80945d876351a7a3fb8e9fd1ff1cede5734aa84ea11fd72b4edfbb6"
         "f04e5a85edd114c751bd"},
    };
    rpl_event_log log = {0};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(rpl_event_log_add(&log, 3, RPL_EVENT_DSTACK, 1, rpl_bytes_of_text(known[i][0]),
                                    (rpl_bytes){0}));
        assert_digest(&log.events[i], known[i][1]);
    }
}

/* Computed by another implementation over the canonical JSON. */
static void version_2_hashes_the_canonical_json(void **state)
{
    (void)state;
    rpl_event_log log =
        parsed("[{\"imr\":3,\"event_type\":134217729,\"digest\":\"\",\"event\":\"compose-hash\","
               "\"event_payload\":\"ABCD\",\"version\":2,\"preimage\":\"00\"},"
               "{\"imr\":3,\"event_type\":134217729,\"event\":\"a\\\"b\\\\c\\n\\u0001\\u00e9\","
               "\"event_payload\":\"\",\"version\":2}]");
    assert_digest(&log.events[0], V2_PLAIN);
    assert_digest(&log.events[1], V2_ESCAPED);
    rpl_event_log_free(&log);
}

static void a_failure_names_its_place_in_the_whole_text(void **state)
{
    (void)state;
    static const char text[] = "{\"imr\":3,\"event_type\":134217729,\"event\":\"a\","
                               "\"event_payload\":\"\"}\n{\"imr\":3,?";
    rpl_event_log log;
    const rpl_status s = rpl_event_log_parse(rpl_bytes_of_text(text), &log);
    assert_int_equal(s.code, RPL_MALFORMED);
    assert_in_range(s.at, strlen(text) - 2, strlen(text));
}

/* By Python's json and hashlib. */
static void a_space_is_not_escaped(void **state)
{
    (void)state;
    rpl_event_log log = parsed(E("3", "134217729", "\"a b\"", "\"00ff\"", ",\"version\":2"));
    assert_digest(&log.events[0],
                  "4109f65cc29b3fe7358c983b46784c279f9308111dad3ce2d2802591346a438ea33090f552235a9d"
                  "de6f593a0d506e1b");
    rpl_event_log_free(&log);
}

#define READY(digest, payload, more)                                                               \
    "[{\"imr\":3,\"event_type\":134217729,\"digest\":\"" digest                                    \
    "\",\"event\":\"system-ready\",\"event_payload\":\"" payload "\"" more "}]"
#define READY_HEAD                                                                                 \
    "1a76b2a80a0be71eae59f80945d876351a7a3fb8e9fd1ff1cede5734aa84ea11fd72b4edfbb6f04e5a85edd114c7" \
    "51"

static void a_digest_that_disagrees_is_refused(void **state)
{
    (void)state;
    rpl_event_log log = parsed(READY(READY_HEAD "bd", "", ""));
    rpl_event_log_free(&log);
    log = parsed(READY(READY_HEAD "BD", "", ",\"version\":1"));
    rpl_event_log_free(&log);
    assert_refused(READY(READY_HEAD "bc", "", ""), RPL_MALFORMED);
    assert_refused(READY(READY_HEAD "bd", "00", ""), RPL_MALFORMED);
    assert_refused(READY(READY_HEAD "bd", "", ",\"version\":2"), RPL_MALFORMED);
    assert_refused(READY(READY_HEAD, "", ""), RPL_MALFORMED);
    assert_refused(READY(READY_HEAD "bd00", "", ""), RPL_MALFORMED);
}

/* rootfs hash, SHA-256 of the compose file, SHA-256 of the certificate of the key server: the CVM
 * for which the Python original was written. */
static void the_oldest_scheme_pads_hashes_with_zeros(void **state)
{
    (void)state;
    uint8_t rootfs[32], compose[32], ca[32], mr[48], want[48];
    size_t len;
    rpl_event_log log = {0};

    assert_ok(rpl_hex_decode_exact(
        rpl_bytes_of_text("bf06bf167df2d81dd54095e8a540e802dc634a31a96e1a448a20201a63d0bd21"),
        rootfs, 32));
    uint8_t *file = read_vector("dstack/oldest-rtmr3/docker-compose.yaml", &len);
    rpl_sha256(rpl_bytes_of(file, len), compose);
    free(file);
    file = read_vector("dstack/oldest-rtmr3/kms-ca.cert", &len);
    rpl_sha256(rpl_bytes_of(file, len), ca);
    free(file);
    assert_ok(rpl_event_log_add(&log, 3, 1, 0, rpl_bytes_of_text("rootfs-hash"),
                                rpl_bytes_of(rootfs, 32)));
    assert_ok(
        rpl_event_log_add(&log, 3, 1, 0, rpl_bytes_of_text("app-id"), rpl_bytes_of(compose, 32)));
    assert_ok(
        rpl_event_log_add(&log, 3, 1, 0, rpl_bytes_of_text("ca-cert-hash"), rpl_bytes_of(ca, 32)));
    rpl_event_log_replay(&log, 3, mr);
    assert_ok(rpl_hex_decode_exact(
        rpl_bytes_of_text(
            "3c30787034cd9aabff0347bc8f08b9f24a0f6ae914bbca0f9aba681e857aa57a7a7cc5b0b672"
            "31779cdc345f107707c5"),
        want, 48));
    assert_memory_equal(mr, want, 48);
}

static void both_forms_of_2024_are_read(void **state)
{
    (void)state;
    const char *lines =
        "{\"imr\":3,\"event_type\":1,\"digest\":\"" ZEROS_96 "\",\"associated_data\":"
        "\"app-id\"}\r\n\n"
        "{\"imr\":3,\"event_type\":1,\"digest\":\"" ZEROS_96 "\",\"event\":\"6170702d6964\"}";
    rpl_event_log log = parsed(lines);
    assert_int_equal(log.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(log.events[i].version, 0);
        assert_int_equal(log.events[i].payload.len, 32);
        assert_true(rpl_bytes_equal(log.events[i].name, rpl_bytes_of_text("app-id")));
    }
    rpl_event_log_free(&log);
}

static void an_rtmr3_digest_that_nothing_explains_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"imr\":3,\"event_type\":1,\"digest\":\"" ONES_96
                   "\",\"associated_data\":\"a\"}",
                   RPL_MALFORMED);
    assert_refused("[{\"imr\":3,\"event_type\":1,\"digest\":\"" ZEROS_96
                   "\",\"event\":\"a\",\"event_payload\":\"00\"}]",
                   RPL_MALFORMED);
    assert_refused("[{\"imr\":0,\"event_type\":1,\"digest\":\"\",\"event\":\"\",\"event_payload\":"
                   "\"00\"}]",
                   RPL_MALFORMED);
}

static void what_is_not_a_log_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[[]]",
        "[1]",
        "null",
        "\4\3bar",
        "[{}]",
        "[{\"imr\":3}]",
        "[] []",
        "[",
        "{\"imr\":3",
        E("4", "134217729", "\"a\"", "\"\"", ""),
        E("-1", "134217729", "\"a\"", "\"\"", ""),
        E("3.0", "134217729", "\"a\"", "\"\"", ""),
        E("\"3\"", "134217729", "\"a\"", "\"\"", ""),
        E("3", "4294967296", "\"a\"", "\"\"", ""),
        E("3", "134217729", "1", "\"\"", ""),
        E("3", "134217729", "\"a\"", "\"0\"", ""),
        E("3", "134217729", "\"a\"", "\"zz\"", ""),
        E("3", "134217729", "\"a\"", "null", ""),
        E("3", "134217729", "\"a\"", "\"\"", ",\"version\":0"),
        E("3", "134217729", "\"a\"", "\"\"", ",\"version\":3"),
        E("3", "134217729", "\"a\"", "\"\"", ",\"version\":\"1\""),
        E("3", "134217729", "\"a\"", "\"\"", ",\"digest\":\"00\""),
        E("3", "134217729", "\"a\"", "\"\"", ",\"imr\":3"),
        E("3", "134217729", "\"a\"", "\"\"", ",\"digest\":7"),
        E("0", "1", "\"a\"", "\"zz\"", ",\"digest\":\"" ONES_96 "\""),
        "[{\"imr\":0,\"event_type\":1,\"event\":\"zz\",\"digest\":\"" ONES_96 "\"}]",
        "[{\"imr\":3,\"event_type\":134217729,\"associated_data\":7,\"event_payload\":\"\"}]",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_refused(texts[i], RPL_MALFORMED);
    rpl_event_log log = parsed(E("3", "134217729", "\"a\"", "\"00\"", ",\"new_member\":[]"));
    assert_int_equal(log.count, 1);
    rpl_event_log_free(&log);
}

static void long_names_are_refused_wherever_they_stand(void **state)
{
    (void)state;
    char name[RPL_EVENT_NAME_MAX + 2], text[600];
    for (size_t more = 0; more <= 1; more++) {
        memset(name, 'n', sizeof(name));
        name[RPL_EVENT_NAME_MAX + more] = 0;
        snprintf(text, sizeof(text), E("3", "134217729", "\"%s\"", "\"\"", ""), name);
        rpl_event_log log = {0};
        assert_code(rpl_event_log_parse(rpl_bytes_of_text(text), &log),
                    more ? RPL_TOO_LARGE : RPL_OK);
        rpl_event_log_free(&log);
        snprintf(text, sizeof(text), E("0", "1", "\"%s\"", "\"\"", ",\"digest\":\"" ONES_96 "\""),
                 name);
        log = (rpl_event_log){0};
        assert_code(rpl_event_log_parse(rpl_bytes_of_text(text), &log),
                    more ? RPL_TOO_LARGE : RPL_OK);
        rpl_event_log_free(&log);
    }
}

static void every_limit_is_enforced_exactly(void **state)
{
    (void)state;
    static char name[RPL_EVENT_NAME_MAX + 2], text[RPL_EVENT_LOG_MAX + 2];
    static uint8_t payload[RPL_EVENT_PAYLOAD_MAX + 1];
    rpl_event_log log = {0};
    const rpl_bytes nothing = {0}, a = rpl_bytes_of_text("a");

    memset(name, 'n', RPL_EVENT_NAME_MAX + 1);
    assert_ok(rpl_event_log_add(&log, 3, RPL_EVENT_DSTACK, 2,
                                rpl_bytes_of(name, RPL_EVENT_NAME_MAX),
                                rpl_bytes_of(payload, RPL_EVENT_PAYLOAD_MAX)));
    assert_code(rpl_event_log_add(&log, 3, RPL_EVENT_DSTACK, 1,
                                  rpl_bytes_of(name, RPL_EVENT_NAME_MAX + 1), nothing),
                RPL_TOO_LARGE);
    assert_code(rpl_event_log_add(&log, 3, RPL_EVENT_DSTACK, 1, a,
                                  rpl_bytes_of(payload, RPL_EVENT_PAYLOAD_MAX + 1)),
                RPL_TOO_LARGE);
    for (size_t i = 1; i < RPL_EVENTS_MAX; i++)
        assert_ok(rpl_event_log_add(&log, 3, RPL_EVENT_DSTACK, 1, a, nothing));
    assert_code(rpl_event_log_add(&log, 3, RPL_EVENT_DSTACK, 1, a, nothing), RPL_TOO_LARGE);
    memset(text, ' ', sizeof(text) - 1);
    assert_refused(text, RPL_TOO_LARGE);
    text[RPL_EVENT_LOG_MAX] = 0;
    log = parsed(text);
    assert_int_equal(log.count, 0);
    rpl_event_log_free(&log);
}

static void adding_takes_only_events_whose_digest_can_be_made(void **state)
{
    (void)state;
    rpl_event_log log = {0};
    const rpl_bytes a = rpl_bytes_of_text("a");
    const uint8_t bytes[48] = {0};

    assert_code(rpl_event_log_add(&log, 4, RPL_EVENT_DSTACK, 1, a, a), RPL_MALFORMED);
    assert_code(rpl_event_log_add(&log, 3, RPL_EVENT_DSTACK, 3, a, a), RPL_MALFORMED);
    assert_code(rpl_event_log_add(&log, 3, 1, 1, a, a), RPL_MALFORMED);
    assert_code(rpl_event_log_add(&log, 3, 1, 2, a, a), RPL_MALFORMED);
    assert_code(rpl_event_log_add(&log, 2, 1, 0, a, rpl_bytes_of(bytes, 32)), RPL_MALFORMED);
    for (size_t len = 0; len <= sizeof(bytes); len++)
        assert_code(rpl_event_log_add(&log, 3, 1, 0, a, rpl_bytes_of(bytes, len)),
                    len == 20 || len == 32 ? RPL_OK : RPL_MALFORMED);
    assert_int_equal(log.count, 2);
}

/* A cut log is refused, or it is a shorter log of whole lines whose replay is another. */
static void every_truncation_of_a_real_log_is_refused(void **state)
{
    (void)state;
    size_t len;
    rpl_event_log log;
    uint8_t *text = read_vector("dstack/v04-simulator-quote/eventlog.json", &len);
    while (len > 0 && text[len - 1] != ']')
        len--;
    for (size_t cut = 1; cut < len; cut++) {
        uint8_t *exact = exact_copy(text, cut);
        assert_code(rpl_event_log_parse(rpl_bytes_of(exact, cut), &log), RPL_MALFORMED);
        free(exact);
    }
    free(text);
}

static void events_of_other_registers_do_not_count(void **state)
{
    (void)state;
    uint8_t with[48], without[48];
    rpl_event_log log = {0};
    const rpl_bytes a = rpl_bytes_of_text("a");

    assert_ok(rpl_event_log_add(&log, 3, RPL_EVENT_DSTACK, 1, a, a));
    rpl_event_log_replay(&log, 3, without);
    assert_ok(rpl_event_log_add(&log, 2, RPL_EVENT_DSTACK, 1, a, a));
    rpl_event_log_replay(&log, 3, with);
    assert_memory_equal(with, without, 48);
    assert_ok(rpl_event_log_add(&log, 3, RPL_EVENT_DSTACK, 2, a, a));
    rpl_event_log_replay(&log, 3, with);
    assert_memory_not_equal(with, without, 48);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_text_has_no_events),
        cmocka_unit_test(digests_of_the_markers_are_the_known_constants),
        cmocka_unit_test(version_2_hashes_the_canonical_json),
        cmocka_unit_test(a_digest_that_disagrees_is_refused),
        cmocka_unit_test(the_oldest_scheme_pads_hashes_with_zeros),
        cmocka_unit_test(both_forms_of_2024_are_read),
        cmocka_unit_test(an_rtmr3_digest_that_nothing_explains_is_refused),
        cmocka_unit_test(what_is_not_a_log_is_refused),
        cmocka_unit_test(a_failure_names_its_place_in_the_whole_text),
        cmocka_unit_test(a_space_is_not_escaped),
        cmocka_unit_test(long_names_are_refused_wherever_they_stand),
        cmocka_unit_test(every_limit_is_enforced_exactly),
        cmocka_unit_test(adding_takes_only_events_whose_digest_can_be_made),
        cmocka_unit_test(every_truncation_of_a_real_log_is_refused),
        cmocka_unit_test(events_of_other_registers_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
