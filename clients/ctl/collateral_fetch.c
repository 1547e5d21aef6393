#include "attestation/collateral_bundle.h"
#include "attestation/collateral_document.h"
#include "base/hex.h"
#include "base/net/http_client.h"
#include "clients/ctl/collateral.h"

enum { CONNECT_TIMEOUT_MS = 5000, TIMEOUT_MS = 30000, SOURCES_MAX = 8 };

static const char command[] = "collateral fetch";

typedef struct {
    const char *quote, *fmspc, *ca, *source, *ca_file, *out;
    bool early;
} arguments;

typedef struct {
    uint8_t fmspc[6];
    bool processor_ca, early;
    rpl_bytes issuers; /* of the quote; empty without one */
    const char *ca_file;
    size_t n_sources;
    char sources[SOURCES_MAX][RPL_PCS_BASE_MAX];
    rpl_collateral_document *documents[RPL_PCS_KIND_COUNT]; /* owned */
    uint8_t *quote;                                         /* owned */
} task;

static void rpl_auto_task(task *t)
{
    for (int i = 0; i < RPL_PCS_KIND_COUNT; i++)
        free(t->documents[i]);
    free(t->quote);
}

static int usage(const char *what)
{
    fprintf(stderr, "replicatoorctl %s: %s\n", command, what);
    return RPL_CTL_USAGE;
}

/* FMSPC and CA as the quote says them; whether it says the truth shows when it is verified. */
static int read_quote(const char *path, task *t)
{
    RPL_AUTO(verification) rpl_verification *v = NULL;
    const rpl_roots roots = rpl_roots_intel();
    const rpl_verifier_policy policy = rpl_verifier_policy_default();
    size_t len = 0;
    t->quote = rpl_ctl_read_quote(command, path, &len);
    rpl_verdict *verdict = calloc(1, sizeof(*verdict)); /* large */
    const bool read = t->quote && verdict;
    const rpl_status s =
        read ? rpl_verification_begin(rpl_bytes_of(t->quote, len), &roots, &policy, 0, verdict, &v)
             : rpl_fail(RPL_INTERNAL, "memory");
    free(verdict);
    if (!t->quote)
        return RPL_CTL_USAGE;
    if (s.code != RPL_OK)
        return rpl_ctl_fail(command, s);
    const rpl_quote_facts *facts = rpl_verification_facts(v);
    if (!facts->has_pck)
        return rpl_ctl_fail(path, rpl_fail(RPL_MALFORMED, "no TDX quote with a PCK certificate"));
    memcpy(t->fmspc, facts->fmspc, sizeof(t->fmspc));
    t->processor_ca = facts->processor_ca;
    t->issuers = rpl_pck_issuers(facts->quote.pck_pem);
    return 0;
}

static int read_platform(const arguments *a, task *t)
{
    if (!a->quote == !(a->fmspc && a->ca))
        return usage("give --quote FILE, or --fmspc HEX and --ca platform or processor");
    if (a->quote)
        return read_quote(a->quote, t);
    t->processor_ca = strcmp(a->ca, "processor") == 0;
    if (!t->processor_ca && strcmp(a->ca, "platform") != 0)
        return usage("--ca wants platform or processor");
    if (rpl_hex_decode_exact(rpl_bytes_of_text(a->fmspc), t->fmspc, sizeof(t->fmspc)).code !=
        RPL_OK)
        return usage("--fmspc wants 12 hex digits");
    return 0;
}

static int read_sources(const char *list, task *t)
{
    for (const char *at = list ? list : RPL_PCS_INTEL;; at++) {
        const size_t len = strcspn(at, ",");
        if (t->n_sources == SOURCES_MAX ||
            !rpl_pcs_base_parse(rpl_bytes_of(at, len), t->sources[t->n_sources]))
            return usage("--source wants up to eight http(s) addresses, comma separated");
        t->n_sources++;
        at += len;
        if (*at == '\0')
            return 0;
    }
}

static rpl_status take(const task *t, const rpl_pcs_ask *ask, const rpl_http_response *answer,
                       rpl_collateral_document **out)
{
    rpl_bytes chain = {0};
    bool found = false;
    RPL_TRY(rpl_pcs_status(answer->status));
    for (size_t i = 0; !found && rpl_pcs_chain_header(ask->kind, i); i++)
        found = rpl_http_header(answer, rpl_pcs_chain_header(ask->kind, i), &chain);
    const bool needs_none = ask->kind == RPL_PCS_ROOT_CRL; /* which a bundle has no chain for */
    const rpl_bytes issuers =
        needs_none && t->issuers.len == 0 ? rpl_bytes_of_text("-") : t->issuers;
    const bool has_own = ask->kind == RPL_PCS_PCK_CRL && found;
    return rpl_collateral_document_take(ask, rpl_bytes_of(answer->body, answer->body_len), chain,
                                        has_own ? (rpl_bytes){0} : issuers, out);
}

