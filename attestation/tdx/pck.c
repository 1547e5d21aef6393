#include "attestation/tdx/pck.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

enum { PCK_COUNT = 3, SIGNER_COUNT = 2 };

#define SEND_AS_IS "take quotes and certificates as they come: each line, nothing added or left out"
#define WRONG_ROOT                                                                                 \
    "only platforms that Intel certified are believed; simulated ones need a test build"
#define BROKEN_CHAIN "take the certificates as Intel's provisioning service sends them"

/* The code of a certificate that is not from the next one, and those that say what is wrong between
 * them: the name of the issuer, the signature. */
typedef struct {
    const char *code, *name_code, *signature_code; /* the latter two may be NULL */
} link_row;

/* What a chain of `count` is, leaf first, and where its findings go. */
typedef struct {
    size_t count;
    bool zero_allowed; /* quotes end their PEM with one zero byte */
    rpl_check format;
    rpl_certificate_checks certificate;
    rpl_check root, links;
    rpl_certificate_role roles[RPL_CHAIN_MAX];
    link_row links_of[RPL_CHAIN_MAX - 1]; /* certificate i to certificate i + 1 */
} chain_kind;

static const chain_kind pck_kind = {
    .count = PCK_COUNT,
    .zero_allowed = true,
    .format = RPL_CHECK_PCK_FORMAT,
    .certificate = {RPL_CHECK_PCK_PROFILE, RPL_CHECK_PCK_NAMES, RPL_CHECK_PCK_VALIDITY},
    .root = RPL_CHECK_PCK_ROOT,
    .links = RPL_CHECK_PCK_CHAIN,
    .roles = {RPL_ROLE_PCK, RPL_ROLE_PLATFORM, RPL_ROLE_ROOT},
    .links_of = {{"PCK_ISSUER", NULL, "INTER_SIG"}, {"INTER_SIG", "INTER_NAME", NULL}},
};

static const chain_kind signer_kind = {
    .count = SIGNER_COUNT,
    .format = RPL_CHECK_TCB_SIGNER,
    .certificate = {RPL_CHECK_TCB_SIGNER, RPL_CHECK_TCB_SIGNER, RPL_CHECK_TCB_SIGNER},
    .root = RPL_CHECK_TCB_SIGNER,
    .links = RPL_CHECK_TCB_SIGNER,
    .roles = {RPL_ROLE_TCB_SIGNER, RPL_ROLE_ROOT},
    .links_of = {{"ROOT_UNTRUSTED", "TCB_SIGNING_NAME", "INTER_SIG"}},
};

static const chain_kind ca_kind = {
    .count = SIGNER_COUNT,
    .format = RPL_CHECK_CRL_PCK,
    .certificate = {RPL_CHECK_CRL_PCK, RPL_CHECK_CRL_PCK, RPL_CHECK_CRL_PCK},
    .root = RPL_CHECK_CRL_PCK,
    .links = RPL_CHECK_CRL_PCK,
    .roles = {RPL_ROLE_PLATFORM, RPL_ROLE_ROOT},
    .links_of = {{"INTER_SIG", "INTER_NAME", NULL}},
};

/* While a chain is judged. */
typedef struct {
    const chain_kind *kind;
    const rpl_roots *roots;
    rpl_verdict *verdict;
    rpl_certificate certificates[RPL_CHAIN_MAX];
    EVP_PKEY *keys[RPL_CHAIN_MAX]; /* owned; NULL: no point of the curve */
    bool holds;                    /* everything but the dates, so far */
} judgement;

static void rpl_auto_judgement(judgement *j)
{
    for (size_t i = 0; i < RPL_CHAIN_MAX; i++)
        EVP_PKEY_free(j->keys[i]);
}

static void fail(judgement *j, rpl_check check, const char *const texts[static 3], const char *fix)
{
    rpl_verdict_fail(j->verdict, check, texts[0], texts[1], texts[2], fix);
    j->holds = false;
}

static bool read_certificates(judgement *j, rpl_bytes pem, rpl_pem_chain *text)
{
    const char *code = NULL;
    char got[160];
    const rpl_status s = rpl_pem_decode(pem, j->kind->count, j->kind->zero_allowed, text, &code);
    if (s.code != RPL_OK) {
        snprintf(got, sizeof(got), "%s, at byte %u of %zu", s.what, s.at, pem.len);
        fail(j, j->kind->format,
             (const char *[]){code, got, "the chain's certificates in PEM and nothing else"},
             SEND_AS_IS);
        if (text->count != j->kind->count)
            return false;
    }
    bool all = true;
    for (size_t i = 0; i < j->kind->count; i++) {
        if (rpl_certificate_parse(rpl_bytes_of(text->der[i], text->len[i]), &j->certificates[i]))
            continue;
        snprintf(got, sizeof(got), "certificate %zu of the chain does not read as one", i + 1);
        fail(j, j->kind->format,
             (const char *[]){"PEM_FORMAT", got, "X.509 version 3 in exact DER"}, SEND_AS_IS);
        all = false;
    }
    return all;
}

