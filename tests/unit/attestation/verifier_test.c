/* What a verifier keeps, what it saves, when it lets go; and that what it keeps is never believed
 * longer than what it was made from. */
#include "attestation/verifier.h"

#include "attestation/verifier_kept.h"
#include "tests/support/warm.h"

#define GENUINE   RPL_VECTORS "/dcap/real/phala-dcap-qvl/tdx_v4_b0c06f"
#define SYNTHETIC RPL_VECTORS "/dcap/synthetic/"

enum { COLD = 9, WARM = 2, HOT = 1, DAY = 86400 };

typedef struct {
    test_case c;
    rpl_verifier *verifier;
} fixture;

static fixture made;
static rpl_verifier_policy policy;

static int set_up(void **state)
{
    const rpl_roots intel = rpl_roots_intel();
    policy = rpl_verifier_policy_default();
    made.c = load_case(GENUINE, &intel);
    made.verifier = rpl_verifier_new(&intel);
    *state = &made;
    return made.verifier ? 0 : -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    free_case(&f->c);
    rpl_verifier_free(f->verifier);
    return 0;
}

/* Judges like a cold verifier, too; how many signatures the warm one checked. */
static uint64_t signatures(fixture *f, const test_case *c, int64_t now, rpl_verdict *verdict)
{
    const uint64_t before = rpl_verifier_stats_of(f->verifier)->signatures;
    *verdict = ask_both(f->verifier, c, &policy, now);
    return rpl_verifier_stats_of(f->verifier)->signatures - before;
}

static uint64_t admitted_for(fixture *f)
{
    static rpl_verdict v;
    const uint64_t n = signatures(f, &f->c, f->c.now, &v);
    assert_true(rpl_verdict_admits(&v));
    return n;
}

static void nine_signatures_then_one(void **state)
{
    fixture *f = *state;
    assert_int_equal(admitted_for(f), COLD);
    assert_int_equal(admitted_for(f), HOT);
    assert_int_equal(admitted_for(f), HOT);
    const rpl_verifier_stats *s = rpl_verifier_stats_of(f->verifier);
    assert_int_equal(s->chain.hits, 2);
    assert_int_equal(s->chain.misses, 1);
    assert_int_equal(s->key.hits, 2);
    assert_int_equal(s->key.misses, 1);
    assert_int_equal(s->collateral.hits, 2);
    assert_int_equal(s->collateral.misses, 1);
    assert_int_equal(s->imports, 7); /* three certificates, the root again, two signers, the key */
}

static void ten_with_a_root_certificate_of_another_digest(void **state)
{
    fixture *f = *state;
    static rpl_verdict v;
    f->c.roots.cert_digest[0] ^= 1;
    rpl_verifier_free(f->verifier);
    f->verifier = rpl_verifier_new(&f->c.roots);
    assert_non_null(f->verifier);
    assert_int_equal(signatures(f, &f->c, f->c.now, &v), COLD + 1);
    assert_true(rpl_verdict_admits(&v));
    assert_int_equal(admitted_for(f), HOT);
}

static void two_for_an_attestation_key_not_seen_before(void **state)
{
    fixture *f = *state;
    assert_int_equal(admitted_for(f), COLD);
    rpl_lru_clear(f->verifier->keys);
    assert_int_equal(admitted_for(f), WARM);
    assert_int_equal(admitted_for(f), HOT);
}

static void all_again_after_clearing(void **state)
{
    fixture *f = *state;
    assert_int_equal(admitted_for(f), COLD);
    rpl_verifier_clear(f->verifier);
    assert_int_equal(rpl_verifier_bytes(f->verifier), 0);
    assert_int_equal(admitted_for(f), COLD);
}

