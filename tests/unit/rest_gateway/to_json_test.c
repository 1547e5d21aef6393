#include "rest_gateway/to_json.h"

#include "replicatoor/v1/guest.pb-c.h"
#include "replicatoor/v1/host.pb-c.h"
#include "tests/support/check.h"

/* In memory of exact size; checks that the size told is the size written. */
static void assert_json(const ProtobufCMessage *message, const char *want)
{
    const size_t len = rpl_to_json(message, NULL, 0);
    char *text = malloc(len);
    assert_int_equal(rpl_to_json(message, text, len), len);
    if (len != strlen(want) || memcmp(text, want, len) != 0)
        print_error("got  %.*s\nwant %s\n", (int)len, text, want);
    assert_int_equal(len, strlen(want));
    assert_memory_equal(text, want, len);
    free(text);
}

static void an_empty_message_shows_every_member(void **state)
{
    (void)state;
    Replicatoor__V1__GetKeyResponse message = REPLICATOOR__V1__GET_KEY_RESPONSE__INIT;
    assert_json(&message.base,
                "{\"key\":\"\",\"public_key\":\"\",\"algorithm\":\"\",\"epoch\":0,"
                "\"signature_chain\":[],\"service\":\"\",\"commitment\":\"\",\"identity\":\"\"}");
    Replicatoor__V1__ChallengeRequest nothing = REPLICATOOR__V1__CHALLENGE_REQUEST__INIT;
    assert_json(&nothing.base, "{}");
}

static void lists_messages_bytes_and_large_numbers_are_shown(void **state)
{
    (void)state;
    Replicatoor__V1__ChainLink link1 = REPLICATOOR__V1__CHAIN_LINK__INIT, link2 = link1;
    Replicatoor__V1__ChainLink *links[] = {&link1, &link2};
    Replicatoor__V1__GetKeyResponse message = REPLICATOOR__V1__GET_KEY_RESPONSE__INIT;
    uint8_t key[] = {0x00, 0xAB, 0xff};
    char role[] = "epoch", algorithm[] = "raw";
    link1.role = role;
    link2.signature = (ProtobufCBinaryData){1, key};
    message.key = (ProtobufCBinaryData){3, key};
    message.algorithm = algorithm;
    message.epoch = UINT64_MAX;
    message.n_signature_chain = 2;
    message.signature_chain = links;
    assert_json(&message.base, "{\"key\":\"00abff\",\"public_key\":\"\",\"algorithm\":\"raw\","
                               "\"epoch\":18446744073709551615,\"signature_chain\":["
                               "{\"role\":\"epoch\",\"public_key\":\"\",\"signature\":\"\"},"
                               "{\"role\":\"\",\"public_key\":\"\",\"signature\":\"00\"}],"
                               "\"service\":\"\",\"commitment\":\"\",\"identity\":\"\"}");
}

static void lists_of_texts_and_of_bytes_are_shown(void **state)
{
    (void)state;
    Replicatoor__V1__PolicyStatus message = REPLICATOOR__V1__POLICY_STATUS__INIT;
    uint8_t one[] = {1}, two[] = {2, 3};
    ProtobufCBinaryData devices[] = {{1, one}, {2, two}, {0, NULL}};
    char status[] = "UpToDate", other[] = "a\"b";
    char *accepted[] = {status, other};
    message.n_devices = 3;
    message.devices = devices;
    message.n_accepted_tcb = 2;
    message.accepted_tcb = accepted;
    assert_json(&message.base,
                "{\"mode\":\"\",\"give_to\":[],\"take_from\":[],\"devices\":[\"01\",\"0203\",\"\"],"
                "\"accepted_tcb\":[\"UpToDate\",\"a\\\"b\"],\"advisories\":[],"
                "\"advisories_limited\":false,\"tcb_grace_days\":0,\"min_evaluation\":0,"
                "\"same_evaluation\":false,\"tcb_current_counts\":false,\"platforms_allowed\":[],"
                "\"platforms_denied\":[],\"td_attributes\":[],\"xfam\":\"\",\"service_tds\":[]}");
}

static void text_is_escaped_and_always_valid(void **state)
{
    (void)state;
    Replicatoor__V1__ConfigureResponse message = REPLICATOOR__V1__CONFIGURE_RESPONSE__INIT;
    char text[] = "\"\\\n\r\t\x01\x7f/\xc3\xa9\xf0\x9f\x94\x91\xff\xc3";
    char *accepted[] = {text};
    message.n_accepted = 1;
    message.accepted = accepted;
    assert_json(&message.base, "{\"accepted\":[\"\\\"\\\\\\n\\r\\t\\u0001\x7f/\xc3\xa9"
                               "\xf0\x9f\x94\x91\\ufffd\\ufffd\"]}");
}