static void judge_certificates(judgement *j, int64_t now)
{
    for (size_t i = 0; i < j->kind->count; i++) {
        const rpl_certificate *c = &j->certificates[i];
        j->holds &=
            rpl_certificate_judge(c, j->kind->roles[i], now, &j->kind->certificate, j->verdict);
        j->keys[i] = rpl_certificate_key(c);
        if (c->is_p256 && !j->keys[i])
            fail(j, j->kind->certificate.profile,
                 (const char *[]){"CERT_KEY", "x and y that are no point of the curve",
                                  "a P-256 public key"},
                 BROKEN_CHAIN);
    }
}

/* The one whose self-signature was seen before is not asked again. */
static bool is_known(const rpl_certificate *root, const rpl_roots *roots)
{
    uint8_t digest[RPL_SHA256_LEN];
    rpl_sha256(root->der, digest);
    return rpl_bytes_equal(rpl_bytes_of(digest, sizeof(digest)),
                           rpl_bytes_of(roots->cert_digest, sizeof(roots->cert_digest)));
}

static void judge_root(judgement *j)
{
    const rpl_certificate *root = &j->certificates[j->kind->count - 1];
    EVP_PKEY *key = j->keys[j->kind->count - 1];
    const rpl_bytes got = rpl_bytes_of(root->key, sizeof(root->key));
    const rpl_bytes want = rpl_bytes_of(j->roots->key, sizeof(j->roots->key));
    if (!rpl_bytes_equal(got, want)) {
        rpl_verdict_fail_bytes(j->verdict, j->kind->root, "ROOT_UNTRUSTED", got, want, WRONG_ROOT);
        j->holds = false;
    }
    if (is_known(root, j->roots))
        return;
    if (!rpl_certificate_issued_by(root, root) || !rpl_certificate_signed_by(root, key))
        fail(j, j->kind->root,
             (const char *[]){"ROOT_UNTRUSTED", "a root that did not sign itself",
                              "a root certificate, last in the chain"},
             BROKEN_CHAIN);
}

static void fail_link(judgement *j, size_t i, const char *detail, const char *what,
                      const char *want)
{
    char got[96];
    snprintf(got, sizeof(got), "certificate %zu %s", i + 1, what);
    fail(j, j->kind->links, (const char *[]){j->kind->links_of[i].code, got, want}, BROKEN_CHAIN);
    if (detail)
        fail(j, j->kind->links, (const char *[]){detail, got, want}, BROKEN_CHAIN);
}

/* Does certificate i come from certificate i + 1? A signature of another kind, or under a key of
 * another kind, is a finding already and cannot be asked. False when it could not. */
static bool judge_link(judgement *j, size_t i)
{
    const rpl_certificate *child = &j->certificates[i];
    const link_row *row = &j->kind->links_of[i];
    if (!rpl_certificate_issued_by(child, &j->certificates[i + 1]))
        fail_link(j, i, row->name_code, "names another issuer",
                  "the subject of the next certificate, byte by byte");
    if (!child->is_ecdsa_sha256 || !j->keys[i + 1])
        return false;
    if (!rpl_certificate_signed_by(child, j->keys[i + 1]))
        fail_link(j, i, row->signature_code, "with a signature that does not hold",
                  "a signature by the next certificate's key");
    return true;
}

static bool judge_links(judgement *j)
{
    bool all = true;
    for (size_t i = 0; i + 1 < j->kind->count; i++)
        all &= judge_link(j, i);
    j->holds &= all;
    return all;
}

static void keep(judgement *j, rpl_pck_chain *chain)
{
    const size_t last = j->kind->count - 1;
    chain->leaf = j->certificates[0];
    chain->root = j->certificates[last];
    chain->valid_from = INT64_MIN;
    chain->valid_until = INT64_MAX;
    for (size_t i = 0; i <= last; i++) {
        const rpl_certificate *c = &j->certificates[i];
        chain->valid_from = c->not_before > chain->valid_from ? c->not_before : chain->valid_from;
        chain->valid_until = c->not_after < chain->valid_until ? c->not_after : chain->valid_until;
    }
    if (last == 2)
        chain->intermediate = j->certificates[1];
    if (!j->holds)
        return;
    chain->leaf_key = RPL_TAKE(j->keys[0]);
    if (last == 2)
        chain->intermediate_key = RPL_TAKE(j->keys[1]);
}

/* False when there is no chain to speak of. */
static bool judge(judgement *j, rpl_bytes pem, int64_t now, rpl_pck_chain *chain, bool *linked)
{
    j->holds = true;
    if (!read_certificates(j, pem, &chain->pem))
        return false;
    judge_certificates(j, now);
    judge_root(j);
    *linked = judge_links(j);
    keep(j, chain);
    return true;
}

