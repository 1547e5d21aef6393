#include "attestation/tdx/qe_identity.h"
#include "base/json.h"
#include "tests/support/verdicts.h"

static const char genuine[] =
    "{\"id\":\"TD_QE\",\"version\":2,\"issueDate\":\"2026-05-27T00:00:00Z\","
    "\"nextUpdate\":\"2026-06-26T00:00:00Z\",\"tcbEvaluationDataNumber\":18,"
    "\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
    "\"attributes\":\"11000000000000000000000000000000\","
    "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\","
    "\"mrsigner\":\"DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5\","
    "\"isvprodid\":2,\"tcbLevels\":["
    "{\"tcb\":{\"isvsvn\":2},\"tcbDate\":\"2021-01-01T00:00:00Z\",\"tcbStatus\":\"Revoked\"},"
    "{\"tcb\":{\"isvsvn\":4},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"UpToDate\"},"
    "{\"tcb\":{\"isvsvn\":3},\"tcbDate\":\"2023-01-01T00:00:00Z\",\"tcbStatus\":\"OutOfDate\","
    "\"advisoryIDs\":[\"INTEL-SA-00001\"]}]}";

static bool reads(const char *text, rpl_verdict *v, rpl_qe_identity *id)
{
    rpl_verdict_start(v, RPL_GROUP_COLLATERAL);
    return rpl_qe_identity_read(rpl_bytes_of_text(text), v, id);
}

static void levels_are_sorted_whatever_the_document_says(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_qe_identity id;
    assert_true(reads(genuine, &v, &id));
    assert_int_equal(v.state[RPL_CHECK_QE_IDENTITY], RPL_PASSED);
    assert_int_equal(id.n_levels, 3);
    assert_int_equal(id.levels[0].isv_svn, 4);
    assert_int_equal(id.levels[2].isv_svn, 2);
    assert_int_equal(id.isv_prod_id, 2);
    rpl_qe_identity_free(&id);
}

static void faults_are_named(void **state)
{
    (void)state;
    static const char *const edits[][3] = {
        {"\"TD_QE\"", "\"QE\"", "QE_IDENTITY_KIND"},
        {"\"TD_QE\"", "\"TD_QEX\"", "QE_IDENTITY_KIND"},
        {"\"version\":2", "\"version\":3", "QE_IDENTITY_KIND"},
        {"\"version\":2", "\"version\":2,\"version\":2", "QE_IDENTITY_FORMAT"},
        {"\"version\":2", "\"version\":2,\"x\":[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]",
         "QE_IDENTITY_FORMAT"},
        {"\"00000000\"", "\"000000\"", "QE_IDENTITY_FORMAT"},
        {"\"FFFFFFFF\"", "\"FFFFFFFFFF\"", "QE_IDENTITY_FORMAT"},
        {"\"DC9E2A", "\"0C9E2A7C", "QE_IDENTITY_FORMAT"},
        {"\"isvprodid\":2", "\"isvprodid\":65536", "QE_IDENTITY_FORMAT"},
        {"\"isvprodid\":2", "\"isvprodid\":2.0", "QE_IDENTITY_FORMAT"},
        {"\"isvsvn\":4", "\"isvsvn\":65536", "QE_IDENTITY_FORMAT"},
        {"\"isvsvn\":4", "\"isvsvn\":\"4\"", "QE_IDENTITY_FORMAT"},
        {"\"isvsvn\":4", "\"svn\":4", "QE_IDENTITY_FORMAT"},
        {"2024-03-13T00:00:00Z", "2024-03-13", "DATE_FORMAT"},
        {"2026-06-26T00:00:00Z", "2026-05-27T00:00:00Z", "QE_IDENTITY_FORMAT"},
        {"\"UpToDate\"", "\"ConfigurationNeeded\"", "TCB_STATUS_UNKNOWN"},
        {"\"tcbLevels\":[", "\"tcbLevels\":[],\"x\":[", "QE_IDENTITY_FORMAT"},
        {"\"tcbLevels\":[", "\"tcbLevels\":{},\"x\":[", "QE_IDENTITY_FORMAT"},
        {"]}]}", "]}]}}", "QE_IDENTITY_FORMAT"},
        {"{\"id\"", "\xef\xbb\xbf{\"id\"", "QE_IDENTITY_FORMAT"},
    };
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        rpl_verdict v;
        rpl_qe_identity id;
        char *text = edited(genuine, edits[i][0], edits[i][1]);
        const bool ok = reads(text, &v, &id);
        if (ok || !verdict_says(&v, edits[i][2]))
            fail_msg("%s -> %s: wanted %s", edits[i][0], edits[i][1], edits[i][2]);
        rpl_qe_identity_free(&id);
        free(text);
    }
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof(genuine) - 1; len++) {
        rpl_verdict v;
        rpl_qe_identity id;
        uint8_t *copy = exact_copy(genuine, len);
        rpl_verdict_start(&v, RPL_GROUP_COLLATERAL);
        assert_false(rpl_qe_identity_read(rpl_bytes_of(copy, len), &v, &id));
        rpl_qe_identity_free(&id);
        free(copy);
    }
}

static rpl_qe_report good_report(const rpl_qe_identity *id)
{
    rpl_qe_report report = {.isv_prod_id = 2, .isv_svn = 4};
    report.attributes[0] = 0x15;
    memset(report.attributes + 8, 0xe7, 8);
    memcpy(report.mrsigner, id->mrsigner, sizeof(report.mrsigner));
    return report;
}

