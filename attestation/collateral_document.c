#include "attestation/collateral_document.h"

#include <stdlib.h>

#include "attestation/tdx/crl.h"
#include "attestation/tdx/pck.h"
#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/tcb_info.h"

#define FETCH_AGAIN "fetch the document again, from Intel's provisioning service or a cache of it"

RPL_DEFINE_AUTO(uint8_t *, bytes, free)

static bool is_crl(const rpl_pcs_ask *ask)
{
    return ask->kind == RPL_PCS_PCK_CRL || ask->kind == RPL_PCS_ROOT_CRL;
}

/* `at` moves on. */
static rpl_bytes append(uint8_t **at, rpl_bytes bytes)
{
    rpl_reader r = rpl_reader_over(bytes);
    const rpl_bytes copy = rpl_bytes_of(*at, bytes.len);
    *at += rpl_read_copy(&r, *at, bytes.len) ? bytes.len : 0;
    return copy;
}

static void digest(rpl_collateral_document *d)
{
    uint8_t each[3][RPL_SHA256_LEN] = {0};
    const rpl_bytes parts[] = {rpl_bytes_of(each[0], sizeof(each[0])),
                               rpl_bytes_of(each[1], sizeof(each[1])),
                               rpl_bytes_of(each[2], sizeof(each[2]))};
    rpl_sha256(d->text, each[0]);
    rpl_sha256(d->signature, each[1]);
    rpl_sha256(d->chain, each[2]);
    rpl_sha256_parts(parts, 3, d->digest);
}

rpl_status rpl_collateral_document_new(const rpl_pcs_ask *ask, rpl_bytes text, rpl_bytes signature,
                                       rpl_bytes chain, rpl_collateral_document **out)
{
    RPL_AUTO(bytes) uint8_t *storage = NULL;
    if (is_crl(ask))
        RPL_TRY(rpl_crl_decode(text, &storage, &text));
    if (text.len > rpl_pcs_body_max(ask) || signature.len > RPL_PCS_JSON_MAX ||
        chain.len > RPL_PCS_CHAIN_MAX)
        return rpl_fail(RPL_TOO_LARGE, "collateral: a part is longer than documents of its kind");
    rpl_collateral_document *d =
        calloc(1, sizeof(*d) + text.len + signature.len + chain.len + 1 /* never none */);
    if (!d)
        return rpl_fail(RPL_INTERNAL, "collateral: memory");
    uint8_t *at = d->bytes;
    d->ask = *ask;
    d->text = append(&at, text);
    d->signature = append(&at, signature);
    d->chain = append(&at, chain);
    digest(d);
    *out = d;
    return rpl_ok();
}

rpl_status rpl_collateral_document_take(const rpl_pcs_ask *ask, rpl_bytes body,
                                        rpl_bytes chain_header, rpl_bytes ca_chain,
                                        rpl_collateral_document **out)
{
    rpl_bytes text = body, signature = {0};
    size_t chain_len = 0;
    RPL_AUTO(bytes) uint8_t *decoded = malloc(chain_header.len ? chain_header.len : 1);
    if (!decoded)
        return rpl_fail(RPL_INTERNAL, "collateral: memory");
    if (is_crl(ask) && ca_chain.len > 0)
        return rpl_collateral_document_new(ask, body, signature, ca_chain, out);
    if (chain_header.len == 0)
        return rpl_fail(RPL_MALFORMED, "the issuer chain is missing in the answer");
    RPL_TRY(rpl_pcs_chain_decode(chain_header, decoded, &chain_len));
    if (!is_crl(ask))
        RPL_TRY(rpl_pcs_json_split(ask->kind, body, &text, &signature));
    return rpl_collateral_document_new(ask, text, signature, rpl_bytes_of(decoded, chain_len), out);
}

rpl_status rpl_collateral_document_of(const rpl_pcs_ask *ask, const rpl_collateral *collateral,
                                      rpl_bytes issuers, rpl_collateral_document **out)
{
    const rpl_collateral *c = collateral;
    const struct {
        rpl_bytes text, signature, chain;
    } parts[RPL_PCS_KIND_COUNT] = {
        [RPL_PCS_TCB_INFO] = {c->tcb_info, c->tcb_info_signature, c->tcb_info_chain},
        [RPL_PCS_QE_IDENTITY] = {c->qe_identity, c->qe_identity_signature, c->qe_identity_chain},
        [RPL_PCS_PCK_CRL] = {c->pck_crl, {0}, issuers},
        [RPL_PCS_ROOT_CRL] = {c->root_crl, {0}, issuers},
    };
    if (ask->kind >= RPL_PCS_KIND_COUNT)
        return rpl_fail(RPL_INTERNAL, "collateral: no such kind of document");
    return rpl_collateral_document_new(ask, parts[ask->kind].text, parts[ask->kind].signature,
                                       parts[ask->kind].chain, out);
}

