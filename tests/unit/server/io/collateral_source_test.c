#include "server/io/collateral_source.h"

#include "base/net/http_client.h"
#include "tests/support/collateral_script.h"

enum { NOW_S = 1790000000, BOOT_MS = 1000000, TCB = 0, QE, PCKCRL, ROOTCRL, EARLY, EARLY_QE };
static const char issuers[] = "chain of ca and root";

static script_service first, second;
static rpl_collateral_source *source;
static rpl_time now;
static rpl_collateral_wants wants;

static int begin(void **state)
{
    (void)state;
    char urls[160];
    script_service_start(&first, (script_manner){"", NOW_S - SCRIPT_DAY_S, 17, 1});
    script_service_start(&second, (script_manner){"", NOW_S - SCRIPT_DAY_S, 17, 2});
    snprintf(urls, sizeof(urls), "%s/sgx/certification/v4/,%s", first.server.url,
             second.server.url);
    now = (rpl_time){.now_s = NOW_S, .boot_ms = BOOT_MS};
    wants =
        (rpl_collateral_wants){.fmspc = {0x50, 0x80, 0x6f}, .issuers = rpl_bytes_of_text(issuers)};
    script_boot_now = BOOT_MS;
    const rpl_collateral_source_config config = {
        .urls = urls, .judge = {script_check, NULL}, .boot_ms = script_boot_ms};
    return rpl_collateral_source_new(&config, &source).code != RPL_OK;
}

static int end(void **state)
{
    (void)state;
    script_open(&first, true);
    script_open(&second, true);
    rpl_collateral_source_free(source);
    script_service_stop(&first);
    script_service_stop(&second);
    return 0;
}

static void later(int64_t ms)
{
    now.boot_ms += ms;
    script_boot_now = now.boot_ms;
    now.now_s += ms / 1000;
}

static rpl_status try_get(rpl_collateral_lease *lease)
{
    *lease = (rpl_collateral_lease){0};
    return rpl_collateral_source_get(source, &wants, &now, lease);
}

static rpl_collateral_lease get(void)
{
    rpl_collateral_lease lease;
    assert_ok(try_get(&lease));
    return lease;
}

static void give_back(rpl_collateral_lease *lease)
{
    rpl_collateral_source_done(source, lease, false);
    assert_null(lease->owner);
}

static void get_and_give_back(void)
{
    rpl_collateral_lease lease = get();
    give_back(&lease);
}

static bool says(rpl_bytes bytes, const char *text)
{
    return memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
}

/* Which service each of the four is from, by the mark in the documents: "1121". */
static void assert_marks(const rpl_collateral_lease *lease, const char *marks)
{
    const rpl_collateral *c = &lease->collateral;
    const rpl_bytes parts[] = {c->tcb_info, c->qe_identity, c->pck_crl, c->root_crl};
    char text[16];
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof(text), "%s %c ", script_names[i], marks[i]);
        if (!says(parts[i], text))
            fail_msg("no \"%s\" in %.*s", text, (int)parts[i].len, (const char *)parts[i].data);
    }
}

static void a_lease_has_what_a_verification_needs(void **state)
{
    (void)state;
    rpl_collateral_lease lease = get();
    assert_marks(&lease, "1111");
    assert_true(
        rpl_bytes_equal(lease.collateral.tcb_info_chain, rpl_bytes_of_text("chain of tcb")));
    assert_true(
        rpl_bytes_equal(lease.collateral.qe_identity_chain, rpl_bytes_of_text("chain of qe")));
    assert_int_equal(lease.collateral.tcb_info_signature.len, 128);
    assert_int_equal(lease.collateral.qe_identity_signature.len, 128);
    assert_int_equal(lease.collateral.root_crl.data[0], 0x30);
    assert_int_equal(script_asked_all(&first), 4);
    assert_int_equal(script_asked_all(&second), 0);
    give_back(&lease);
}

