#include "attestation/tdx/tcb_info.h"
#include "base/json.h"
#include "tests/support/file.h"
#include "tests/support/verdicts.h"

typedef struct {
    const char *find, *with, *code; /* NULL: still good */
} edit;

static char *original;

static int load(void **state)
{
    (void)state;
    size_t len;
    RPL_AUTO(json) json_t *bundle = NULL;
    uint8_t *text = read_vector("dcap/synthetic/ok_v5_td15/collateral.json", &len);
    assert_ok(rpl_json_parse(rpl_bytes_of(text, len), len, &bundle));
    original = strdup(json_string_value(json_object_get(bundle, "tcb_info")));
    free(text);
    return original ? 0 : 1;
}

static int unload(void **state)
{
    (void)state;
    free(original);
    return 0;
}

static bool reads(const char *text, rpl_verdict *v)
{
    rpl_tcb_info info;
    const size_t len = strlen(text);
    uint8_t *copy = exact_copy(text, len);
    rpl_verdict_start(v, RPL_GROUP_COLLATERAL);
    const bool ok = rpl_tcb_info_read(rpl_bytes_of(copy, len), v, &info);
    rpl_tcb_info_free(&info);
    free(copy);
    return ok;
}

static void check_edits(const char *text, const edit *edits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rpl_verdict v;
        char *changed = edited(text, edits[i].find, edits[i].with);
        const bool ok = reads(changed, &v);
        if (ok != !edits[i].code || (edits[i].code && !verdict_says(&v, edits[i].code))) {
            print_error("%s -> %s: wanted %s\n", edits[i].find, edits[i].with, edits[i].code);
            print_findings(&v);
            fail();
        }
        assert_int_equal(v.state[RPL_CHECK_TCB_INFO], ok ? RPL_PASSED : RPL_FAILED);
        free(changed);
    }
}

#define CHECK_EDITS(edits) check_edits(original, edits, sizeof(edits) / sizeof((edits)[0]))

static void the_members_of_a_genuine_document_are_read(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_tcb_info info;
    rpl_verdict_start(&v, RPL_GROUP_COLLATERAL);
    assert_true(rpl_tcb_info_read(rpl_bytes_of_text(original), &v, &info));
    assert_int_equal(info.head.issue_date, 1779840000);
    assert_int_equal(info.head.next_update, 1782432000);
    assert_int_equal(info.head.evaluation_number, 18);
    assert_memory_equal(info.fmspc, "\x90\xc0\x6f\0\0\0", 6);
    assert_int_equal(info.n_levels, 2);
    assert_int_equal(info.levels[0].pcesvn, 13);
    assert_int_equal(info.levels[0].tdx[2], 3);
    assert_int_equal(info.levels[1].status, RPL_TCB_OUT_OF_DATE);
    assert_int_equal(json_array_size(info.levels[1].advisories), 1);
    assert_int_equal(info.n_modules, 2);
    const rpl_tdx_module *one = rpl_tcb_info_module(&info, 1);
    assert_non_null(one);
    assert_int_equal(one->n_levels, 2);
    assert_int_equal(one->levels[1].isv_svn, 4);
    assert_null(rpl_tcb_info_module(&info, 0));
    rpl_tcb_info_free(&info);
}

static void a_document_of_another_kind_is_named(void **state)
{
    (void)state;
    static const edit edits[] = {
        {"\"TDX\"", "\"SGX\"", "TCB_INFO_KIND"},
        {"\"TDX\"", "\"tdx\"", "TCB_INFO_KIND"},
        {"\"TDX\"", "7", "TCB_INFO_FORMAT"},
        {"\"id\":\"TDX\",", "", "TCB_INFO_FORMAT"},
        {"\"version\":3", "\"version\":2", "TCB_INFO_KIND"},
        {"\"version\":3", "\"version\":4", "TCB_INFO_FORMAT"},
        {"\"version\":3", "\"version\":\"3\"", "TCB_INFO_FORMAT"},
        {"\"tcbType\":0", "\"tcbType\":1", "TCB_TYPE"},
        {"\"tcbType\":0,", "", "TCB_INFO_FORMAT"},
    };
    CHECK_EDITS(edits);
}

