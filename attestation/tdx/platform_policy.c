#include "attestation/tdx/platform_policy.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/hex.h"

typedef struct {
    const rpl_pck *pck;
    uint8_t device[RPL_SHA256_LEN];
} platform;

static rpl_bytes name_of(const platform *p, uint8_t kind)
{
    switch (kind) {
    case RPL_PLATFORM_FMSPC:
        return rpl_bytes_of(p->pck->fmspc, sizeof(p->pck->fmspc));
    case RPL_PLATFORM_PPID:
        return rpl_bytes_of(p->pck->ppid, sizeof(p->pck->ppid));
    default:
        return rpl_bytes_of(p->device, sizeof(p->device));
    }
}

static bool is_named(const platform *p, const rpl_platform_name *name)
{
    return rpl_bytes_equal(name_of(p, name->len), rpl_bytes_of(name->bytes, name->len));
}

static bool is_denied(const platform *p, const rpl_platform_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (is_named(p, &list->names[i]))
            return true;
    }
    return false;
}

/* Names of kinds, or of single platforms: when there are any, one must be this platform's. */
static bool is_allowed(const platform *p, const rpl_platform_list *list, bool kinds)
{
    bool any = false;
    for (size_t i = 0; i < list->count; i++) {
        const rpl_platform_name *name = &list->names[i];
        if ((name->len == RPL_PLATFORM_FMSPC) != kinds)
            continue;
        any = true;
        if (is_named(p, name))
            return true;
    }
    return !any;
}

static void fail(const platform *p, const char *want, const char *fix, rpl_verdict *verdict)
{
    char got[200], fmspc[13], device[2 * RPL_SHA256_LEN + 1];
    rpl_hex_encode(name_of(p, RPL_PLATFORM_FMSPC), fmspc);
    rpl_hex_encode(name_of(p, RPL_PLATFORM_DEVICE), device);
    snprintf(got, sizeof(got), "FMSPC %s, SHA-256 of the PPID %s", fmspc, device);
    rpl_verdict_fail(verdict, RPL_CHECK_PLATFORM_ALLOWED, "PLATFORM", got, want, fix);
}

void rpl_platform_check(const rpl_verifier_policy *policy, const rpl_pck *pck, rpl_verdict *verdict)
{
    platform p = {.pck = pck};
    if (policy->platforms_denied.count + policy->platforms_allowed.count == 0) {
        rpl_verdict_pass(verdict, RPL_CHECK_PLATFORM_ALLOWED);
        return;
    }
    rpl_sha256(rpl_bytes_of(pck->ppid, sizeof(pck->ppid)), p.device);
    if (is_denied(&p, &policy->platforms_denied))
        fail(&p, "a platform that the configuration does not deny", "use another machine", verdict);
    if (!is_allowed(&p, &policy->platforms_allowed, true))
        fail(&p, "an FMSPC that the configuration allows",
             "use a machine of an allowed kind, or add this FMSPC to the allowed platforms",
             verdict);
    if (!is_allowed(&p, &policy->platforms_allowed, false))
        fail(&p, "a platform that the configuration allows",
             "use an allowed machine, or add this one to the allowed platforms", verdict);
    rpl_verdict_pass(verdict, RPL_CHECK_PLATFORM_ALLOWED);
}
