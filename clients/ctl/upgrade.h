/* upgrade.h - what the subcommands of `replicatoorctl upgrade` share: the contract they speak to, what
 * a call is about, and how it is shown to whoever signs it elsewhere.
 */
#ifndef RPL_CLIENTS_CTL_UPGRADE_H
#define RPL_CLIENTS_CTL_UPGRADE_H

#include "clients/ctl/chain.h"
#include "clients/ctl/ctl.h"

enum {
    RPL_CTL_REFUSED = 1,
    RPL_CTL_HEX32 = 2 + 64 + 1, /* "0x", 32 bytes, zero */
    RPL_CTL_NAME_MAX = 80,
};

/* As they stand on the command line; NULL: not given. */
typedef struct {
    const char *contract, *rpc, *from, *chain_id;
    const char *kind, *value;
    const char *compose, *service, *compose_hash, *image_hash, *quote, *event_log;
    const char *not_before, *not_after, *info, *reason;
    bool trust_quote, json, safe;
} rpl_ctl_upgrade_arguments;

typedef enum {
    RPL_SUBJECT_ENTRY,
    RPL_SUBJECT_RELEASE, /* an entry that is published with its measurements */
    RPL_SUBJECT_IDENTITY,
    RPL_SUBJECT_EPOCH,
} rpl_ctl_subject_form;

/* What a call is about. */
typedef struct {
    rpl_ctl_subject_form form;
    char kind[RPL_CTL_NAME_MAX]; /* "device", or "identity", "min-epoch" */
    rpl_contract_key key;
    uint8_t identity[RPL_CONTRACT_IDENTITY_LEN];
    uint64_t epoch;
    uint8_t *compose; /* owned; NULL: none was given */
    size_t compose_len;
    bool has_hashes; /* the next two */
    uint8_t compose_hash[32], image_hash[32];
    uint8_t measurements[RPL_CONTRACT_MEASUREMENTS_LEN]; /* of a release published in full */
} rpl_ctl_subject;

static inline void rpl_auto_subject(rpl_ctl_subject *subject)
{
    free(subject->compose);
}

/* 0 and *out; else everything was said on stderr and the exit status comes back. */
RPL_CHECKED int rpl_ctl_subject_read(const rpl_ctl_upgrade_arguments *a, rpl_ctl_subject *out);
/* The entry that a name of a kind and a value as on the command line mean; for what is no entry,
 * "identity" with its digest and "owner" with an address, a key that stands for it. Says on stderr
 * what was expected. */
RPL_CHECKED bool rpl_ctl_key_read(const char *kind, const char *value, rpl_contract_key *out);
/* --contract, and --rpc where it was given. */
RPL_CHECKED int rpl_ctl_chain_read(const rpl_ctl_upgrade_arguments *a, rpl_ctl_chain *out);
/* Decimal digits, at most `max`; says on stderr what was expected. */
RPL_CHECKED bool rpl_ctl_number(const char *option, const char *text, uint64_t max, uint64_t *out);
/* "0x" and 20 bytes of hex, or without the 0x; says on stderr what was expected. */
RPL_CHECKED bool rpl_ctl_address(const char *option, const char *text, uint8_t out[static 20]);
/* 32 bytes; says on stderr what was expected. */
RPL_CHECKED bool rpl_ctl_word(const char *option, const char *text, uint8_t out[static 32]);

/* "replicatoor-release", or the hash of a kind that is none of ours. */
void rpl_ctl_kind_text(const uint8_t kind[static 32], char out[static RPL_CTL_NAME_MAX]);
/* "0x" and hex; `out` has room for 2 * bytes.len + 3. */
void rpl_ctl_hex(rpl_bytes bytes, char *out);
/* Scheme and host of a URL: what follows, or stands before the host, may be a key. */
enum { RPL_CTL_ORIGIN_MAX = 300 };
void rpl_ctl_origin(const char *url, char out[static RPL_CTL_ORIGIN_MAX]);
/* rpl_ctl_fail about a URL, of which its origin alone is shown. */
int rpl_ctl_fail_at(const char *url, rpl_status s);
/* "UTC 2027-01-15 08:00:00". */
void rpl_ctl_time_text(int64_t time_s, char out[static 32]);
/* "47 h 59 min". */
void rpl_ctl_span_text(int64_t seconds, char out[static 32]);
const char *rpl_ctl_state_text(rpl_entry_state state);

typedef enum {
    RPL_ACTION_PROPOSE,
    RPL_ACTION_REVOKE,
    RPL_ACTION_SUNSET,
} rpl_ctl_action;

/* Builds the call and shows it: 0, or an exit status after saying why not. */
RPL_CHECKED int rpl_ctl_upgrade_call(rpl_ctl_action action, const rpl_ctl_upgrade_arguments *a);
int rpl_ctl_upgrade_list(int argc, char **argv);
int rpl_ctl_upgrade_watch(int argc, char **argv);

#endif
