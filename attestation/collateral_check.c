#include "attestation/collateral_check.h"

#include <stdio.h>
#include <stdlib.h>

#include "attestation/platform_check.h"
#include "attestation/verifier_kept.h"
#include "base/hash.h"

#define GATHER      "give the whole collateral: TCB info, QE identity, both CRLs and the chains"
#define REVOKED_FIX "Intel has withdrawn this certificate: use another machine"

typedef struct {
    const rpl_collateral_question *q;
    rpl_verdict *verdict;
    rpl_quote_facts *facts;
    rpl_verified_collateral *read;            /* owned */
    bool root_crl_holds, pck_crl_holds;       /* dates and all */
    bool tcb_signer_good, qe_signer_good;     /* the same */
    bool tcb_signer_usable, qe_signer_usable; /* its signatures count: Intel's, and not revoked */
    bool info_sound, identity_sound;          /* but for the dates */
} session;

static void rpl_auto_session(session *s)
{
    rpl_verified_collateral_free(s->read);
}

static void check_present(const rpl_collateral *c, rpl_verdict *verdict)
{
    const struct {
        rpl_bytes bytes;
        const char *name;
    } parts[] = {
        {c->root_crl, "root CRL"},
        {c->pck_crl, "PCK CRL"},
        {c->tcb_info_chain, "issuer chain of the TCB info"},
        {c->tcb_info, "TCB info"},
        {c->tcb_info_signature, "signature of the TCB info"},
        {c->qe_identity_chain, "issuer chain of the QE identity"},
        {c->qe_identity, "QE identity"},
        {c->qe_identity_signature, "signature of the QE identity"},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].bytes.len == 0)
            rpl_verdict_fail(verdict, RPL_CHECK_COLLATERAL_PRESENT, "COLLATERAL_MISSING", "nothing",
                             parts[i].name, GATHER);
    }
    rpl_verdict_pass(verdict, RPL_CHECK_COLLATERAL_PRESENT);
}

static void narrow(rpl_quote_facts *facts, int64_t from, int64_t until)
{
    if (facts->valid_from < from)
        facts->valid_from = from;
    if (facts->valid_until == 0 || facts->valid_until > until)
        facts->valid_until = until;
}

/* That the root certificate of a chain that holds has signed itself is known by now. */
static rpl_roots known_roots(const session *s)
{
    rpl_roots roots = *s->q->roots;
    if (s->q->chain && s->q->chain->leaf_key)
        rpl_sha256(s->q->chain->root.der, roots.cert_digest);
    return roots;
}

/* A key comes with a chain only when everything but its dates holds. */
static rpl_status verify_signers(session *s)
{
    const rpl_collateral *c = s->q->collateral;
    const rpl_roots roots = known_roots(s);
    s->read->tcb_signer = rpl_tcb_signer_verify(c->tcb_info_chain, &roots, s->q->now, s->verdict,
                                                &s->tcb_signer_good);
    if (rpl_bytes_equal(c->tcb_info_chain, c->qe_identity_chain)) {
        s->read->qe_signer = s->read->tcb_signer;
        s->qe_signer_good = s->tcb_signer_good;
    } else {
        s->read->qe_signer = rpl_tcb_signer_verify(c->qe_identity_chain, &roots, s->q->now,
                                                   s->verdict, &s->qe_signer_good);
    }
    if (!s->read->tcb_signer || !s->read->qe_signer)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    s->tcb_signer_usable = s->read->tcb_signer->leaf_key != NULL;
    s->qe_signer_usable = s->read->qe_signer->leaf_key != NULL;
    return rpl_ok();
}

/* A certificate of the trusted root, for its name: whichever chain has one. */
static const rpl_certificate *trusted_root(const session *s)
{
    if (s->q->chain && s->verdict->state[RPL_CHECK_PCK_ROOT] == RPL_PASSED)
        return &s->q->chain->root;
    if (s->tcb_signer_usable)
        return &s->read->tcb_signer->root;
    return s->qe_signer_usable ? &s->read->qe_signer->root : NULL;
}

static void check_revoked(session *s, const rpl_crl *crl, const rpl_certificate *certificate,
                          rpl_check check, const char *code)
{
    if (rpl_crl_revokes(crl, certificate))
        rpl_verdict_fail_bytes(s->verdict, check, code,
                               rpl_bytes_of(certificate->serial, certificate->serial_len),
                               rpl_bytes_of("", 0), REVOKED_FIX);
}

/* The signer of a document must not be on the root CRL; a revoked one has signed nothing. */
static void check_signers_revoked(session *s, const rpl_crl *crl)
{
    if (s->tcb_signer_usable && rpl_crl_revokes(crl, &s->read->tcb_signer->leaf)) {
        check_revoked(s, crl, &s->read->tcb_signer->leaf, RPL_CHECK_TCB_SIGNER,
                      "TCB_SIGNING_REVOKED");
        s->tcb_signer_usable = false;
    }
    if (s->qe_signer_usable && rpl_crl_revokes(crl, &s->read->qe_signer->leaf)) {
        if (s->read->qe_signer != s->read->tcb_signer)
            check_revoked(s, crl, &s->read->qe_signer->leaf, RPL_CHECK_TCB_SIGNER,
                          "TCB_SIGNING_REVOKED");
        s->qe_signer_usable = false;
    }
    if (s->tcb_signer_good && s->qe_signer_good)
        rpl_verdict_pass(s->verdict, RPL_CHECK_TCB_SIGNER);
}

