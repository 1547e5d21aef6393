#include "server/io/collateral_source.h"

#include "base/net/http_client.h"
#include "tests/support/http_script.h"

enum { NOW_S = 1790000000, BOOT_MS = 1000000, DOCUMENTS = 4 };
static const uint8_t fmspc[6] = {0x50, 0x80, 0x6f, 0, 0, 0};

/* Two services; `how` says how each behaves. */
typedef struct {
    const char *how;
    atomic_uint generation; /* stands in the documents of the first */
} behaviour;
static script_server first, second;
static behaviour first_does, second_does;
static rpl_collateral_source *source;

static const char *name_of(const char *target)
{
    return strstr(target, "/tdx/certification/v4/tcb?fmspc=") == target                   ? "tcb"
           : strcmp(target, "/tdx/certification/v4/qe/identity") == 0                     ? "qe"
           : strcmp(target, "/sgx/certification/v4/pckcrl?ca=platform&encoding=der") == 0 ? "pckcrl"
           : strcmp(target, "/sgx/certification/v4/pckcrl?ca=processor&encoding=der") == 0
               ? "pckcrl"
           : strcmp(target, "/sgx/certification/v4/rootcacrl") == 0 ? "rootcrl"
                                                                    : "unknown";
}

static script_answer document(script_server *s, const char *name)
{
    char body[512], zeros[129];
    memset(zeros, '0', 128);
    zeros[128] = 0;
    behaviour *b = s->data;
    const bool is_tcb = strcmp(name, "tcb") == 0, is_json = is_tcb || strcmp(name, "qe") == 0;
    if (is_json)
        snprintf(body, sizeof(body), "{\"%s\":{\"is\":\"%s %u\"},\"signature\":\"%s\"}",
                 is_tcb ? "tcbInfo" : "enclaveIdentity", name, atomic_load(&b->generation), zeros);
    else
        snprintf(body, sizeof(body), "%s %u", name, atomic_load(&b->generation));
    return (script_answer){.status = 200,
                           .headers = is_tcb ? "TCB-Info-Issuer-Chain: chain%20of%20tcb\r\n"
                                      : is_json
                                          ? "SGX-Enclave-Identity-Issuer-Chain: chain%20of%20qe\r\n"
                                          : NULL,
                           .body = strdup(body)};
}

/* "<document> <fault>": what happens to that one document. */
static script_answer answer(script_server *s, const char *target, const char *body)
{
    (void)body;
    const behaviour *b = s->data;
    const char *name = name_of(target);
    if (strcmp(name, "unknown") == 0)
        return (script_answer){.status = 400};
    if (strncmp(b->how, name, strlen(name)) != 0)
        return document(s, name);
    const char *fault = b->how + strlen(name) + 1;
    script_answer a = document(s, name);
    if (strcmp(fault, "unknown") == 0)
        a.status = 404;
    else if (strcmp(fault, "moved") == 0)
        a = (script_answer){.status = 302, .headers = "Location: /elsewhere\r\n", .body = a.body};
    else if (strcmp(fault, "unchained") == 0)
        a.headers = NULL;
    else if (strcmp(fault, "bent") == 0)
        a.headers = "TCB-Info-Issuer-Chain: %zz\r\n";
    else if (strcmp(fault, "html") == 0)
        a.body[0] = '<';
    else if (strcmp(fault, "cut") == 0)
        a.status = 0;
    else if (strcmp(fault, "huge") == 0) {
        free(a.body);
        a.body_len = (2 << 20) + 1;
        a.body = calloc(1, a.body_len);
    }
    return a;
}

static int begin(void **state)
{
    (void)state;
    char urls[160];
    first_does = (behaviour){.how = ""};
    second_does = (behaviour){.how = ""};
    atomic_store(&second_does.generation, 100);
    first = (script_server){.answer = answer, .data = &first_does};
    second = (script_server){.answer = answer, .data = &second_does};
    script_start_tcp(&first);
    script_start_tcp(&second);
    snprintf(urls, sizeof(urls), "%s,%s", first.url, second.url);
    return rpl_collateral_source_new(urls, NULL, &source).code != RPL_OK;
}

static int end(void **state)
{
    (void)state;
    rpl_collateral_source_free(source);
    script_stop(&first);
    script_stop(&second);
    return 0;
}

static rpl_collateral_lease get(int64_t boot_ms)
{
    rpl_collateral_lease lease = {0};
    assert_ok(rpl_collateral_source_get(source, fmspc, false, boot_ms, &lease));
    return lease;
}

static void give_back(rpl_collateral_lease *lease, bool verified, int64_t boot_ms,
                      int64_t valid_until_s)
{
    const rpl_collateral_outcome outcome = {.verified = verified, .valid_until_s = valid_until_s};
    const rpl_time now = {.now_s = NOW_S, .boot_ms = boot_ms};
    rpl_collateral_source_done(source, lease, &outcome, &now);
    assert_null(lease->owner);
}

