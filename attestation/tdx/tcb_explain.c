#include "attestation/tdx/tcb_explain.h"

#include <stdio.h>

enum { MODULE_SVN = 0, MODULE_VERSION = 1, FIRST_OF_PLATFORM = 2, COMPONENTS = 16 };
enum { NAME_SIZE = 40, LIST_SIZE = 200 };

#define MEND(how)                                                                                  \
    how " what the advisories ask for, then accept this status and them in the configuration"
#define RELAUNCH "the host has been updated since this TD was launched: launch the TD again"
#define UPDATE                                                                                     \
    "update the host: the next findings say what; or accept this status in the configuration"

/* Where shortfalls are reported, and how many may still be. */
typedef struct {
    rpl_verdict *verdict;
    rpl_check check;
    const char *code;
    char level[RPL_LEVEL_TEXT_SIZE]; /* the one that is not reached */
    int left;
} report;

/* One version that is too low. */
typedef struct {
    const char *area; /* who updates it: "BIOS", "OS/VMM" */
    char name[96];    /* "TDX component 2 (TDX Late Microcode Update)" */
    unsigned is, wants;
} shortfall;

static void say(report *to, const shortfall *s)
{
    char got[160], want[160], fix[240];
    if (to->left == 0)
        return;
    to->left--;
    snprintf(got, sizeof(got), "%s is %u", s->name, s->is);
    snprintf(want, sizeof(want), "%u: level %s", s->wants, to->level);
    snprintf(fix, sizeof(fix), "%s: %s is %u, level %s wants %u", s->area, s->name, s->is,
             to->level, s->wants);
    rpl_verdict_fail(to->verdict, to->check, to->code, got, want, fix);
}

/* Signed, but by somebody else: short and printable, or nothing. */
static void read_label(const json_t *component, const char *key, char out[static NAME_SIZE])
{
    rpl_bytes text;
    size_t n = 0;
    if (rpl_json_get_text(component, key, &text)) {
        for (; n < text.len && n < NAME_SIZE - 1; n++)
            out[n] = text.data[n] >= 0x20 && text.data[n] < 0x7f ? (char)text.data[n] : '?';
    }
    out[n] = '\0';
}

/* `list` is the level's member: what Intel calls the component. */
static void say_component(report *to, const json_t *list, const char *kind, size_t i,
                          const uint8_t versions[static 2])
{
    char category[NAME_SIZE], type[NAME_SIZE];
    shortfall s = {.is = versions[0], .wants = versions[1]};
    read_label(json_array_get(list, i), "category", category);
    read_label(json_array_get(list, i), "type", type);
    s.area = category[0] ? category : "BIOS/microcode";
    snprintf(s.name, sizeof(s.name), "%s component %zu%s%s%s", kind, i, type[0] ? " (" : "", type,
             type[0] ? ")" : "");
    say(to, &s);
}

static void say_platform(report *to, const rpl_tcb_subject *s, const uint8_t svn[static COMPONENTS],
                         const rpl_tcb_level *wanted)
{
    const json_t *sgx = json_object_get(wanted->tcb, "sgxtcbcomponents");
    const json_t *tdx = json_object_get(wanted->tcb, "tdxtcbcomponents");
    const size_t first = svn[MODULE_VERSION] > 0 ? FIRST_OF_PLATFORM : 0;
    rpl_level_text(wanted->status, wanted->date, to->level);
    for (size_t i = 0; i < COMPONENTS; i++) {
        if (s->pck->components[i] < wanted->sgx[i])
            say_component(to, sgx, "SGX", i,
                          (const uint8_t[]){s->pck->components[i], wanted->sgx[i]});
    }
    if (s->pck->pcesvn < wanted->pcesvn)
        say(to, &(shortfall){.area = "SGX platform software",
                             .name = "PCESVN",
                             .is = s->pck->pcesvn,
                             .wants = wanted->pcesvn});
    for (size_t i = first; i < COMPONENTS; i++) {
        if (svn[i] < wanted->tdx[i])
            say_component(to, tdx, "TDX", i, (const uint8_t[]){svn[i], wanted->tdx[i]});
    }
}

static bool is_accepted(const rpl_tcb_subject *s, rpl_tcb_status status)
{
    return status != RPL_TCB_REVOKED && (s->accepted_tcb & 1u << status);
}

/* The nearest of the levels above `below` that would be good enough; else the nearest better one. */
static const rpl_tcb_level *next_level(const rpl_tcb_subject *s, size_t below, rpl_tcb_status than)
{
    const rpl_tcb_level *better = NULL;
    for (size_t i = below; i > 0; i--) {
        const rpl_tcb_level *level = &s->info->levels[i - 1];
        if (is_accepted(s, level->status))
            return level;
        if (!better && level->status < than)
            better = level;
    }
    return better;
}

void rpl_tcb_explain_unsupported(const rpl_tcb_subject *s, const uint8_t svn[static 16],
                                 rpl_verdict *verdict)
{
    report to = {.verdict = verdict,
                 .check = RPL_CHECK_TCB_LEVEL,
                 .code = "TCB_NOT_SUPPORTED",
                 .left = RPL_SHORTFALLS_MAX};
    const rpl_tcb_level *wanted = next_level(s, s->info->n_levels, RPL_TCB_STATUS_COUNT);
    if (wanted)
        say_platform(&to, s, svn, wanted);
}

/* The next level of a module line or of the quoting enclave that is not out of date. */
static const rpl_svn_level *next_svn(const rpl_svn_level *levels, const rpl_svn_level *reached)
{
    for (const rpl_svn_level *l = reached; l > levels; l--) {
        if ((l - 1)->status == RPL_TCB_UP_TO_DATE)
            return l - 1;
    }
    return NULL;
}

