/* ours.c - what this verifier says to each case: reads lines "folder<TAB>root" from standard input
 * (root: the DER of the trust anchor, or "-" for Intel's) and prints per case
 * "folder<TAB>status<TAB>advisories" or "folder<TAB>refused<TAB>codes". Every status but Revoked is
 * accepted, since the others answer with a status and leave the rest to their caller. */
#include "tests/support/cases.h"

static void say(const char *folder, const rpl_verdict *v, const rpl_quote_facts *facts)
{
    const bool admitted = rpl_verdict_admits(v);
    printf("%s\t%s\t", folder, admitted ? rpl_tcb_status_name(facts->tcb_status) : "refused");
    for (size_t i = 0; admitted && i < facts->n_advisories; i++)
        printf("%s%s", i ? "," : "", facts->advisories[i]);
    for (size_t i = 0; !admitted && i < v->n_findings; i++)
        printf("%s%s", i ? "," : "", v->findings[i].code);
    printf("\n");
}

static void run(const char *folder, const char *root)
{
    rpl_verifier_policy policy = rpl_verifier_policy_default();
    rpl_quote_facts facts;
    rpl_verdict v;
    policy.accepted_tcb = EVERY_STATUS & ~(1u << RPL_TCB_REVOKED);
    const rpl_roots roots = strcmp(root, "-") == 0 ? rpl_roots_intel() : test_root(root);
    test_case c = load_case(folder, &roots);
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &v, &facts);
    say(folder, &v, &facts);
    free_case(&c);
}

int main(void)
{
    char line[2048];
    while (fgets(line, sizeof(line), stdin)) {
        char *rest = NULL;
        const char *folder = strtok_r(line, "\t\n", &rest);
        const char *root = strtok_r(NULL, "\t\n", &rest);
        if (!folder || !root)
            return 2;
        run(folder, root);
    }
    return 0;
}
