#include "attestation/tdx/tcb_level.h"
#include "tests/support/verdicts.h"

/* As the tables of the source write them. */
#define UTD RPL_TCB_UP_TO_DATE
#define SWH RPL_TCB_SW_HARDENING_NEEDED
#define CFG RPL_TCB_CONFIGURATION_NEEDED
#define CSW RPL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED
#define RLA RPL_TCB_TD_RELAUNCH_ADVISED
#define RLC RPL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
#define OOD RPL_TCB_OUT_OF_DATE
#define ODC RPL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED
#define REV RPL_TCB_REVOKED

static void convergence_is_intels_table(void **state)
{
    (void)state;
    static const rpl_tcb_status table[][4] = {
        /* platform; component UpToDate, OutOfDate, Revoked */
        {UTD, UTD, OOD, REV}, {SWH, SWH, OOD, REV}, {CFG, CFG, ODC, REV}, {CSW, CSW, ODC, REV},
        {OOD, OOD, OOD, REV}, {ODC, ODC, ODC, REV}, {REV, REV, REV, REV},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(rpl_tcb_converge(table[i][0], UTD), table[i][1]);
        assert_int_equal(rpl_tcb_converge(table[i][0], OOD), table[i][2]);
        assert_int_equal(rpl_tcb_converge(table[i][0], REV), table[i][3]);
    }
}

static void a_relaunch_mends_only_an_outdated_launch(void **state)
{
    (void)state;
    static const rpl_tcb_status all[] = {UTD, SWH, CFG, CSW, OOD, ODC, REV};
    static const rpl_tcb_status of_ood[] = {RLA, RLA, RLC, RLC, OOD, OOD, OOD};
    static const rpl_tcb_status of_odc[] = {RLC, RLC, RLC, RLC, ODC, ODC, ODC};
    for (size_t launch = 0; launch < 7; launch++) {
        for (size_t now = 0; now < 7; now++) {
            rpl_tcb_status want = all[launch];
            if (want == OOD)
                want = of_ood[now];
            else if (want == ODC)
                want = of_odc[now];
            assert_int_equal(rpl_tcb_relaunch(all[launch], all[now]), want);
        }
    }
}

/* Two levels: 5 everywhere is UpToDate, 3 everywhere OutOfDate; module line 1 with 4 UpToDate, 2
 * OutOfDate. */
static void make_info(rpl_tcb_info *info)
{
    *info = (rpl_tcb_info){.n_levels = 2, .n_modules = 1, .n_module_levels = 2};
    memset(info->levels[0].sgx, 5, 16);
    memset(info->levels[0].tdx, 5, 16);
    memset(info->levels[1].sgx, 3, 16);
    memset(info->levels[1].tdx, 3, 16);
    info->levels[0].pcesvn = 256;
    info->levels[1].pcesvn = 13;
    info->levels[0].status = UTD;
    info->levels[1].status = OOD;
    info->module_levels[0] = (rpl_svn_level){.isv_svn = 4, .status = UTD};
    info->module_levels[1] = (rpl_svn_level){.isv_svn = 2, .status = OOD};
    info->modules[0] = (rpl_tdx_module){.version = 1, .levels = info->module_levels, .n_levels = 2};
}

typedef struct {
    rpl_tcb_info info;
    rpl_pck platform;
    rpl_quote quote;
    rpl_svn_level qe;
} scene;

static void make_scene(scene *s)
{
    *s = (scene){.platform.pcesvn = 256, .quote.body_type = 2, .qe.status = UTD};
    make_info(&s->info);
    memset(s->platform.components, 5, 16);
    memset(s->quote.tee_tcb_svn, 5, 16);
    memset(s->quote.tee_tcb_svn2, 5, 16);
    s->quote.tee_tcb_svn[1] = s->quote.tee_tcb_svn2[1] = 1;
}

static rpl_tcb_status status_of(const scene *s)
{
    return rpl_tcb_evaluate(&s->quote, &s->platform, &s->info, &s->qe, false).status;
}

static void each_component_alone_decides(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    assert_int_equal(status_of(&s), UTD);
    for (size_t i = 0; i < 16; i++) {
        make_scene(&s);
        memset(s.platform.components, 255, 16);
        s.platform.components[i] = 4;
        assert_int_equal(status_of(&s), OOD);
        s.platform.components[i] = 2;
        assert_int_equal(status_of(&s), RPL_TCB_UNKNOWN);
    }
    for (size_t i = 2; i < 16; i++) {
        make_scene(&s);
        memset(s.quote.tee_tcb_svn, 255, 16);
        s.quote.tee_tcb_svn[1] = 1;
        s.quote.tee_tcb_svn[i] = 4;
        assert_int_equal(status_of(&s), OOD);
    }
}

static void the_pce_is_compared_as_a_number(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    s.platform.pcesvn = 257;
    assert_int_equal(status_of(&s), UTD);
    s.platform.pcesvn = 255;
    assert_int_equal(status_of(&s), OOD);
    s.platform.pcesvn = 12;
    assert_int_equal(status_of(&s), RPL_TCB_UNKNOWN);
}