static void only_strict_json_is_read(void **state)
{
    (void)state;
    static const edit edits[] = {
        {"{\"id\"", "\xef\xbb\xbf{\"id\"", "TCB_INFO_FORMAT"},
        {"{\"id\"", "[{\"id\"", "TCB_INFO_FORMAT"},
        {"\"version\":3", "\"version\":3,\"version\":3", "TCB_INFO_DUP_KEY"},
        {"{\"isvsvn\":3}", "{\"isvsvn\":3,\"isvsvn\":3}", "TCB_INFO_DUP_KEY"},
        {"\"version\":3", "\"version\":3,\"x\":[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]",
         "TCB_INFO_DEPTH"},
        {"\"version\":3", "\"version\":3,\"x\":[[[[[[0]]]]]]", NULL},
        {"\"version\":3", "\"version\":3,\"x\":{\"id\":\"SGX\"}", NULL},
        {"\"version\":3", "\"\\u0076ersion\":3", NULL},
        {"\"version\":3", "\"version\":3,\"x\":\"\xff\"", "TCB_INFO_FORMAT"},
        {"INTEL-SA-01079\"]}]}", "INTEL-SA-01079\"]}]}x", "TCB_INFO_FORMAT"},
        {"INTEL-SA-01079\"]}]}", "INTEL-SA-01079\"]}]} \n", NULL},
    };
    rpl_verdict v;
    CHECK_EDITS(edits);
    assert_false(reads("", &v));
    assert_false(reads("[]", &v));
    assert_false(reads("3", &v));
}

static void dates_are_exact(void **state)
{
    (void)state;
    static const edit edits[] = {
        {"2026-05-27T00:00:00Z", "2026-05-27T00:00:00", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-05-27T00:00:00+00:00", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-05-27T00:00:00.0Z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-05-27 00:00:00Z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-05-27t00:00:00z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-13-27T00:00:00Z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-00-27T00:00:00Z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-02-29T00:00:00Z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-02-00T00:00:00Z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-05-27T24:00:00Z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-05-27T00:60:00Z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2026-05-27T00:00:60Z", "DATE_FORMAT"},
        {"2026-05-27T00:00:00Z", "2024-02-29T00:00:00Z", NULL},
        {"\"2026-05-27T00:00:00Z\"", "1779840000", "TCB_INFO_FORMAT"},
        {"\"nextUpdate\":\"2026-06-26T00:00:00Z\",", "", "TCB_INFO_FORMAT"},
        {"2026-06-26T00:00:00Z", "2026-05-27T00:00:00Z", "TCB_INFO_FORMAT"},
        {"2026-06-26T00:00:00Z", "2026-05-26T00:00:00Z", "TCB_INFO_FORMAT"},
        {"\"tcbDate\":\"2024-11-13T00:00:00Z\"", "\"tcbDate\":\"2024-11-31T00:00:00Z\"",
         "DATE_FORMAT"},
    };
    CHECK_EDITS(edits);
}

