#include "server/core/state.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/writer.h"
#include "server/core/state_internal.h"

enum { STABLE_EPOCH = 1, EPOCH_MESSAGE_MAX = 256 };

static rpl_bytes content_of(const rpl_secret *content)
{
    return content ? rpl_secret_expose(content) : (rpl_bytes){0};
}

/* --- lists of files --- */

bool rpl_file_name_ok(const char *name)
{
    const size_t len = strlen(name);
    if (len > RPL_FILE_NAME_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '/')
            return false;
    return true;
}

void rpl_file_list_free(rpl_file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        rpl_secret_free(list->files[i].content);
    free(list->files);
    *list = (rpl_file_list){0};
}

static rpl_status copy_content(rpl_bytes from, rpl_secret **out)
{
    *out = NULL;
    if (from.len == 0)
        return rpl_ok();
    if (from.len > RPL_SECRET_MAX)
        return rpl_fail(RPL_TOO_LARGE, "a secure file is larger than 64 MiB");
    *out = rpl_secret_copy(from);
    return *out ? rpl_ok() : rpl_fail(RPL_INTERNAL, "no memory for a secure file");
}

rpl_status rpl_file_list_add(rpl_file_list *list, const char *name, rpl_bytes content)
{
    size_t at = 0;

    if (strlen(name) > RPL_FILE_NAME_MAX || list->count == RPL_STATE_FILES_MAX)
        return rpl_fail(RPL_TOO_LARGE, "at most 256 secure files, names of at most 255 bytes");
    if (!rpl_file_name_ok(name))
        return rpl_fail(RPL_MALFORMED, "a secure file's name has a slash or a control character");
    while (at < list->count && strcmp(list->files[at].name, name) < 0)
        at++;
    if (at < list->count && strcmp(list->files[at].name, name) == 0)
        return rpl_fail(RPL_CONFLICT, "a secure file is there twice");
    rpl_file *grown = realloc(list->files, (list->count + 1) * sizeof(*grown));
    if (!grown)
        return rpl_fail(RPL_INTERNAL, "no memory");
    list->files = grown;
    rpl_file file = {0};
    memcpy(file.name, name, strlen(name));
    RPL_TRY(copy_content(content, &file.content));
    memmove(&grown[at + 1], &grown[at], (list->count - at) * sizeof(*grown));
    grown[at] = file;
    list->count++;
    return rpl_ok();
}

/* --- making and freeing --- */

rpl_status rpl_state_new(rpl_bytes seed, rpl_state **out)
{
    RPL_AUTO(state) rpl_state *state = calloc(1, sizeof(*state));
    if (!state)
        return rpl_fail(RPL_INTERNAL, "no memory");
    state->seed = rpl_secret_copy(seed);
    state->identity = state->seed ? rpl_identity_from_seed(seed.data) : NULL;
    if (!state->identity)
        return rpl_fail(RPL_INTERNAL, "no memory");
    *out = RPL_TAKE(state);
    return rpl_ok();
}

void rpl_state_free(rpl_state *state)
{
    if (!state)
        return;
    rpl_secret_free(state->seed);
    rpl_identity_free(state->identity);
    for (size_t i = 0; i < state->n_epochs; i++)
        rpl_secret_free(state->epochs[i].root);
    for (size_t i = 0; i < state->n_files; i++)
        rpl_secret_free(state->files[i].content);
    free(state->files);
    rpl_custody_free(&state->custody);
    free(state);
}

/* --- epochs --- */

static void commitment_of(const rpl_secret *root, uint8_t out[static 32])
{
    const rpl_bytes parts[] = {rpl_bytes_of_text("replicatoor/v1/epoch"), rpl_secret_expose(root)};
    rpl_sha256_parts(parts, 2, out);
}

