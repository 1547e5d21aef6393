#include "rest_gateway/request.h"

#include "replicatoor/v1/guest.pb-c.h"
#include "replicatoor/v1/host.pb-c.h"
#include "tests/support/check.h"

#define JSON_TYPE "application/json"
#define FORM_TYPE "application/x-www-form-urlencoded"

static const rpl_route *route_of(rpl_route_listener on, const char *method, const char *path)
{
    const rpl_route *route = NULL;
    assert_int_equal(rpl_route_find(on, rpl_bytes_of_text(method), rpl_bytes_of_text(path), &route),
                     RPL_ROUTE_FOUND);
    return route;
}

/* Reads exact-size heap copies, so that a sanitizer sees one byte too far. */
static rpl_status read_request(const rpl_route *route, const ProtobufCMessageDescriptor *type,
                               const char *query, const char *content_type, rpl_bytes body,
                               rpl_input *input)
{
    const size_t query_len = strlen(query), type_len = strlen(content_type);
    uint8_t *q = exact_copy(query, query_len), *t = exact_copy(content_type, type_len);
    uint8_t *b = exact_copy(body.data, body.len);
    const rpl_request_parts parts = {.query = rpl_bytes_of(q, query_len),
                                     .content_type = rpl_bytes_of(t, type_len),
                                     .body = rpl_bytes_of(b, body.len)};
    assert_ok(rpl_input_start(input, type));
    const rpl_status status =
        rpl_request_read(route, &parts, route->body_max ? route->body_max : 1 << 20, input);
    free(q);
    free(t);
    free(b);
    return status;
}

static rpl_status onboard(const char *query, const char *content_type, const char *body,
                          rpl_input *input)
{
    return read_request(route_of(RPL_ON_HOST, "POST", "/onboard"),
                        &replicatoor__v1__onboard_request__descriptor, query, content_type,
                        rpl_bytes_of_text(body), input);
}

static rpl_status getkey(const char *content_type, const char *body, rpl_input *input)
{
    return read_request(route_of(RPL_ON_GUEST, "POST", "/getkey"),
                        &replicatoor__v1__get_key_request__descriptor, "", content_type,
                        rpl_bytes_of_text(body), input);
}

static const Replicatoor__V1__OnboardRequest *as_onboard(const rpl_input *input)
{
    return (const void *)input->message;
}

static const Replicatoor__V1__GetKeyRequest *as_getkey(const rpl_input *input)
{
    return (const void *)input->message;
}

static void assert_refused_member(rpl_status status, rpl_input *input, const char *member)
{
    assert_int_equal(status.code, RPL_MALFORMED);
    assert_string_equal(input->member, member);
    rpl_input_clear(input);
}

static void a_form_and_json_and_sniffed_json_fill_the_same_message(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body;
    } same[] = {
        {FORM_TYPE, "pubk=0A0b&quote=ff&event_log=a%20b+c%26"},
        {FORM_TYPE "; charset=utf-8", "pubk=0x0a0b&quote=FF&event_log=a+b%20c%26\r\n"},
        {"", "quote=ff&event_log=a+b+c%26&pubk=0a0b"},
        {JSON_TYPE, "{\"pubk\":\"0a0b\",\"quote\":\"0xff\",\"event_log\":\"a b c&\"}"},
        {FORM_TYPE, " {\"pubk\":\"0a0b\",\"quote\":\"ff\",\"event_log\":\"a b c&\"}\n"},
        {"text/plain", "{\"pubk\":\"0A0B\",\"quote\":\"ff\",\"event_log\":\"a b c&\"}"},
        {"Application/JSON", "{\"pubk\":\"0a0b\",\"quote\":\"ff\",\"event_log\":\"a b c&\"}"},
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        rpl_input input;
        assert_ok(onboard("", same[i].type, same[i].body, &input));
        assert_int_equal(as_onboard(&input)->pubk.len, 2);
        assert_memory_equal(as_onboard(&input)->pubk.data, "\x0a\x0b", 2);
        assert_int_equal(as_onboard(&input)->quote.len, 1);
        assert_string_equal(as_onboard(&input)->event_log, "a b c&");
        assert_false(as_onboard(&input)->dry_run);
        rpl_input_clear(&input);
    }
}

