#include "attestation/tdx/verdict.h"

#include <stdio.h>

#include "base/hex.h"

typedef struct {
    const char *id;
    unsigned groups;
    rpl_code refusal;
} check_row;

static const check_row table[RPL_CHECK_COUNT] = {
#define ROW(name, id, group, code) [RPL_CHECK_##name] = {id, group, code},
    RPL_CHECKS(ROW)
#undef ROW
};

const char *rpl_check_id(rpl_check check)
{
    return check < RPL_CHECK_COUNT ? table[check].id : "unknown";
}

unsigned rpl_check_groups(rpl_check check)
{
    return check < RPL_CHECK_COUNT ? table[check].groups : 0;
}

void rpl_verdict_start(rpl_verdict *v, unsigned groups)
{
    for (int c = 0; c < RPL_CHECK_COUNT; c++) {
        v->required[c] = (table[c].groups & groups) != 0;
        v->state[c] = RPL_NOT_RUN;
    }
    v->n_findings = 0;
    v->starved = false;
}

void rpl_verdict_unpass(rpl_verdict *v, unsigned groups)
{
    for (int c = 0; c < RPL_CHECK_COUNT; c++) {
        if ((table[c].groups & groups) && v->state[c] == RPL_PASSED)
            v->state[c] = RPL_NOT_RUN;
    }
}

void rpl_verdict_starve(rpl_verdict *v)
{
    v->starved = true;
}

void rpl_verdict_require(rpl_verdict *v, rpl_check check)
{
    v->required[check] = true;
}

void rpl_verdict_pass(rpl_verdict *v, rpl_check check)
{
    if (v->state[check] != RPL_FAILED)
        v->state[check] = RPL_PASSED;
}

/* Whatever comes in, what goes out is printable. */
static void set_text(char *out, size_t size, const char *text)
{
    size_t n = 0;
    for (; text && text[n] && n < size - 1; n++)
        out[n] = text[n] >= 0x20 && text[n] < 0x7f ? text[n] : '?';
    out[n] = '\0';
}

void rpl_verdict_fail(rpl_verdict *v, rpl_check check, const char *code, const char *got,
                      const char *want, const char *fix)
{
    v->required[check] = true;
    v->state[check] = RPL_FAILED;
    if (v->n_findings == RPL_FINDINGS_MAX)
        return;
    rpl_finding *f = &v->findings[v->n_findings++];
    f->check = check;
    f->code = code;
    set_text(f->got, sizeof(f->got), got);
    set_text(f->want, sizeof(f->want), want);
    set_text(f->fix, sizeof(f->fix), fix);
}

enum { HEX_MAX = 96 }; /* bytes whose hex still fits a finding */

/* Longer bytes are cut, and the cut is shown. */
static void hex_text(rpl_bytes bytes, char out[static 2 * HEX_MAX + 4])
{
    const bool cut = bytes.len > HEX_MAX;
    rpl_hex_encode(rpl_bytes_of(bytes.data, cut ? HEX_MAX : bytes.len), out);
    if (cut)
        snprintf(out + (size_t)2 * HEX_MAX, 4, "...");
}

void rpl_verdict_fail_bytes(rpl_verdict *v, rpl_check check, const char *code, rpl_bytes got,
                            rpl_bytes want, const char *fix)
{
    char got_hex[2 * HEX_MAX + 4], want_hex[2 * HEX_MAX + 4];
    hex_text(got, got_hex);
    hex_text(want, want_hex);
    rpl_verdict_fail(v, check, code, got_hex, want_hex, fix);
}

bool rpl_verdict_equal(rpl_verdict *v, rpl_check check, const char *code, rpl_bytes got,
                       rpl_bytes want, const char *fix)
{
    const bool holds = rpl_bytes_equal(got, want);
    if (holds)
        rpl_verdict_pass(v, check);
    else
        rpl_verdict_fail_bytes(v, check, code, got, want, fix);
    return holds;
}

static bool required_pass(const rpl_verdict *v, unsigned groups)
{
    bool any = false;
    if (v->starved)
        return false;
    for (int c = 0; c < RPL_CHECK_COUNT; c++) {
        if (!v->required[c] || (groups && !(table[c].groups & groups)))
            continue;
        any = true;
        if (v->state[c] != RPL_PASSED)
            return false;
    }
    return any;
}

bool rpl_verdict_admits(const rpl_verdict *v)
{
    return required_pass(v, 0);
}

bool rpl_verdict_has_failure(const rpl_verdict *v)
{
    return rpl_verdict_first_failure(v) != RPL_CHECK_COUNT;
}

bool rpl_verdict_groups_pass(const rpl_verdict *v, unsigned groups)
{
    return groups != 0 && required_pass(v, groups);
}

rpl_check rpl_verdict_first_failure(const rpl_verdict *v)
{
    int c = 0;
    while (c < RPL_CHECK_COUNT && v->state[c] != RPL_FAILED)
        c++;
    return (rpl_check)c;
}

rpl_status rpl_verdict_status(const rpl_verdict *v)
{
    const rpl_check first = rpl_verdict_first_failure(v);
    if (first != RPL_CHECK_COUNT)
        return rpl_fail(table[first].refusal, table[first].id);
    if (!rpl_verdict_admits(v))
        return rpl_fail(RPL_UNAVAILABLE, "verification: checks that could not run");
    return rpl_ok();
}
