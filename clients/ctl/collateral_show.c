#include <inttypes.h>
#include <time.h>

#include "attestation/collateral_bundle.h"
#include "attestation/collateral_document.h"
#include "attestation/tdx/calendar.h"
#include "attestation/tdx/crl.h"
#include "attestation/tdx/pem.h"
#include "attestation/tdx/qe_identity.h"
#include "attestation/tdx/tcb_info.h"
#include "clients/ctl/collateral.h"

enum { REFUSED = 1 };

static const char command[] = "collateral show";

typedef struct {
    const char *file, *at, *root;
    bool json;
} arguments;

/* What a document says of itself, believed or not. */
typedef struct {
    bool readable;
    int64_t issued_s, next_update_s;
    uint64_t number;
    size_t n_entries;
} claims;

typedef struct {
    rpl_collateral_set set;
    rpl_roots roots;
    int64_t now;
    rpl_tcb_info info; /* as far as it can be read */
    rpl_verdict verdict;
} task;

static void task_free(task *t)
{
    if (!t)
        return;
    rpl_collateral_set_free(&t->set);
    rpl_tcb_info_free(&t->info);
    free(t);
}
RPL_DEFINE_AUTO(task *, task, task_free)

static claims claims_of_head(bool readable, const rpl_document_head *head)
{
    return (claims){.readable = readable,
                    .issued_s = head->issue_date,
                    .next_update_s = head->next_update,
                    .number = head->evaluation_number};
}

static claims claims_of_list(rpl_bytes der)
{
    rpl_crl list = {0};
    if (!rpl_crl_peek(der, &list))
        return (claims){0};
    return (claims){true, list.this_update, list.next_update, list.number, rpl_crl_count(&list)};
}

static claims claims_of(task *t, const rpl_collateral_document *d)
{
    rpl_qe_identity identity = {0};
    rpl_verdict_start(&t->verdict, 0);
    if (d->ask.kind == RPL_PCS_TCB_INFO)
        return claims_of_head(t->info.n_levels > 0, &t->info.head);
    if (d->ask.kind != RPL_PCS_QE_IDENTITY)
        return claims_of_list(d->text);
    const bool readable = rpl_qe_identity_read(d->text, &t->verdict, &identity);
    const claims c = claims_of_head(readable, &identity.head);
    rpl_qe_identity_free(&identity);
    return c;
}

/* Of the kind that the bundle says it has: the platform and the CA are the documents' own. */
static rpl_pcs_ask ask_of(const task *t, rpl_pcs_kind kind)
{
    static const char processor[] = "Intel SGX PCK Processor CA";
    rpl_pcs_ask ask = {.kind = kind};
    rpl_pem_chain chain = {0};
    rpl_certificate ca;
    const char *code;
    if (kind == RPL_PCS_TCB_INFO)
        memcpy(ask.fmspc, t->info.fmspc, sizeof(ask.fmspc));
    ask.processor_ca =
        kind == RPL_PCS_PCK_CRL &&
        rpl_pem_decode(t->set.pck_crl_chain, 2, false, &chain, &code).code == RPL_OK &&
        rpl_certificate_parse(rpl_bytes_of(chain.der[0], chain.len[0]), &ca) &&
        strcmp(ca.common_name, processor) == 0;
    return ask;
}

static rpl_status document_of(const task *t, rpl_pcs_kind kind, rpl_collateral_document **out)
{
    const rpl_pcs_ask ask = ask_of(t, kind);
    return rpl_collateral_document_of(&ask, &t->set.view, t->set.pck_crl_chain, out);
}

static void set_claims(json_t *object, const claims *c, bool is_list)
{
    if (!c->readable)
        return;
    json_object_set_new(object, "issued", json_integer(c->issued_s));
    json_object_set_new(object, "next_update", json_integer(c->next_update_s));
    rpl_json_set_uint(object, is_list ? "crl_number" : "evaluation_number", c->number);
    if (is_list)
        rpl_json_set_uint(object, "entries", c->n_entries);
}

static json_t *show_document(task *t, rpl_pcs_kind kind)
{
    static const char *const names[] = {"tcb_info", "qe_identity", "pck_crl", "root_ca_crl"};
    RPL_AUTO(collateral_document) rpl_collateral_document *d = NULL;
    rpl_collateral_stamp stamp = {0};
    json_t *object = json_object();
    rpl_status s = document_of(t, kind, &d);
    rpl_json_set_text(object, "kind", names[kind]);
    const claims c = s.code == RPL_OK ? claims_of(t, d) : (claims){0};
    if (s.code == RPL_OK) {
        rpl_verdict_start(&t->verdict, 0);
        s = rpl_collateral_document_check(d, &t->roots, t->now, &t->verdict, &stamp);
    }
    json_object_set_new(object, "verified", json_boolean(s.code == RPL_OK));
    if (s.code != RPL_OK)
        rpl_json_set_text(object, "why",
                          t->verdict.n_findings ? t->verdict.findings[0].code : s.what);
    set_claims(object, &c, kind == RPL_PCS_PCK_CRL || kind == RPL_PCS_ROOT_CRL);
    if (kind == RPL_PCS_TCB_INFO && c.readable)
        rpl_json_set_hex(object, "fmspc", rpl_bytes_of(t->info.fmspc, sizeof(t->info.fmspc)));
    if (kind == RPL_PCS_PCK_CRL && d)
        rpl_json_set_text(object, "ca", d->ask.processor_ca ? "processor" : "platform");
    return object;
}