static void the_answer_of_request_key_goes_into_onboard_as_it_is(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *answer = &replicatoor__v1__request_key_response__descriptor;
    for (unsigned i = 0; i < answer->n_fields; i++)
        assert_non_null(protobuf_c_message_descriptor_get_field_by_name(
            &replicatoor__v1__onboard_request__descriptor, answer->fields[i].name));
    rpl_input input;
    assert_ok(onboard("", JSON_TYPE,
                      "{\"pubk\":\"00\",\"quote\":\"01\",\"quote_raw\":\"02\",\"event_log\":\"[]\","
                      "\"challenge\":\"\",\"config\":\"A=1\\n\",\"expires_in_s\":600}",
                      &input));
    assert_int_equal(as_onboard(&input)->expires_in_s, 600);
    assert_int_equal(as_onboard(&input)->challenge.len, 0);
    rpl_input_clear(&input);
}

static void a_query_fills_the_fields_it_may(void **state)
{
    (void)state;
    rpl_input input;
    assert_ok(onboard("dry_run=1", "", "pubk=00", &input));
    assert_true(as_onboard(&input)->dry_run);
    rpl_input_clear(&input);
    assert_ok(onboard("dry_run=false", "", "", &input));
    assert_false(as_onboard(&input)->dry_run);
    rpl_input_clear(&input);
    assert_refused_member(onboard("dry_run=yes", "", "", &input), &input, "dry_run");
    assert_refused_member(onboard("pubk=00", "", "", &input), &input, "pubk");
    assert_refused_member(onboard("nonsense=1", "", "", &input), &input, "nonsense");
    assert_refused_member(onboard("dry_run", "", "", &input), &input, "");
    assert_refused_member(onboard("dry_run=1&dry_run=1", "", "", &input), &input, "dry_run");
    assert_refused_member(onboard("dry_run=1", "", "dry_run=1", &input), &input, "dry_run");
}

static void an_empty_body_is_an_empty_object(void **state)
{
    (void)state;
    static const char *const empty[] = {"", " ", "\n", "{}", "{ }"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        rpl_input input;
        assert_ok(getkey(FORM_TYPE, empty[i], &input));
        assert_string_equal(as_getkey(&input)->path, "");
        assert_int_equal(as_getkey(&input)->epoch, 0);
        rpl_input_clear(&input);
    }
}

static void numbers_come_as_numbers_or_decimal_strings(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        uint64_t epoch;
    } good[] = {
        {"{\"epoch\":7}", 7},
        {"{\"epoch\":\"7\"}", 7},
        {"{\"epoch\":\"18446744073709551615\"}", UINT64_MAX},
        {"{\"epoch\":null}", 0},
        {"epoch=18446744073709551615", UINT64_MAX},
        {"epoch=007", 7},
    };
    static const char *const bad[] = {"{\"epoch\":-1}",
                                      "{\"epoch\":1.0}",
                                      "{\"epoch\":true}",
                                      "{\"epoch\":\"\"}",
                                      "{\"epoch\":[1]}",
                                      "{\"epoch\":\"18446744073709551616\"}",
                                      "{\"epoch\":\"-1\"}",
                                      "epoch=",
                                      "epoch=-",
                                      "epoch=+1",
                                      "epoch=0x1",
                                      "epoch=1%20",
                                      "{\"epoch\":{}}",
                                      "epoch=99999999999999999999"};
    rpl_input input;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_ok(getkey("", good[i].body, &input));
        assert_true(as_getkey(&input)->epoch == good[i].epoch);
        rpl_input_clear(&input);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_refused_member(getkey("", bad[i], &input), &input, "epoch");
}

static void small_numbers_do_not_wrap(void **state)
{
    (void)state;
    rpl_input input;
    assert_ok(onboard("", JSON_TYPE, "{\"expires_in_s\":4294967295}", &input));
    assert_true(as_onboard(&input)->expires_in_s == UINT32_MAX);
    rpl_input_clear(&input);
    assert_refused_member(onboard("", JSON_TYPE, "{\"expires_in_s\":4294967296}", &input), &input,
                          "expires_in_s");
}

