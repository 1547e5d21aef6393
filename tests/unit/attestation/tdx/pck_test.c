/* Chains under the test PKI of tests/vectors/pki, and the bytes of a real one. */
#include "attestation/tdx/pck.h"
#include "tests/support/pki.h"

enum { CASES_MIN = 55 };

/* The key of the root in the vectors; the digest stays zero, so self-signatures are asked for. */
static rpl_roots roots_of(const json_t *chains)
{
    rpl_roots roots = {.is_test = true};
    rpl_pem_chain text;
    rpl_certificate root;
    const char *code;
    assert_ok(rpl_pem_decode(rpl_bytes_of_text(text_of(chains, "root")), 1, false, &text, &code));
    assert_true(rpl_certificate_parse(rpl_bytes_of(text.der[0], text.len[0]), &root));
    memcpy(roots.key, root.key, sizeof(roots.key));
    return roots;
}

static bool all_passed(const rpl_verdict *v)
{
    static const rpl_check of_chains[] = {
        RPL_CHECK_PCK_FORMAT, RPL_CHECK_PCK_PROFILE, RPL_CHECK_PCK_NAMES,    RPL_CHECK_PCK_VALIDITY,
        RPL_CHECK_PCK_ROOT,   RPL_CHECK_PCK_CHAIN,   RPL_CHECK_PCK_EXTENSION};
    bool all = true;
    for (size_t i = 0; i < sizeof(of_chains) / sizeof(of_chains[0]); i++)
        all = all && v->state[of_chains[i]] == RPL_PASSED;
    return all;
}

static void check_case(const json_t *one, const rpl_roots *roots, int64_t now)
{
    static rpl_verdict v;
    const bool is_pck = strcmp(text_of(one, "kind"), "pck") == 0;
    size_t len;
    bool good = false;
    uint8_t *pem = bytes_of(one, "pem", &len);
    const rpl_bytes text = rpl_bytes_of(pem, len);
    rpl_verdict_start(&v, 0);
    RPL_AUTO(pck_chain)
    rpl_pck_chain *chain = is_pck ? rpl_pck_chain_verify(text, roots, now, &v)
                                  : rpl_tcb_signer_verify(text, roots, now, &v, &good);
    assert_non_null(chain);
    if (json_is_array(json_object_get(one, "expect")))
        assert_expected(one, &v);
    else
        assert_true(v.n_findings > 0);
    const bool holds = is_pck ? all_passed(&v) : good;
    if (holds != (v.n_findings == 0))
        fail_msg("%s: %s", text_of(one, "name"), holds ? "passed" : "did not pass");
    assert_true(is_pck || v.state[RPL_CHECK_TCB_SIGNER] != RPL_PASSED);
    free(pem);
}

static void each_rule_accepts_and_refuses(void **state)
{
    (void)state;
    json_t *chains = read_cases("pki/chains.json");
    const json_t *cases = json_object_get(chains, "cases");
    const rpl_roots roots = roots_of(chains);
    assert_true(json_array_size(cases) >= CASES_MIN);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_case(json_array_get(cases, i), &roots,
                   json_integer_value(json_object_get(chains, "now")));
    json_decref(chains);
}

typedef struct {
    json_t *chains;
    rpl_roots roots;
    uint8_t *pem;
    size_t len;
    rpl_pck_chain *chain;
    rpl_verdict verdict;
} opened;

static void open_named(const char *name, opened *o)
{
    o->chains = read_cases("pki/chains.json");
    o->roots = roots_of(o->chains);
    const json_t *cases = json_object_get(o->chains, "cases");
    size_t at = 0;
    while (strcmp(text_of(json_array_get(cases, at), "name"), name) != 0)
        at++;
    o->pem = bytes_of(json_array_get(cases, at), "pem", &o->len);
    rpl_verdict_start(&o->verdict, 0);
    o->chain =
        rpl_pck_chain_verify(rpl_bytes_of(o->pem, o->len), &o->roots,
                             json_integer_value(json_object_get(o->chains, "now")), &o->verdict);
    assert_non_null(o->chain);
}

static void close_opened(opened *o)
{
    rpl_pck_chain_free(o->chain);
    free(o->pem);
    json_decref(o->chains);
}

static void a_chain_that_holds_gives_its_keys_and_platform(void **state)
{
    (void)state;
    static opened o;
    open_named("platform", &o);
    assert_true(o.chain->leaf_key && o.chain->intermediate_key && o.chain->has_pck);
    assert_int_equal(o.chain->pck.pcesvn, 300);
    assert_false(o.chain->processor_ca);
    assert_int_equal(o.chain->valid_from, 1526899510);
    assert_int_equal(o.chain->valid_until, 2524607999);
    close_opened(&o);
    open_named("processor", &o);
    assert_true(o.chain->processor_ca && o.chain->leaf_key);
    close_opened(&o);
}

/* Only dates may differ: everything else about a key that was never certified is an attacker's. */
static void a_chain_that_does_not_hold_gives_no_key(void **state)
{
    (void)state;
    static const char *const names[] = {"root_with_same_names", "leaf_signed_by_other",
                                        "ca_signed_by_other",   "leaf_names_other_issuer",
                                        "text_behind",          "four",
                                        "empty_line_between"};
    static opened o;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        open_named(names[i], &o);
        assert_null(o.chain->leaf_key);
        assert_null(o.chain->intermediate_key);
        close_opened(&o);
    }
    open_named("each_expired", &o);
    assert_non_null(o.chain->leaf_key);
    assert_int_equal(o.verdict.state[RPL_CHECK_PCK_CHAIN], RPL_PASSED);
    close_opened(&o);
}

static void what_could_not_be_asked_is_not_run(void **state)
{
    (void)state;
    static opened o;
    open_named("garbage_in_the_third", &o);
    assert_int_equal(o.verdict.state[RPL_CHECK_PCK_CHAIN], RPL_NOT_RUN);
    assert_int_equal(o.verdict.state[RPL_CHECK_PCK_ROOT], RPL_NOT_RUN);
    close_opened(&o);
    open_named("ca_key_off_curve", &o);
    assert_int_equal(o.verdict.state[RPL_CHECK_PCK_CHAIN], RPL_NOT_RUN);
    assert_int_equal(o.verdict.state[RPL_CHECK_PCK_ROOT], RPL_PASSED);
    close_opened(&o);
}

/* Without findings, but not passed, would be the worst of all: nobody would know. */
static void every_prefix_is_refused(void **state)
{
    (void)state;
    static opened o;
    open_named("platform", &o);
    for (size_t n = 0; n + 1 < o.len; n += 7) {
        uint8_t *exact = exact_copy(o.pem, n);
        rpl_verdict_start(&o.verdict, 0);
        RPL_AUTO(pck_chain)
        rpl_pck_chain *chain =
            rpl_pck_chain_verify(rpl_bytes_of(exact, n), &o.roots, 1780272000, &o.verdict);
        assert_int_equal(o.verdict.state[RPL_CHECK_PCK_FORMAT], RPL_FAILED);
        assert_null(chain->leaf_key);
        free(exact);
    }
    close_opened(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_accepts_and_refuses),
        cmocka_unit_test(a_chain_that_holds_gives_its_keys_and_platform),
        cmocka_unit_test(a_chain_that_does_not_hold_gives_no_key),
        cmocka_unit_test(what_could_not_be_asked_is_not_run),
        cmocka_unit_test(every_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