static void new_collateral_lets_go_of_the_keys(void **state)
{
    fixture *f = *state;
    rpl_verdict v;
    char longer[64 * 1024];
    assert_int_equal(admitted_for(f), COLD);
    /* the same documents in another spelling: a line end more behind the chain */
    const rpl_bytes chain = f->c.collateral.view.qe_identity_chain;
    assert_true(chain.len + 2 < sizeof(longer));
    const bool ends = chain.data[chain.len - 1] == '\n';
    const size_t len =
        (size_t)snprintf(longer, sizeof(longer), "%.*s%s", (int)(ends ? chain.len - 1 : chain.len),
                         (const char *)chain.data, ends ? "" : "\n");
    test_case respelled = f->c;
    respelled.collateral.view.qe_identity_chain = rpl_bytes_of(longer, len);
    assert_int_equal(rpl_lru_count(f->verifier->keys), 1);
    assert_int_equal(signatures(f, &respelled, f->c.now, &v), HOT + 6);
    assert_true(rpl_verdict_admits(&v));
    assert_int_equal(rpl_lru_count(f->verifier->keys), 0);
    assert_int_equal(admitted_for(f), WARM);
    assert_int_equal(admitted_for(f), HOT);
}

/* A second before, at, and a second after each end of each window. */
static void check_around(fixture *f, int64_t from, int64_t until)
{
    static rpl_verdict v;
    const int64_t times[] = {from - 1, from, from + 1, until - 1, until, until + 1};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        (void)admitted_for(f);
        const uint64_t n = signatures(f, &f->c, times[i], &v);
        const bool outside = times[i] < from || times[i] > until;
        if (outside && (rpl_verdict_admits(&v) || n == HOT))
            fail_msg("kept beyond its time: %lld", (long long)times[i]);
    }
}

static void nothing_kept_is_believed_outside_its_window(void **state)
{
    fixture *f = *state;
    rpl_verdict verdict;
    answer a;
    (void)admitted_for(f);
    ask(f->verifier, &f->c, &policy, f->c.now, &a);
    rpl_verdict_start(&verdict, 0);
    const rpl_quote *q = &rpl_verification_facts(a.verification)->quote;
    RPL_AUTO(pck_chain)
    rpl_pck_chain *chain = rpl_pck_chain_verify(q->pck_pem, &f->c.roots, f->c.now, &verdict);
    const rpl_verified_collateral *c =
        rpl_verifier_find_collateral(f->verifier, chain, &f->c.collateral.view, f->c.now);
    assert_non_null(c);
    const int64_t windows[][2] = {
        {chain->leaf.not_before, chain->leaf.not_after},
        {chain->intermediate.not_before, chain->intermediate.not_after},
        {chain->root.not_before, chain->root.not_after},
        {c->root_crl.this_update, c->root_crl.next_update},
        {c->pck_crl.this_update, c->pck_crl.next_update},
        {c->tcb_signer->leaf.not_before, c->tcb_signer->leaf.not_after},
        {c->info.head.issue_date, c->info.head.next_update},
        {c->identity.head.issue_date, c->identity.head.next_update},
    };
    rpl_verification_free(a.verification);
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++)
        check_around(f, windows[i][0], windows[i][1]);
}

static void an_outdated_verifier_learns_anew(void **state)
{
    fixture *f = *state;
    rpl_verdict v;
    assert_int_equal(admitted_for(f), COLD);
    (void)signatures(f, &f->c, f->c.now + 1000 * DAY, &v);
    assert_true(verdict_says(&v, "CRL_EXPIRED"));
    assert_int_equal(admitted_for(f), HOT);
}

/* One bit in each byte outside the certificates, and in some inside: the same answer as ever. */
static void no_altered_quote_profits_from_the_genuine_one(void **state)
{
    fixture *f = *state;
    static rpl_verdict v;
    size_t canonical;
    assert_ok(rpl_quote_canonical_len(rpl_bytes_of(f->c.quote, f->c.quote_len), &canonical));
    (void)admitted_for(f);
    for (size_t at = 0; at < canonical; at += at < 1258 ? 1 : 61) {
        f->c.quote[at] ^= (uint8_t)(1u << at % 8);
        (void)signatures(f, &f->c, f->c.now, &v);
        if (rpl_verdict_admits(&v))
            fail_msg("byte %zu may differ", at);
        f->c.quote[at] ^= (uint8_t)(1u << at % 8);
        if (at % 97 == 0)
            assert_int_equal(admitted_for(f), HOT);
    }
    assert_int_equal(admitted_for(f), HOT);
}

