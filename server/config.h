/* config.h - every setting of the server: its name, default, meaning and parser, in one table; the
 * only place that reads the environment.
 *
 * A trusted setting counts only if it stands in the measured compose text; all of them together make
 * the configuration preimage, whose SHA-256 every quote of ours attests. Values are effective ones
 * (defaults filled in); a setting whose value is a file counts by the digest of its content. Unknown
 * REPLICATOOR_* names and malformed values stop the start.
 */
#ifndef RPL_SERVER_CONFIG_H
#define RPL_SERVER_CONFIG_H

#include <sys/types.h>

#include "attestation/policy/policy.h"
#include "attestation/policy/rpc_urls.h"
#include "attestation/roots.h"
#include "attestation/verify.h"
#include "base/log.h"
#include "server/core/setting.h"

enum {
    RPL_CONFIG_GUESTS_MAX = 32,
    RPL_CONFIG_TIME_ORIGINS_MAX = 8,
    RPL_CONFIG_VALUE_MAX = 65536,
    RPL_CONFIG_ERROR_MAX = 512,
};

typedef struct {
    /* texts: "" or NULL as said; owned by the config */
    const char *secure_file, *secure_dir; /* NULL: unset */
    bool has_owner;
    uid_t uid;
    gid_t gid;
    mode_t file_mode;
    rpl_policy policy;
    bool has_contract, has_contract_code; /* while reading; the pin says whether there is one */
    rpl_chain_pin chain;
    rpl_rpc_prefixes rpc_prefixes;
    bool has_identity;
    uint8_t identity[32];
    uint64_t min_epoch;
    bool challenge_required;
    size_t n_guests;
    const char *guests[RPL_CONFIG_GUESTS_MAX];
    const char *guest_dir, *listen, *untrusted_dir;
    bool agent_shared;
    const char *service;         /* NULL: found as the lint does */
    const char *configure_keys;  /* NULL: any */
    const char *dstack;          /* NULL: probe */
    const char *collateral_urls; /* "" : Intel */
    const char *store_dir;       /* NULL: memory */
    const char *ca_file;         /* NULL: the system's bundle */
    size_t n_time_origins;
    const char *time_origins[RPL_CONFIG_TIME_ORIGINS_MAX]; /* https URLs of distinct hosts */
    const char *stop_at;                                   /* test builds only; NULL: unset */
    int64_t chain_deadline_ms;                             /* test builds only; 0: the usual one */
    bool host_clock;             /* test builds only: the host's clock instead of the origins */
    int64_t test_time_max_age_s; /* test builds only; 0: unset */
    rpl_verifier_policy verifier_policy;
    rpl_roots roots;
    size_t max_state;
    rpl_log_level log_level;

    size_t n_settings;
    rpl_setting *settings;
    char *preimage; /* "replicatoor/v1/config\n" and NAME=value\n of the trusted ones */
    size_t preimage_len;
    uint8_t digest[32];
    struct rpl_config_texts *texts;
} rpl_config;

/* `environment` is NULL-terminated NAME=value. On failure `error` says in one line which setting,
 * what was expected and what came (values of settings are not secret). Release with
 * rpl_config_free. RPL_MALFORMED, RPL_INTERNAL */
RPL_CHECKED rpl_status rpl_config_load(const char *const *environment, rpl_config *out,
                                       char error[static RPL_CONFIG_ERROR_MAX]);
void rpl_config_free(rpl_config *config);

/* The table of settings as Markdown, for docs/ and `replicatoor settings`. */
void rpl_config_print_table(void (*line)(const char *text));

#endif
