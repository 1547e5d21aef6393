#include "server/settings_store.h"
#include "server/settings_time.h"
#include "server/settings_values.h"
#include "server/settings_verification.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/secret.h"
#include "server/settings_chain.h"

/* --- one parser per kind of value --- */

static const char *parse_secure_file(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->secure_file = rpl_setting_unset_is_null(value);
    return NULL;
}

static const char *parse_secure_dir(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->secure_dir = rpl_setting_unset_is_null(value);
    return NULL;
}

static const char *parse_owner(rpl_config *c, const char *value, char **shown)
{
    uint64_t uid, gid;
    const char *rest;
    (void)shown;
    if (!*value)
        return NULL;
    if (!rpl_setting_number(value, 0, UINT32_MAX - 1, 10, &uid, &rest) || *rest != ':' ||
        !rpl_setting_number(rest + 1, 0, UINT32_MAX - 1, 10, &gid, &rest) || *rest)
        return "uid:gid as two decimal numbers";
    c->has_owner = true;
    c->uid = (uid_t)uid;
    c->gid = (gid_t)gid;
    return NULL;
}

static const char *parse_file_mode(rpl_config *c, const char *value, char **shown)
{
    uint64_t mode;
    const char *rest;
    (void)shown;
    if (!rpl_setting_number(value, 0400, 0777, 8, &mode, &rest) || *rest)
        return "an octal file mode such as 0600";
    c->file_mode = (mode_t)mode;
    return NULL;
}

static const char *parse_policy(rpl_config *c, const char *value, char **shown)
{
    rpl_setting_file text = {.data = (char *)(uintptr_t)value, .len = strlen(value)};
    const bool inside = strcmp(value, "self") == 0 || value[0] == '{';
    rpl_policy_member member = {0};

    if (!inside && !rpl_setting_load_file(c, value, &text, shown))
        return "self, an inline JSON object, or the path of a file that can be read (64 KiB at "
               "most)";
    const rpl_status s = rpl_policy_parse(rpl_bytes_of(text.data, text.len), &c->policy, &member);
    if (s.code == RPL_OK)
        return NULL;
    snprintf(c->texts->problem, sizeof(c->texts->problem), "%s%s%s", member.text,
             member.text[0] ? ": " : "", s.what);
    return c->texts->problem;
}

static const char *parse_identity(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    if (!*value)
        return NULL;
    c->has_identity = true;
    return rpl_hex_decode_exact(rpl_bytes_of_text(value), c->identity, sizeof(c->identity)).code ==
                   RPL_OK
               ? NULL
               : "64 hex digits: identity_digest in /status of the holder";
}

static const char *parse_devices(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    const rpl_status s = rpl_policy_set_devices(rpl_bytes_of_text(value), &c->policy);
    return s.code == RPL_OK ? NULL : s.what;
}

static const char *parse_min_epoch(rpl_config *c, const char *value, char **shown)
{
    const char *rest;
    (void)shown;
    return rpl_setting_number(value, 1, UINT64_MAX, 10, &c->min_epoch, &rest) && !*rest
               ? NULL
               : "a number from 1";
}

static const char *parse_challenge(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->challenge_required = strcmp(value, "required") == 0;
    return c->challenge_required || strcmp(value, "optional") == 0 ? NULL : "optional or required";
}

static const char *add_guest(rpl_config *c, const char *part)
{
    const size_t len = strlen(part);
    if (c->n_guests == RPL_CONFIG_GUESTS_MAX)
        return "at most 32 guests";
    if (len > 63 || strspn(part, "abcdefghijklmnopqrstuvwxyz0123456789_-") != len ||
        part[0] == '-' || part[0] == '_')
        return "names of [a-z0-9][a-z0-9_-]*, at most 63 characters, comma separated";
    for (size_t i = 0; i < c->n_guests; i++)
        if (strcmp(c->guests[i], part) == 0)
            return "each guest once";
    c->guests[c->n_guests++] = part;
    return NULL;
}

static const char *parse_guests(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    return rpl_setting_each(c, value, add_guest);
}