static void a_fault_leads_to_the_next_source_for_that_document_alone(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *marks;
    } rows[] = {
        {"tcb unknown", "2111"},   {"tcb gone", "2111"},         {"tcb moved", "2111"},
        {"tcb unchained", "2111"}, {"tcb bent", "2111"},         {"tcb twice", "2111"},
        {"tcb html", "2111"},      {"tcb short", "2111"},        {"tcb bad", "2111"},
        {"tcb huge", "2111"},      {"tcb other", "1111"},        {"qe unchained", "1211"},
        {"qe unknown", "1211"},    {"qe bad", "1211"},           {"qe empty", "1211"},
        {"pckcrl huge", "1121"},   {"pckcrl short", "1121"},     {"pckcrl empty", "1121"},
        {"pckcrl bad", "1121"},    {"pckcrl unchained", "1111"}, {"rootcrl moved", "1112"},
        {"rootcrl short", "1112"}, {"rootcrl html", "1112"},
    };
    for (uint8_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        void *none = NULL;
        (void)end(&none);
        assert_int_equal(begin(&none), 0);
        script_fault(&first, rows[i].fault);
        rpl_collateral_lease lease = get();
        assert_marks(&lease, rows[i].marks);
        give_back(&lease);
    }
}

/* Nothing else is asked there for a while. */
static void a_source_that_is_out_of_order_rests(void **state)
{
    (void)state;
    static const char *const faults[] = {"tcb cut", "tcb down", "tcb busy"};
    static const int64_t rests_ms[] = {5000, 5000, 100000};
    for (uint8_t i = 0; i < 3; i++) {
        wants.fmspc[5] = i;
        later(RPL_CACHE_RENEW_MS);
        script_fault(&first, faults[i]);
        const unsigned before = script_asked_all(&first);
        get_and_give_back();
        rpl_collateral_source_settle(source);
        wants.fmspc[4]++;
        later(rests_ms[i] - 1);
        get_and_give_back();
        rpl_collateral_source_settle(source);
        assert_int_equal(script_asked(&first, TCB), (unsigned)i * 2 + 1);
        wants.fmspc[4]++;
        later(1);
        script_fault(&first, "");
        get_and_give_back();
        rpl_collateral_source_settle(source);
        assert_int_equal(script_asked(&first, TCB), (unsigned)i * 2 + 2);
        assert_true(script_asked_all(&first) > before);
    }
}

static void nobody_follows_a_redirect(void **state)
{
    (void)state;
    rpl_collateral_lease lease;
    script_fault(&first, "tcb moved");
    script_fault(&second, "tcb moved");
    const rpl_status s = try_get(&lease);
    assert_int_equal(s.code, RPL_UNAVAILABLE);
    assert_non_null(strstr(s.what, "redirect"));
    assert_null(lease.owner);
    assert_int_equal(script_asked(&first, TCB), 1);
    assert_int_equal(script_asked(&second, TCB), 1);
}

static void a_failure_is_remembered_for_a_while(void **state)
{
    (void)state;
    rpl_collateral_lease lease;
    script_fault(&first, "rootcrl unknown");
    script_fault(&second, "rootcrl unknown");
    for (int i = 0; i < 5; i++)
        assert_code(try_get(&lease), RPL_UNAVAILABLE);
    assert_int_equal(script_asked(&first, ROOTCRL), 1);
    later(RPL_CACHE_RETRY_FIRST_MS - 1);
    assert_code(try_get(&lease), RPL_UNAVAILABLE);
    assert_int_equal(script_asked(&first, ROOTCRL), 1);
    later(1);
    script_fault(&first, "");
    get_and_give_back();
    assert_int_equal(script_asked(&first, ROOTCRL), 2);
    assert_int_equal(script_asked(&first, TCB), 1); /* what was there is still there */
}