static json_t *show_level(const rpl_tcb_level *level)
{
    char date[RPL_TIME_TEXT_SIZE];
    json_t *object = json_object();
    rpl_time_text(level->date, date);
    rpl_json_set_text(object, "status", rpl_tcb_status_name(level->status));
    rpl_json_set_text(object, "date", date);
    rpl_json_set_hex(object, "sgx", rpl_bytes_of(level->sgx, sizeof(level->sgx)));
    rpl_json_set_uint(object, "pcesvn", level->pcesvn);
    rpl_json_set_hex(object, "tdx", rpl_bytes_of(level->tdx, sizeof(level->tdx)));
    rpl_json_set_uint(object, "advisories", json_array_size(level->advisories));
    return object;
}

static json_t *show(task *t)
{
    json_t *object = json_object(), *documents = json_array(), *levels = json_array();
    bool all = true;
    rpl_verdict_start(&t->verdict, 0);
    (void)!rpl_tcb_info_read(t->set.view.tcb_info, &t->verdict, &t->info);
    for (int i = 0; i < RPL_PCS_KIND_COUNT; i++) {
        json_t *document = show_document(t, (rpl_pcs_kind)i);
        all = all && json_is_true(json_object_get(document, "verified"));
        json_array_append_new(documents, document);
    }
    for (size_t i = 0; i < t->info.n_levels; i++)
        json_array_append_new(levels, show_level(&t->info.levels[i]));
    json_object_set_new(object, "verified", json_boolean(all));
    json_object_set_new(object, "at", json_integer(t->now));
    json_object_set_new(object, "documents", documents);
    json_object_set_new(object, "tcb_levels", levels);
    return object;
}

static void print_date(const char *label, const json_t *seconds)
{
    char text[RPL_TIME_TEXT_SIZE];
    if (!json_is_integer(seconds))
        return;
    rpl_time_text(json_integer_value(seconds), text);
    printf("  %s %s", label, text);
}

static void print_number(const char *label, const json_t *number)
{
    if (json_is_integer(number))
        printf("  %s %" JSON_INTEGER_FORMAT, label, json_integer_value(number));
}

static void print_document(const json_t *d)
{
    const char *why = json_string_value(json_object_get(d, "why"));
    printf("%-12s %s%s", json_string_value(json_object_get(d, "kind")),
           why ? "NOT VERIFIED: " : "verified", why ? why : "");
    print_date("issued", json_object_get(d, "issued"));
    print_date("next update", json_object_get(d, "next_update"));
    print_number("evaluation number", json_object_get(d, "evaluation_number"));
    print_number("CRL number", json_object_get(d, "crl_number"));
    print_number("entries", json_object_get(d, "entries"));
    putchar('\n');
}

static void print_text(const json_t *shown)
{
    const json_t *documents = json_object_get(shown, "documents");
    const json_t *levels = json_object_get(shown, "tcb_levels");
    for (size_t i = 0; i < json_array_size(documents); i++)
        print_document(json_array_get(documents, i));
    for (size_t i = 0; i < json_array_size(levels); i++) {
        const json_t *level = json_array_get(levels, i);
        printf("level        %s  %s", json_string_value(json_object_get(level, "date")),
               json_string_value(json_object_get(level, "status")));
        print_number("advisories", json_object_get(level, "advisories"));
        print_number("pcesvn", json_object_get(level, "pcesvn"));
        printf("\n             sgx %s tdx %s\n", json_string_value(json_object_get(level, "sgx")),
               json_string_value(json_object_get(level, "tdx")));
    }
}

static int report(task *t, bool as_json)
{
    RPL_AUTO(json) json_t *shown = show(t);
    if (!as_json)
        print_text(shown);
    else if (json_dumpf(shown, stdout, JSON_COMPACT) != 0 || putchar('\n') < 0)
        return rpl_ctl_fail("stdout", rpl_fail(RPL_INTERNAL, "cannot write"));
    return json_is_true(json_object_get(shown, "verified")) ? 0 : REFUSED;
}

int rpl_ctl_collateral_show(int argc, char **argv)
{
    arguments a = {0};
    size_t len = 0;
    RPL_AUTO(task) task *t = calloc(1, sizeof(*t)); /* large */
    const rpl_ctl_option options[] = {
        {"--at", &a.at, NULL}, {"--root", &a.root, NULL}, {"--json", NULL, &a.json}, {0}};
    if (!rpl_ctl_arguments(argc, argv, options, &a.file, 1))
        return RPL_CTL_USAGE;
    RPL_AUTO(bytes) uint8_t *text = rpl_ctl_read(a.file, RPL_COLLATERAL_BUNDLE_MAX, &len);
    if (!text || !t)
        return RPL_CTL_USAGE;
    t->now = (int64_t)time(NULL);
    t->roots = rpl_roots_intel();
    if ((a.at && !rpl_ctl_read_time(command, a.at, &t->now)) ||
        (a.root && !rpl_ctl_read_root(command, a.root, &t->roots)))
        return RPL_CTL_USAGE;
    const rpl_status s = rpl_collateral_bundle_read(rpl_bytes_of(text, len), &t->set);
    return s.code == RPL_OK ? report(t, a.json) : rpl_ctl_fail(a.file, s);
}
