#include "attestation/tdx/tcb_level.h"

#include <stdio.h>

enum { MODULE_SVN = 0, MODULE_VERSION = 1, FIRST_OF_PLATFORM = 2, BODY_TD15 = 3 };

#define UPDATE_MODULE "the host must run a TDX module that Intel knows"

/* Components 0 and 1 of a newer module belong to its identity and are not the platform's. */
static bool reaches(const rpl_pck *p, const uint8_t svn[static 16], const rpl_tcb_level *l)
{
    const size_t first = svn[MODULE_VERSION] > 0 ? FIRST_OF_PLATFORM : 0;
    for (size_t i = 0; i < 16; i++) {
        if (p->components[i] < l->sgx[i])
            return false;
    }
    for (size_t i = first; i < 16; i++) {
        if (svn[i] < l->tdx[i])
            return false;
    }
    return p->pcesvn >= l->pcesvn;
}

static const rpl_tcb_level *match(const rpl_tcb_info *info, const rpl_pck *p,
                                  const uint8_t svn[static 16])
{
    for (size_t i = 0; i < info->n_levels; i++) {
        if (reaches(p, svn, &info->levels[i]))
            return &info->levels[i];
    }
    return NULL;
}

static const rpl_svn_level *match_module(const rpl_tcb_info *info, const uint8_t svn[static 16])
{
    const rpl_tdx_module *module = rpl_tcb_info_module(info, svn[MODULE_VERSION]);
    return module ? rpl_svn_levels_match(module->levels, module->n_levels, svn[MODULE_SVN]) : NULL;
}

static void check_module_level(const rpl_tcb_info *info, const uint8_t svn[static 16],
                               rpl_verdict *verdict)
{
    char got[64], want[RPL_LOWEST_TEXT_SIZE];
    const rpl_tdx_module *module = rpl_tcb_info_module(info, svn[MODULE_VERSION]);
    if (svn[MODULE_VERSION] == 0 || match_module(info, svn))
        return;
    if (!module) {
        snprintf(got, sizeof(got), "a module of line %u", svn[MODULE_VERSION]);
        rpl_verdict_fail(verdict, RPL_CHECK_TDX_MODULE, "TDX_MODULE_MISMATCH", got,
                         "a line of modules in Intel's TCB info", UPDATE_MODULE);
        return;
    }
    snprintf(got, sizeof(got), "SVN of the module of line %u is %u", svn[MODULE_VERSION],
             svn[MODULE_SVN]);
    rpl_svn_levels_lowest_text(module->levels, module->n_levels, want);
    rpl_verdict_fail(verdict, RPL_CHECK_TDX_MODULE, "TDX_MODULE_TCB_NOT_SUPPORTED", got, want,
                     UPDATE_MODULE);
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
    const rpl_reader r = rpl_reader_over(rpl_bytes_of(bytes, len));
    return rpl_read_zeros_to_end(&r);
}

static void check_module_signer(const rpl_quote *quote, const rpl_module_signer *want,
                                rpl_verdict *verdict)
{
    const rpl_bytes signer = rpl_bytes_of(quote->mrsigner_seam, sizeof(quote->mrsigner_seam));
    const rpl_bytes wanted_signer = rpl_bytes_of(want->mrsigner, sizeof(want->mrsigner));
    const rpl_bytes attributes =
        rpl_bytes_of(quote->seam_attributes, sizeof(quote->seam_attributes));
    const rpl_bytes wanted = rpl_bytes_of(want->attributes, sizeof(want->attributes));
    if (!rpl_bytes_equal(signer, wanted_signer))
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_TDX_MODULE, "TDX_MODULE_MRSIGNER", signer,
                               wanted_signer, UPDATE_MODULE);
    if (!all_zero(attributes.data, attributes.len) || !rpl_bytes_equal(attributes, wanted))
        rpl_verdict_fail_bytes(verdict, RPL_CHECK_TDX_MODULE, "TDX_MODULE_ATTRIBUTES", attributes,
                               wanted, UPDATE_MODULE);
}