static void what_is_known_is_used_at_once_and_renewed_behind_it(void **state)
{
    (void)state;
    get_and_give_back();
    later(RPL_CACHE_RENEW_MS - 1);
    get_and_give_back();
    rpl_collateral_source_settle(source);
    assert_int_equal(script_asked_all(&first), 4);
    later(1);
    script_set(&first, (script_manner){"", NOW_S, 18, 7});
    script_open(&first, false); /* the renewal hangs: nobody waits for it */
    rpl_collateral_lease lease = get();
    assert_marks(&lease, "1111");
    give_back(&lease);
    lease = get();
    assert_marks(&lease, "1111");
    give_back(&lease);
    script_open(&first, true);
    rpl_collateral_source_settle(source);
    lease = get();
    assert_marks(&lease, "7777");
    assert_int_equal(script_asked_all(&first), 8);
    give_back(&lease);
}

static void an_outage_before_the_end_stops_nothing(void **state)
{
    (void)state;
    rpl_collateral_lease lease;
    get_and_give_back();
    script_fault(&first, "all cut");
    script_fault(&second, "all down");
    while (now.now_s + 6 * 3600 <= NOW_S + 27 * SCRIPT_DAY_S) {
        later(RPL_CACHE_RENEW_MS);
        lease = get();
        assert_marks(&lease, "1111");
        give_back(&lease);
        rpl_collateral_source_settle(source);
    }
    now.now_s = NOW_S + 27 * SCRIPT_DAY_S;
    get_and_give_back();
    now.now_s++;
    later(120000);
    assert_code(try_get(&lease), RPL_UNAVAILABLE);
}

static void an_older_document_never_takes_the_place_of_a_newer_one(void **state)
{
    (void)state;
    static const script_manner older[] = {{"", NOW_S - SCRIPT_DAY_S - 1, 17, 8},
                                          {"", NOW_S - SCRIPT_DAY_S + 5, 16, 9}};
    get_and_give_back();
    for (size_t i = 0; i < 2; i++) {
        later(RPL_CACHE_RENEW_MS);
        script_set(&first, older[i]);
        script_set(&second, older[i]);
        get_and_give_back();
        rpl_collateral_source_settle(source);
        rpl_collateral_lease lease = get();
        assert_marks(&lease, "1111");
        give_back(&lease);
    }
    later(RPL_CACHE_RENEW_MS);
    script_set(&second, (script_manner){"", NOW_S, 17, 6});
    get_and_give_back();
    rpl_collateral_source_settle(source);
    rpl_collateral_lease lease = get();
    assert_marks(&lease, "6666");
    give_back(&lease);
}

static void not_even_when_the_newer_one_has_ended(void **state)
{
    (void)state;
    rpl_collateral_lease lease;
    get_and_give_back();
    now.now_s = NOW_S + 28 * SCRIPT_DAY_S;
    now.boot_ms += RPL_CACHE_RENEW_MS;
    script_set(&first, (script_manner){"", NOW_S + SCRIPT_DAY_S, 16, 8});
    script_set(&second, (script_manner){"", NOW_S + SCRIPT_DAY_S, 16, 8});
    const rpl_status s = try_get(&lease);
    assert_int_equal(s.code, RPL_UNAVAILABLE);
    assert_non_null(strstr(s.what, "older"));
}

static void what_does_not_verify_is_passed_on_but_not_kept(void **state)
{
    (void)state;
    script_fault(&first, "tcb bad");
    script_fault(&second, "tcb bad");
    rpl_collateral_lease lease = get();
    assert_true(says(lease.collateral.tcb_info, "forged"));
    give_back(&lease);
    get_and_give_back();
    assert_int_equal(script_asked(&first, TCB), 1);
    later(RPL_CACHE_RETRY_FIRST_MS);
    script_fault(&first, "");
    lease = get();
    assert_marks(&lease, "1111");
    give_back(&lease);
}

