#include "attestation/tdx/pck.h"
#include "tests/support/pki.h"

enum { CASES_MIN = 40 };

static uint8_t *extension_named(const char *name, size_t *len)
{
    json_t *cases = read_cases("pki/extensions.json");
    uint8_t *der = NULL;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        if (strcmp(text_of(json_array_get(cases, i), "name"), name) == 0)
            der = bytes_of(json_array_get(cases, i), "der", len);
    }
    json_decref(cases);
    assert_non_null(der);
    return der;
}

static rpl_status parse_named(const char *name, rpl_pck *out)
{
    size_t len;
    uint8_t *der = extension_named(name, &len);
    const rpl_status s = rpl_pck_extension_parse(rpl_bytes_of(der, len), out);
    free(der);
    return s;
}

static void each_rule_accepts_and_refuses(void **state)
{
    (void)state;
    json_t *cases = read_cases("pki/extensions.json");
    assert_true(json_array_size(cases) >= CASES_MIN);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        rpl_pck pck = {.sgx_type = 77};
        size_t len;
        uint8_t *der = bytes_of(one, "der", &len);
        const rpl_status s = rpl_pck_extension_parse(rpl_bytes_of(der, len), &pck);
        const bool wanted = strcmp(text_of(one, "expect"), "ok") == 0;
        if ((s.code == RPL_OK) != wanted)
            fail_msg("%s: %s", text_of(one, "name"), s.what ? s.what : "was read");
        assert_true(wanted ? pck.sgx_type == 1 : pck.sgx_type == 77 && s.what);
        free(der);
    }
    json_decref(cases);
}

static void members_come_out_where_they_belong(void **state)
{
    (void)state;
    rpl_pck pck;
    assert_ok(parse_named("platform_leaf", &pck));
    for (uint8_t i = 0; i < 16; i++) {
        assert_int_equal(pck.ppid[i], i);
        assert_int_equal(pck.components[i], i + 1);
        assert_int_equal(pck.cpu_svn[i], 0xa0 + i);
    }
    assert_int_equal(pck.pcesvn, 300);
    assert_memory_equal(pck.pceid, "\0\1", 2);
    assert_memory_equal(pck.fmspc, "\xb0\xc0\x6f\0\0\0", 6);
    assert_true(pck.has_configuration && pck.smt_enabled);
}

static void values_at_the_edge_of_their_range_are_kept(void **state)
{
    (void)state;
    rpl_pck pck;
    assert_ok(parse_named("component_255", &pck));
    assert_int_equal(pck.components[15], 255);
    assert_ok(parse_named("pcesvn_65535", &pck));
    assert_int_equal(pck.pcesvn, 65535);
}

static void what_is_optional_may_be_absent(void **state)
{
    (void)state;
    rpl_pck pck;
    assert_ok(parse_named("processor_leaf", &pck));
    assert_false(pck.has_configuration || pck.smt_enabled);
    assert_ok(parse_named("smt_disabled", &pck));
    assert_true(pck.has_configuration && !pck.smt_enabled);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    rpl_pck pck;
    size_t len;
    uint8_t *der = extension_named("platform_leaf", &len);
    for (size_t n = 0; n < len; n++) {
        uint8_t *exact = exact_copy(der, n);
        assert_code(rpl_pck_extension_parse(rpl_bytes_of(exact, n), &pck), RPL_MALFORMED);
        free(exact);
    }
    free(der);
}

/* The lengths nest: a wrong one anywhere leaves bytes over or takes too many. */
static void every_wrong_length_is_refused(void **state)
{
    (void)state;
    rpl_pck pck;
    size_t len;
    uint8_t *der = extension_named("platform_leaf", &len);
    size_t n_lengths = 0;
    for (size_t i = 0; i + 1 < len; i++) {
        if (der[i] != 0x30)
            continue;
        for (int delta = -2; delta <= 2; delta++) {
            if (delta == 0)
                continue;
            der[i + 1] = (uint8_t)(der[i + 1] + delta);
            assert_code(rpl_pck_extension_parse(rpl_bytes_of(der, len), &pck), RPL_MALFORMED);
            der[i + 1] = (uint8_t)(der[i + 1] - delta);
            n_lengths++;
        }
    }
    assert_true(n_lengths >= 4 * 30);
    assert_ok(rpl_pck_extension_parse(rpl_bytes_of(der, len), &pck));
    free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_accepts_and_refuses),
        cmocka_unit_test(members_come_out_where_they_belong),
        cmocka_unit_test(values_at_the_edge_of_their_range_are_kept),
        cmocka_unit_test(what_is_optional_may_be_absent),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_wrong_length_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
