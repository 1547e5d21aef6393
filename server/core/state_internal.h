/* state_internal.h - the inside of a state, for state.c, state_codec.c and state_merge.c alone. */
#ifndef RPL_SERVER_CORE_STATE_INTERNAL_H
#define RPL_SERVER_CORE_STATE_INTERNAL_H

#include "server/core/state.h"

typedef struct {
    rpl_epoch pub;
    rpl_secret *root; /* 32 bytes, owned */
    uint8_t signature[RPL_SIGNATURE_LEN];
} rpl_root_key;

typedef struct {
    uint8_t replica[RPL_REPLICA_ID_LEN];
    uint64_t counter;
} rpl_file_version;

typedef struct {
    char name[RPL_FILE_NAME_MAX + 1];
    rpl_secret *content; /* owned; NULL when empty */
    bool deleted;
    size_t n_versions;
    rpl_file_version versions[RPL_STATE_VERSIONS_MAX]; /* sorted by replica */
} rpl_state_file;

struct rpl_state {
    rpl_secret *seed;
    rpl_identity *identity;
    size_t n_epochs;
    rpl_root_key epochs[RPL_STATE_EPOCHS_MAX]; /* sorted by number, then commitment */
    size_t n_files;
    rpl_state_file *files; /* owned; sorted by name */
    rpl_custody custody;
    bool has_digest; /* false after every change of what is above the custody log */
    uint8_t digest[32];
};

/* An empty state with the identity of `seed`. */
RPL_CHECKED rpl_status rpl_state_new(rpl_bytes seed, rpl_state **out);
/* Checks commitment and signature, then inserts in order; the root moves in, on success only.
 * RPL_MALFORMED, RPL_TOO_LARGE; RPL_CONFLICT when it is there. */
RPL_CHECKED rpl_status rpl_state_add_epoch(rpl_state *state, rpl_root_key *key);
/* Index of the file, or where it would be inserted. */
size_t rpl_state_find_file(const rpl_state *state, const char *name, bool *found);
/* Inserts; the content moves in, on success only. */
RPL_CHECKED rpl_status rpl_state_insert_file(rpl_state *state, rpl_state_file *file);
RPL_CHECKED bool rpl_file_name_ok(const char *name);
/* Signs a root key as part of this identity. */
void rpl_state_sign_epoch(const rpl_state *state, rpl_root_key *key);

#endif
