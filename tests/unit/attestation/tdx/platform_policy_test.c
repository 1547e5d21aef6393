#include "attestation/tdx/platform_policy.h"
#include "attestation/tdx/verifier_rules.h"
#include "tests/support/verdicts.h"

#define FMSPC       "b0c06f000000"
#define OTHER_FMSPC "90c06f000000"
#define PPID        "00112233445566778899aabbccddeeff"
#define OTHER_PPID  "10112233445566778899aabbccddeeff"
/* printf 00112233445566778899aabbccddeeff | xxd -r -p | sha256sum */
#define DEVICE "a8faed6abbf35c12a4b26e40f6feb19d736d90045c83b9f9a31f638d323e6811"

static bool admits(const char *allow, const char *deny)
{
    static const rpl_pck pck = {
        .fmspc = {0xb0, 0xc0, 0x6f},
        .ppid = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
                 0xee, 0xff},
    };
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_verdict v;
    rpl_verdict_start(&v, 0);
    rpl_verdict_require(&v, RPL_CHECK_PLATFORM_ALLOWED);
    assert_null(rpl_rule_table(RPL_RULE_PLATFORMS_ALLOW)->read(rpl_bytes_of_text(allow), &policy));
    assert_null(rpl_rule_table(RPL_RULE_PLATFORMS_DENY)->read(rpl_bytes_of_text(deny), &policy));
    rpl_platform_check(&policy, &pck, &v);
    assert_int_equal(verdict_says(&v, "PLATFORM"), !rpl_verdict_admits(&v));
    return rpl_verdict_admits(&v);
}

static void without_lists_any_platform_may(void **state)
{
    (void)state;
    assert_true(admits("any", "none"));
}

static void an_allowed_kind_or_platform_must_fit(void **state)
{
    (void)state;
    assert_true(admits(FMSPC, "none"));
    assert_true(admits(OTHER_FMSPC "," FMSPC, "none"));
    assert_false(admits(OTHER_FMSPC, "none"));
    assert_true(admits(PPID, "none"));
    assert_false(admits(OTHER_PPID, "none"));
    assert_true(admits(DEVICE, "none"));
    assert_true(admits(OTHER_PPID "," DEVICE, "none"));
}

static void kinds_and_single_platforms_are_two_conditions(void **state)
{
    (void)state;
    assert_true(admits(FMSPC "," PPID, "none"));
    assert_false(admits(OTHER_FMSPC "," PPID, "none"));
    assert_false(admits(FMSPC "," OTHER_PPID, "none"));
}

static void a_denied_platform_is_refused_whatever_is_allowed(void **state)
{
    (void)state;
    assert_false(admits("any", FMSPC));
    assert_false(admits("any", OTHER_FMSPC "," PPID));
    assert_false(admits(PPID, DEVICE));
    assert_true(admits("any", OTHER_FMSPC "," OTHER_PPID));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_lists_any_platform_may),
        cmocka_unit_test(an_allowed_kind_or_platform_must_fit),
        cmocka_unit_test(kinds_and_single_platforms_are_two_conditions),
        cmocka_unit_test(a_denied_platform_is_refused_whatever_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