static void read_extension(rpl_pck_chain *chain, rpl_verdict *verdict)
{
    static const char want[] = "Intel's SGX extension with PPID, TCB, PCEID and FMSPC, exact DER";
    char got[160];
    if (chain->leaf.sgx_extension.len == 0) {
        rpl_verdict_fail(verdict, RPL_CHECK_PCK_EXTENSION, "PCK_EXTENSION",
                         "no SGX extension, or two", want, BROKEN_CHAIN);
        return;
    }
    const rpl_status s = rpl_pck_extension_parse(chain->leaf.sgx_extension, &chain->pck);
    chain->has_pck = s.code == RPL_OK;
    if (chain->has_pck) {
        rpl_verdict_pass(verdict, RPL_CHECK_PCK_EXTENSION);
        return;
    }
    snprintf(got, sizeof(got), "%s, at byte %u", s.what, s.at);
    rpl_verdict_fail(verdict, RPL_CHECK_PCK_EXTENSION, "PCK_EXTENSION", got, want, BROKEN_CHAIN);
}

rpl_pck_chain *rpl_pck_chain_verify(rpl_bytes pem, const rpl_roots *roots, int64_t now,
                                    rpl_verdict *verdict)
{
    RPL_AUTO(judgement) judgement j = {.kind = &pck_kind, .roots = roots, .verdict = verdict};
    rpl_pck_chain *chain = calloc(1, sizeof(*chain));
    bool linked = false;
    if (!chain || !judge(&j, pem, now, chain, &linked))
        return chain;
    rpl_verdict_pass(verdict, RPL_CHECK_PCK_FORMAT);
    rpl_verdict_pass(verdict, RPL_CHECK_PCK_PROFILE);
    rpl_verdict_pass(verdict, RPL_CHECK_PCK_NAMES);
    rpl_verdict_pass(verdict, RPL_CHECK_PCK_VALIDITY);
    rpl_verdict_pass(verdict, RPL_CHECK_PCK_ROOT);
    if (linked)
        rpl_verdict_pass(verdict, RPL_CHECK_PCK_CHAIN);
    chain->processor_ca =
        strcmp(chain->intermediate.common_name, "Intel SGX PCK Processor CA") == 0;
    read_extension(chain, verdict);
    return chain;
}

bool rpl_pck_chain_holds(const rpl_pck_chain *chain, int64_t now)
{
    return chain->leaf_key && chain->intermediate_key && chain->has_pck &&
           chain->valid_from <= now && now <= chain->valid_until;
}

void rpl_pck_chain_pass(rpl_verdict *verdict)
{
    static const rpl_check checks[] = {
        RPL_CHECK_PCK_FORMAT, RPL_CHECK_PCK_PROFILE, RPL_CHECK_PCK_NAMES,    RPL_CHECK_PCK_VALIDITY,
        RPL_CHECK_PCK_ROOT,   RPL_CHECK_PCK_CHAIN,   RPL_CHECK_PCK_EXTENSION};
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        rpl_verdict_pass(verdict, checks[i]);
}

static rpl_pck_chain *verify_two(const chain_kind *kind, rpl_bytes pem, const rpl_roots *roots,
                                 int64_t now, rpl_verdict *verdict, bool *good)
{
    RPL_AUTO(judgement) judgement j = {.kind = kind, .roots = roots, .verdict = verdict};
    rpl_pck_chain *chain = calloc(1, sizeof(*chain));
    bool linked = false;
    *good = chain && judge(&j, pem, now, chain, &linked) && j.holds && now >= chain->valid_from &&
            now <= chain->valid_until;
    return chain;
}

rpl_pck_chain *rpl_tcb_signer_verify(rpl_bytes pem, const rpl_roots *roots, int64_t now,
                                     rpl_verdict *verdict, bool *good)
{
    return verify_two(&signer_kind, pem, roots, now, verdict, good);
}

rpl_pck_chain *rpl_pck_ca_verify(rpl_bytes pem, const rpl_roots *roots, int64_t now,
                                 rpl_verdict *verdict, bool *good)
{
    rpl_pck_chain *chain = verify_two(&ca_kind, pem, roots, now, verdict, good);
    if (chain)
        chain->processor_ca = strcmp(chain->leaf.common_name, "Intel SGX PCK Processor CA") == 0;
    return chain;
}

rpl_pck_chain *rpl_pck_chain_share(rpl_pck_chain *chain)
{
    atomic_fetch_add(&chain->shares, 1);
    return chain;
}

void rpl_pck_chain_free(rpl_pck_chain *chain)
{
    if (!chain || atomic_fetch_sub(&chain->shares, 1) > 0)
        return;
    EVP_PKEY_free(chain->leaf_key);
    EVP_PKEY_free(chain->intermediate_key);
    free(chain);
}
