#include <stdio.h>

#include "attestation/tdx/calendar.h"
#include "attestation/tdx/certificate.h"

enum { DIGITAL_SIGNATURE = 1 << 0, KEY_CERT_SIGN = 1 << 5, CRL_SIGN = 1 << 6, GOT_SIZE = 200 };

#define NOT_INTELS "take the certificates as Intel's provisioning service sends them"
#define WRONG_TIME "check this machine's clock; if it is right, gather newer collateral"

typedef struct {
    const char *name;
    const char *common_names[2]; /* either */
    const char *name_code;
    uint16_t key_usage; /* all of these */
    bool is_ca;
    uint32_t path_len; /* at least, when it is limited: CAs below this one */
} role_row;

static const role_row roles[] = {
    [RPL_ROLE_PCK] =
        {"PCK certificate", {"Intel SGX PCK Certificate"}, "PCK_NAME", DIGITAL_SIGNATURE, false, 0},
    [RPL_ROLE_PLATFORM] = {"PCK CA",
                           {"Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"},
                           "INTER_NAME",
                           KEY_CERT_SIGN | CRL_SIGN,
                           true,
                           0},
    [RPL_ROLE_ROOT] =
        {"root", {"Intel SGX Root CA"}, "ROOT_UNTRUSTED", KEY_CERT_SIGN | CRL_SIGN, true, 1},
    [RPL_ROLE_TCB_SIGNER] =
        {"TCB signer", {"Intel SGX TCB Signing"}, "TCB_SIGNING_NAME", DIGITAL_SIGNATURE, false, 0},
};

static bool expect(bool holds, const role_row *role, rpl_check check, rpl_verdict *verdict,
                   const char *const texts[static 3])
{
    char got[GOT_SIZE];
    if (holds)
        return true;
    snprintf(got, sizeof(got), "%s: %s", role->name, texts[1]);
    rpl_verdict_fail(verdict, check, texts[0], got, texts[2], NOT_INTELS);
    return false;
}

static bool judge_constraints(const rpl_certificate *c, const role_row *role, rpl_check check,
                              rpl_verdict *verdict)
{
    static const char *const ca[] = {"BASIC_CONSTRAINTS", "not a CA, or for a shorter chain",
                                     "BasicConstraints with CA:TRUE and room for this chain"};
    static const char *const leaf[] = {"BASIC_CONSTRAINTS", "a CA, or nothing said of that",
                                       "BasicConstraints with CA:FALSE"};
    const bool deep_enough = !c->has_path_len || c->path_len >= role->path_len;
    return expect(c->has_basic_constraints && c->is_ca == role->is_ca && deep_enough, role, check,
                  verdict, role->is_ca ? ca : leaf);
}

static bool judge_key_usage(const rpl_certificate *c, const role_row *role, rpl_check check,
                            rpl_verdict *verdict)
{
    static const char *const ca[] = {"KEY_USAGE", "not for signing certificates and CRLs",
                                     "KeyUsage with keyCertSign and cRLSign"};
    static const char *const leaf[] = {"KEY_USAGE", "not for signatures",
                                       "KeyUsage with digitalSignature"};
    return expect(c->has_key_usage && (c->key_usage & role->key_usage) == role->key_usage, role,
                  check, verdict, role->is_ca ? ca : leaf);
}

static bool judge_profile(const rpl_certificate *c, const role_row *role, rpl_check check,
                          rpl_verdict *verdict)
{
    static const char *const key[] = {"CERT_KEY", "another kind of public key",
                                      "a P-256 key: curve by name, point uncompressed"};
    static const char *const algorithm[] = {"CERT_SIGALG", "another signature algorithm",
                                            "ecdsa-with-SHA256, inside and outside"};
    static const char *const critical[] = {"CERT_CRITICAL_EXT", "an unknown critical extension",
                                           "none critical but BasicConstraints and KeyUsage"};
    static const char *const twice[] = {"CERT_CRITICAL_EXT", "an extension twice",
                                        "each extension once"};
    bool holds = expect(c->is_p256, role, check, verdict, key);
    holds &= expect(c->is_ecdsa_sha256, role, check, verdict, algorithm);
    holds &= expect(!c->has_unknown_critical, role, check, verdict, critical);
    holds &= expect(!c->has_duplicate_extension, role, check, verdict, twice);
    holds &= judge_constraints(c, role, check, verdict);
    holds &= judge_key_usage(c, role, check, verdict);
    return holds;
}

static bool judge_name(const rpl_certificate *c, const role_row *role, rpl_check check,
                       rpl_verdict *verdict)
{
    const char *const *names = role->common_names;
    char got[GOT_SIZE], want[GOT_SIZE];
    if (strcmp(c->common_name, names[0]) == 0 ||
        (names[1] && strcmp(c->common_name, names[1]) == 0))
        return true;
    snprintf(got, sizeof(got), "%s: CN=\"%s\"", role->name, c->common_name);
    snprintf(want, sizeof(want), "CN=\"%s\"%s%s", names[0], names[1] ? " or " : "",
             names[1] ? names[1] : "");
    rpl_verdict_fail(verdict, check, role->name_code, got, want, NOT_INTELS);
    return false;
}

static void judge_validity(const rpl_certificate *c, const role_row *role, int64_t now,
                           rpl_check check, rpl_verdict *verdict)
{
    char got[GOT_SIZE], want[GOT_SIZE], from[RPL_TIME_TEXT_SIZE], until[RPL_TIME_TEXT_SIZE];
    char at[RPL_TIME_TEXT_SIZE];
    if (c->not_before <= now && now <= c->not_after)
        return;
    rpl_time_text(now, at);
    rpl_time_text(c->not_before, from);
    rpl_time_text(c->not_after, until);
    snprintf(got, sizeof(got), "%s: now is %s", role->name, at);
    snprintf(want, sizeof(want), "%s to %s", from, until);
    rpl_verdict_fail(verdict, check, now < c->not_before ? "CERT_NOT_YET_VALID" : "CERT_EXPIRED",
                     got, want, WRONG_TIME);
}

bool rpl_certificate_judge(const rpl_certificate *c, rpl_certificate_role role, int64_t now,
                           const rpl_certificate_checks *checks, rpl_verdict *verdict)
{
    const bool profile = judge_profile(c, &roles[role], checks->profile, verdict);
    const bool name = judge_name(c, &roles[role], checks->names, verdict);
    judge_validity(c, &roles[role], now, checks->validity, verdict);
    return profile && name;
}