static void expect(const rpl_qe_identity *id, const rpl_qe_report *report, const char *code)
{
    rpl_verdict v;
    rpl_verdict_start(&v, 0);
    (void)rpl_qe_identity_check(id, report, &v);
    if (code && !verdict_says(&v, code))
        fail_msg("wanted %s", code);
    assert_int_equal(v.state[RPL_CHECK_QE_REPORT], code ? RPL_FAILED : RPL_PASSED);
}

static void the_report_must_be_of_this_enclave(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_qe_identity id;
    assert_true(reads(genuine, &v, &id));
    rpl_qe_report r = good_report(&id);
    expect(&id, &r, NULL);
    for (size_t i = 0; i < 4; i++) {
        r = good_report(&id);
        r.misc_select[i] = 1;
        expect(&id, &r, "QE_MISCSELECT");
    }
    for (size_t i = 0; i < 8; i++) {
        r = good_report(&id);
        r.attributes[i] ^= 0x40;
        expect(&id, &r, "QE_ATTRIBUTES");
    }
    r = good_report(&id);
    r.mrsigner[31] ^= 1;
    expect(&id, &r, "QE_MRSIGNER");
    r = good_report(&id);
    r.isv_prod_id = 1;
    expect(&id, &r, "QE_ISVPRODID");
    rpl_qe_identity_free(&id);
}

static void init_and_debug_count_whatever_the_mask_says(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_qe_identity id;
    assert_true(reads(genuine, &v, &id));
    memset(id.attributes, 0, sizeof(id.attributes));
    memset(id.attributes_mask, 0, sizeof(id.attributes_mask));
    rpl_qe_report r = good_report(&id);
    expect(&id, &r, NULL);
    r.attributes[0] = 0x17;
    expect(&id, &r, "QE_DEBUG");
    r.attributes[0] = 0x14;
    expect(&id, &r, "QE_ATTRIBUTES");
    rpl_qe_identity_free(&id);
}

static void an_expectation_outside_its_mask_is_never_met(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_qe_identity id;
    assert_true(reads(genuine, &v, &id));
    rpl_qe_report r = good_report(&id);
    id.misc_select[0] = 1;
    id.misc_select_mask[0] = 0;
    r.misc_select[0] = 1;
    expect(&id, &r, "QE_MISCSELECT");
    rpl_qe_identity_free(&id);
}

static void the_level_is_the_highest_that_the_enclave_reaches(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_qe_identity id;
    assert_true(reads(genuine, &v, &id));
    rpl_qe_report r = good_report(&id);
    rpl_verdict_start(&v, 0);
    r.isv_svn = 65535;
    assert_int_equal(rpl_qe_identity_check(&id, &r, &v)->status, RPL_TCB_UP_TO_DATE);
    r.isv_svn = 3;
    assert_int_equal(rpl_qe_identity_check(&id, &r, &v)->status, RPL_TCB_OUT_OF_DATE);
    assert_false(rpl_verdict_has_failure(&v));
    r.isv_svn = 2;
    expect(&id, &r, "TCB_REVOKED");
    r.isv_svn = 1;
    expect(&id, &r, "QE_TCB_NOT_SUPPORTED");
    rpl_qe_identity_free(&id);
}

static void both_ends_of_the_validity_are_inside(void **state)
{
    (void)state;
    const rpl_document_head head = {.issue_date = 100, .next_update = 200};
    static const struct {
        int64_t now;
        const char *code;
    } times[] = {
        {99, "QE_IDENTITY_NOT_YET_VALID"}, {100, NULL}, {200, NULL}, {201, "QE_IDENTITY_EXPIRED"}};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        rpl_verdict v;
        rpl_verdict_start(&v, 0);
        rpl_document_check_validity(&rpl_document_qe_identity, &head, times[i].now, &v);
        assert_int_equal(rpl_verdict_has_failure(&v), times[i].code != NULL);
        assert_true(!times[i].code || verdict_says(&v, times[i].code));
    }
}

static void dates_are_those_of_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } dates[] = {{"1970-01-01T00:00:00Z", 0},          {"1969-12-31T23:59:59Z", -1},
                 {"2000-02-29T12:00:00Z", 951825600},  {"2024-03-01T00:00:00Z", 1709251200},
                 {"2038-01-19T03:14:08Z", 2147483648}, {"9999-12-31T23:59:59Z", 253402300799},
                 {"2100-03-01T00:00:00Z", 4107542400}};
    int64_t got = 0;
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        assert_true(rpl_document_date_parse(rpl_bytes_of_text(dates[i].text), &got));
        assert_true(got == dates[i].want);
    }
    assert_false(rpl_document_date_parse(rpl_bytes_of_text("2100-02-29T00:00:00Z"), &got));
    assert_false(rpl_document_date_parse(rpl_bytes_of_text("0000-01-01T00:00:00Z"), &got));
    assert_false(rpl_document_date_parse(rpl_bytes_of_text("+999-01-01T00:00:00Z"), &got));
    assert_false(rpl_document_date_parse(rpl_bytes_of_text(""), &got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_sorted_whatever_the_document_says),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(the_report_must_be_of_this_enclave),
        cmocka_unit_test(init_and_debug_count_whatever_the_mask_says),
        cmocka_unit_test(an_expectation_outside_its_mask_is_never_met),
        cmocka_unit_test(the_level_is_the_highest_that_the_enclave_reaches),
        cmocka_unit_test(both_ends_of_the_validity_are_inside),
        cmocka_unit_test(dates_are_those_of_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
