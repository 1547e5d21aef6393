/* Whichever allocation fails: nothing crashes or leaks, what is answered is a refusal or RPL_INTERNAL,
 * never "admitted" nor half an answer, and the next run is as ever. */
#include <jansson.h>

#include "attestation/policy/compose_lint.h"
#include "attestation/policy/policy.h"
#include "attestation/tdx/event_log.h"
#include "attestation/verdict_json.h"
#include "attestation/verifier.h"
#include "tests/support/cases.h"
#include "tests/support/scarce/scarce.h"

#define V4 RPL_VECTORS "/dcap/real/phala-dcap-qvl/tdx_v4_b0c06f"
#define V5 RPL_VECTORS "/dcap/real/google-go-tdx-guest/tdx_v5_90c06f"

/* After every so many failures it is tried whether all is as before. */
enum { EACH = 16 };

/* How a run ended. */
typedef enum { FAILED, REFUSED, COMPLETE } outcome;

typedef outcome attempt(const void *what);

/* `run` with the first, the second, .. allocation failing, until none is reached any more. */
static void survives(attempt *run, const void *what, outcome with_plenty, bool lasting)
{
    bool reached = true;
    long nth = 0;
    assert_int_equal(run(what), with_plenty); /* what the libraries keep is there from now on */
    assert_int_equal(run(what), with_plenty);
    while (reached) {
        const long before = scarce_alive();
        scarce_begin(++nth, lasting);
        const outcome got = run(what);
        reached = scarce_end();
        if (scarce_alive() > before)
            fail_msg("allocation %ld fails: %ld are lost", nth, scarce_alive() - before);
        if (reached && lasting && got == COMPLETE)
            fail_msg("no allocation from %ld on, and yet a whole answer", nth);
        if (!reached || nth % EACH == 0)
            assert_int_equal(run(what), with_plenty);
    }
    print_message("%ld allocations\n", nth - 1);
    assert_true(nth > 1);
}

static outcome outcome_of(rpl_status s)
{
    if (s.code != RPL_OK && s.code != RPL_INTERNAL)
        return REFUSED;
    return s.code == RPL_OK ? COMPLETE : FAILED;
}

static rpl_verifier_policy policy;
static bool
    forged_quote; /* the one at hand; any other is good, and short memory no reason to refuse it */

static outcome verify_with(rpl_verifier *verifier, const test_case *c)
{
    static rpl_verdict verdict;
    const rpl_bytes quote = rpl_bytes_of(c->quote, c->quote_len);
    RPL_AUTO(verification) rpl_verification *v = NULL;
    rpl_verdict_start(&verdict, RPL_GROUP_QUOTE | RPL_GROUP_COLLATERAL | RPL_GROUP_TD);
    rpl_status s = verifier
                       ? rpl_verification_begin_with(verifier, quote, &policy, c->now, &verdict, &v)
                       : rpl_verification_begin(quote, &c->roots, &policy, c->now, &verdict, &v);
    if (s.code == RPL_OK)
        s = rpl_verification_collateral(v, &c->collateral.view, &verdict);
    if (s.code == RPL_OK && !forged_quote && !rpl_verdict_admits(&verdict))
        fail_msg("%s: a refusal for want of memory", verdict.findings[0].code);
    if (s.code == RPL_OK)
        return rpl_verdict_admits(&verdict) ? COMPLETE : REFUSED;
    assert_int_equal(s.code, RPL_INTERNAL);
    assert_false(rpl_verdict_admits(&verdict));
    return FAILED;
}

static outcome verify(const void *what)
{
    return verify_with(NULL, what);
}

/* What it keeps is freed with it. */
static outcome verify_and_keep(const void *what)
{
    const test_case *c = what;
    RPL_AUTO(verifier) rpl_verifier *verifier = rpl_verifier_new(&c->roots);
    return verifier ? verify_with(verifier, c) : FAILED;
}

static rpl_verifier *knows_it; /* everything is kept already */

static outcome verify_by_what_is_kept(const void *what)
{
    return verify_with(knows_it, what);
}

static void verification_with_a_verifier(void **state)
{
    (void)state;
    const rpl_roots intel = rpl_roots_intel();
    test_case c = load_case(V4, &intel);
    forged_quote = false;
    survives(verify_and_keep, &c, COMPLETE, false);
    survives(verify_and_keep, &c, COMPLETE, true);
    knows_it = rpl_verifier_new(&intel);
    assert_non_null(knows_it);
    survives(verify_by_what_is_kept, &c, COMPLETE, false);
    survives(verify_by_what_is_kept, &c, COMPLETE, true);
    rpl_verifier_free(knows_it);
    free_case(&c);
}

/* What a verifier keeps of a run that ran out of memory: the next one is right all the same. */
static outcome verify_after_failure(const test_case *c, long nth, bool *reached)
{
    RPL_AUTO(verifier) rpl_verifier *verifier = rpl_verifier_new(&c->roots);
    assert_non_null(verifier);
    scarce_begin(nth, false);
    (void)verify_with(verifier, c);
    *reached = scarce_end();
    return verify_with(verifier, c);
}

static void nothing_wrong_is_kept(bool forged)
{
    const rpl_roots intel = rpl_roots_intel();
    test_case c = load_case(V5, &intel);
    forged_quote = forged;
    c.quote[200] ^= forged;
    bool reached = true;
    for (long nth = 1; reached; nth++) {
        const long before = scarce_alive();
        assert_int_equal(verify_after_failure(&c, nth, &reached), forged ? REFUSED : COMPLETE);
        if (nth > EACH && scarce_alive() > before)
            fail_msg("allocation %ld fails: %ld are lost", nth, scarce_alive() - before);
    }
    free_case(&c);
}

