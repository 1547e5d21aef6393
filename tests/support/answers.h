/* answers.h - whether the verifier gives a case the answer that its meta.json demands. */
#ifndef RPL_TESTS_ANSWERS_H
#define RPL_TESTS_ANSWERS_H

#include <dirent.h>

#include "tests/support/cases.h"

static inline const char *text_of(const test_case *c, const char *key)
{
    const char *text = json_string_value(json_object_get(c->meta, key));
    return text ? text : "";
}

/* What the manifest calls by another name. */
static inline const char *renamed(const char *code)
{
    static const char *const names[][2] = {{"PCK_CHAIN_PEM", "PEM_FORMAT"},
                                           {"PCK_CHAIN_LEN", "CHAIN_LEN"},
                                           {"TCB_CHAIN_LEN", "CHAIN_LEN"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(code, names[i][0]) == 0)
            return names[i][1];
    }
    return code;
}

/* "QUOTE_*" or "*_NOT_YET_VALID" or a whole code. */
static inline bool code_matches(const char *pattern, const char *code)
{
    const size_t len = strlen(pattern), code_len = strlen(code);
    if (pattern[0] == '*')
        return code_len >= len - 1 && strcmp(code + code_len - (len - 1), pattern + 1) == 0;
    if (pattern[len - 1] == '*')
        return strncmp(code, pattern, len - 1) == 0;
    return strcmp(pattern, code) == 0;
}

static inline bool some_code_matches(const rpl_verdict *v, const char *expected)
{
    char list[256];
    char *rest = NULL;
    snprintf(list, sizeof(list), "%s", expected);
    for (char *p = strtok_r(list, "|", &rest); p; p = strtok_r(NULL, "|", &rest)) {
        for (size_t i = 0; i < v->n_findings; i++) {
            if (code_matches(renamed(p), v->findings[i].code))
                return true;
        }
    }
    return false;
}

static inline bool same_advisories(const test_case *c, const rpl_quote_facts *facts)
{
    const json_t *list = json_object_get(c->meta, "advisories");
    if (!list)
        return true;
    if (json_array_size(list) != facts->n_advisories)
        return false;
    for (size_t i = 0; i < facts->n_advisories; i++) {
        if (strcmp(json_string_value(json_array_get(list, i)), facts->advisories[i]) != 0)
            return false;
    }
    return true;
}

static inline bool same_status(const char *expected, const rpl_quote_facts *facts)
{
    const char *name = strchr(expected, ' ');
    const rpl_tcb_status want =
        name ? rpl_tcb_status_parse(rpl_bytes_of_text(name + 1)) : RPL_TCB_UNKNOWN;
    return facts->tcb_status != RPL_TCB_UNKNOWN &&
           (want == RPL_TCB_UNKNOWN || facts->tcb_status == want);
}

static inline bool same_window(const test_case *c, const rpl_quote_facts *facts)
{
    const json_t *window = json_object_get(c->meta, "window");
    return !window || (json_integer_value(json_array_get(window, 0)) == facts->valid_from &&
                       json_integer_value(json_array_get(window, 1)) == facts->valid_until);
}

/* The TD policy is a matter of its own: it refuses exactly where the case says so. */
static inline bool is_accepted(const test_case *c, const rpl_verdict *v,
                               const rpl_quote_facts *facts)
{
    const bool td_fails = json_array_size(json_object_get(c->meta, "policy_failures")) > 0;
    return rpl_verdict_groups_pass(v, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL) &&
           rpl_verdict_groups_pass(v, RPL_GROUP_TD) == !td_fails && same_advisories(c, facts) &&
           same_window(c, facts);
}

static inline bool optional_bit_decides(const test_case *c, rpl_bytes quote)
{
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote_facts facts;
    rpl_verdict v;
    judge_case(c, quote, &policy, &v, &facts);
    if (rpl_verdict_admits(&v) || !verdict_says(&v, "TD_ATTR_OPTIONAL") || v.n_findings != 1)
        return false;
    policy.td_optional_allowed = RPL_TD_OPTIONAL;
    judge_case(c, quote, &policy, &v, &facts);
    return rpl_verdict_admits(&v);
}

static inline bool answer_is_right(const test_case *c, rpl_bytes quote, rpl_verdict *v,
                                   rpl_quote_facts *facts)
{
    const char *expected = text_of(c, "expected");
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    policy.accepted_tcb = EVERY_STATUS & ~(1u << RPL_TCB_REVOKED);
    judge_case(c, quote, &policy, v, facts);
    if (strncmp(expected, "ACCEPT", 6) == 0)
        return is_accepted(c, v, facts) && same_status(expected, facts);
    if (strcmp(expected, "POLICY-OPTIONAL") == 0)
        return optional_bit_decides(c, quote);
    if (strcmp(expected, "POLICY") == 0)
        return rpl_verdict_groups_pass(v, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL) &&
               !rpl_verdict_groups_pass(v, RPL_GROUP_TD);
    return !rpl_verdict_admits(v) && some_code_matches(v, expected);
}

static inline bool run_case(const char *folder, const rpl_roots *roots)
{
    rpl_verdict v;
    rpl_quote_facts facts;
    test_case c = load_case(folder, roots);
    uint8_t *copy = exact_copy(c.quote, c.quote_len);
    const bool right = answer_is_right(&c, rpl_bytes_of(copy, c.quote_len), &v, &facts);
    if (!right) {
        print_error("%s: expected %s, got %s, %zu advisories, window %lld..%lld\n", folder,
                    text_of(&c, "expected"), rpl_tcb_status_name(facts.tcb_status),
                    facts.n_advisories, (long long)facts.valid_from, (long long)facts.valid_until);
        print_findings(&v);
    }
    free(copy);
    free_case(&c);
    return right;
}

static inline bool is_case(const char *folder)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/meta.json", folder);
    FILE *f = fopen(path, "rb");
    if (f)
        fclose(f);
    return f != NULL;
}

/* Every case one level below `folder`; how many, and how many of them got a wrong answer. */
static inline void run_folder(const char *folder, const rpl_roots *roots, size_t *count,
                              size_t *wrong)
{
    char path[1024];
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.' || !is_case(path))
            continue;
        (*count)++;
        *wrong += !run_case(path, roots);
    }
    closedir(dir);
}

#endif