static void what_is_not_a_member_or_its_type_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *body, *member;
    } bad[] = {
        {"{\"purpse\":\"x\"}", "purpse"},
        {"{\"Path\":\"x\"}", "Path"},
        {"{\"path\":1}", "path"},
        {"{\"path\":\"a\",\"path\":\"b\"}", ""},
        {"path=a&path=b", "path"},
        {"purpse=x", "purpse"},
        {"p%22a%0ath=x", "p?a?th"},
        {"path=%ff", "path"},
        {"path=a%00b", "path"},
        {"path=%ed%a0%80", "path"},
        {"path=%4", ""},
        {"path=%", ""},
        {"path=%g0", ""},
        {"path=a&", ""},
        {"&path=a", ""},
        {"=a", ""},
        {"path", ""},
        {"{\"path\":\"x\"", ""},
        {"{\"path\":\"x\"}x", ""},
        {"{\"a\":{\"b\":1}}", "a"},
    };
    rpl_input input;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_refused_member(getkey(FORM_TYPE, bad[i].body, &input), &input, bad[i].member);
    assert_refused_member(getkey(JSON_TYPE, "[]", &input), &input, "");
    assert_refused_member(getkey(JSON_TYPE, "path=a", &input), &input, "");
}

static void hex_of_odd_length_or_other_letters_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "0g", "0x0", "0x0x00", "00 ", "x00"};
    char body[64];
    rpl_input input;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(body, sizeof(body), "{\"pubk\":\"%s\"}", bad[i]);
        assert_refused_member(onboard("", JSON_TYPE, body, &input), &input, "pubk");
    }
}

static void other_content_types_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"multipart/form-data; boundary=x", "application/jsonx",
                                      "text/html", "application/octet-stream", ";"};
    rpl_input input;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_refused_member(getkey(bad[i], "path=a", &input), &input, "");
}

static void bytes_are_taken_as_they_are(void **state)
{
    (void)state;
    static const char *const types[] = {"", "text/plain", FORM_TYPE, "application/octet-stream"};
    const rpl_route *route = route_of(RPL_ON_HOST, "POST", "/configure");
    const rpl_bytes body = rpl_bytes_of("A=%41+\0\n", 8);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        rpl_input input;
        assert_ok(read_request(route, &replicatoor__v1__configure_request__descriptor, "", types[i],
                               body, &input));
        const Replicatoor__V1__ConfigureRequest *request = (const void *)input.message;
        assert_int_equal(request->env.len, body.len);
        assert_memory_equal(request->env.data, body.data, body.len);
        rpl_input_clear(&input);
    }
}

static rpl_status receive(const char *type, const char *body, rpl_input *input)
{
    return read_request(route_of(RPL_ON_HOST, "POST", "/receiveKey"),
                        &replicatoor__v1__receive_key_request__descriptor, "", type,
                        rpl_bytes_of_text(body), input);
}

static void hex_bodies_tolerate_white_space_around(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body;
    } good[] = {{"text/plain", "01fF"},
                {FORM_TYPE, "01ff\n"},
                {"", "0x01ff\r\n"},
                {"text/plain", " \n01ff\t"},
                {JSON_TYPE, "{\"sealed\":\"01ff\"}"}};
    static const char *const bad[] = {"", "\n", "01f", "01 ff", "01\nff", "zz", "\"01ff\""};
    rpl_input input;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_ok(receive(good[i].type, good[i].body, &input));
        const Replicatoor__V1__ReceiveKeyRequest *request = (const void *)input.message;
        assert_int_equal(request->sealed.len, 2);
        assert_memory_equal(request->sealed.data, "\x01\xff", 2);
        rpl_input_clear(&input);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(receive("text/plain", bad[i], &input).code, RPL_MALFORMED);
        rpl_input_clear(&input);
    }
}

static void the_limit_of_the_row_holds_to_the_byte(void **state)
{
    (void)state;
    const rpl_route *route = route_of(RPL_ON_HOST, "POST", "/configure");
    uint8_t *body = calloc(1, route->body_max + 1);
    rpl_input input;
    assert_ok(read_request(route, &replicatoor__v1__configure_request__descriptor, "", "",
                           rpl_bytes_of(body, route->body_max), &input));
    rpl_input_clear(&input);
    assert_code(read_request(route, &replicatoor__v1__configure_request__descriptor, "", "",
                             rpl_bytes_of(body, route->body_max + 1), &input),
                RPL_TOO_LARGE);
    rpl_input_clear(&input);
    free(body);
}