static void assert_text(rpl_bytes bytes, const char *text)
{
    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.len);
}

static unsigned asked(script_server *s)
{
    return atomic_load(&s->n_requests);
}

static void all_documents_come_from_the_first_source(void **state)
{
    (void)state;
    rpl_collateral_lease lease = get(BOOT_MS);
    assert_text(lease.collateral.tcb_info, "{\"is\":\"tcb 0\"}");
    assert_text(lease.collateral.tcb_info_chain, "chain of tcb");
    assert_text(lease.collateral.qe_identity, "{\"is\":\"qe 0\"}");
    assert_text(lease.collateral.qe_identity_chain, "chain of qe");
    assert_text(lease.collateral.pck_crl, "pckcrl 0");
    assert_text(lease.collateral.root_crl, "rootcrl 0");
    assert_int_equal(lease.collateral.tcb_info_signature.len, 128);
    assert_int_equal(asked(&first), DOCUMENTS);
    assert_int_equal(asked(&second), 0);
    give_back(&lease, true, BOOT_MS, NOW_S + 86400);
}

/* One set, one source: documents of two are never mixed. */
static void any_fault_of_the_first_leads_to_the_second_as_a_whole(void **state)
{
    (void)state;
    static const char *const faults[] = {"tcb unknown", "tcb moved",    "tcb unchained",
                                         "tcb bent",    "tcb html",     "tcb cut",
                                         "tcb huge",    "qe unchained", "qe unknown",
                                         "pckcrl huge", "pckcrl moved", "rootcrl cut"};
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        const unsigned before = asked(&second);
        first_does.how = faults[i];
        rpl_collateral_lease lease = get(BOOT_MS + (int64_t)i * 10000);
        assert_text(lease.collateral.tcb_info, "{\"is\":\"tcb 100\"}");
        assert_text(lease.collateral.qe_identity, "{\"is\":\"qe 100\"}");
        assert_text(lease.collateral.pck_crl, "pckcrl 100");
        assert_text(lease.collateral.root_crl, "rootcrl 100");
        assert_int_equal(asked(&second), before + DOCUMENTS);
        give_back(&lease, false, BOOT_MS, 0);
    }
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    first_does.how = second_does.how = "tcb moved";
    rpl_collateral_lease lease = {0};
    assert_code(rpl_collateral_source_get(source, fmspc, false, BOOT_MS, &lease), RPL_UNAVAILABLE);
    assert_null(lease.owner);
    assert_int_equal(asked(&first), 1);
    assert_int_equal(asked(&second), 1);
}

static void when_none_has_it_the_next_call_asks_again(void **state)
{
    (void)state;
    first_does.how = second_does.how = "rootcrl unknown";
    rpl_collateral_lease lease = {0};
    const rpl_status s = rpl_collateral_source_get(source, fmspc, false, BOOT_MS, &lease);
    assert_int_equal(s.code, RPL_UNAVAILABLE);
    assert_non_null(strstr(s.what, "REPLICATOOR_PCCS"));
    first_does.how = "";
    lease = get(BOOT_MS);
    give_back(&lease, true, BOOT_MS, NOW_S + 86400);
}

static void what_verified_is_kept_for_an_hour(void **state)
{
    (void)state;
    rpl_collateral_lease lease = get(BOOT_MS);
    give_back(&lease, true, BOOT_MS, NOW_S + 86400);
    lease = get(BOOT_MS + 3600 * 1000 - 1);
    assert_int_equal(asked(&first), DOCUMENTS);
    give_back(&lease, false, BOOT_MS, 0);
    lease = get(BOOT_MS + 3600 * 1000);
    assert_int_equal(asked(&first), 2 * DOCUMENTS);
    give_back(&lease, true, BOOT_MS, NOW_S + 86400);
}

static void what_verified_is_never_kept_past_its_own_end(void **state)
{
    (void)state;
    rpl_collateral_lease lease = get(BOOT_MS);
    give_back(&lease, true, BOOT_MS, NOW_S + 60);
    lease = get(BOOT_MS + 60 * 1000 - 1);
    assert_int_equal(asked(&first), DOCUMENTS);
    give_back(&lease, true, BOOT_MS, NOW_S + 60);
    lease = get(BOOT_MS + 60 * 1000);
    assert_int_equal(asked(&first), 2 * DOCUMENTS);
    give_back(&lease, true, BOOT_MS, NOW_S - 1);
    lease = get(BOOT_MS);
    assert_int_equal(asked(&first), 3 * DOCUMENTS);
    give_back(&lease, false, BOOT_MS, 0);
}