static void members_are_of_exact_type_and_length(void **state)
{
    (void)state;
    static const edit edits[] = {
        {"90C06F000000", "90c06f000000", NULL},
        {"90C06F000000", "90C06F0000", "TCB_INFO_FORMAT"},
        {"90C06F000000", "0x90C06F0000", "TCB_INFO_FORMAT"},
        {"90C06F000000", "90C06F00000G", "TCB_INFO_FORMAT"},
        {"\"pceId\":\"0000\"", "\"pceId\":\"00\"", "TCB_INFO_FORMAT"},
        {"\"tcbEvaluationDataNumber\":18", "\"tcbEvaluationDataNumber\":-1", "TCB_INFO_FORMAT"},
        {"\"tcbEvaluationDataNumber\":18", "\"tcbEvaluationDataNumber\":4294967296",
         "TCB_INFO_FORMAT"},
        {"\"pcesvn\":13", "\"pcesvn\":65536", "TCB_INFO_FORMAT"},
        {"\"pcesvn\":13", "\"pcesvn\":65535", NULL},
        {"{\"svn\":3}", "{\"svn\":256}", "TCB_INFO_FORMAT"},
        {"{\"svn\":3}", "{\"svn\":255}", NULL},
        {"{\"svn\":3}", "{\"svn\":3.0}", "TCB_INFO_FORMAT"},
        {"{\"svn\":3}", "{\"svn\":3e0}", "TCB_INFO_FORMAT"},
        {"{\"svn\":3}", "{\"svn\":\"3\"}", "TCB_INFO_FORMAT"},
        {"{\"svn\":3}", "{\"svn\":-3}", "TCB_INFO_FORMAT"},
        {"{\"svn\":3}", "{\"svn\":true}", "TCB_INFO_FORMAT"},
        {"{\"svn\":3}", "3", "TCB_INFO_FORMAT"},
        {"{\"svn\":3}", "{\"svn\":3,\"category\":\"BIOS\"}", NULL},
        {"{\"svn\":3},", "", "TCB_INFO_FORMAT"},
        {"{\"svn\":3},", "{\"svn\":3},{\"svn\":3},", "TCB_INFO_FORMAT"},
        {"\"tdxtcbcomponents\"", "\"tdxComponents\"", "TCB_INFO_FORMAT"},
        {"\"isvsvn\":3", "\"isvsvn\":256", "TCB_INFO_FORMAT"},
        {"\"tdxModule\"", "\"module\"", "TCB_INFO_FORMAT"},
        {"\"tdxModuleIdentities\":[", "\"tdxModuleIdentities\":[7,", "TCB_INFO_FORMAT"},
        {"\"tdxModuleIdentities\"", "\"others\"", NULL},
        {"\"attributes\":\"0000000000000000\"", "\"attributes\":\"\"", "TCB_INFO_FORMAT"},
        {"\"advisoryIDs\":[\"", "\"advisoryIDs\":[7,\"", "TCB_INFO_FORMAT"},
        {"\"advisoryIDs\":[\"", "\"advisoryIDs\":[\"!~\",\"", NULL},
        {"\"advisoryIDs\":[\"", "\"advisoryIDs\":[\"a b\",\"", "TCB_INFO_FORMAT"},
        {"\"advisoryIDs\":[\"", "\"advisoryIDs\":[\"\x7f\",\"", "TCB_INFO_FORMAT"},
        {"\"advisoryIDs\":[\"", "\"advisoryIDs\":[\"-23-characters-in-all-.\",\"", NULL},
        {"\"advisoryIDs\":[\"", "\"advisoryIDs\":[\"-24-characters-in-all-..\",\"",
         "TCB_INFO_FORMAT"},
        {"\"tdxModuleIdentities\":", "\"tdxModuleIdentities\":[],\"other\":", NULL},
        {"\"tdxModuleIdentities\":", "\"tdxModuleIdentities\":{},\"other\":", "TCB_INFO_FORMAT"},
        {"[\"INTEL-SA-01036\"]", "\"INTEL-SA-01036\"", "TCB_INFO_FORMAT"},
        {"INTEL-SA-01036", "INTEL-SA-010360000000000000000000", "TCB_INFO_FORMAT"},
        {"INTEL-SA-01036", "", "TCB_INFO_FORMAT"},
        {"INTEL-SA-01036", "INTEL SA", "TCB_INFO_FORMAT"},
    };
    CHECK_EDITS(edits);
}

static void modules_have_ids_of_their_own_and_known_statuses(void **state)
{
    (void)state;
    static const edit edits[] = {
        {"\"TDX_03\"", "\"tdx_03\"", NULL},
        {"\"TDX_03\"", "\"TDX_01\"", "TDX_MODULE_DUP_ID"},
        {"\"TDX_03\"", "\"tdx_01\"", "TDX_MODULE_DUP_ID"},
        {"\"TDX_03\"", "\"TDX_3\"", "TCB_INFO_FORMAT"},
        {"\"TDX_03\"", "\"TDX_003\"", "TCB_INFO_FORMAT"},
        {"\"TDX_03\"", "\"TDX_0x\"", "TCB_INFO_FORMAT"},
        {"\"UpToDate\"", "\"SWHardeningNeeded\"", "TCB_STATUS_UNKNOWN"},
        {"\"UpToDate\"", "\"Revoked\"", NULL},
        {"\"UpToDate\"", "\"uptodate\"", "TCB_STATUS_UNKNOWN"},
        {"\"UpToDate\"", "\"\"", "TCB_STATUS_UNKNOWN"},
        {"\"UpToDate\"", "1", "TCB_INFO_FORMAT"},
    };
    CHECK_EDITS(edits);
}

