/* The canonical encoding of a state. nanopb's structs hold seeds and roots: they live in memory of
 * libsodium and are wiped with it; contents of files never pass through them. */
#include <pb_decode.h>
#include <pb_encode.h>
#include <sodium.h>
#include <stdlib.h>

#include "proto/replicatoor/v1/state.pb.h"
#include "server/core/canonical.h"
#include "server/core/state_internal.h"

typedef replicatoor_v1_State state_message;
typedef replicatoor_v1_SecureFile file_message;

RPL_DEFINE_AUTO(state_message *, message, sodium_free)

/* --- encoding --- */

static bool encode_content(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const rpl_secret *content = *arg;
    if (!content)
        return true;
    const rpl_bytes bytes = rpl_secret_expose(content);
    return pb_encode_tag_for_field(stream, field) &&
           pb_encode_string(stream, bytes.data, bytes.len);
}

static void fill_file(file_message *m, const rpl_state_file *f)
{
    *m = (file_message)replicatoor_v1_SecureFile_init_zero;
    m->name.size = (pb_size_t)strlen(f->name);
    memcpy(m->name.bytes, f->name, m->name.size);
    m->content.funcs.encode = encode_content;
    m->content.arg = f->content;
    m->deleted = f->deleted;
    m->versions_count = (pb_size_t)f->n_versions;
    for (size_t i = 0; i < f->n_versions; i++) {
        m->versions[i].replica.size = RPL_REPLICA_ID_LEN;
        memcpy(m->versions[i].replica.bytes, f->versions[i].replica, RPL_REPLICA_ID_LEN);
        m->versions[i].counter = f->versions[i].counter;
    }
}

static bool encode_files(pb_ostream_t *stream, const pb_field_t *field, void *const *arg)
{
    const rpl_state *state = *arg;
    file_message m;
    for (size_t i = 0; i < state->n_files; i++) {
        fill_file(&m, &state->files[i]);
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_submessage(stream, replicatoor_v1_SecureFile_fields, &m))
            return false;
    }
    return true;
}

static void fill_epoch(replicatoor_v1_RootKey *m, const rpl_root_key *key)
{
    m->number = key->pub.number;
    m->root.size = m->commitment.size = 32;
    memcpy(m->root.bytes, rpl_secret_expose(key->root).data, 32);
    memcpy(m->commitment.bytes, key->pub.commitment, 32);
    if (key->pub.has_parent) {
        m->parent_commitment.size = 32;
        memcpy(m->parent_commitment.bytes, key->pub.parent_commitment, 32);
    }
    m->signature.size = RPL_SIGNATURE_LEN;
    memcpy(m->signature.bytes, key->signature, RPL_SIGNATURE_LEN);
}

static void fill_state(state_message *m, const rpl_state *state)
{
    m->identity_seed.size = RPL_SEED_LEN;
    memcpy(m->identity_seed.bytes, rpl_secret_expose(state->seed).data, RPL_SEED_LEN);
    m->epochs_count = (pb_size_t)state->n_epochs;
    for (size_t i = 0; i < state->n_epochs; i++)
        fill_epoch(&m->epochs[i], &state->epochs[i]);
    m->files.funcs.encode = encode_files;
    m->files.arg = (void *)(uintptr_t)state;
}

/* The message of `state`, to be released with sodium_free; NULL when memory is short. */
static state_message *message_of(const rpl_state *state)
{
    state_message *m = sodium_malloc(sizeof(*m));
    if (!m)
        return NULL;
    sodium_memzero(m, sizeof(*m));
    fill_state(m, state);
    return m;
}

rpl_status rpl_state_encode(const rpl_state *state, rpl_secret **out)
{
    RPL_AUTO(message) state_message *m = message_of(state);
    size_t len;

    if (!m)
        return rpl_fail(RPL_INTERNAL, "no memory");
    if (!pb_get_encoded_size(&len, replicatoor_v1_State_fields, m))
        return rpl_fail(RPL_INTERNAL, "the state cannot be encoded");
    if (len > RPL_SECRET_MAX)
        return rpl_fail(RPL_TOO_LARGE, "the state is larger than 64 MiB");
    RPL_AUTO(secret) rpl_secret *encoded = rpl_secret_new(len);
    if (!encoded)
        return rpl_fail(RPL_INTERNAL, "no memory for the state");
    pb_ostream_t stream = pb_ostream_from_buffer(rpl_secret_fill(encoded), len);
    if (!pb_encode(&stream, replicatoor_v1_State_fields, m) || stream.bytes_written != len)
        return rpl_fail(RPL_INTERNAL, "the state cannot be encoded");
    *out = RPL_TAKE(encoded);
    return rpl_ok();
}

/* --- decoding --- */

static bool decode_content(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    rpl_secret **content = *arg;
    (void)field;
    if (*content || stream->bytes_left > RPL_SECRET_MAX)
        return false;
    if (stream->bytes_left == 0)
        return true;
    *content = rpl_secret_new(stream->bytes_left);
    return *content && pb_read(stream, rpl_secret_fill(*content), stream->bytes_left);
}