static void what_did_not_verify_is_fetched_again_after_ten_seconds(void **state)
{
    (void)state;
    rpl_collateral_lease lease = get(BOOT_MS);
    give_back(&lease, false, BOOT_MS, 0);
    lease = get(BOOT_MS + 9999);
    assert_int_equal(asked(&first), DOCUMENTS);
    give_back(&lease, false, BOOT_MS, 0);
    lease = get(BOOT_MS + 10000);
    assert_int_equal(asked(&first), 2 * DOCUMENTS);
    give_back(&lease, false, BOOT_MS, 0);
}

static void a_lease_outlives_its_replacement(void **state)
{
    (void)state;
    rpl_collateral_lease old = get(BOOT_MS), same = get(BOOT_MS);
    assert_ptr_equal(old.owner, same.owner);
    atomic_store(&first_does.generation, 7);
    rpl_collateral_lease fresh = get(BOOT_MS + 10000);
    assert_text(fresh.collateral.tcb_info, "{\"is\":\"tcb 7\"}");
    assert_text(old.collateral.tcb_info, "{\"is\":\"tcb 0\"}");
    give_back(&old, true, BOOT_MS + 10000, NOW_S + 86400);
    assert_text(same.collateral.root_crl, "rootcrl 0");
    give_back(&same, false, BOOT_MS, 0);
    give_back(&fresh, false, BOOT_MS, 0);
}

static void kinds_of_platforms_are_kept_apart(void **state)
{
    (void)state;
    static const uint8_t another[6] = {1};
    rpl_collateral_lease lease = get(BOOT_MS), processor = {0}, other = {0};
    assert_ok(rpl_collateral_source_get(source, fmspc, true, BOOT_MS, &processor));
    assert_ok(rpl_collateral_source_get(source, another, false, BOOT_MS, &other));
    assert_int_equal(asked(&first), 3 * DOCUMENTS);
    assert_ptr_not_equal(lease.owner, processor.owner);
    assert_ptr_not_equal(lease.owner, other.owner);
    give_back(&lease, false, BOOT_MS, 0);
    give_back(&processor, false, BOOT_MS, 0);
    give_back(&other, false, BOOT_MS, 0);
}

static void more_platforms_than_places_are_served_all_the_same(void **state)
{
    (void)state;
    rpl_collateral_lease leases[20];
    for (uint8_t i = 0; i < 20; i++) {
        const uint8_t platform[6] = {i};
        assert_ok(rpl_collateral_source_get(source, platform, false, BOOT_MS + i, &leases[i]));
    }
    for (size_t i = 0; i < 20; i++) {
        assert_text(leases[i].collateral.root_crl, "rootcrl 0");
        give_back(&leases[i], i % 2, BOOT_MS, NOW_S + 86400);
    }
}

static void *get_and_give(void *data)
{
    rpl_collateral_lease lease = get(BOOT_MS);
    (void)data;
    give_back(&lease, true, BOOT_MS, NOW_S + 86400);
    return NULL;
}

static void callers_at_once_share_one_fetch(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_and_give, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(asked(&first), DOCUMENTS);
}

static void an_address_is_scheme_and_host_alone(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "https://",
        "ftp://host",
        "host",
        "https://host/",
        "https://host/path",
        "https://a b",
        "https://user@host",
        "https://host?x",
        "https://host#x",
        ",",
        "https://a,,b",
        "http://a,http://a,http://a,http://a,http://a,http://a,http://a,http://a,http://a"};
    static const char *const accepted[] = {NULL, "", "https://pccs.example:8081",
                                           "http://127.0.0.1:1,https://b"};
    rpl_collateral_source *made = NULL;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        assert_code(rpl_collateral_source_new(refused[i], NULL, &made), RPL_MALFORMED);
    assert_null(made);
    for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
        assert_ok(rpl_collateral_source_new(accepted[i], NULL, &made));
        rpl_collateral_source_free(made);
    }
    rpl_collateral_source_free(NULL);
}

#define WITH_SERVICES(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVICES(all_documents_come_from_the_first_source),
        WITH_SERVICES(any_fault_of_the_first_leads_to_the_second_as_a_whole),
        WITH_SERVICES(a_redirect_is_not_followed),
        WITH_SERVICES(when_none_has_it_the_next_call_asks_again),
        WITH_SERVICES(what_verified_is_kept_for_an_hour),
        WITH_SERVICES(what_verified_is_never_kept_past_its_own_end),
        WITH_SERVICES(what_did_not_verify_is_fetched_again_after_ten_seconds),
        WITH_SERVICES(a_lease_outlives_its_replacement),
        WITH_SERVICES(kinds_of_platforms_are_kept_apart),
        WITH_SERVICES(more_platforms_than_places_are_served_all_the_same),
        WITH_SERVICES(callers_at_once_share_one_fetch),
        cmocka_unit_test(an_address_is_scheme_and_host_alone),
    };
    return rpl_http_global_init().code != RPL_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