static void a_refused_quote_leaves_nothing_behind(void **state)
{
    fixture *f = *state;
    rpl_verdict v;
    f->c.quote[4] ^= 1; /* another TEE: nothing is read at all */
    (void)signatures(f, &f->c, f->c.now, &v);
    assert_int_equal(rpl_verifier_bytes(f->verifier), 0);
    f->c.quote[4] ^= 1;
    (void)signatures(f, &f->c, 0, &v); /* before anything was valid */
    assert_true(verdict_says(&v, "CERT_NOT_YET_VALID"));
    assert_int_equal(rpl_verifier_bytes(f->verifier), 0);
}

static void a_bad_qe_report_vouches_for_no_key(void **state)
{
    fixture *f = *state;
    static rpl_verdict v;
    rpl_quote q;
    const char *code;
    assert_ok(rpl_quote_parse(rpl_bytes_of(f->c.quote, f->c.quote_len), &q, &code));
    uint8_t *signature = f->c.quote + (q.qe_report_signature.data - f->c.quote);
    uint8_t *auth = f->c.quote + (q.qe_auth_data.data - f->c.quote);
    signature[5] ^= 1;
    (void)signatures(f, &f->c, f->c.now, &v);
    assert_true(verdict_says(&v, "QE_REPORT_SIGNATURE"));
    signature[5] ^= 1;
    auth[0] ^= 1;
    (void)signatures(f, &f->c, f->c.now, &v);
    assert_true(verdict_says(&v, "QE_REPORT_DATA"));
    auth[0] ^= 1;
    assert_int_equal(rpl_lru_count(f->verifier->keys), 0);
    assert_int_equal(rpl_lru_count(f->verifier->chains), 1);
}

/* The certificates of a quote in lines of another length. */
static size_t rewrap(rpl_bytes pem, size_t width, char *out, size_t room)
{
    size_t n = 0, column = 0;
    for (size_t i = 0; i < pem.len && pem.data[i]; i++) {
        const char c = (char)pem.data[i];
        const bool in_base64 = c != '-' && c != '\n';
        if (c == '-' && pem.data[i - (i > 0)] == '\n' && n > 0 && out[n - 1] != '\n')
            out[n++] = '\n';
        if (c == '-') { /* a BEGIN or END line, as it is */
            for (; pem.data[i] != '\n'; i++)
                out[n++] = (char)pem.data[i];
            out[n++] = '\n';
            column = 0;
        } else if (in_base64) {
            out[n++] = c;
            column = column + 1 == width ? 0 : column + 1;
            if (column == 0)
                out[n++] = '\n';
        }
        assert_true(n + 100 < room);
    }
    return n;
}