static void the_same_document_stays_at_the_same_place(void **state)
{
    (void)state;
    rpl_collateral_lease a = get(), b = get();
    assert_ptr_equal(a.collateral.tcb_info.data, b.collateral.tcb_info.data);
    give_back(&b);
    later(RPL_CACHE_RENEW_MS);
    get_and_give_back();
    rpl_collateral_source_settle(source);
    assert_int_equal(script_asked_all(&first), 8);
    b = get();
    assert_ptr_equal(a.collateral.tcb_info.data, b.collateral.tcb_info.data);
    assert_ptr_equal(a.collateral.tcb_info_chain.data, b.collateral.tcb_info_chain.data);
    assert_ptr_equal(a.collateral.qe_identity.data, b.collateral.qe_identity.data);
    assert_ptr_equal(a.collateral.pck_crl.data, b.collateral.pck_crl.data);
    assert_ptr_equal(a.collateral.root_crl.data, b.collateral.root_crl.data);
    give_back(&a);
    give_back(&b);
}

static void a_lease_outlives_what_replaces_it(void **state)
{
    (void)state;
    rpl_collateral_lease old = get();
    later(RPL_CACHE_RENEW_MS);
    script_set(&first, (script_manner){"", NOW_S, 18, 7});
    get_and_give_back();
    rpl_collateral_source_settle(source);
    rpl_collateral_lease fresh = get();
    assert_marks(&fresh, "7777");
    assert_marks(&old, "1111");
    give_back(&old);
    give_back(&fresh);
}

static void documents_are_shared_between_platforms_as_far_as_they_are_the_same(void **state)
{
    (void)state;
    rpl_collateral_lease one = get();
    wants.fmspc[0] = 0x90;
    rpl_collateral_lease other = get();
    assert_ptr_not_equal(one.collateral.tcb_info.data, other.collateral.tcb_info.data);
    assert_ptr_equal(one.collateral.qe_identity.data, other.collateral.qe_identity.data);
    assert_ptr_equal(one.collateral.pck_crl.data, other.collateral.pck_crl.data);
    assert_int_equal(script_asked_all(&first), 5);
    wants.processor_ca = true;
    rpl_collateral_lease processor = get();
    assert_ptr_not_equal(one.collateral.pck_crl.data, processor.collateral.pck_crl.data);
    assert_ptr_equal(one.collateral.root_crl.data, processor.collateral.root_crl.data);
    assert_int_equal(script_asked_all(&first), 6);
    give_back(&one);
    give_back(&other);
    give_back(&processor);
}

static void more_platforms_than_places_are_served_all_the_same(void **state)
{
    (void)state;
    rpl_collateral_lease leases[80];
    for (uint8_t i = 0; i < 80; i++) {
        wants.fmspc[0] = i;
        later(1);
        leases[i] = get();
    }
    for (size_t i = 0; i < 80; i++) {
        assert_marks(&leases[i], "1111");
        give_back(&leases[i]);
    }
}

static void a_quote_that_does_not_pass_asks_again_but_not_often(void **state)
{
    (void)state;
    get_and_give_back();
    wants.renew = true;
    get_and_give_back();
    assert_int_equal(script_asked_all(&first), 4); /* just fetched */
    later(RPL_CACHE_REST_MS);
    script_set(&first, (script_manner){"", NOW_S, 18, 7});
    rpl_collateral_lease lease = get();
    assert_marks(&lease, "7777");
    give_back(&lease);
    assert_int_equal(script_asked_all(&first), 8);
    later(RPL_CACHE_FORCED_MS - 1);
    get_and_give_back();
    assert_int_equal(script_asked_all(&first), 8);
    later(1);
    script_fault(&first, "all cut");
    script_fault(&second, "all cut");
    lease = get();
    assert_marks(&lease, "7777");
    give_back(&lease);
}

