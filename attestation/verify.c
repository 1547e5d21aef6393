#include "attestation/verify.h"

#include <stdio.h>
#include <stdlib.h>

#include "attestation/collateral_check.h"
#include "attestation/tdx/ossl.h"
#include "attestation/tdx/pck.h"
#include "attestation/tdx/platform_policy.h"
#include "attestation/verifier_kept.h"
#include "base/hash.h"

#define ASK_AGAIN "ask the guest agent for a new quote and send it unchanged"

struct rpl_verification {
    rpl_verifier *verifier; /* NULL: nothing is kept */
    const rpl_roots *roots;
    const rpl_verifier_policy *policy;
    int64_t now;
    bool has_quote;
    rpl_pck_chain *chain; /* owned; NULL without a quote */
    rpl_quote_facts facts;
};

static rpl_check check_of_code(const char *code)
{
    static const char *const header[] = {"QUOTE_VERSION", "ATT_KEY_TYPE", "TEE_TYPE",
                                         "HEADER_RESERVED", "QE_VENDOR"};
    static const char *const certification[] = {"CERT_TYPE_OUTER", "CERT_TYPE_INNER",
                                                "INNER_TRAILING"};
    for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
        if (strcmp(code, header[i]) == 0)
            return RPL_CHECK_QUOTE_HEADER;
    }
    for (size_t i = 0; i < sizeof(certification) / sizeof(certification[0]); i++) {
        if (strcmp(code, certification[i]) == 0)
            return RPL_CHECK_QUOTE_CERTIFICATION;
    }
    return RPL_CHECK_QUOTE_FORMAT;
}

/* Another TEE's body, or certification data of another type: nothing behind it could be read. */
static bool is_of_another_form(const char *code)
{
    return strcmp(code, "TEE_TYPE") == 0 || strcmp(code, "BODY_TYPE") == 0 ||
           check_of_code(code) == RPL_CHECK_QUOTE_CERTIFICATION;
}

static void fail_quote(rpl_bytes input, const char *code, rpl_status s, rpl_verdict *verdict)
{
    char got[160];
    snprintf(got, sizeof(got), "%s, at byte %u of %zu", s.what, s.at, input.len);
    rpl_verdict_fail(verdict, check_of_code(code), code, got,
                     "a TDX quote of version 4 or 5 with ECDSA P-256 and its PCK chain", ASK_AGAIN);
    if (is_of_another_form(code))
        rpl_verdict_fail(verdict, RPL_CHECK_QUOTE_FORMAT, "QUOTE_FORMAT", got,
                         "a TD report and its certification data, every length exact", ASK_AGAIN);
}

static bool read_quote(rpl_bytes input, rpl_quote *quote, rpl_verdict *verdict)
{
    const char *code = "QUOTE_FORMAT";
    rpl_quote_faults faults;
    const rpl_status s = rpl_quote_read(input, quote, &faults, &code);
    for (size_t i = 0; i < faults.count; i++)
        fail_quote(input, faults.list[i].code, faults.list[i].status, verdict);
    if (s.code != RPL_OK) {
        fail_quote(input, code, s, verdict);
        return false;
    }
    rpl_verdict_pass(verdict, RPL_CHECK_QUOTE_FORMAT);
    rpl_verdict_pass(verdict, RPL_CHECK_QUOTE_HEADER);
    rpl_verdict_pass(verdict, RPL_CHECK_QUOTE_CERTIFICATION);
    return true;
}

static bool check_qe_signature(const rpl_quote *q, EVP_PKEY_CTX *pck_key, rpl_verdict *verdict)
{
    if (rpl_p256_verify_ready(pck_key, q->qe_report_bytes, q->qe_report_signature)) {
        rpl_verdict_pass(verdict, RPL_CHECK_QE_SIGNATURE);
        return true;
    }
    rpl_verdict_fail(verdict, RPL_CHECK_QE_SIGNATURE, "QE_REPORT_SIGNATURE",
                     "a signature that does not hold", "the QE report, signed by the PCK key",
                     ASK_AGAIN);
    return false;
}