/* What the identity signs of an epoch. */
static rpl_bytes epoch_message(const rpl_epoch *e, uint8_t buffer[static EPOCH_MESSAGE_MAX])
{
    uint8_t number[8];
    rpl_writer n = rpl_writer_over(number, sizeof(number));
    rpl_writer w = rpl_writer_over(buffer, EPOCH_MESSAGE_MAX);
    rpl_write_u64le(&n, e->number);
    rpl_write_text(&w, "replicatoor/v1/epoch");
    rpl_write_u8(&w, 0);
    rpl_write_lp(&w, rpl_writer_bytes(&n));
    rpl_write_lp(&w, rpl_bytes_of(e->commitment, sizeof(e->commitment)));
    rpl_write_lp(
        &w, rpl_bytes_of(e->parent_commitment, e->has_parent ? sizeof(e->parent_commitment) : 0));
    return rpl_writer_bytes(&w);
}

void rpl_state_sign_epoch(const rpl_state *state, rpl_root_key *key)
{
    uint8_t buffer[EPOCH_MESSAGE_MAX];
    commitment_of(key->root, key->pub.commitment);
    rpl_identity_sign(state->identity, epoch_message(&key->pub, buffer), key->signature);
}

static int epoch_order(const rpl_epoch *a, const rpl_epoch *b)
{
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return memcmp(a->commitment, b->commitment, sizeof(a->commitment));
}

static rpl_status check_epoch(const rpl_state *state, const rpl_root_key *key)
{
    uint8_t commitment[32], buffer[EPOCH_MESSAGE_MAX];
    commitment_of(key->root, commitment);
    if (key->pub.number == 0 || memcmp(commitment, key->pub.commitment, sizeof(commitment)) != 0)
        return rpl_fail(RPL_MALFORMED, "an epoch whose commitment is not that of its root");
    if (!rpl_identity_verify(rpl_identity_public(state->identity), epoch_message(&key->pub, buffer),
                             key->signature))
        return rpl_fail(RPL_MALFORMED, "an epoch that the identity did not sign");
    return rpl_ok();
}

rpl_status rpl_state_add_epoch(rpl_state *state, rpl_root_key *key)
{
    size_t at = 0;

    RPL_TRY(check_epoch(state, key));
    if (state->n_epochs == RPL_STATE_EPOCHS_MAX)
        return rpl_fail(RPL_TOO_LARGE, "at most 64 epochs");
    while (at < state->n_epochs && epoch_order(&state->epochs[at].pub, &key->pub) < 0)
        at++;
    if (at < state->n_epochs && epoch_order(&state->epochs[at].pub, &key->pub) == 0)
        return rpl_fail(RPL_CONFLICT, "an epoch is there twice");
    memmove(&state->epochs[at + 1], &state->epochs[at],
            (state->n_epochs - at) * sizeof(*state->epochs));
    state->epochs[at] = *key;
    state->has_digest = false;
    key->root = NULL;
    state->n_epochs++;
    return rpl_ok();
}

rpl_status rpl_state_genesis(const uint8_t seed[static 32], const uint8_t root[static 32],
                             rpl_state **out)
{
    RPL_AUTO(state) rpl_state *state = NULL;
    rpl_root_key first = {.pub = {.number = 1}};

    RPL_TRY(rpl_state_new(rpl_bytes_of(seed, RPL_SEED_LEN), &state));
    first.root = rpl_secret_copy(rpl_bytes_of(root, 32));
    if (!first.root)
        return rpl_fail(RPL_INTERNAL, "no memory");
    rpl_state_sign_epoch(state, &first);
    const rpl_status s = rpl_state_add_epoch(state, &first);
    rpl_secret_free(first.root);
    RPL_TRY(s);
    *out = RPL_TAKE(state);
    return rpl_ok();
}

/* --- looking --- */

const rpl_identity *rpl_state_identity(const rpl_state *state)
{
    return state->identity;
}

const rpl_custody *rpl_state_custody(const rpl_state *state)
{
    return &state->custody;
}

rpl_custody *rpl_state_custody_mut(rpl_state *state)
{
    return &state->custody;
}

