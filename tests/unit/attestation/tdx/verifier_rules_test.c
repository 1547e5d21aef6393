#include "attestation/tdx/td_policy.h"
#include "attestation/tdx/verifier_rules.h"
#include "tests/support/check.h"

#define HEX16 "00112233445566778899aabbccddeeff"
#define HEX32 HEX16 HEX16
#define HEX48 HEX16 HEX16 HEX16

static const char *read(rpl_rule rule, const char *text, rpl_verifier_policy *policy)
{
    return rpl_rule_table(rule)->read(rpl_bytes_of_text(text), policy);
}

static rpl_verifier_policy policy_with(rpl_rule rule, const char *text)
{
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    const char *wanted = read(rule, text, &policy);
    if (wanted)
        print_error("%s=%s: %s\n", rpl_rule_table(rule)->name, text, wanted);
    assert_null(wanted);
    return policy;
}

static void the_texts_of_the_defaults_are_the_default(void **state)
{
    (void)state;
    const rpl_verifier_policy want = rpl_verifier_policy_default();
    rpl_verifier_policy policy;
    memset(&policy, 0, sizeof(policy));
    for (int i = 0; i < RPL_RULE_COUNT; i++)
        assert_null(read((rpl_rule)i, rpl_rule_table((rpl_rule)i)->fallback, &policy));
    assert_int_equal(policy.accepted_tcb, want.accepted_tcb);
    assert_int_equal(policy.limits_advisories, want.limits_advisories);
    assert_int_equal(policy.grace_days, want.grace_days);
    assert_int_equal(policy.min_evaluation, want.min_evaluation);
    assert_int_equal(policy.same_evaluation, want.same_evaluation);
    assert_int_equal(policy.current_counts, want.current_counts);
    assert_int_equal(policy.platforms_allowed.count, want.platforms_allowed.count);
    assert_int_equal(policy.platforms_denied.count, want.platforms_denied.count);
    assert_int_equal(policy.td_optional_allowed, want.td_optional_allowed);
    assert_int_equal(policy.xfam_allowed, want.xfam_allowed);
    assert_int_equal(policy.n_service_tds, want.n_service_tds);
}

static void each_rule_reads_its_values(void **state)
{
    (void)state;
    rpl_verifier_policy p = policy_with(RPL_RULE_TCB_ACCEPT, "OutOfDate,SWHardeningNeeded");
    assert_int_equal(p.accepted_tcb, 1u << RPL_TCB_OUT_OF_DATE | 1u << RPL_TCB_SW_HARDENING_NEEDED);
    p = policy_with(RPL_RULE_TCB_ADVISORIES, "INTEL-SA-00615,x");
    assert_true(p.limits_advisories);
    assert_int_equal(p.n_advisories, 2);
    assert_string_equal(p.advisories[0], "INTEL-SA-00615");
    assert_string_equal(p.advisories[1], "x");
    p = policy_with(RPL_RULE_TCB_ADVISORIES, "none");
    assert_true(p.limits_advisories);
    assert_int_equal(p.n_advisories, 0);
    assert_int_equal(policy_with(RPL_RULE_TCB_GRACE_DAYS, "3650").grace_days, 3650);
    assert_int_equal(policy_with(RPL_RULE_TCB_MIN_EVALUATION, "18").min_evaluation, 18);
    assert_true(policy_with(RPL_RULE_TCB_SAME_EVALUATION, "yes").same_evaluation);
    assert_true(policy_with(RPL_RULE_TCB_CURRENT, "counts").current_counts);
    p = policy_with(RPL_RULE_TD_ATTRIBUTES, "PKS,ICSSD,PERFMON");
    assert_true(p.td_optional_allowed == (RPL_TD_PKS | RPL_TD_ICSSD | RPL_TD_PERFMON));
    assert_true(policy_with(RPL_RULE_XFAM, "0x602E7").xfam_allowed == 0x602e7);
    assert_true(policy_with(RPL_RULE_XFAM, "0xedbe7").xfam_allowed == RPL_XFAM_KNOWN);
    assert_true(policy_with(RPL_RULE_XFAM, "0x3").xfam_allowed == 3);
    p = policy_with(RPL_RULE_SERVICE_TDS, HEX48 "," HEX48);
    assert_int_equal(p.n_service_tds, 2);
    assert_int_equal(p.service_tds[1][47], 0xff);
}

static void platforms_are_told_apart_by_their_length(void **state)
{
    (void)state;
    static const rpl_rule rules[] = {RPL_RULE_PLATFORMS_ALLOW, RPL_RULE_PLATFORMS_DENY};
    for (size_t i = 0; i < 2; i++) {
        const rpl_verifier_policy p = policy_with(rules[i], "B0C06F000000," HEX16 "," HEX32);
        const rpl_platform_list *list = i == 0 ? &p.platforms_allowed : &p.platforms_denied;
        const rpl_platform_list *other = i == 0 ? &p.platforms_denied : &p.platforms_allowed;
        assert_int_equal(list->count, 3);
        assert_int_equal(other->count, 0);
        assert_int_equal(list->names[0].len, RPL_PLATFORM_FMSPC);
        assert_int_equal(list->names[0].bytes[0], 0xb0);
        assert_int_equal(list->names[1].len, RPL_PLATFORM_PPID);
        assert_int_equal(list->names[2].len, RPL_PLATFORM_DEVICE);
        assert_int_equal(list->names[2].bytes[31], 0xff);
    }
}