/* The quoting enclave vouches for the attestation key by its hash in its own report data. */
static bool check_qe_binding(const rpl_quote *q, rpl_verdict *verdict)
{
    uint8_t want[64] = {0};
    const rpl_bytes parts[] = {q->attestation_key, q->qe_auth_data};
    rpl_sha256_parts(parts, 2, want);
    return rpl_verdict_equal(verdict, RPL_CHECK_QE_BINDING, "QE_REPORT_DATA",
                             rpl_bytes_of(q->qe_report.report_data, sizeof(want)),
                             rpl_bytes_of(want, sizeof(want)), ASK_AGAIN);
}

static void check_quote_signature(const rpl_quote *q, EVP_PKEY_CTX *key, rpl_verdict *verdict)
{
    if (rpl_p256_verify_ready(key, q->signed_part, q->signature))
        rpl_verdict_pass(verdict, RPL_CHECK_QUOTE_SIGNATURE);
    else
        rpl_verdict_fail(verdict, RPL_CHECK_QUOTE_SIGNATURE, "QUOTE_SIGNATURE",
                         "a signature that does not hold",
                         "header and body, signed by the attestation key", ASK_AGAIN);
}

static void copy_pck(const rpl_pck_chain *chain, rpl_quote_facts *facts)
{
    facts->has_pck = true;
    facts->processor_ca = chain->processor_ca;
    facts->has_smt = chain->pck.has_configuration;
    facts->smt_enabled = chain->pck.smt_enabled;
    facts->valid_from = chain->valid_from;
    facts->valid_until = chain->valid_until;
    for (size_t i = 0; i < sizeof(facts->ppid); i++)
        facts->ppid[i] = chain->pck.ppid[i];
    for (size_t i = 0; i < sizeof(facts->fmspc); i++)
        facts->fmspc[i] = chain->pck.fmspc[i];
    for (size_t i = 0; i < sizeof(facts->pceid); i++)
        facts->pceid[i] = chain->pck.pceid[i];
}

/* The chain as it was kept, or verified now. `*leaf` is its key when it has one, made ready: borrowed
 * when kept, else owned through `*made`. */
static rpl_status judge_chain(rpl_verification *v, rpl_verdict *verdict, EVP_PKEY_CTX **leaf,
                              EVP_PKEY_CTX **made)
{
    const rpl_bytes pem = v->facts.quote.pck_pem;
    const rpl_kept_chain *kept = rpl_verifier_find_chain(v->verifier, pem, v->now);
    if (kept) {
        v->chain = rpl_pck_chain_share(kept->chain);
        *leaf = kept->leaf;
        rpl_pck_chain_pass(verdict);
        return rpl_ok();
    }
    v->chain = rpl_pck_chain_verify(pem, v->roots, v->now, verdict);
    if (!v->chain)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    *made = rpl_p256_ready(v->chain->leaf_key);
    *leaf = *made;
    return rpl_pck_chain_holds(v->chain, v->now)
               ? rpl_verifier_keep_chain(v->verifier, pem, v->chain)
               : rpl_ok();
}

