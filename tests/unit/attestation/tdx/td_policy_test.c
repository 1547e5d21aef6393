#include "attestation/tdx/tcb_status.h"
#include "attestation/tdx/td_policy.h"
#include "tests/support/verdicts.h"

static rpl_verdict judge(const rpl_verifier_policy *policy, uint64_t attributes, uint64_t xfam)
{
    rpl_verdict v;
    const rpl_quote quote = {.td_attributes = attributes, .xfam = xfam};
    rpl_verdict_start(&v, RPL_GROUP_TD);
    rpl_td_policy_check(policy, &quote, &v);
    return v;
}

static const char *code_of_bit(int bit)
{
    if (bit == 0)
        return "TD_DEBUG";
    if (bit < 8)
        return "TD_TUD";
    if (bit == 28)
        return NULL;
    if (bit == 29)
        return "TD_MIGRATABLE";
    if (RPL_TD_OPTIONAL & UINT64_C(1) << bit)
        return "TD_ATTR_OPTIONAL";
    return "TD_ATTR_RESERVED";
}

static void every_attribute_bit_has_its_answer(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    for (int bit = 0; bit < 64; bit++) {
        const rpl_verdict v =
            judge(&policy, RPL_TD_SEPT_VE_DISABLE | UINT64_C(1) << bit, UINT64_C(0x602e7));
        const char *code = code_of_bit(bit);
        assert_int_equal(rpl_verdict_admits(&v), !code);
        assert_int_equal(v.n_findings, code ? 1 : 0);
        assert_true(!code || verdict_says(&v, code));
    }
}

static void sept_ve_disable_is_required(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    const rpl_verdict v = judge(&policy, 0, 0x602e7);
    assert_false(rpl_verdict_admits(&v));
    assert_true(verdict_says(&v, "TD_SEPT_VE"));
}

static void only_optional_bits_can_be_allowed(void **state)
{
    (void)state;
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    policy.td_optional_allowed = UINT64_MAX;
    for (int bit = 0; bit < 64; bit++) {
        const uint64_t mask = UINT64_C(1) << bit;
        const rpl_verdict v = judge(&policy, RPL_TD_SEPT_VE_DISABLE | mask, 0x602e7);
        const bool good = (mask & (RPL_TD_OPTIONAL | RPL_TD_SEPT_VE_DISABLE)) != 0;
        assert_int_equal(rpl_verdict_admits(&v), good);
    }
    policy.td_optional_allowed = RPL_TD_PKS;
    const rpl_verdict v = judge(&policy, RPL_TD_SEPT_VE_DISABLE | RPL_TD_KL, 0x602e7);
    assert_true(verdict_says(&v, "TD_ATTR_OPTIONAL"));
}

static void every_xfam_bit_has_its_answer(void **state)
{
    (void)state;
    static const uint64_t good[] = {0x602e7, 0x600e7, 0x642e7, 0x618e7, 0x61ae7, 0x207, 3};
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const rpl_verdict v = judge(&policy, RPL_TD_SEPT_VE_DISABLE, good[i]);
        assert_true(rpl_verdict_admits(&v));
    }
    for (int bit = 0; bit < 64; bit++) {
        const uint64_t mask = UINT64_C(1) << bit;
        const bool single = (mask & 0x6dbe7) && !(mask & 0x61800);
        const rpl_verdict v = judge(&policy, RPL_TD_SEPT_VE_DISABLE, 3 | mask);
        assert_int_equal(rpl_verdict_admits(&v), single);
        assert_int_equal(verdict_says(&v, "TD_XFAM"), !single);
    }
    for (uint64_t xfam = 0; xfam < 3; xfam++) {
        const rpl_verdict v = judge(&policy, RPL_TD_SEPT_VE_DISABLE, xfam);
        assert_true(verdict_says(&v, "TD_XFAM"));
    }
}

static void a_service_td_must_be_allowed(void **state)
{
    (void)state;
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote quote = {.td_attributes = RPL_TD_SEPT_VE_DISABLE, .xfam = 3};
    rpl_verdict v;
    quote.mr_servicetd[47] = 1;
    rpl_verdict_start(&v, RPL_GROUP_TD);
    rpl_td_policy_check(&policy, &quote, &v);
    assert_true(verdict_says(&v, "TD_SERVICETD"));
    policy.n_service_tds = 2;
    memcpy(policy.service_tds[1], quote.mr_servicetd, 48);
    rpl_verdict_start(&v, RPL_GROUP_TD);
    rpl_td_policy_check(&policy, &quote, &v);
    assert_true(rpl_verdict_admits(&v));
}

static void the_default_accepts_up_to_date_alone(void **state)
{
    (void)state;
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    assert_int_equal(policy.accepted_tcb, 1u << RPL_TCB_UP_TO_DATE);
    assert_int_equal(policy.td_optional_allowed, 0);
    assert_int_equal(policy.n_service_tds, 0);
    assert_int_equal(policy.xfam_allowed, 0x6dbe7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attribute_bit_has_its_answer),
        cmocka_unit_test(sept_ve_disable_is_required),
        cmocka_unit_test(only_optional_bits_can_be_allowed),
        cmocka_unit_test(every_xfam_bit_has_its_answer),
        cmocka_unit_test(a_service_td_must_be_allowed),
        cmocka_unit_test(the_default_accepts_up_to_date_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