size_t rpl_state_epochs(const rpl_state *state, rpl_epoch out[static RPL_STATE_EPOCHS_MAX])
{
    for (size_t i = 0; i < state->n_epochs; i++)
        out[i] = state->epochs[i].pub;
    return state->n_epochs;
}

uint64_t rpl_state_highest_epoch(const rpl_state *state)
{
    return state->n_epochs ? state->epochs[state->n_epochs - 1].pub.number : 0;
}

const rpl_secret *rpl_state_root(const rpl_state *state, uint64_t number, rpl_epoch *public_part)
{
    const uint64_t wanted = number ? number : STABLE_EPOCH;
    for (size_t i = 0; i < state->n_epochs; i++)
        if (state->epochs[i].pub.number == wanted) {
            *public_part = state->epochs[i].pub;
            return state->epochs[i].root;
        }
    return NULL;
}

/* Kept until the next change: /status asks for it, and the state may be megabytes. */
rpl_status rpl_state_digest(const rpl_state *state, uint8_t out[static 32])
{
    rpl_state *kept = (rpl_state *)(uintptr_t)state;
    RPL_AUTO(secret) rpl_secret *encoded = NULL;

    if (!state->has_digest) {
        RPL_TRY(rpl_state_encode(state, &encoded));
        rpl_sha256(rpl_secret_expose(encoded), kept->digest);
        kept->has_digest = true;
    }
    memcpy(out, state->digest, sizeof(state->digest));
    return rpl_ok();
}

rpl_status rpl_state_clone(const rpl_state *state, rpl_state **out)
{
    RPL_AUTO(secret) rpl_secret *encoded = NULL;
    RPL_AUTO(state) rpl_state *copy = NULL;
    RPL_TRY(rpl_state_encode(state, &encoded));
    RPL_TRY(rpl_state_decode(rpl_secret_expose(encoded), &copy));
    RPL_TRY(rpl_custody_copy(&state->custody, &copy->custody));
    *out = RPL_TAKE(copy);
    return rpl_ok();
}

rpl_status rpl_state_files(const rpl_state *state, rpl_file_list *out)
{
    rpl_file_list list = {0};
    for (size_t i = 0; i < state->n_files; i++) {
        const rpl_state_file *f = &state->files[i];
        if (f->deleted)
            continue;
        const rpl_status s = rpl_file_list_add(&list, f->name, content_of(f->content));
        if (s.code != RPL_OK) {
            rpl_file_list_free(&list);
            return s;
        }
    }
    *out = list;
    return rpl_ok();
}

/* --- files --- */

size_t rpl_state_find_file(const rpl_state *state, const char *name, bool *found)
{
    size_t at = 0;
    while (at < state->n_files && strcmp(state->files[at].name, name) < 0)
        at++;
    *found = at < state->n_files && strcmp(state->files[at].name, name) == 0;
    return at;
}

rpl_status rpl_state_insert_file(rpl_state *state, rpl_state_file *file)
{
    bool found;
    const size_t at = rpl_state_find_file(state, file->name, &found);

    if (found)
        return rpl_fail(RPL_MALFORMED, "a secure file is there twice");
    if (!rpl_file_name_ok(file->name))
        return rpl_fail(RPL_MALFORMED, "a secure file's name has a slash or a control character");
    if (state->n_files == RPL_STATE_FILES_MAX)
        return rpl_fail(RPL_TOO_LARGE, "at most 256 secure files");
    rpl_state_file *grown = realloc(state->files, (state->n_files + 1) * sizeof(*grown));
    if (!grown)
        return rpl_fail(RPL_INTERNAL, "no memory");
    state->files = grown;
    memmove(&grown[at + 1], &grown[at], (state->n_files - at) * sizeof(*grown));
    grown[at] = *file;
    state->has_digest = false;
    file->content = NULL;
    state->n_files++;
    return rpl_ok();
}