static bool take_versions(const file_message *m, rpl_state_file *f)
{
    for (pb_size_t i = 0; i < m->versions_count; i++) {
        const replicatoor_v1_FileVersion *v = &m->versions[i];
        if (v->replica.size != RPL_REPLICA_ID_LEN || v->counter == 0)
            return false;
        memcpy(f->versions[i].replica, v->replica.bytes, RPL_REPLICA_ID_LEN);
        f->versions[i].counter = v->counter;
        if (i &&
            memcmp(f->versions[i - 1].replica, f->versions[i].replica, RPL_REPLICA_ID_LEN) >= 0)
            return false;
    }
    f->n_versions = m->versions_count;
    return true;
}

/* A file must come after the one before it, so that there is one order. */
static bool take_file(rpl_state *state, const file_message *m, rpl_state_file *f)
{
    if (memchr(m->name.bytes, 0, m->name.size))
        return false;
    memcpy(f->name, m->name.bytes, m->name.size);
    f->deleted = m->deleted;
    if (!take_versions(m, f) || (f->deleted && f->content))
        return false;
    if (state->n_files && strcmp(state->files[state->n_files - 1].name, f->name) >= 0)
        return false;
    return rpl_state_insert_file(state, f).code == RPL_OK;
}

static bool decode_file(pb_istream_t *stream, const pb_field_t *field, void **arg)
{
    rpl_state *state = *arg;
    rpl_state_file f = {0};
    file_message m = replicatoor_v1_SecureFile_init_zero;

    (void)field;
    m.content.funcs.decode = decode_content;
    m.content.arg = &f.content;
    const bool taken =
        pb_decode(stream, replicatoor_v1_SecureFile_fields, &m) && take_file(state, &m, &f);
    rpl_secret_free(f.content);
    return taken;
}

static rpl_status take_epoch(rpl_state *state, const replicatoor_v1_RootKey *m)
{
    rpl_root_key key = {.pub = {.number = m->number}};
    const size_t before = state->n_epochs;

    if (m->root.size != 32 || m->commitment.size != 32 || m->signature.size != RPL_SIGNATURE_LEN ||
        (m->parent_commitment.size != 0 && m->parent_commitment.size != 32))
        return rpl_fail(RPL_MALFORMED, "an epoch of the state has a field of another length");
    memcpy(key.pub.commitment, m->commitment.bytes, 32);
    key.pub.has_parent = m->parent_commitment.size == 32;
    if (key.pub.has_parent)
        memcpy(key.pub.parent_commitment, m->parent_commitment.bytes, 32);
    memcpy(key.signature, m->signature.bytes, RPL_SIGNATURE_LEN);
    key.root = rpl_secret_copy(rpl_bytes_of(m->root.bytes, 32));
    if (!key.root)
        return rpl_fail(RPL_INTERNAL, "no memory");
    const rpl_status s = rpl_state_add_epoch(state, &key);
    rpl_secret_free(key.root);
    if (s.code == RPL_CONFLICT)
        return rpl_fail(RPL_MALFORMED, "the state has an epoch twice");
    RPL_TRY(s);
    return memcmp(state->epochs[before].pub.commitment, m->commitment.bytes, 32) == 0
               ? rpl_ok()
               : rpl_fail(RPL_MALFORMED, "the epochs of the state are not in order");
}

static rpl_status take_message(const state_message *m, rpl_state *files_of, rpl_state **out)
{
    RPL_AUTO(state) rpl_state *state = NULL;

    if (m->identity_seed.size != RPL_SEED_LEN || m->epochs_count == 0)
        return rpl_fail(RPL_MALFORMED, "the state has no identity or no epoch");
    RPL_TRY(rpl_state_new(rpl_bytes_of(m->identity_seed.bytes, RPL_SEED_LEN), &state));
    for (pb_size_t i = 0; i < m->epochs_count; i++)
        RPL_TRY(take_epoch(state, &m->epochs[i]));
    state->files = RPL_TAKE(files_of->files);
    state->n_files = files_of->n_files;
    files_of->n_files = 0;
    *out = RPL_TAKE(state);
    return rpl_ok();
}

static rpl_status require_canonical(const rpl_state *state, rpl_bytes encoded)
{
    RPL_AUTO(message) state_message *m = message_of(state);
    if (!m)
        return rpl_fail(RPL_INTERNAL, "no memory");
    return rpl_encodes_to(replicatoor_v1_State_fields, m, encoded)
               ? rpl_ok()
               : rpl_fail(RPL_MALFORMED, "the state is not in canonical form");
}

static void free_files(rpl_state *files)
{
    for (size_t i = 0; i < files->n_files; i++)
        rpl_secret_free(files->files[i].content);
    free(files->files);
}

rpl_status rpl_state_decode(rpl_bytes encoded, rpl_state **out)
{
    RPL_AUTO(message) state_message *m = sodium_malloc(sizeof(*m));
    RPL_AUTO(state) rpl_state *state = NULL;
    __attribute__((cleanup(free_files)))
    rpl_state files = {0}; /* filled before the identity is known */
    pb_istream_t stream = pb_istream_from_buffer(encoded.data, encoded.len);

    if (!m)
        return rpl_fail(RPL_INTERNAL, "no memory");
    sodium_memzero(m, sizeof(*m));
    m->files.funcs.decode = decode_file;
    m->files.arg = &files;
    if (!pb_decode(&stream, replicatoor_v1_State_fields, m))
        return rpl_fail(RPL_MALFORMED, "the state cannot be decoded");
    RPL_TRY(take_message(m, &files, &state));
    RPL_TRY(require_canonical(state, encoded));
    *out = RPL_TAKE(state);
    return rpl_ok();
}