static void a_verifier_keeps_nothing_wrong(void **state)
{
    (void)state;
    nothing_wrong_is_kept(false);
}

static void a_verifier_keeps_nothing_of_a_forgery(void **state)
{
    (void)state;
    nothing_wrong_is_kept(true);
}

static void verification_of(const char *folder, bool forged)
{
    const rpl_roots intel = rpl_roots_intel();
    test_case c = load_case(folder, &intel);
    forged_quote = forged;
    c.quote[200] ^= forged;
    survives(verify, &c, forged ? REFUSED : COMPLETE, false);
    if (!forged && c.quote[0] == 5)
        survives(verify, &c, COMPLETE, true);
    free_case(&c);
}

static void verification_of_version_5(void **state)
{
    (void)state;
    verification_of(V5, false);
}

/* `survives` sees to it that none is admitted. */
static void verification_of_a_forged_quote(void **state)
{
    (void)state;
    verification_of(V4, true);
}

static outcome read_bundle(const void *what)
{
    rpl_collateral_set set = {0};
    const outcome got = outcome_of(rpl_collateral_bundle_read(*(const rpl_bytes *)what, &set));
    assert_int_equal(got == COMPLETE, set.view.qe_identity_signature.len == 128);
    rpl_collateral_set_free(&set);
    return got;
}

static outcome replay(const void *what)
{
    static const uint8_t none[48];
    uint8_t mr[48];
    rpl_os_statement os;
    rpl_event_log *log = calloc(1, sizeof(*log));
    if (!log)
        return FAILED;
    outcome got = outcome_of(rpl_event_log_parse(*(const rpl_bytes *)what, log));
    if (got == COMPLETE) {
        rpl_event_log_replay(log, 3, mr);
        assert_memory_not_equal(mr, none, sizeof(mr));
        got = outcome_of(rpl_event_log_os_statement(log, &os));
        assert_true(got != COMPLETE || (os.has_system_ready && os.has_compose_hash));
        rpl_event_log_free(log);
    }
    free(log);
    return got;
}

static outcome parse_policy(const void *what)
{
    static rpl_policy parsed;
    rpl_policy_member member;
    memset(&parsed, 0, sizeof(parsed));
    return outcome_of(rpl_policy_parse(*(const rpl_bytes *)what, &parsed, &member));
}

static outcome lint(const void *what)
{
    static rpl_compose_report report;
    const outcome got = outcome_of(rpl_compose_lint(*(const rpl_bytes *)what, NULL, &report));
    assert_true(got != COMPLETE || strcmp(report.ours, "replicatoor") == 0);
    return got;
}

/* A file of the vectors or of the corpora, in both ways. */
static void reading_of(const char *path, attempt *run)
{
    size_t len;
    uint8_t *text = read_file(path, &len);
    const rpl_bytes bytes = rpl_bytes_of(text, len);
    survives(run, &bytes, COMPLETE, false);
    survives(run, &bytes, COMPLETE, true);
    free(text);
}

static void bundles(void **state)
{
    (void)state;
    reading_of(V4 "/collateral.json", read_bundle);
}

static void event_logs(void **state)
{
    (void)state;
    reading_of(RPL_VECTORS "/dstack/v05-simulator-attestation/event_log.json", replay);
}

static void policies(void **state)
{
    (void)state;
    reading_of(RPL_SOURCE_DIR "/tests/fuzz/corpus/policy/full", parse_policy);
}

static void compose_files(void **state)
{
    (void)state;
    reading_of(RPL_SOURCE_DIR "/tests/fuzz/corpus/compose/clean", lint);
    reading_of(RPL_SOURCE_DIR "/tests/fuzz/corpus/compose/app_compose", lint);
}

typedef struct {
    rpl_verdict verdict;
    rpl_quote_facts facts;
    char *whole; /* the text with plenty of memory */
} judged_case;

static outcome write_verdict(const void *what)
{
    const judged_case *j = what;
    outcome got = FAILED;
    char *text = NULL;
    json_t *object = rpl_verification_json(&j->verdict, &j->facts);
    if (object && rpl_json_dump(object, &text).code == RPL_OK) {
        assert_string_equal(text, j->whole);
        got = COMPLETE;
    }
    free(text);
    json_decref(object);
    return got;
}

static void verdicts(void **state)
{
    (void)state;
    const rpl_roots intel = rpl_roots_intel();
    test_case c = load_case(V5, &intel);
    judged_case *j = calloc(1, sizeof(*j));
    assert_non_null(j);
    c.now += 365 * 86400; /* refused, with findings */
    judge_case(&c, rpl_bytes_of(c.quote, c.quote_len), &policy, &j->verdict, &j->facts);
    RPL_AUTO(json) json_t *whole = rpl_verification_json(&j->verdict, &j->facts);
    assert_ok(rpl_json_dump(whole, &j->whole));
    survives(write_verdict, j, COMPLETE, false);
    survives(write_verdict, j, COMPLETE, true);
    free(j->whole);
    free(j);
    free_case(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verification_of_version_5),
        cmocka_unit_test(a_verifier_keeps_nothing_wrong),
        cmocka_unit_test(a_verifier_keeps_nothing_of_a_forgery),
        cmocka_unit_test(verification_of_a_forged_quote),
        cmocka_unit_test(verification_with_a_verifier),
        cmocka_unit_test(bundles),
        cmocka_unit_test(event_logs),
        cmocka_unit_test(policies),
        cmocka_unit_test(compose_files),
        cmocka_unit_test(verdicts),
    };
    scarce_install();
    policy = rpl_verifier_policy_default();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