/* --- does it hold --- */

typedef struct {
    const rpl_collateral_document *document;
    const rpl_roots *roots;
    int64_t now;
    rpl_verdict *verdict;
    rpl_collateral_stamp stamp;
} question;

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void stamp_head(question *q, const rpl_document_head *head, const rpl_pck_chain *signer)
{
    q->stamp.issued_s = head->issue_date;
    q->stamp.next_update_s = head->next_update;
    q->stamp.valid_until_s = earlier(head->next_update, signer->valid_until);
    q->stamp.number = head->evaluation_number;
}

static void check_tcb_info(question *q, const rpl_pck_chain *signer)
{
    const rpl_collateral_document *d = q->document;
    rpl_tcb_info info = {0};
    if (rpl_document_verify(&rpl_document_tcb_info, d->text, d->signature, signer->leaf_key,
                            q->verdict) &&
        rpl_tcb_info_read(d->text, q->verdict, &info)) {
        rpl_document_check_validity(&rpl_document_tcb_info, &info.head, q->now, q->verdict);
        rpl_verdict_equal(q->verdict, RPL_CHECK_TCB_PLATFORM, "FMSPC_MISMATCH",
                          rpl_bytes_of(info.fmspc, sizeof(info.fmspc)),
                          rpl_bytes_of(d->ask.fmspc, sizeof(d->ask.fmspc)), FETCH_AGAIN);
        stamp_head(q, &info.head, signer);
    }
    rpl_tcb_info_free(&info);
}

static void check_qe_identity(question *q, const rpl_pck_chain *signer)
{
    const rpl_collateral_document *d = q->document;
    rpl_qe_identity identity = {0};
    if (rpl_document_verify(&rpl_document_qe_identity, d->text, d->signature, signer->leaf_key,
                            q->verdict) &&
        rpl_qe_identity_read(d->text, q->verdict, &identity)) {
        rpl_document_check_validity(&rpl_document_qe_identity, &identity.head, q->now, q->verdict);
        stamp_head(q, &identity.head, signer);
    }
    rpl_qe_identity_free(&identity);
}

static rpl_status check_signed(question *q)
{
    bool good;
    RPL_AUTO(pck_chain)
    rpl_pck_chain *signer =
        rpl_tcb_signer_verify(q->document->chain, q->roots, q->now, q->verdict, &good);
    if (!signer)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    if (!signer->leaf_key)
        return rpl_ok();
    if (good)
        rpl_verdict_pass(q->verdict, RPL_CHECK_TCB_SIGNER);
    if (q->document->ask.kind == RPL_PCS_TCB_INFO)
        check_tcb_info(q, signer);
    else
        check_qe_identity(q, signer);
    return rpl_ok();
}

static void check_list(question *q, const rpl_crl_issuer *issuer, rpl_check check, int64_t ca_until)
{
    RPL_AUTO(crl) rpl_crl list = {0};
    if (!rpl_crl_verify(q->document->text, issuer, q->now, check, q->verdict, &list))
        return;
    rpl_verdict_pass(q->verdict, check);
    rpl_verdict_pass(q->verdict, RPL_CHECK_CRL_VALIDITY);
    q->stamp = (rpl_collateral_stamp){.issued_s = list.this_update,
                                      .next_update_s = list.next_update,
                                      .valid_until_s = earlier(list.next_update, ca_until),
                                      .number = list.number,
                                      .n_entries = rpl_crl_count(&list)};
}

static rpl_status check_pck_crl(question *q)
{
    static const char *const names[] = {"Platform CA", "Processor CA"};
    const bool wanted = q->document->ask.processor_ca;
    bool good;
    RPL_AUTO(pck_chain)
    rpl_pck_chain *ca = rpl_pck_ca_verify(q->document->chain, q->roots, q->now, q->verdict, &good);
    if (!ca)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    if (!ca->leaf_key)
        return rpl_ok();
    if (ca->processor_ca != wanted)
        rpl_verdict_fail(q->verdict, RPL_CHECK_CRL_PCK, "CRL_UNKNOWN_ISSUER", names[!wanted],
                         names[wanted], FETCH_AGAIN);
    const rpl_crl_issuer issuer = {&ca->leaf, ca->leaf_key};
    check_list(q, &issuer, RPL_CHECK_CRL_PCK, ca->valid_until);
    return rpl_ok();
}