static void check_cas_revoked(session *s, const rpl_crl *crl, const rpl_certificate *root)
{
    check_revoked(s, crl, root, RPL_CHECK_PCK_REVOKED, "ROOT_REVOKED");
    if (s->q->chain && s->q->chain->intermediate_key)
        check_revoked(s, crl, &s->q->chain->intermediate, RPL_CHECK_PCK_REVOKED, "INTER_REVOKED");
}

static void check_root_crl(session *s)
{
    const rpl_certificate *root = trusted_root(s);
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_p256_key(s->q->roots->key + 1);
    rpl_crl *crl = &s->read->root_crl;
    if (!root || !key)
        return;
    const rpl_crl_issuer issuer = {root, key};
    s->root_crl_holds = rpl_crl_verify(s->q->collateral->root_crl, &issuer, s->q->now,
                                       RPL_CHECK_CRL_ROOT, s->verdict, crl);
    rpl_verdict_pass(s->verdict, RPL_CHECK_CRL_ROOT);
    if (!s->root_crl_holds)
        return;
    narrow(s->facts, crl->this_update, crl->next_update);
    check_cas_revoked(s, crl, root);
    check_signers_revoked(s, crl);
}

static void check_pck_crl(session *s)
{
    const rpl_pck_chain *chain = s->q->chain;
    rpl_crl *crl = &s->read->pck_crl;
    if (!chain || !chain->intermediate_key)
        return;
    const rpl_crl_issuer issuer = {&chain->intermediate, chain->intermediate_key};
    s->pck_crl_holds = rpl_crl_verify(s->q->collateral->pck_crl, &issuer, s->q->now,
                                      RPL_CHECK_CRL_PCK, s->verdict, crl);
    rpl_verdict_pass(s->verdict, RPL_CHECK_CRL_PCK);
    if (!s->pck_crl_holds)
        return;
    narrow(s->facts, crl->this_update, crl->next_update);
    check_revoked(s, crl, &chain->leaf, RPL_CHECK_PCK_REVOKED, "PCK_REVOKED");
}

static void check_crls(session *s)
{
    check_root_crl(s);
    check_pck_crl(s);
    if (!s->root_crl_holds || !s->pck_crl_holds)
        return;
    rpl_verdict_pass(s->verdict, RPL_CHECK_CRL_VALIDITY);
    rpl_verdict_pass(s->verdict, RPL_CHECK_PCK_REVOKED);
}

/* Of a document that is refused for another member, too, once both dates could be read. */
static void check_period(session *s, const rpl_document_type *type, const rpl_document_head *head,
                         bool sound)
{
    if (sound || (head->issue_date && head->next_update))
        rpl_document_check_validity(type, head, s->q->now, s->verdict);
}

static void note_head(const rpl_document_head *head, uint32_t *number, int64_t *issued)
{
    *number = head->evaluation_number;
    *issued = head->issue_date;
}

/* The signature first; what is not signed is not parsed. */
static bool read_tcb_info(session *s, rpl_tcb_info *info)
{
    const rpl_collateral *c = s->q->collateral;
    if (!s->tcb_signer_usable ||
        !rpl_document_verify(&rpl_document_tcb_info, c->tcb_info, c->tcb_info_signature,
                             s->read->tcb_signer->leaf_key, s->verdict))
        return false;
    const bool sound = rpl_tcb_info_read(c->tcb_info, s->verdict, info);
    check_period(s, &rpl_document_tcb_info, &info->head, sound);
    if (!sound)
        return false;
    narrow(s->facts, s->read->tcb_signer->valid_from, s->read->tcb_signer->valid_until);
    narrow(s->facts, info->head.issue_date, info->head.next_update);
    note_head(&info->head, &s->facts->tcb_eval_number, &s->facts->tcb_issued);
    return true;
}

static bool read_qe_identity(session *s, rpl_qe_identity *identity)
{
    const rpl_collateral *c = s->q->collateral;
    if (!s->qe_signer_usable ||
        !rpl_document_verify(&rpl_document_qe_identity, c->qe_identity, c->qe_identity_signature,
                             s->read->qe_signer->leaf_key, s->verdict))
        return false;
    const bool sound = rpl_qe_identity_read(c->qe_identity, s->verdict, identity);
    check_period(s, &rpl_document_qe_identity, &identity->head, sound);
    if (!sound)
        return false;
    narrow(s->facts, s->read->qe_signer->valid_from, s->read->qe_signer->valid_until);
    narrow(s->facts, identity->head.issue_date, identity->head.next_update);
    note_head(&identity->head, &s->facts->qe_eval_number, &s->facts->qe_issued);
    return true;
}