static void a_path_without_a_body_takes_none(void **state)
{
    (void)state;
    const rpl_route *route = route_of(RPL_ON_HOST, "GET", "/status");
    rpl_input input;
    assert_ok(read_request(route, &replicatoor__v1__status_request__descriptor, "nonce=00ff", "",
                           (rpl_bytes){0}, &input));
    assert_int_equal(((const Replicatoor__V1__StatusRequest *)(void *)input.message)->nonce.len, 2);
    rpl_input_clear(&input);
    assert_code(read_request(route, &replicatoor__v1__status_request__descriptor, "", "",
                             rpl_bytes_of_text("x"), &input),
                RPL_MALFORMED);
    rpl_input_clear(&input);
}

static void every_cut_of_json_is_refused(void **state)
{
    (void)state;
    static const char json[] = "{\"path\":\"a\\u00e9\",\"purpose\":\"b\",\"epoch\":\"12\"}";
    const rpl_route *route = route_of(RPL_ON_GUEST, "POST", "/getkey");
    rpl_input input;
    for (size_t len = 1; len < sizeof(json) - 1; len++) {
        assert_code(read_request(route, &replicatoor__v1__get_key_request__descriptor, "", "",
                                 rpl_bytes_of(json, len), &input),
                    RPL_MALFORMED);
        rpl_input_clear(&input);
    }
}

/* Below each cut: may it stand (1), or not (0)? */
static void every_cut_of_a_form_is_judged_by_what_is_there(void **state)
{
    (void)state;
    static const char form[] = "path=%c3%a9&purpose=b+c&epoch=12";
    static const char want[] = "00001000001000000001111000000011";
    const rpl_route *route = route_of(RPL_ON_GUEST, "POST", "/getkey");
    rpl_input input;
    for (size_t len = 1; len < sizeof(form); len++) {
        assert_code(read_request(route, &replicatoor__v1__get_key_request__descriptor, "", "",
                                 rpl_bytes_of(form, len), &input),
                    want[len - 1] == '1' ? RPL_OK : RPL_MALFORMED);
        rpl_input_clear(&input);
    }
}

static void accept_is_read_by_its_elements(void **state)
{
    (void)state;
    assert_true(rpl_accepts_json(rpl_bytes_of_text("application/json")));
    assert_true(rpl_accepts_json(rpl_bytes_of_text("text/html, Application/Json;q=0.5")));
    assert_false(rpl_accepts_json(rpl_bytes_of_text("*/*")));
    assert_false(rpl_accepts_json(rpl_bytes_of_text("")));
    assert_false(rpl_accepts_json(rpl_bytes_of_text("application/jsonx,x/application/json")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_and_json_and_sniffed_json_fill_the_same_message),
        cmocka_unit_test(the_answer_of_request_key_goes_into_onboard_as_it_is),
        cmocka_unit_test(a_query_fills_the_fields_it_may),
        cmocka_unit_test(an_empty_body_is_an_empty_object),
        cmocka_unit_test(numbers_come_as_numbers_or_decimal_strings),
        cmocka_unit_test(small_numbers_do_not_wrap),
        cmocka_unit_test(what_is_not_a_member_or_its_type_is_refused_by_name),
        cmocka_unit_test(hex_of_odd_length_or_other_letters_is_refused),
        cmocka_unit_test(other_content_types_are_refused),
        cmocka_unit_test(bytes_are_taken_as_they_are),
        cmocka_unit_test(hex_bodies_tolerate_white_space_around),
        cmocka_unit_test(the_limit_of_the_row_holds_to_the_byte),
        cmocka_unit_test(a_path_without_a_body_takes_none),
        cmocka_unit_test(every_cut_of_json_is_refused),
        cmocka_unit_test(every_cut_of_a_form_is_judged_by_what_is_there),
        cmocka_unit_test(accept_is_read_by_its_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