static void platform_levels_know_seven_statuses(void **state)
{
    (void)state;
    static const char last[] = "\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":[\"INTEL-SA-01079\"]";
    for (int s = RPL_TCB_UP_TO_DATE; s < RPL_TCB_STATUS_COUNT; s++) {
        rpl_verdict v;
        char with[128];
        snprintf(with, sizeof(with), "\"tcbStatus\":\"%s\"",
                 rpl_tcb_status_name((rpl_tcb_status)s));
        char *changed = edited(original, last, with);
        const bool relaunch = s == RPL_TCB_TD_RELAUNCH_ADVISED ||
                              s == RPL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
        assert_int_equal(reads(changed, &v), !relaunch);
        assert_int_equal(verdict_says(&v, "TCB_STATUS_UNKNOWN"), relaunch);
        free(changed);
    }
}

static void levels_are_sorted_and_differ(void **state)
{
    (void)state;
    rpl_verdict v;
    rpl_tcb_info info;
    char *start = strdup(strstr(original, "],\"tcbLevels\":[{\"tcb\":{\"sgx"));
    char *list = start + strlen("],\"tcbLevels\":[");
    char *second = strstr(list + 1, ",{\"tcb\":{\"sgx");
    const int first_len = (int)(second - list);
    const int second_len = (int)strlen(second) - 3;
    char turned[8192], doubled[8192];
    const int head = (int)(strstr(original, list) - original);
    snprintf(turned, sizeof(turned), "%.*s%.*s,%.*s]}", head, original, second_len, second + 1,
             first_len, list);
    snprintf(doubled, sizeof(doubled), "%.*s%.*s,%s", head, original, first_len, list, list);
    rpl_verdict_start(&v, RPL_GROUP_COLLATERAL);
    assert_true(rpl_tcb_info_read(rpl_bytes_of_text(turned), &v, &info));
    assert_int_equal(info.levels[0].status, RPL_TCB_UP_TO_DATE);
    rpl_tcb_info_free(&info);
    assert_false(reads(doubled, &v));
    assert_true(verdict_says(&v, "TCB_INFO_DUPLICATE_LEVEL"));
    snprintf(doubled, sizeof(doubled), "%.*s]}", head, original);
    assert_false(reads(doubled, &v));
    assert_true(verdict_says(&v, "TCB_INFO_FORMAT"));
    free(start);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    rpl_verdict v;
    for (size_t len = strlen(original); len-- > 0;) {
        rpl_tcb_info info;
        uint8_t *copy = exact_copy(original, len);
        rpl_verdict_start(&v, RPL_GROUP_COLLATERAL);
        assert_false(rpl_tcb_info_read(rpl_bytes_of(copy, len), &v, &info));
        rpl_tcb_info_free(&info);
        free(copy);
    }
}

static void several_faults_are_all_named_each_once(void **state)
{
    (void)state;
    rpl_verdict v;
    char *a = edited(original, "90C06F000000", "x"), *b = edited(a, "{\"svn\":3}", "7");
    char *c = edited(b, "2024-11-13", "2024-11-32"), *d = edited(c, "\"UpToDate\"", "\"Fine\"");
    assert_false(reads(d, &v));
    assert_true(verdict_says(&v, "TCB_INFO_FORMAT") && verdict_says(&v, "DATE_FORMAT") &&
                verdict_says(&v, "TCB_STATUS_UNKNOWN"));
    assert_int_equal(v.n_findings, 3);
    free(a);
    free(b);
    free(c);
    free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_members_of_a_genuine_document_are_read),
        cmocka_unit_test(a_document_of_another_kind_is_named),
        cmocka_unit_test(only_strict_json_is_read),
        cmocka_unit_test(dates_are_exact),
        cmocka_unit_test(members_are_of_exact_type_and_length),
        cmocka_unit_test(modules_have_ids_of_their_own_and_known_statuses),
        cmocka_unit_test(platform_levels_know_seven_statuses),
        cmocka_unit_test(levels_are_sorted_and_differ),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(several_faults_are_all_named_each_once),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