static void put_u32le(uint8_t *at, size_t value)
{
    for (size_t i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* What is not signed may be spelled in many ways: each is a chain of its own, and they are bounded. */
static void spellings_of_one_chain_do_not_pile_up(void **state)
{
    enum { PEM_AT = 1258, WIDEST = 76, NARROWEST = 5 };
    fixture *f = *state;
    static uint8_t quote[65536];
    static rpl_verdict v;
    rpl_quote q;
    const char *code;
    assert_ok(rpl_quote_parse(rpl_bytes_of(f->c.quote, f->c.quote_len), &q, &code));
    assert_ptr_equal(q.pck_pem.data, f->c.quote + PEM_AT);
    memcpy(quote, f->c.quote, PEM_AT);
    for (size_t width = WIDEST; width >= NARROWEST; width--) {
        const size_t n = rewrap(q.pck_pem, width, (char *)quote + PEM_AT, sizeof(quote) - PEM_AT);
        put_u32le(quote + 632, PEM_AT + n - 636);
        put_u32le(quote + 636 + 130, PEM_AT + n - 770);
        put_u32le(quote + PEM_AT - 4, n);
        test_case respelled = f->c;
        respelled.quote = quote;
        respelled.quote_len = PEM_AT + n;
        (void)signatures(f, &respelled, f->c.now, &v);
        if (!rpl_verdict_admits(&v))
            fail_msg("lines of %zu are refused", width);
    }
    assert_true(WIDEST - NARROWEST > RPL_VERIFIER_CHAINS);
    assert_int_equal(rpl_lru_count(f->verifier->chains), RPL_VERIFIER_CHAINS);
    assert_int_equal(rpl_lru_count(f->verifier->keys), 1);
    assert_int_equal(rpl_lru_count(f->verifier->collateral), 1);
    assert_true(rpl_verifier_bytes(f->verifier) <=
                RPL_VERIFIER_CHAIN_BYTES + RPL_VERIFIER_KEY_BYTES + RPL_VERIFIER_COLLATERAL_BYTES);
    assert_int_equal(admitted_for(f), HOT + 2); /* its own spelling has made room for others */
    assert_int_equal(admitted_for(f), HOT);
}

/* The machine is revoked by collateral that comes later. */
static void a_kept_chain_is_revoked_by_a_newer_list(void **state)
{
    (void)state;
    const rpl_roots roots = test_root(SYNTHETIC "root_ca.der");
    fixture f = {.c = load_case(SYNTHETIC "ok_v4", &roots), .verifier = rpl_verifier_new(&roots)};
    test_case revoked = load_case(SYNTHETIC "pck_revoked", &roots);
    rpl_verdict v;
    (void)admitted_for(&f);
    test_case later = f.c;
    later.collateral = revoked.collateral;
    (void)signatures(&f, &later, f.c.now, &v);
    assert_true(verdict_says(&v, "PCK_REVOKED"));
    (void)signatures(&f, &later, f.c.now, &v);
    assert_true(verdict_says(&v, "PCK_REVOKED"));
    assert_int_equal(rpl_verifier_stats_of(f.verifier)->collateral.hits, 1);
    free_case(&revoked);
    free_case(&f.c);
    rpl_verifier_free(f.verifier);
}

static void a_verification_outlives_its_verifier(void **state)
{
    fixture *f = *state;
    static answer a;
    (void)admitted_for(f);
    ask(f->verifier, &f->c, &policy, f->c.now, &a);
    const rpl_bytes quote = rpl_bytes_of(f->c.quote, f->c.quote_len);
    RPL_AUTO(verification) rpl_verification *half = NULL;
    static rpl_verdict v;
    rpl_verdict_start(&v, RPL_GROUP_QUOTE);
    assert_ok(rpl_verification_begin_with(f->verifier, quote, &policy, f->c.now, &v, &half));
    rpl_verifier_free(f->verifier);
    f->verifier = NULL;
    assert_int_equal(rpl_verification_facts(a.verification)->quote.version, 4);
    assert_true(rpl_verification_facts(half)->has_pck);
    rpl_verification_free(a.verification);
}

int main(void)
{
#define WITH_GENUINE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_GENUINE(nine_signatures_then_one),
        WITH_GENUINE(ten_with_a_root_certificate_of_another_digest),
        WITH_GENUINE(two_for_an_attestation_key_not_seen_before),
        WITH_GENUINE(all_again_after_clearing),
        WITH_GENUINE(new_collateral_lets_go_of_the_keys),
        WITH_GENUINE(nothing_kept_is_believed_outside_its_window),
        WITH_GENUINE(an_outdated_verifier_learns_anew),
        WITH_GENUINE(no_altered_quote_profits_from_the_genuine_one),
        WITH_GENUINE(a_refused_quote_leaves_nothing_behind),
        WITH_GENUINE(a_bad_qe_report_vouches_for_no_key),
        WITH_GENUINE(spellings_of_one_chain_do_not_pile_up),
        cmocka_unit_test(a_kept_chain_is_revoked_by_a_newer_list),
        WITH_GENUINE(a_verification_outlives_its_verifier),
    };
    policy = rpl_verifier_policy_default();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