/* From the PCK key by the QE report to the attestation key, and what that has signed. */
static rpl_status judge_signatures(rpl_verification *v, EVP_PKEY_CTX *leaf, rpl_verdict *verdict)
{
    const rpl_quote *q = &v->facts.quote;
    EVP_PKEY_CTX *kept = rpl_verifier_find_key(v->verifier, v->chain, q, v->now);
    if (kept) {
        rpl_verdict_pass(verdict, RPL_CHECK_QE_SIGNATURE);
        rpl_verdict_pass(verdict, RPL_CHECK_QE_BINDING);
        check_quote_signature(q, kept, verdict);
        return rpl_ok();
    }
    const bool signed_by_pck = v->chain->leaf_key && check_qe_signature(q, leaf, verdict);
    const bool names_key = check_qe_binding(q, verdict);
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_p256_key(q->attestation_key.data);
    RPL_AUTO(pkey_ctx) EVP_PKEY_CTX *ready = rpl_p256_ready(key);
    if (key)
        check_quote_signature(q, ready, verdict);
    else
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_QUOTE_SIGNATURE, "ATT_KEY", q->attestation_key,
                               rpl_bytes_of("", 0), ASK_AGAIN);
    if (!signed_by_pck || !names_key || !ready || !rpl_pck_chain_holds(v->chain, v->now))
        return rpl_ok();
    return rpl_verifier_keep_key(v->verifier, v->chain, q, &ready);
}

static rpl_status judge_quote(rpl_verification *v, rpl_verdict *verdict)
{
    const rpl_quote *q = &v->facts.quote;
    RPL_AUTO(pkey_ctx) EVP_PKEY_CTX *made = NULL;
    EVP_PKEY_CTX *leaf = NULL;
    rpl_sha256(q->signed_part, v->facts.quote_digest);
    RPL_TRY(judge_chain(v, verdict, &leaf, &made));
    if (v->chain->has_pck) {
        copy_pck(v->chain, &v->facts);
        rpl_platform_check(v->policy, &v->chain->pck, verdict);
    }
    RPL_TRY(judge_signatures(v, leaf, verdict));
    rpl_td_policy_check(v->policy, q, verdict);
    return rpl_ok();
}

static rpl_verification *new_verification(const rpl_roots *roots, const rpl_verifier_policy *policy,
                                          int64_t now)
{
    rpl_verification *v = calloc(1, sizeof(*v));
    if (v) {
        v->roots = roots;
        v->policy = policy;
        v->now = now;
    }
    return v;
}

/* Without memory there is no answer, and what looks like a refusal is none. */
static rpl_status unless_starved(rpl_status s, const rpl_p256_counts *before,
                                 const rpl_verdict *verdict)
{
    if (s.code == RPL_OK && verdict->starved)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    return s.code == RPL_OK ? rpl_p256_had_memory(before) : s;
}

static rpl_status judge(rpl_verification *v, rpl_bytes quote, rpl_verdict *verdict)
{
    const rpl_p256_counts before = rpl_p256_counted();
    rpl_verdict_unpass(verdict, RPL_GROUP_QUOTE | RPL_GROUP_TD | RPL_GROUP_COLLATERAL);
    v->has_quote = read_quote(quote, &v->facts.quote, verdict);
    const rpl_status s = v->has_quote ? judge_quote(v, verdict) : rpl_ok();
    rpl_verifier_count(v->verifier, &before);
    return unless_starved(s, &before, verdict);
}

rpl_status rpl_verification_begin(rpl_bytes quote, const rpl_roots *roots,
                                  const rpl_verifier_policy *policy, int64_t now,
                                  rpl_verdict *verdict, rpl_verification **out)
{
    RPL_AUTO(verification) rpl_verification *v = new_verification(roots, policy, now);
    if (!v)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    RPL_TRY(judge(v, quote, verdict));
    *out = RPL_TAKE(v);
    return rpl_ok();
}

rpl_status rpl_verification_begin_with(rpl_verifier *verifier, rpl_bytes quote,
                                       const rpl_verifier_policy *policy, int64_t now,
                                       rpl_verdict *verdict, rpl_verification **out)
{
    RPL_AUTO(verification) rpl_verification *v = new_verification(&verifier->roots, policy, now);
    if (!v)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    v->verifier = verifier;
    RPL_TRY(judge(v, quote, verdict));
    *out = RPL_TAKE(v);
    return rpl_ok();
}

