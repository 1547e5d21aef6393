#include "rest_gateway/routes.h"

#include "tests/support/check.h"

static rpl_route_result find(rpl_route_listener on, const char *method, const char *path,
                             const rpl_route **route)
{
    const size_t len = strlen(path);
    uint8_t *copy = exact_copy(path, len);
    const rpl_route_result result =
        rpl_route_find(on, rpl_bytes_of_text(method), rpl_bytes_of(copy, len), route);
    free(copy);
    return result;
}

static void every_row_is_found_with_and_without_a_slash(void **state)
{
    (void)state;
    size_t count;
    const rpl_route *routes = rpl_routes(&count), *found;
    for (size_t i = 0; i < count; i++) {
        char slashed[64];
        const rpl_route_listener on = (rpl_route_listener)routes[i].listeners;
        snprintf(slashed, sizeof(slashed), "%s/", routes[i].path);
        assert_int_equal(find(on, routes[i].method, routes[i].path, &found), RPL_ROUTE_FOUND);
        assert_ptr_equal(found, &routes[i]);
        assert_int_equal(find(on, routes[i].method, slashed, &found), RPL_ROUTE_FOUND);
        assert_ptr_equal(found, &routes[i]);
        assert_true(routes[i].service || routes[i].refusal);
    }
}

static void other_spellings_are_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"",          "/",           "//",      "/Status",
                                      "/status//", "//status",    "/statu",  "/statuss",
                                      "status",    "/requestkey", "/GetKey", "/status%2f"};
    const rpl_route *found;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(find(RPL_ON_HOST, "GET", bad[i], &found), RPL_ROUTE_NO_PATH);
}

static void a_wrong_method_is_told_the_right_one(void **state)
{
    (void)state;
    const rpl_route *found;
    char allow[32];
    assert_int_equal(find(RPL_ON_HOST, "PUT", "/status", &found), RPL_ROUTE_NO_METHOD);
    rpl_route_allow(RPL_ON_HOST, found, allow);
    assert_string_equal(allow, "GET, HEAD");
    assert_int_equal(find(RPL_ON_HOST, "GET", "/onboard/", &found), RPL_ROUTE_NO_METHOD);
    rpl_route_allow(RPL_ON_HOST, found, allow);
    assert_string_equal(allow, "POST");
    assert_int_equal(find(RPL_ON_HOST, "get", "/status", &found), RPL_ROUTE_NO_METHOD);
    assert_int_equal(find(RPL_ON_HOST, "HEAD", "/onboard", &found), RPL_ROUTE_NO_METHOD);
    assert_int_equal(find(RPL_ON_HOST, "HEAD", "/status", &found), RPL_ROUTE_FOUND);
}

static void keys_are_given_to_guests_alone(void **state)
{
    (void)state;
    const rpl_route *found;
    assert_int_equal(find(RPL_ON_HOST, "POST", "/getkey", &found), RPL_ROUTE_FOUND);
    assert_null(found->service);
    assert_int_equal(find(RPL_ON_GUEST, "POST", "/getkey", &found), RPL_ROUTE_FOUND);
    assert_string_equal(found->service, "GuestService");
    assert_int_equal(found->not_ready_http, 503);
    assert_int_equal(find(RPL_ON_GUEST, "POST", "/onboard", &found), RPL_ROUTE_NO_PATH);
    assert_int_equal(find(RPL_ON_GUEST, "POST", "/configure", &found), RPL_ROUTE_NO_PATH);
    assert_int_equal(find(RPL_ON_GUEST, "GET", "/status", &found), RPL_ROUTE_FOUND);
    assert_string_equal(found->service, "GuestService");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found_with_and_without_a_slash),
        cmocka_unit_test(other_spellings_are_nothing),
        cmocka_unit_test(a_wrong_method_is_told_the_right_one),
        cmocka_unit_test(keys_are_given_to_guests_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