static void a_check_shows_ok_as_true_false_or_null(void **state)
{
    (void)state;
    Replicatoor__V1__Check passed = REPLICATOOR__V1__CHECK__INIT, failed = passed, not_run = passed,
                           unset = passed;
    char id[] = "tcb.status", code[] = "TCB_STATUS";
    failed.id = id;
    failed.code = code;
    passed.state = REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_PASSED;
    failed.state = REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_FAILED;
    not_run.state = REPLICATOOR__V1__CHECK_STATE__CHECK_STATE_NOT_RUN;
    assert_json(&failed.base, "{\"id\":\"tcb.status\",\"ok\":false,\"code\":\"TCB_STATUS\","
                              "\"got\":\"\",\"want\":\"\",\"fix\":\"\"}");
    static const char *const want[] = {"true", "null", "null"};
    const Replicatoor__V1__Check *checks[] = {&passed, &not_run, &unset};
    for (size_t i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof(text),
                 "{\"id\":\"\",\"ok\":%s,\"code\":\"\",\"got\":\"\",\"want\":\"\",\"fix\":\"\"}",
                 want[i]);
        assert_json(&checks[i]->base, text);
    }
}

static void an_error_has_the_documented_shape(void **state)
{
    (void)state;
    Replicatoor__V1__Error error = REPLICATOOR__V1__ERROR__INIT;
    Replicatoor__V1__Verdict verdict = REPLICATOOR__V1__VERDICT__INIT;
    char code[] = "denied", message[] = "no";
    error.code = code;
    error.message = message;
    error.rate_limited = 1;
    assert_json(&error.base,
                "{\"code\":\"denied\",\"message\":\"no\",\"check\":\"\",\"verdict\":null}");
    error.verdict = &verdict;
    error.retry_after_s = 5;
    assert_json(
        &error.base,
        "{\"code\":\"denied\",\"message\":\"no\",\"check\":\"\",\"verdict\":{"
        "\"admitted\":false,\"tcb_status\":\"\",\"advisories\":[],\"checks\":[],\"forecast\":null},"
        "\"retry_after_s\":5}");
}

static void negative_numbers_and_nested_messages_are_shown(void **state)
{
    (void)state;
    Replicatoor__V1__StatusResponse node = REPLICATOOR__V1__STATUS_RESPONSE__INIT;
    Replicatoor__V1__GuestServiceStatusResponse message =
        REPLICATOOR__V1__GUEST_SERVICE_STATUS_RESPONSE__INIT;
    node.now = -1;
    node.time_floor = INT64_MIN;
    message.node = &node;
    const size_t len = rpl_to_json(&message.base, NULL, 0);
    char *text = calloc(1, len + 1);
    rpl_to_json(&message.base, text, len);
    assert_non_null(strstr(text, "{\"service\":\"\",\"node\":{\"version\":\"\""));
    assert_non_null(strstr(text, "\"quote\":null,\"measurements\":null,\"policy\":null"));
    assert_non_null(strstr(text, "\"now\":-1,\"time_floor\":-9223372036854775808,"));
    assert_string_equal(text + len - 2, "}}");
    free(text);
}

static void too_little_room_is_never_overrun(void **state)
{
    (void)state;
    Replicatoor__V1__ChainLink message = REPLICATOOR__V1__CHAIN_LINK__INIT;
    uint8_t bytes[40] = {1};
    char role[] = "a\nb\xff";
    message.role = role;
    message.signature = (ProtobufCBinaryData){sizeof(bytes), bytes};
    const size_t len = rpl_to_json(&message.base, NULL, 0);
    for (size_t cap = 0; cap <= len; cap++) {
        char *text = malloc(cap ? cap : 1);
        assert_int_equal(rpl_to_json(&message.base, text, cap), len);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_message_shows_every_member),
        cmocka_unit_test(lists_messages_bytes_and_large_numbers_are_shown),
        cmocka_unit_test(lists_of_texts_and_of_bytes_are_shown),
        cmocka_unit_test(text_is_escaped_and_always_valid),
        cmocka_unit_test(a_check_shows_ok_as_true_false_or_null),
        cmocka_unit_test(an_error_has_the_documented_shape),
        cmocka_unit_test(negative_numbers_and_nested_messages_are_shown),
        cmocka_unit_test(too_little_room_is_never_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