/* Also of collateral that was verified before: what was seen since may be newer. */
static void check_evaluation(session *s, const rpl_document_head *tcb_info,
                             const rpl_document_head *qe_identity)
{
    rpl_tcb_evaluation_check(s->q->policy, s->q->collateral->seen, tcb_info, qe_identity,
                             s->verdict);
}

static void evaluate(session *s, const rpl_tcb_info *info, const rpl_qe_identity *identity,
                     const rpl_svn_level *qe)
{
    rpl_platform_evaluate(s->q, info, identity, qe, s->verdict, s->facts);
}

/* What is kept was verified under the CAs of such a chain, in front of its root's own certificate. */
static bool may_be_kept(const session *s)
{
    return s->q->verifier && s->q->quote && s->verdict->state[RPL_CHECK_PCK_ROOT] == RPL_PASSED &&
           rpl_pck_chain_holds(s->q->chain, s->q->now);
}

static rpl_status keep(session *s)
{
    if (!may_be_kept(s) || !s->root_crl_holds || !s->pck_crl_holds || !s->tcb_signer_good ||
        !s->qe_signer_good || !s->tcb_signer_usable || !s->qe_signer_usable || !s->info_sound ||
        !s->identity_sound)
        return rpl_ok();
    rpl_verified_collateral_set_window(s->read);
    if (s->q->now < s->read->valid_from || s->q->now > s->read->valid_until)
        return rpl_ok();
    return rpl_verifier_keep_collateral(s->q->verifier, s->q->chain, s->q->collateral, &s->read);
}

static rpl_status check_documents(session *s)
{
    rpl_verified_collateral *read = s->read;
    const rpl_svn_level *qe = NULL;
    s->identity_sound = read_qe_identity(s, &read->identity);
    if (s->identity_sound && s->q->quote)
        qe = rpl_qe_identity_check(&read->identity, &s->q->quote->qe_report, s->verdict);
    s->info_sound = read_tcb_info(s, &read->info);
    RPL_TRY(keep(s)); /* before the last check: without memory nothing is admitted */
    if (s->info_sound && s->q->quote && s->q->chain->has_pck)
        evaluate(s, &read->info, s->identity_sound ? &read->identity : NULL, qe);
    check_evaluation(s, s->info_sound ? &read->info.head : NULL,
                     s->identity_sound ? &read->identity.head : NULL);
    return rpl_ok();
}

/* Collateral of which all checks passed earlier and which is in force: they pass, and what depends on
 * the quote is judged as ever. */
static void check_by_kept(session *s, const rpl_verified_collateral *kept)
{
    static const rpl_check checks[] = {
        RPL_CHECK_COLLATERAL_PRESENT, RPL_CHECK_CRL_ROOT,    RPL_CHECK_CRL_PCK,
        RPL_CHECK_CRL_VALIDITY,       RPL_CHECK_TCB_SIGNER,  RPL_CHECK_TCB_INFO,
        RPL_CHECK_TCB_VALIDITY,       RPL_CHECK_QE_IDENTITY, RPL_CHECK_QE_VALIDITY,
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        rpl_verdict_pass(s->verdict, checks[i]);
    narrow(s->facts, kept->valid_from, kept->valid_until);
    note_head(&kept->info.head, &s->facts->tcb_eval_number, &s->facts->tcb_issued);
    note_head(&kept->identity.head, &s->facts->qe_eval_number, &s->facts->qe_issued);
    check_cas_revoked(s, &kept->root_crl, &s->q->chain->root);
    check_revoked(s, &kept->pck_crl, &s->q->chain->leaf, RPL_CHECK_PCK_REVOKED, "PCK_REVOKED");
    rpl_verdict_pass(s->verdict, RPL_CHECK_PCK_REVOKED);
    evaluate(s, &kept->info, &kept->identity,
             rpl_qe_identity_check(&kept->identity, &s->q->quote->qe_report, s->verdict));
    check_evaluation(s, &kept->info.head, &kept->identity.head);
}

static rpl_status check_by_text(session *s)
{
    s->read = rpl_verified_collateral_new();
    if (!s->read)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    check_present(s->q->collateral, s->verdict);
    RPL_TRY(verify_signers(s));
    check_crls(s);
    return check_documents(s);
}

rpl_status rpl_collateral_check(const rpl_collateral_question *question, rpl_verdict *verdict,
                                rpl_quote_facts *facts)
{
    RPL_AUTO(session) session s = {.q = question, .verdict = verdict, .facts = facts};
    const rpl_verified_collateral *kept =
        may_be_kept(&s) ? rpl_verifier_find_collateral(question->verifier, question->chain,
                                                       question->collateral, question->now)
                        : NULL;
    if (!kept)
        return check_by_text(&s);
    check_by_kept(&s, kept);
    return rpl_ok();
}