/* Whatever stands before the root: the list needs but a certificate of the trusted key, for its name. */
static bool read_root(const question *q, rpl_pem_chain *chain, rpl_certificate *root)
{
    static const rpl_certificate_checks checks = {RPL_CHECK_CRL_ROOT, RPL_CHECK_CRL_ROOT,
                                                  RPL_CHECK_CRL_ROOT};
    const char *code;
    if (rpl_pem_decode(q->document->chain, 2, false, chain, &code).code != RPL_OK ||
        !rpl_certificate_parse(rpl_bytes_of(chain->der[1], chain->len[1]), root)) {
        rpl_verdict_fail(q->verdict, RPL_CHECK_CRL_ROOT, "CRL_FORMAT",
                         "no certificate of the root beside the list",
                         "two certificates in PEM, the second of them the root", FETCH_AGAIN);
        return false;
    }
    return rpl_verdict_equal(q->verdict, RPL_CHECK_CRL_ROOT, "ROOT_UNTRUSTED",
                             rpl_bytes_of(root->key, sizeof(root->key)),
                             rpl_bytes_of(q->roots->key, sizeof(q->roots->key)), FETCH_AGAIN) &&
           rpl_certificate_judge(root, RPL_ROLE_ROOT, q->now, &checks, q->verdict);
}

static rpl_status check_root_crl(question *q)
{
    rpl_pem_chain chain = {0};
    rpl_certificate root;
    RPL_AUTO(pkey) EVP_PKEY *key = rpl_p256_key(q->roots->key + 1);
    if (!key)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    if (!read_root(q, &chain, &root))
        return rpl_ok();
    const rpl_crl_issuer issuer = {&root, key};
    check_list(q, &issuer, RPL_CHECK_CRL_ROOT, root.not_after);
    return rpl_ok();
}

static bool only_dates_failed(const rpl_verdict *v)
{
    for (int i = 0; i < RPL_CHECK_COUNT; i++) {
        if (v->state[i] == RPL_FAILED && i != RPL_CHECK_CRL_VALIDITY &&
            i != RPL_CHECK_TCB_VALIDITY && i != RPL_CHECK_QE_VALIDITY)
            return false;
    }
    return true;
}

rpl_status rpl_collateral_document_check(const rpl_collateral_document *d, const rpl_roots *roots,
                                         int64_t now, rpl_verdict *verdict,
                                         rpl_collateral_stamp *out)
{
    const rpl_p256_counts before = rpl_p256_counted();
    question q = {.document = d, .roots = roots, .now = now, .verdict = verdict};
    RPL_TRY(d->ask.kind == RPL_PCS_PCK_CRL    ? check_pck_crl(&q)
            : d->ask.kind == RPL_PCS_ROOT_CRL ? check_root_crl(&q)
                                              : check_signed(&q));
    RPL_TRY(rpl_p256_had_memory(&before));
    if (verdict->starved)
        return rpl_fail(RPL_INTERNAL, "verification: memory");
    if (rpl_verdict_has_failure(verdict))
        return only_dates_failed(verdict)
                   ? rpl_fail(RPL_STALE, "the document is not in force now")
                   : rpl_fail(RPL_UNTRUSTED, "the document does not verify under the root");
    if (q.stamp.next_update_s == 0)
        return rpl_fail(RPL_UNTRUSTED, "the document could not be verified");
    *out = q.stamp;
    return rpl_ok();
}

bool rpl_collateral_is_older(const rpl_collateral_stamp *a, const rpl_collateral_stamp *b)
{
    return a->issued_s < b->issued_s || a->number < b->number;
}

rpl_bytes rpl_pck_issuers(rpl_bytes pck_pem)
{
    static const char end[] = "-----END CERTIFICATE-----";
    const uint8_t *found = pck_pem.len ? memmem(pck_pem.data, pck_pem.len, end, strlen(end)) : NULL;
    if (!found)
        return (rpl_bytes){0};
    const size_t skip = (size_t)(found - pck_pem.data) + strlen(end);
    rpl_bytes rest = rpl_bytes_of(pck_pem.data + skip, pck_pem.len - skip);
    while (rest.len && (rest.data[0] == '\r' || rest.data[0] == '\n'))
        rest = rpl_bytes_of(rest.data + 1, rest.len - 1);
    if (rest.len && rest.data[rest.len - 1] == 0)
        rest.len--;
    return rest;
}