static void a_later_text_replaces_an_earlier_one(void **state)
{
    (void)state;
    rpl_verifier_policy p = policy_with(RPL_RULE_PLATFORMS_DENY, HEX16);
    assert_null(read(RPL_RULE_PLATFORMS_DENY, "none", &p));
    assert_int_equal(p.platforms_denied.count, 0);
    assert_null(read(RPL_RULE_TCB_ADVISORIES, "a,b", &p));
    assert_null(read(RPL_RULE_TCB_ADVISORIES, "c", &p));
    assert_int_equal(p.n_advisories, 1);
    assert_null(read(RPL_RULE_TD_ATTRIBUTES, "KL", &p));
    assert_null(read(RPL_RULE_TD_ATTRIBUTES, "TPA", &p));
    assert_true(p.td_optional_allowed == RPL_TD_TPA);
}

static void malformed_texts_are_refused(void **state)
{
    (void)state;
    static const struct {
        rpl_rule rule;
        const char *text;
    } cases[] = {
        {RPL_RULE_TCB_ACCEPT, ""},
        {RPL_RULE_TCB_ACCEPT, "UpToDate,"},
        {RPL_RULE_TCB_ACCEPT, "Revoked"},
        {RPL_RULE_TCB_ACCEPT, "Unknown"},
        {RPL_RULE_TCB_ADVISORIES, ""},
        {RPL_RULE_TCB_ADVISORIES, "a,,b"},
        {RPL_RULE_TCB_ADVISORIES, "a b"},
        {RPL_RULE_TCB_ADVISORIES, "a\x7f"},
        {RPL_RULE_TCB_ADVISORIES, "123456789012345678901234"},
        {RPL_RULE_TCB_GRACE_DAYS, ""},
        {RPL_RULE_TCB_GRACE_DAYS, "-1"},
        {RPL_RULE_TCB_GRACE_DAYS, "3651"},
        {RPL_RULE_TCB_GRACE_DAYS, "1d"},
        {RPL_RULE_TCB_MIN_EVALUATION, "0x11"},
        {RPL_RULE_TCB_MIN_EVALUATION, "1234567890"},
        {RPL_RULE_TCB_SAME_EVALUATION, "true"},
        {RPL_RULE_TCB_CURRENT, "worse"},
        {RPL_RULE_PLATFORMS_ALLOW, ""},
        {RPL_RULE_PLATFORMS_ALLOW, "none"},
        {RPL_RULE_PLATFORMS_ALLOW, "B0C06F0000000"},
        {RPL_RULE_PLATFORMS_ALLOW, "0xB0C06F000000"},
        {RPL_RULE_PLATFORMS_DENY, "B0C06F00000g"},
        {RPL_RULE_PLATFORMS_DENY, "any"},
        {RPL_RULE_TD_ATTRIBUTES, "DEBUG"},
        {RPL_RULE_TD_ATTRIBUTES, "pks"},
        {RPL_RULE_TD_ATTRIBUTES, ""},
        {RPL_RULE_XFAM, "602e7"},
        {RPL_RULE_XFAM, "0x"},
        {RPL_RULE_XFAM, "0x2"},
        {RPL_RULE_XFAM, "0x1000e7"},
        {RPL_RULE_XFAM, "0x000000000000000e7"},
        {RPL_RULE_XFAM, "0xg3"},
        {RPL_RULE_SERVICE_TDS, "any"},
        {RPL_RULE_SERVICE_TDS, HEX32},
        {RPL_RULE_SERVICE_TDS, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rpl_verifier_policy policy = rpl_verifier_policy_default();
        const char *wanted = read(cases[i].rule, cases[i].text, &policy);
        if (!wanted)
            print_error("%s=%s\n", rpl_rule_table(cases[i].rule)->name, cases[i].text);
        assert_non_null(wanted);
        assert_true(wanted[0]);
    }
}

static void assert_bound(rpl_rule rule, const char *item, size_t max)
{
    static char text[8192];
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    size_t n = (size_t)snprintf(text, sizeof(text), "%s", item);
    for (size_t i = 1; i < max; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, ",%s", item);
    assert_null(read(rule, text, &policy));
    snprintf(text + n, sizeof(text) - n, ",%s", item);
    assert_non_null(read(rule, text, &policy));
}

static void every_list_has_a_bound(void **state)
{
    (void)state;
    assert_bound(RPL_RULE_TCB_ADVISORIES, "INTEL-SA-00615", RPL_POLICY_ADVISORIES_MAX);
    assert_bound(RPL_RULE_PLATFORMS_ALLOW, HEX32, RPL_POLICY_PLATFORMS_MAX);
    assert_bound(RPL_RULE_PLATFORMS_DENY, "00906ED50000", RPL_POLICY_PLATFORMS_MAX);
    assert_bound(RPL_RULE_SERVICE_TDS, HEX48, RPL_POLICY_SERVICE_TDS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_texts_of_the_defaults_are_the_default),
        cmocka_unit_test(each_rule_reads_its_values),
        cmocka_unit_test(platforms_are_told_apart_by_their_length),
        cmocka_unit_test(a_later_text_replaces_an_earlier_one),
        cmocka_unit_test(malformed_texts_are_refused),
        cmocka_unit_test(every_list_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