/* As rpl_verification_begin left them. */
static void forget_collateral(rpl_verification *v)
{
    const rpl_quote_facts *f = &v->facts;
    rpl_quote_facts fresh = {.quote = f->quote};
    rpl_reader digest = rpl_reader_over(rpl_bytes_of(f->quote_digest, sizeof(f->quote_digest)));
    (void)!rpl_read_copy(&digest, fresh.quote_digest, sizeof(fresh.quote_digest));
    v->facts = fresh;
    if (v->chain && v->chain->has_pck)
        copy_pck(v->chain, &v->facts);
}

rpl_status rpl_verification_collateral(rpl_verification *v, const rpl_collateral *collateral,
                                       rpl_verdict *verdict)
{
    const rpl_collateral_question question = {
        .verifier = v->verifier,
        .collateral = collateral,
        .roots = v->roots,
        .policy = v->policy,
        .now = v->now,
        .quote = v->has_quote ? &v->facts.quote : NULL,
        .chain = v->chain,
    };
    forget_collateral(v);
    const rpl_p256_counts before = rpl_p256_counted();
    const rpl_status s = rpl_collateral_check(&question, verdict, &v->facts);
    rpl_verifier_count(v->verifier, &before);
    return unless_starved(s, &before, verdict);
}

bool rpl_facts_hold(const rpl_quote_facts *facts, int64_t now)
{
    return facts->valid_from <= now && now <= facts->valid_until &&
           (facts->grace_until == 0 || now < facts->grace_until);
}

/* Not with the verifier's own memory, which is for what decides. */
static rpl_status check_early(const rpl_verification *v, const rpl_collateral *early,
                              rpl_verdict *verdict, rpl_quote_facts *facts)
{
    const rpl_collateral_question question = {
        .collateral = early,
        .roots = v->roots,
        .policy = v->policy,
        .now = v->now,
        .quote = v->has_quote ? &v->facts.quote : NULL,
        .chain = v->chain,
    };
    const rpl_p256_counts before = rpl_p256_counted();
    rpl_verdict_start(verdict, RPL_GROUP_COLLATERAL);
    return unless_starved(rpl_collateral_check(&question, verdict, facts), &before, verdict);
}

/* Every document is good and of this platform. What they say of it is the forecast itself. */
static bool is_believed(const rpl_verdict *verdict)
{
    static const rpl_check checks[] = {
        RPL_CHECK_CRL_ROOT,  RPL_CHECK_CRL_PCK,      RPL_CHECK_CRL_VALIDITY, RPL_CHECK_TCB_SIGNER,
        RPL_CHECK_TCB_INFO,  RPL_CHECK_TCB_VALIDITY, RPL_CHECK_QE_IDENTITY,  RPL_CHECK_QE_VALIDITY,
        RPL_CHECK_QE_REPORT, RPL_CHECK_TCB_PLATFORM,
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (verdict->state[checks[i]] != RPL_PASSED)
            return false;
    }
    return true;
}

rpl_status rpl_verification_forecast(rpl_verification *v, const rpl_collateral *early)
{
    struct scratch {
        rpl_verdict verdict;
        rpl_quote_facts facts;
    } *scratch = calloc(1, sizeof(*scratch)); /* large */
    if (!scratch)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    const rpl_status s = check_early(v, early, &scratch->verdict, &scratch->facts);
    if (s.code == RPL_OK && is_believed(&scratch->verdict))
        v->facts.forecast = (rpl_tcb_forecast){
            .known = true,
            .accepted = rpl_verdict_admits(&scratch->verdict),
            .status = scratch->facts.tcb_status,
            .eval_number = scratch->facts.tcb_eval_number,
            .issued = scratch->facts.tcb_issued,
        };
    free(scratch);
    return s;
}

const rpl_quote_facts *rpl_verification_facts(const rpl_verification *v)
{
    return &v->facts;
}

void rpl_verification_free(rpl_verification *v)
{
    if (v)
        rpl_pck_chain_free(v->chain);
    free(v);
}