static const char *parse_guest_dir(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->guest_dir = value;
    return *value ? NULL : "a folder";
}

static const char *parse_listen(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->listen = value;
    return strchr(value, ':') ? NULL : "address:port";
}

static const char *parse_untrusted_dir(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->untrusted_dir = value;
    return *value ? NULL : "a folder";
}

static const char *parse_configure_keys(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->configure_keys = strcmp(value, "any") == 0 ? NULL : value;
    return *value ? NULL : "\"any\", or a comma separated list of names";
}

static const char *parse_dstack(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->dstack = strcmp(value, "probe") == 0 ? NULL : value;
    return *value ? NULL : "\"probe\", or the path of the guest agent's socket";
}

static const char *parse_pccs(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->collateral_urls = strcmp(value, "intel") == 0 ? "" : value;
    return NULL;
}

static const char *parse_max_state(rpl_config *c, const char *value, char **shown)
{
    uint64_t n;
    const char *rest;
    (void)shown;
    if (!rpl_setting_number(value, 1, RPL_SECRET_MAX, 10, &n, &rest))
        return "a size such as 8MiB";
    const unsigned shift = strcmp(rest, "MiB") == 0 ? 20 : strcmp(rest, "KiB") == 0 ? 10 : 0;
    if ((*rest && !shift) || n > (uint64_t)(RPL_SECRET_MAX / 2) >> shift || n << shift < 4096)
        return "a size from 4KiB to 32MiB, such as 8MiB";
    c->max_state = (size_t)(n << shift);
    return NULL;
}

static const char *parse_ca_file(rpl_config *c, const char *value, char **shown)
{
    rpl_setting_file text;
    c->ca_file = rpl_setting_unset_is_null(value);
    return !c->ca_file || rpl_setting_load_file(c, value, &text, shown)
               ? NULL
               : "the path of a PEM file that can be read (64 KiB at most)";
}

static const char *parse_log(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    return rpl_log_level_parse(value, &c->log_level) ? NULL : "debug, info, warn or error";
}

#ifdef RPL_TEST_ROOTS
static const char *parse_test_root(rpl_config *c, const char *value, char **shown)
{
    rpl_setting_file text;
    if (!*value)
        return NULL;
    if (!rpl_setting_load_file(c, value, &text, shown) ||
        rpl_roots_test_from_pem(rpl_bytes_of(text.data, text.len), &c->roots).code != RPL_OK)
        return "the path of a PEM file with one P-256 certificate";
    return NULL;
}

static const char *parse_stop_at(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->stop_at = rpl_setting_unset_is_null(value);
    return NULL;
}
#endif

static const char *refuse_later(rpl_config *c, const char *value, char **shown)
{
    (void)c;
    (void)shown;
    return *value ? "nothing: this version does not know the setting yet, and ignoring it would "
                    "break its promise; leave it out"
                  : NULL;
}

static const char *parse_agent_shared(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->agent_shared = strcmp(value, "1") == 0;
    return c->agent_shared || strcmp(value, "0") == 0 ? NULL : "0 or 1";
}

static const char *parse_service(rpl_config *c, const char *value, char **shown)
{
    (void)shown;
    c->service = rpl_setting_unset_is_null(value);
    return NULL;
}