static rpl_status ask_source(const task *t, const char *base, const rpl_pcs_ask *ask,
                             rpl_collateral_document **out)
{
    char url[RPL_PCS_URL_MAX];
    rpl_http_response answer = {0};
    rpl_pcs_url(ask, base, url);
    const rpl_http_request request = {
        .url = url,
        .ca_file = t->ca_file,
        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
        .timeout_ms = TIMEOUT_MS,
        .body_max = rpl_pcs_body_max(ask),
    };
    RPL_TRY(rpl_http_exchange(&request, &answer));
    const rpl_status s = take(t, ask, &answer, out);
    rpl_http_response_free(&answer);
    return s;
}

static rpl_status fetch(const task *t, const rpl_pcs_ask *ask, rpl_collateral_document **out)
{
    rpl_status s = {0};
    for (size_t i = 0; i < t->n_sources; i++) {
        s = ask_source(t, t->sources[i], ask, out);
        if (s.code == RPL_OK)
            return s;
        fprintf(stderr, "replicatoorctl %s: %s from %s: %s\n", command, rpl_pcs_name(ask),
                t->sources[i], s.what);
    }
    return rpl_fail(RPL_UNAVAILABLE, "no source has it");
}

static int fetch_all(task *t)
{
    for (int i = 0; i < RPL_PCS_KIND_COUNT; i++) {
        rpl_pcs_ask ask = {.kind = (rpl_pcs_kind)i};
        if (i == RPL_PCS_TCB_INFO) {
            memcpy(ask.fmspc, t->fmspc, sizeof(ask.fmspc));
            ask.early = t->early;
        }
        ask.processor_ca = i == RPL_PCS_PCK_CRL && t->processor_ca;
        const rpl_status s = fetch(t, &ask, &t->documents[i]);
        if (s.code != RPL_OK)
            return rpl_ctl_fail(rpl_pcs_name(&ask), s);
    }
    return 0;
}

static int write_bundle(const task *t, const char *path)
{
    const rpl_collateral_document *tcb = t->documents[RPL_PCS_TCB_INFO];
    const rpl_collateral_document *qe = t->documents[RPL_PCS_QE_IDENTITY];
    const rpl_collateral collateral = {
        .root_crl = t->documents[RPL_PCS_ROOT_CRL]->text,
        .pck_crl = t->documents[RPL_PCS_PCK_CRL]->text,
        .tcb_info_chain = tcb->chain,
        .tcb_info = tcb->text,
        .tcb_info_signature = tcb->signature,
        .qe_identity_chain = qe->chain,
        .qe_identity = qe->text,
        .qe_identity_signature = qe->signature,
    };
    RPL_AUTO(json_text) char *text = NULL;
    const rpl_status s =
        rpl_collateral_bundle_write(&collateral, t->documents[RPL_PCS_PCK_CRL]->chain, &text);
    if (s.code != RPL_OK)
        return rpl_ctl_fail("bundle", s);
    FILE *to = path && strcmp(path, "-") != 0 ? fopen(path, "we") : stdout;
    const bool written = to && fprintf(to, "%s\n", text) > 0 && fflush(to) == 0;
    const bool closed = to == stdout || (to && fclose(to) == 0);
    return written && closed
               ? 0
               : rpl_ctl_fail(path ? path : "stdout", rpl_fail(RPL_INTERNAL, "cannot write"));
}

int rpl_ctl_collateral_fetch(int argc, char **argv)
{
    arguments a = {0};
    RPL_AUTO(task) task t = {0};
    const rpl_ctl_option options[] = {
        {"--quote", &a.quote, NULL},     {"--fmspc", &a.fmspc, NULL},
        {"--ca", &a.ca, NULL},           {"--source", &a.source, NULL},
        {"--ca-file", &a.ca_file, NULL}, {"-o", &a.out, NULL},
        {"--early", NULL, &a.early},     {0},
    };
    if (!rpl_ctl_arguments(argc, argv, options, NULL, 0))
        return RPL_CTL_USAGE;
    t.ca_file = a.ca_file;
    t.early = a.early;
    int status = read_sources(a.source, &t);
    if (!status)
        status = read_platform(&a, &t);
    if (!status)
        status = fetch_all(&t);
    return status ? status : write_bundle(&t, a.out);
}