static void say_svn(report *to, const rpl_svn_level *levels, const rpl_svn_level *reached,
                    shortfall *s)
{
    const rpl_svn_level *wanted = next_svn(levels, reached);
    if (reached->status == RPL_TCB_UP_TO_DATE || !wanted)
        return;
    rpl_level_text(wanted->status, wanted->date, to->level);
    s->wants = wanted->isv_svn;
    say(to, s);
}

static void say_module(report *to, const rpl_tcb_subject *s, const rpl_tcb_evaluation *e,
                       const uint8_t svn[static COMPONENTS])
{
    const rpl_tdx_module *line = rpl_tcb_info_module(s->info, svn[MODULE_VERSION]);
    shortfall low = {.area = "TDX module", .is = svn[MODULE_SVN]};
    if (!e->module || !line)
        return;
    snprintf(low.name, sizeof(low.name), "SVN of the module of line %u", svn[MODULE_VERSION]);
    say_svn(to, line->levels, e->module, &low);
}

static void say_qe(report *to, const rpl_tcb_subject *s, const rpl_svn_level *qe)
{
    shortfall low = {.area = "SGX platform software",
                     .name = "isvsvn of the quoting enclave",
                     .is = s->quote->qe_report.isv_svn};
    if (s->identity)
        say_svn(to, s->identity->levels, qe, &low);
}

static void say_evaluation(report *to, const rpl_tcb_subject *s, const rpl_tcb_evaluation *e,
                           const uint8_t svn[static COMPONENTS])
{
    const size_t at = (size_t)(e->platform - s->info->levels);
    const rpl_tcb_level *wanted =
        is_accepted(s, e->platform->status) ? NULL : next_level(s, at, e->platform->status);
    if (wanted)
        say_platform(to, s, svn, wanted);
    say_module(to, s, e, svn);
}

static void list_accepted(uint32_t accepted, char out[static LIST_SIZE])
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = RPL_TCB_UP_TO_DATE; i < RPL_TCB_REVOKED; i++) {
        if ((accepted & 1u << i) && n < LIST_SIZE)
            n += (size_t)snprintf(out + n, LIST_SIZE - n, "%s%s", n ? ", " : "",
                                  rpl_tcb_status_name((rpl_tcb_status)i));
    }
}

/* "OutOfDate: platform OutOfDate of .., TDX module UpToDate of .., QE UpToDate of .." */
static void sum_up(const rpl_tcb_result *result, const rpl_svn_level *qe,
                   char out[static LIST_SIZE])
{
    char platform[RPL_LEVEL_TEXT_SIZE], module[RPL_LEVEL_TEXT_SIZE] = "";
    char enclave[RPL_LEVEL_TEXT_SIZE];
    const rpl_tcb_evaluation *launch = &result->launch;
    rpl_level_text(launch->platform->status, launch->platform->date, platform);
    rpl_level_text(qe->status, qe->date, enclave);
    if (launch->module)
        rpl_level_text(launch->module->status, launch->module->date, module);
    snprintf(out, LIST_SIZE, "%s: platform %.48s%s%.23s, QE %.23s",
             rpl_tcb_status_name(result->status), platform, launch->module ? ", TDX module " : "",
             module, enclave);
}

static const char *const what_to_do[RPL_TCB_STATUS_COUNT] = {
    [RPL_TCB_UP_TO_DATE] = "accept this status in the configuration",
    [RPL_TCB_SW_HARDENING_NEEDED] = MEND("do in software"),
    [RPL_TCB_CONFIGURATION_NEEDED] = MEND("configure the host to do"),
    [RPL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] =
        MEND("configure the host, and do in software,"),
    [RPL_TCB_TD_RELAUNCH_ADVISED] = RELAUNCH,
    [RPL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = RELAUNCH,
    [RPL_TCB_OUT_OF_DATE] = UPDATE,
    [RPL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = UPDATE,
    [RPL_TCB_REVOKED] = "update this machine's firmware, or use another machine",
};

static void say_advisories(const report *to, const rpl_tcb_subject *s)
{
    char got[LIST_SIZE];
    size_t n = 0;
    for (size_t i = 0; i < s->n_advisories && n < LIST_SIZE; i++)
        n += (size_t)snprintf(got + n, LIST_SIZE - n, "%s%s", i ? ", " : "advisories ",
                              s->advisories[i]);
    if (n > 0)
        rpl_verdict_fail(to->verdict, to->check, to->code, got, "none that is open",
                         "read them: they say what this level is exposed to, and what mends it");
}

void rpl_tcb_explain_status(const rpl_tcb_subject *s, const rpl_tcb_result *result,
                            const rpl_svn_level *qe, rpl_verdict *verdict)
{
    char got[LIST_SIZE], want[LIST_SIZE];
    const bool revoked = result->status == RPL_TCB_REVOKED;
    report to = {.verdict = verdict,
                 .check = RPL_CHECK_TCB_STATUS,
                 .code = revoked ? "TCB_REVOKED" : "TCB_STATUS",
                 .left = RPL_SHORTFALLS_MAX};
    sum_up(result, qe, got);
    list_accepted(s->accepted_tcb, want);
    rpl_verdict_fail(verdict, to.check, to.code, got, want, what_to_do[result->status]);
    say_evaluation(&to, s, &result->launch, s->quote->tee_tcb_svn);
    if (result->current.platform && result->current.status > result->launch.status)
        say_evaluation(&to, s, &result->current, s->quote->tee_tcb_svn2);
    say_qe(&to, s, qe);
    say_advisories(&to, s);
}