/* In the order in which they are read: the device list adds to the policy. */
static const rpl_setting_row rows[] = {
    {"CHAIN_ID", RPL_SETTING_TRUSTED, "", rpl_parse_chain_id, "chain of the UpgradeOperator"},
    {"CONTRACT", RPL_SETTING_TRUSTED, "", rpl_parse_contract,
     "address of the UpgradeOperator; unset: the static policy alone"},
    {"CONTRACT_CODE", RPL_SETTING_TRUSTED, "", rpl_parse_contract_code,
     "keccak-256 of the contract's code"},
    {"ETH_RPC_PREFIX", RPL_SETTING_TRUSTED, "", rpl_parse_rpc_prefix,
     "https prefixes of the RPC providers, comma separated, each ending in /"},
    {"REPLICATOOR_AGENT_SHARED", RPL_SETTING_TRUSTED, "0", parse_agent_shared,
     "1: the owner accepts that other containers reach the guest agent, see threat-model.md"},
    {"REPLICATOOR_CA_FILE", RPL_SETTING_TRUSTED, "", parse_ca_file,
     "roots for https; unset: the image's bundle"},
    {"REPLICATOOR_CHALLENGE", RPL_SETTING_TRUSTED, "optional", parse_challenge,
     "required: a request without a challenge of ours is refused"},
    {"REPLICATOOR_CONFIGURE_KEYS", RPL_SETTING_TRUSTED, "any", parse_configure_keys,
     "the names that /configure accepts"},
    {"REPLICATOOR_DSTACK", RPL_SETTING_TRUSTED, "probe", parse_dstack, "socket of the guest agent"},
    {"REPLICATOOR_FILE_MODE", RPL_SETTING_TRUSTED, "0600", parse_file_mode,
     "mode of received secret files"},
    {"REPLICATOOR_GUESTS", RPL_SETTING_TRUSTED, "", parse_guests,
     "names of the guest folders to open"},
    {"REPLICATOOR_GUEST_DIR", RPL_SETTING_TRUSTED, "/var/run/replicatoor", parse_guest_dir,
     "where the guest folders are"},
    {"REPLICATOOR_IDENTITY", RPL_SETTING_TRUSTED, "", parse_identity,
     "identity digest of the app: no state of another one is taken, none is made here"},
    {"REPLICATOOR_LEGACY", RPL_SETTING_LATER, "", refuse_later, "interop with the Python original"},
    {"REPLICATOOR_LEGACY_SHA256", RPL_SETTING_LATER, "", refuse_later,
     "what a legacy import must hash to"},
    {"REPLICATOOR_LISTEN", RPL_SETTING_LOCAL, "0.0.0.0:4001", parse_listen, "host listener"},
    {"REPLICATOOR_LOG", RPL_SETTING_LOCAL, "info", parse_log,
     "debug, info, warn or error: JSON lines on stderr"},
    {"REPLICATOOR_MAX_STATE", RPL_SETTING_TRUSTED, "8MiB", parse_max_state,
     "largest state handed over through HTTP"},
    {"REPLICATOOR_MIN_EPOCH", RPL_SETTING_TRUSTED, "1", parse_min_epoch,
     "a state with a lower highest epoch is neither given nor taken"},
    {"REPLICATOOR_OPERATORS", RPL_SETTING_LATER, "", refuse_later, "Ed25519 keys of the operators"},
    {"REPLICATOOR_PCCS", RPL_SETTING_TRUSTED, "intel", parse_pccs,
     "collateral sources, comma separated"},
    {"REPLICATOOR_PEERS", RPL_SETTING_LATER, "", refuse_later, "replicas to join and to sync with"},
    {"REPLICATOOR_PLATFORMS_ALLOW", RPL_SETTING_TRUSTED, "any", rpl_setting_platforms_allow,
     "FMSPCs, PPIDs or hashes of PPIDs in hex; where there are any of a kind, one must fit"},
    {"REPLICATOOR_PLATFORMS_DENY", RPL_SETTING_TRUSTED, "none", rpl_setting_platforms_deny,
     "the same, of platforms that are refused"},
    {"REPLICATOOR_POLICY", RPL_SETTING_TRUSTED, "self", parse_policy,
     "self, or a static policy as inline JSON or as the path of a file in the image"},
    {"REPLICATOOR_DEVICES", RPL_SETTING_TRUSTED, "any", parse_devices,
     "SHA-256 of the accepted PPIDs; must be given beside a contract"},
    {"REPLICATOOR_RPC_QUORUM", RPL_SETTING_TRUSTED, "majority", rpl_parse_rpc_quorum,
     "how many RPC providers must agree"},
    {"REPLICATOOR_SECURE_DIR", RPL_SETTING_TRUSTED, "", parse_secure_dir,
     "folder of secret files, handed over and written on receipt"},
    {"REPLICATOOR_SECURE_OWNER", RPL_SETTING_TRUSTED, "", parse_owner,
     "uid:gid of received secret files"},
    {"REPLICATOOR_SERVICE", RPL_SETTING_TRUSTED, "", parse_service,
     "our service in the measured compose text; unset: the one called or made from replicatoor"},
    {"REPLICATOOR_STORE", RPL_SETTING_TRUSTED, "memory:", rpl_setting_store,
     "where documents that can be had again are kept: memory:, or file:<absolute path>"},
    {"REPLICATOOR_SERVICE_TDS", RPL_SETTING_TRUSTED, "none", rpl_setting_service_tds,
     "mr_servicetd values that a TD may be bound to"},
    {"REPLICATOOR_TCB_ACCEPT", RPL_SETTING_TRUSTED, "UpToDate", rpl_setting_tcb_accept,
     "accepted TCB statuses"},
    {"REPLICATOOR_TCB_ADVISORIES", RPL_SETTING_TRUSTED, "any", rpl_setting_tcb_advisories,
     "any, none, or the advisories that an accepted status may come with"},
    {"REPLICATOOR_TCB_CURRENT", RPL_SETTING_TRUSTED, "ignored", rpl_setting_tcb_current,
     "counts: a TD that runs on something worse than it was launched on has the worse status"},
    {"REPLICATOOR_TCB_GRACE_DAYS", RPL_SETTING_TRUSTED, "0", rpl_setting_tcb_grace_days,
     "so long after its tcbDate an OutOfDate level is accepted"},
    {"REPLICATOOR_TCB_MIN_EVALUATION", RPL_SETTING_TRUSTED, "0", rpl_setting_tcb_min_evaluation,
     "lowest tcbEvaluationDataNumber of TCB info and QE identity"},
    {"REPLICATOOR_TCB_SAME_EVALUATION", RPL_SETTING_TRUSTED, "no", rpl_setting_tcb_same_evaluation,
     "yes: TCB info and QE identity must have one number"},
    {"REPLICATOOR_TD_ATTRIBUTES", RPL_SETTING_TRUSTED, "none", rpl_setting_td_attributes,
     "optional TD attributes that are tolerated: ICSSD, LASS, PKS, KL, TPA, PERFMON"},
#ifdef RPL_TEST_ROOTS
    {"REPLICATOOR_TEST_CLOCK", RPL_SETTING_TESTING, "host", rpl_setting_test_clock,
     "test builds only: host, origins, or origins:SECONDS that an agreed time lasts"},
    {"REPLICATOOR_TEST_ROOT", RPL_SETTING_TESTING, "", parse_test_root,
     "test builds only: PEM of the root that replaces Intel's"},
    {"REPLICATOOR_TEST_CHAIN_MS", RPL_SETTING_LOCAL, "0", rpl_parse_test_chain_ms,
     "test builds only: milliseconds for one question to the providers; 0: as in a release"},
    {"REPLICATOOR_TEST_STOP_AT", RPL_SETTING_LOCAL, "", parse_stop_at,
     "test builds only: row of the state table at which the process stops itself"},
#endif
    {"REPLICATOOR_TIME_ORIGINS", RPL_SETTING_TRUSTED, "intel", rpl_setting_time_origins,
     "https URLs of different hosts that tell the time, comma separated; more than half must "
     "agree"},
    {"REPLICATOOR_UNTRUSTED_DIR", RPL_SETTING_TRUSTED, "/var/run/untrustedhost",
     parse_untrusted_dir, "where /configure leaves private.env for the app"},
    {"REPLICATOOR_XFAM", RPL_SETTING_TRUSTED, "0x6dbe7", rpl_setting_xfam,
     "mask of the extended CPU features that a TD may use"},
    {"SECURE_FILE", RPL_SETTING_TRUSTED, "", parse_secure_file,
     "the one secret file, handed over and written on receipt"},
};

const rpl_setting_row *rpl_setting_rows(size_t *count)
{
    *count = sizeof(rows) / sizeof(*rows);
    return rows;
}
