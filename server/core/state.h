/* state.h - the secret state: identity, root keys by epoch, secure files; and beside it the custody
 * log, which is not secret.
 *
 * A state is a value that only the loop thread changes; what leaves it for a worker is an encoded
 * copy. Canonical encoding (state.proto): decode then encode gives the same bytes, anything else is
 * refused. state_digest = SHA-256 of that encoding. Source: docs/protocol.md, keys and state; sync.
 */
#ifndef RPL_SERVER_CORE_STATE_H
#define RPL_SERVER_CORE_STATE_H

#include "server/core/custody.h"
#include "server/core/identity.h"

enum {
    RPL_STATE_EPOCHS_MAX = 64,
    RPL_STATE_FILES_MAX = 256,
    RPL_STATE_VERSIONS_MAX = 128,
    RPL_FILE_NAME_MAX = 255,
    RPL_REPLICA_ID_LEN = 16,
};

typedef struct {
    uint64_t number;
    uint8_t commitment[32];
    uint8_t parent_commitment[32];
    bool has_parent;
} rpl_epoch; /* the public part */

/* One secure file as it is on disk or in the state. `content` is owned, NULL when empty. */
typedef struct {
    char name[RPL_FILE_NAME_MAX + 1]; /* "" is SECURE_FILE */
    rpl_secret *content;
} rpl_file;

typedef struct {
    size_t count;
    rpl_file *files; /* owned; sorted by name */
} rpl_file_list;
void rpl_file_list_free(rpl_file_list *list);
/* Adds a copy, keeping the order. RPL_TOO_LARGE past RPL_STATE_FILES_MAX or with a long name;
 * RPL_MALFORMED for a name with '/', control characters, "." or ".."; RPL_CONFLICT when it is there. */
RPL_CHECKED rpl_status rpl_file_list_add(rpl_file_list *list, const char *name, rpl_bytes content);

typedef struct rpl_state rpl_state;

/* A new state: identity from `seed`, epoch 1 with `root`, signed by the identity, no files.
 * Both are 32 random bytes, the caller's to wipe. */
RPL_CHECKED rpl_status rpl_state_genesis(const uint8_t seed[static 32],
                                         const uint8_t root[static 32], rpl_state **out);
void rpl_state_free(rpl_state *state);
RPL_DEFINE_AUTO(rpl_state *, state, rpl_state_free)

const rpl_identity *rpl_state_identity(const rpl_state *state);
const rpl_custody *rpl_state_custody(const rpl_state *state);
rpl_custody *rpl_state_custody_mut(rpl_state *state);
size_t rpl_state_epochs(const rpl_state *state, rpl_epoch out[static RPL_STATE_EPOCHS_MAX]);
uint64_t rpl_state_highest_epoch(const rpl_state *state);
/* The root of `number` (0 = the stable epoch, 1 until operators exist); of two of one number the
 * lower commitment. Borrowed, NULL when there is none. `*public_part` receives its public half. */
const rpl_secret *rpl_state_root(const rpl_state *state, uint64_t number, rpl_epoch *public_part);

/* Canonical encoding without the custody log. `*out` is owned. RPL_TOO_LARGE over RPL_SECRET_MAX. */
RPL_CHECKED rpl_status rpl_state_encode(const rpl_state *state, rpl_secret **out);
/* RPL_MALFORMED  not canonical, an unknown field, a commitment or a signature that does not fit,
 *                no epoch, more than a bound above */
RPL_CHECKED rpl_status rpl_state_decode(rpl_bytes encoded, rpl_state **out);
RPL_CHECKED rpl_status rpl_state_digest(const rpl_state *state, uint8_t out[static 32]);
/* A deep copy with its custody log. */
RPL_CHECKED rpl_status rpl_state_clone(const rpl_state *state, rpl_state **out);

/* What is on disk now becomes part of the state: new and changed contents get a version by
 * `replica`; a file that is missing on disk is NOT deleted from the state. Sets *changed; a failure
 * changes nothing. */
RPL_CHECKED rpl_status rpl_state_take_files(rpl_state *state, const rpl_file_list *on_disk,
                                            const uint8_t replica[static RPL_REPLICA_ID_LEN],
                                            bool *changed);
/* Copies of all files that are not tombstones. */
RPL_CHECKED rpl_status rpl_state_files(const rpl_state *state, rpl_file_list *out);

/* Merges `from` (same identity, else RPL_CONFLICT) into `into`: epochs by union; files by version
 * vectors (a concurrent write keeps both: the lower SHA-256 of the content wins, the other is kept
 * as "<name>.conflict-<first 8 hex of its digest>", of a name over 180 bytes the first 180, and all
 * 64 where that name is another's; for SECURE_FILE the name is "conflict-<..>"; a write survives a
 * concurrent deletion);
 * custody by union; nothing is overwritten or lowered. Only on success is `into` changed. */
RPL_CHECKED rpl_status rpl_state_merge(rpl_state *into, const rpl_state *from, bool *changed);

#endif