static void the_first_two_components_count_for_line_zero_only(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    s.quote.tee_tcb_svn[0] = 4;
    assert_int_equal(status_of(&s), UTD);
    s.quote.tee_tcb_svn[0] = 3;
    assert_int_equal(status_of(&s), OOD);
    make_scene(&s);
    s.quote.tee_tcb_svn[1] = 0;
    assert_int_equal(status_of(&s), RPL_TCB_UNKNOWN);
    s.info.levels[0].tdx[1] = 0;
    assert_int_equal(status_of(&s), UTD);
}

static void module_and_qe_make_it_worse(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    s.qe.status = OOD;
    assert_int_equal(status_of(&s), OOD);
    make_scene(&s);
    s.info.levels[0].status = CFG;
    s.quote.tee_tcb_svn[0] = 2;
    assert_int_equal(status_of(&s), ODC);
    s.info.module_levels[1].status = REV;
    assert_int_equal(status_of(&s), REV);
    make_scene(&s);
    s.qe.status = REV;
    s.quote.tee_tcb_svn[0] = 2;
    assert_int_equal(status_of(&s), REV);
}

static void a_td15_report_is_judged_twice(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    s.quote.body_type = 3;
    s.quote.tee_tcb_svn[0] = 2;
    assert_int_equal(status_of(&s), RLA);
    s.quote.tee_tcb_svn2[0] = 2;
    assert_int_equal(status_of(&s), OOD);
    s.quote.tee_tcb_svn2[0] = 1;
    assert_int_equal(status_of(&s), RPL_TCB_UNKNOWN);
    make_scene(&s);
    s.quote.body_type = 3;
    s.quote.tee_tcb_svn2[0] = 2;
    assert_int_equal(status_of(&s), UTD);
    s.quote.tee_tcb_svn2[5] = 0;
    assert_int_equal(status_of(&s), RPL_TCB_UNKNOWN);
}

static void what_a_td_runs_on_counts_when_asked_for(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    s.quote.body_type = 3;
    s.quote.tee_tcb_svn2[0] = 2;
    const rpl_tcb_result worse = rpl_tcb_evaluate(&s.quote, &s.platform, &s.info, &s.qe, true);
    assert_int_equal(worse.status, OOD);
    s.quote.tee_tcb_svn2[0] = 5;
    s.quote.tee_tcb_svn[0] = 2;
    const rpl_tcb_result better = rpl_tcb_evaluate(&s.quote, &s.platform, &s.info, &s.qe, true);
    assert_int_equal(better.status, RLA);
}

static void without_a_qe_level_there_is_no_status(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    const rpl_tcb_result r = rpl_tcb_evaluate(&s.quote, &s.platform, &s.info, NULL, false);
    assert_int_equal(r.status, RPL_TCB_UNKNOWN);
    assert_non_null(r.launch.platform);
}

static void expect_module(const scene *s, const char *code)
{
    rpl_verdict v;
    rpl_verdict_start(&v, 0);
    rpl_tdx_module_check(&s->quote, &s->info, &v);
    assert_int_equal(v.state[RPL_CHECK_TDX_MODULE], code ? RPL_FAILED : RPL_PASSED);
    assert_true(!code || verdict_says(&v, code));
}

static void the_module_must_be_intels_and_known(void **state)
{
    (void)state;
    scene s;
    make_scene(&s);
    expect_module(&s, NULL);
    s.quote.tee_tcb_svn[0] = 1;
    expect_module(&s, "TDX_MODULE_TCB_NOT_SUPPORTED");
    s.quote.tee_tcb_svn[1] = 2;
    expect_module(&s, "TDX_MODULE_MISMATCH");
    make_scene(&s);
    s.quote.tee_tcb_svn2[1] = 2;
    expect_module(&s, NULL);
    s.quote.body_type = 3;
    expect_module(&s, "TDX_MODULE_MISMATCH");
    for (int line = 0; line < 2; line++) {
        make_scene(&s);
        s.quote.tee_tcb_svn[1] = (uint8_t)line;
        expect_module(&s, NULL);
        s.quote.mrsigner_seam[47] = 1;
        expect_module(&s, "TDX_MODULE_MRSIGNER");
        s.info.module.mrsigner[47] = s.info.modules[0].signer.mrsigner[47] = 1;
        expect_module(&s, NULL);
        s.quote.seam_attributes[7] = 0x80;
        expect_module(&s, "TDX_MODULE_ATTRIBUTES");
        s.info.module.attributes[7] = s.info.modules[0].signer.attributes[7] = 0x80;
        expect_module(&s, "TDX_MODULE_ATTRIBUTES");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convergence_is_intels_table),
        cmocka_unit_test(a_relaunch_mends_only_an_outdated_launch),
        cmocka_unit_test(each_component_alone_decides),
        cmocka_unit_test(the_pce_is_compared_as_a_number),
        cmocka_unit_test(the_first_two_components_count_for_line_zero_only),
        cmocka_unit_test(module_and_qe_make_it_worse),
        cmocka_unit_test(a_td15_report_is_judged_twice),
        cmocka_unit_test(what_a_td_runs_on_counts_when_asked_for),
        cmocka_unit_test(without_a_qe_level_there_is_no_status),
        cmocka_unit_test(the_module_must_be_intels_and_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