void rpl_tdx_module_check(const rpl_quote *quote, const rpl_tcb_info *info, rpl_verdict *verdict)
{
    const uint8_t version = quote->tee_tcb_svn[MODULE_VERSION];
    const rpl_tdx_module *module = rpl_tcb_info_module(info, version);
    if (version == 0)
        check_module_signer(quote, &info->module, verdict);
    else if (module)
        check_module_signer(quote, &module->signer, verdict);
    check_module_level(info, quote->tee_tcb_svn, verdict);
    if (quote->body_type >= BODY_TD15)
        check_module_level(info, quote->tee_tcb_svn2, verdict);
    rpl_verdict_pass(verdict, RPL_CHECK_TDX_MODULE);
}

rpl_tcb_status rpl_tcb_converge(rpl_tcb_status platform, rpl_tcb_status component)
{
    const bool up_to_date =
        platform == RPL_TCB_UP_TO_DATE || platform == RPL_TCB_SW_HARDENING_NEEDED;
    const bool needs_configuration = platform == RPL_TCB_CONFIGURATION_NEEDED ||
                                     platform == RPL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
    if (component == RPL_TCB_REVOKED)
        return RPL_TCB_REVOKED;
    if (component == RPL_TCB_OUT_OF_DATE && up_to_date)
        return RPL_TCB_OUT_OF_DATE;
    if (component == RPL_TCB_OUT_OF_DATE && needs_configuration)
        return RPL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    return platform;
}

rpl_tcb_status rpl_tcb_relaunch(rpl_tcb_status launch, rpl_tcb_status current)
{
    const bool launched_old =
        launch == RPL_TCB_OUT_OF_DATE || launch == RPL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    const bool current_needs_configuration =
        current == RPL_TCB_CONFIGURATION_NEEDED ||
        current == RPL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
    const bool runs_new = current == RPL_TCB_UP_TO_DATE || current == RPL_TCB_SW_HARDENING_NEEDED ||
                          current_needs_configuration;
    if (!launched_old || !runs_new)
        return launch;
    if (launch == RPL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED || current_needs_configuration)
        return RPL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
    return RPL_TCB_TD_RELAUNCH_ADVISED;
}

/* Of a TD that may have come from a better module to a worse one. */
static rpl_tcb_status worse(rpl_tcb_status a, rpl_tcb_status b)
{
    return a > b ? a : b;
}

static rpl_tcb_evaluation evaluate(const rpl_tcb_info *info, const rpl_pck *p,
                                   const uint8_t svn[static 16], const rpl_svn_level *qe)
{
    rpl_tcb_evaluation e = {.platform = match(info, p, svn)};
    if (svn[MODULE_VERSION] > 0)
        e.module = match_module(info, svn);
    if (!e.platform || !qe || (svn[MODULE_VERSION] > 0 && !e.module))
        return e;
    e.status = rpl_tcb_converge(e.platform->status, qe->status);
    if (e.module)
        e.status = rpl_tcb_converge(e.status, e.module->status);
    return e;
}

rpl_tcb_result rpl_tcb_evaluate(const rpl_quote *quote, const rpl_pck *platform,
                                const rpl_tcb_info *info, const rpl_svn_level *qe,
                                bool current_counts)
{
    rpl_tcb_result r = {.launch = evaluate(info, platform, quote->tee_tcb_svn, qe)};
    r.status = r.launch.status;
    if (quote->body_type < BODY_TD15)
        return r;
    r.current = evaluate(info, platform, quote->tee_tcb_svn2, qe);
    if (!r.launch.status || !r.current.status) {
        r.status = RPL_TCB_UNKNOWN;
        return r;
    }
    r.status = rpl_tcb_relaunch(r.launch.status, r.current.status);
    if (current_counts)
        r.status = worse(r.status, r.current.status);
    return r;
}