/* One more write by `replica`. */
static rpl_status count_version(rpl_state_file *file, const uint8_t *replica)
{
    size_t at = 0;
    while (at < file->n_versions &&
           memcmp(file->versions[at].replica, replica, RPL_REPLICA_ID_LEN) < 0)
        at++;
    if (at < file->n_versions &&
        memcmp(file->versions[at].replica, replica, RPL_REPLICA_ID_LEN) == 0) {
        if (file->versions[at].counter == UINT64_MAX)
            return rpl_fail(RPL_TOO_LARGE, "a secure file's version counter is at its end");
        file->versions[at].counter++;
        return rpl_ok();
    }
    if (file->n_versions == RPL_STATE_VERSIONS_MAX)
        return rpl_fail(RPL_TOO_LARGE, "a secure file was written by more than 128 replicas");
    memmove(&file->versions[at + 1], &file->versions[at],
            (file->n_versions - at) * sizeof(*file->versions));
    file->versions[at] = (rpl_file_version){.counter = 1};
    memcpy(file->versions[at].replica, replica, RPL_REPLICA_ID_LEN);
    file->n_versions++;
    return rpl_ok();
}

static bool same_content(const rpl_state_file *file, rpl_bytes content)
{
    const rpl_bytes there = content_of(file->content);
    return !file->deleted && there.len == content.len &&
           (content.len == 0 || sodium_memcmp(there.data, content.data, content.len) == 0);
}

static rpl_status add_new_file(rpl_state *state, const rpl_file *from, const uint8_t *replica)
{
    rpl_state_file file = {0};
    memcpy(file.name, from->name, sizeof(file.name));
    RPL_TRY(count_version(&file, replica));
    RPL_TRY(copy_content(content_of(from->content), &file.content));
    const rpl_status s = rpl_state_insert_file(state, &file);
    rpl_secret_free(file.content);
    return s;
}

static rpl_status replace_content(rpl_state_file *file, const rpl_file *from,
                                  const uint8_t *replica)
{
    rpl_secret *content;
    RPL_TRY(copy_content(content_of(from->content), &content));
    const rpl_status s = count_version(file, replica);
    if (s.code != RPL_OK) {
        rpl_secret_free(content);
        return s;
    }
    rpl_secret_free(file->content);
    file->content = content;
    file->deleted = false;
    return rpl_ok();
}

static rpl_status take_file(rpl_state *state, const rpl_file *from, const uint8_t *replica,
                            bool *changed)
{
    bool found;
    const size_t at = rpl_state_find_file(state, from->name, &found);
    if (found && same_content(&state->files[at], content_of(from->content)))
        return rpl_ok();
    *changed = true;
    return found ? replace_content(&state->files[at], from, replica)
                 : add_new_file(state, from, replica);
}

static void swap_files(rpl_state *a, rpl_state *b)
{
    rpl_state_file *const files = a->files;
    const size_t count = a->n_files;
    a->files = b->files;
    a->n_files = b->n_files;
    b->files = files;
    b->n_files = count;
    a->has_digest = b->has_digest = false;
}

/* Works on a copy, so that a failure in the middle changes nothing; most calls find nothing new. */
rpl_status rpl_state_take_files(rpl_state *state, const rpl_file_list *on_disk,
                                const uint8_t replica[static RPL_REPLICA_ID_LEN], bool *changed)
{
    RPL_AUTO(state) rpl_state *copy = NULL;
    bool is_new = false;

    for (size_t i = 0; i < on_disk->count && !is_new; i++) {
        bool found;
        const size_t at = rpl_state_find_file(state, on_disk->files[i].name, &found);
        is_new = !found || !same_content(&state->files[at], content_of(on_disk->files[i].content));
    }
    if (is_new) {
        RPL_TRY(rpl_state_clone(state, &copy));
        for (size_t i = 0; i < on_disk->count; i++)
            RPL_TRY(take_file(copy, &on_disk->files[i], replica, &is_new));
        swap_files(state, copy);
    }
    *changed = is_new;
    return rpl_ok();
}
