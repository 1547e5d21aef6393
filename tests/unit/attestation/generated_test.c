/* Every case that tests/vectors/generate has just made gets the answer that it must get: admitted with
 * this status, or refused with exactly these codes, under the policy that the case names. */
#include "attestation/tdx/verifier_rules.h"
#include "tests/support/answers.h"

enum { CASES_AT_LEAST = 500 };

static void set_rule(const char *name, const char *text, rpl_verifier_policy *policy)
{
    for (int i = 0; i < RPL_RULE_COUNT; i++) {
        const rpl_rule_row *rule = rpl_rule_table((rpl_rule)i);
        if (strcmp(rule->name, name) != 0)
            continue;
        assert_null(rule->read(rpl_bytes_of_text(text), policy));
        return;
    }
    fail_msg("no rule is called %s", name);
}

static rpl_verifier_policy policy_of(const test_case *c)
{
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    const char *name;
    json_t *value;
    policy.accepted_tcb = EVERY_STATUS & ~(1u << RPL_TCB_REVOKED);
    json_object_foreach(json_object_get(c->meta, "policy"), name, value)
        set_rule(name, json_string_value(value), &policy);
    return policy;
}

static bool is_among(const json_t *codes, const char *code)
{
    for (size_t i = 0; i < json_array_size(codes); i++) {
        if (strcmp(json_string_value(json_array_get(codes, i)), code) == 0)
            return true;
    }
    return false;
}

static bool refused_with_exactly(const rpl_verdict *v, const json_t *codes)
{
    bool exact = json_array_size(codes) > 0 && v->n_findings < RPL_FINDINGS_MAX;
    for (size_t i = 0; i < v->n_findings; i++)
        exact = exact && is_among(codes, v->findings[i].code);
    for (size_t i = 0; i < json_array_size(codes); i++)
        exact = exact && verdict_says(v, json_string_value(json_array_get(codes, i)));
    return exact && !rpl_verdict_admits(v);
}

static bool is_right(const test_case *c, const rpl_verdict *v, const rpl_quote_facts *facts)
{
    const char *expected = text_of(c, "expected");
    if (strncmp(expected, "ACCEPT", 6) == 0)
        return rpl_verdict_admits(v) && v->n_findings == 0 && same_status(expected, facts) &&
               same_advisories(c, facts);
    return refused_with_exactly(v, json_object_get(c->meta, "codes"));
}

static bool judge_exactly(const char *folder, const rpl_roots *roots)
{
    rpl_verdict v;
    rpl_quote_facts facts;
    test_case c = load_case(folder, roots);
    const rpl_verifier_policy policy = policy_of(&c);
    uint8_t *copy = exact_copy(c.quote, c.quote_len);
    judge_case(&c, rpl_bytes_of(copy, c.quote_len), &policy, &v, &facts);
    const bool right = is_right(&c, &v, &facts);
    if (!right) {
        print_error("%s: expected %s, got %s, %zu advisories\n", folder, text_of(&c, "expected"),
                    rpl_tcb_status_name(facts.tcb_status), facts.n_advisories);
        print_findings(&v);
    }
    free(copy);
    free_case(&c);
    return right;
}

static void every_case_gets_its_answer(void **state)
{
    (void)state;
    const rpl_roots roots = test_root(RPL_GENERATED "/root_ca.der");
    char path[1024];
    size_t count = 0, wrong = 0;
    DIR *dir = opendir(RPL_GENERATED);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        snprintf(path, sizeof(path), RPL_GENERATED "/%s", e->d_name);
        if (e->d_name[0] == '.' || !is_case(path))
            continue;
        count++;
        wrong += !judge_exactly(path, &roots);
    }
    closedir(dir);
    print_message("%zu cases, %zu wrong\n", count, wrong);
    assert_int_equal(wrong, 0);
    assert_true(count >= CASES_AT_LEAST);
}

static void a_policy_of_zeros_admits_nothing(void **state)
{
    (void)state;
    const rpl_roots roots = test_root(RPL_GENERATED "/root_ca.der");
    rpl_verifier_policy nothing;
    rpl_verdict v;
    rpl_quote_facts facts;
    memset(&nothing, 0, sizeof(nothing));
    test_case c = load_case(RPL_GENERATED "/ok_v4", &roots);
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &nothing, &v, &facts);
    assert_false(rpl_verdict_admits(&v));
    assert_true(verdict_says(&v, "TCB_STATUS"));
    assert_true(verdict_says(&v, "TD_XFAM"));
    free_case(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gets_its_answer),
        cmocka_unit_test(a_policy_of_zeros_admits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