static void the_early_view_is_for_those_who_want_it(void **state)
{
    (void)state;
    rpl_collateral_lease lease = get();
    rpl_collateral_source_settle(source);
    assert_int_equal(lease.early.tcb_info.len, 0);
    assert_int_equal(script_asked(&first, EARLY) + script_asked(&first, EARLY_QE), 0);
    give_back(&lease);
    wants.want_early = true;
    lease = get();
    assert_true(says(lease.early.tcb_info, "early 1 "));
    assert_true(rpl_bytes_equal(lease.early.tcb_info_chain, rpl_bytes_of_text("chain of early")));
    assert_true(says(lease.early.qe_identity, "nextqe 1 "));
    assert_true(rpl_bytes_equal(lease.early.qe_identity_chain, rpl_bytes_of_text("chain of next")));
    assert_marks(&lease, "1111");
    assert_ptr_equal(lease.early.pck_crl.data, lease.collateral.pck_crl.data);
    give_back(&lease);
}

static void without_an_early_view_everything_else_is_there(void **state)
{
    (void)state;
    static const char *const faults[] = {"early unknown", "early gone", "early bad"};
    wants.want_early = true;
    for (uint8_t i = 0; i < 3; i++) {
        wants.fmspc[5] = i;
        script_fault(&first, faults[i]);
        script_fault(&second, faults[i]);
        rpl_collateral_lease lease = get();
        assert_marks(&lease, "1111");
        assert_int_equal(lease.early.tcb_info.len, 0);
        assert_null(lease.early.root_crl.data);
        give_back(&lease);
    }
}

static void *get_in_thread(void *data)
{
    rpl_collateral_lease lease = {0};
    const rpl_collateral_wants mine = *(const rpl_collateral_wants *)data;
    const rpl_time at = {.now_s = NOW_S, .boot_ms = BOOT_MS};
    if (rpl_collateral_source_get(source, &mine, &at, &lease).code == RPL_OK)
        rpl_collateral_source_done(source, &lease, false);
    return NULL;
}

static void callers_at_once_share_one_fetch(void **state)
{
    (void)state;
    pthread_t threads[8];
    script_open(&first, false);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_in_thread, &wants), 0);
    script_open(&first, true);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(script_asked_all(&first), 4);
}

/* Somebody waits for another platform's document: those whose documents are known do not. */
static void a_fetch_under_way_holds_nobody_else_up(void **state)
{
    (void)state;
    pthread_t thread;
    get_and_give_back();
    rpl_collateral_source_settle(source);
    script_open(&first, false);
    rpl_collateral_wants other = wants;
    other.fmspc[0]++;
    assert_int_equal(pthread_create(&thread, NULL, get_in_thread, &other), 0);
    get_and_give_back();
    script_open(&first, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

#define WITH_SERVICES(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVICES(a_lease_has_what_a_verification_needs),
        WITH_SERVICES(a_fault_leads_to_the_next_source_for_that_document_alone),
        WITH_SERVICES(a_source_that_is_out_of_order_rests),
        WITH_SERVICES(nobody_follows_a_redirect),
        WITH_SERVICES(a_failure_is_remembered_for_a_while),
        WITH_SERVICES(what_is_known_is_used_at_once_and_renewed_behind_it),
        WITH_SERVICES(an_outage_before_the_end_stops_nothing),
        WITH_SERVICES(an_older_document_never_takes_the_place_of_a_newer_one),
        WITH_SERVICES(not_even_when_the_newer_one_has_ended),
        WITH_SERVICES(what_does_not_verify_is_passed_on_but_not_kept),
        WITH_SERVICES(the_same_document_stays_at_the_same_place),
        WITH_SERVICES(a_lease_outlives_what_replaces_it),
        WITH_SERVICES(documents_are_shared_between_platforms_as_far_as_they_are_the_same),
        WITH_SERVICES(more_platforms_than_places_are_served_all_the_same),
        WITH_SERVICES(a_quote_that_does_not_pass_asks_again_but_not_often),
        WITH_SERVICES(the_early_view_is_for_those_who_want_it),
        WITH_SERVICES(without_an_early_view_everything_else_is_there),
        WITH_SERVICES(callers_at_once_share_one_fetch),
        WITH_SERVICES(a_fetch_under_way_holds_nobody_else_up),
    };
    return rpl_http_global_init().code != RPL_OK || cmocka_run_group_tests(tests, NULL, NULL);
}
