#include <stdio.h>

#include "base/hash.h"
#include "base/hex.h"
#include "server/core/state_internal.h"

/* A name, ".conflict-" and a whole digest fit into RPL_FILE_NAME_MAX. */
enum { CONFLICT_DIGITS = 8, CONFLICT_BASE_MAX = 180 };

static uint64_t counter_of(const rpl_state_file *f, const uint8_t *replica)
{
    for (size_t i = 0; i < f->n_versions; i++)
        if (memcmp(f->versions[i].replica, replica, RPL_REPLICA_ID_LEN) == 0)
            return f->versions[i].counter;
    return 0;
}

static bool saw_more(const rpl_state_file *a, const rpl_state_file *b)
{
    for (size_t i = 0; i < a->n_versions; i++)
        if (a->versions[i].counter > counter_of(b, a->versions[i].replica))
            return true;
    return false;
}

static rpl_bytes content_of(const rpl_state_file *f)
{
    return f->content ? rpl_secret_expose(f->content) : (rpl_bytes){0};
}

/* A tombstone sorts behind every content: a concurrent write survives a deletion. */
static int content_order(const rpl_state_file *a, const rpl_state_file *b)
{
    uint8_t left[32], right[32];
    if (a->deleted != b->deleted)
        return a->deleted ? 1 : -1;
    rpl_sha256(content_of(a), left);
    rpl_sha256(content_of(b), right);
    return memcmp(left, right, sizeof(left));
}

static rpl_status copy_file(const rpl_state_file *from, rpl_state_file *out)
{
    rpl_state_file f = *from;
    f.content = NULL;
    if (from->content) {
        f.content = rpl_secret_copy(rpl_secret_expose(from->content));
        if (!f.content)
            return rpl_fail(RPL_INTERNAL, "no memory for a secure file");
    }
    *out = f;
    return rpl_ok();
}

static rpl_status insert_copy(rpl_state *into, const rpl_state_file *from)
{
    rpl_state_file f;
    RPL_TRY(copy_file(from, &f));
    const rpl_status s = rpl_state_insert_file(into, &f);
    rpl_secret_free(f.content);
    return s;
}

/* The higher counter of each replica. */
static rpl_status join_versions(rpl_state_file *into, const rpl_state_file *from)
{
    rpl_file_version joined[RPL_STATE_VERSIONS_MAX];
    size_t i = 0, k = 0, count = 0;

    while (i < into->n_versions || k < from->n_versions) {
        const int order =
            i == into->n_versions ? 1
            : k == from->n_versions
                ? -1
                : memcmp(into->versions[i].replica, from->versions[k].replica, RPL_REPLICA_ID_LEN);
        if (count == RPL_STATE_VERSIONS_MAX)
            return rpl_fail(RPL_TOO_LARGE, "a secure file was written by more than 128 replicas");
        joined[count] = order <= 0 ? into->versions[i] : from->versions[k];
        if (order == 0 && from->versions[k].counter > joined[count].counter)
            joined[count].counter = from->versions[k].counter;
        i += order <= 0;
        k += order >= 0;
        count++;
    }
    memcpy(into->versions, joined, count * sizeof(*joined));
    into->n_versions = count;
    return rpl_ok();
}

/* False: another content has the copy's name. */
static bool name_is_free(const rpl_state *into, const rpl_state_file *copy)
{
    bool found;
    const size_t at = rpl_state_find_file(into, copy->name, &found);
    return !found || content_order(&into->files[at], copy) == 0;
}

static rpl_status add_copy(rpl_state *into, rpl_state_file *copy)
{
    bool found;
    const size_t at = rpl_state_find_file(into, copy->name, &found);
    return found ? join_versions(&into->files[at], copy) : rpl_state_insert_file(into, copy);
}

static void name_conflict(rpl_state_file *copy, const char *name, const char *hex, int digits)
{
    snprintf(copy->name, sizeof(copy->name), "%.*s%sconflict-%.*s", CONFLICT_BASE_MAX, name,
             name[0] ? "." : "", digits, hex);
}

/* The copy is named after its content, so that merging again finds it there; by the whole digest
 * when the short name is another's. */
static rpl_status keep_conflict(rpl_state *into, const rpl_state_file *loser)
{
    rpl_state_file copy;
    uint8_t digest[32];
    char hex[2 * sizeof(digest) + 1];

    if (loser->deleted)
        return rpl_ok();
    rpl_sha256(content_of(loser), digest);
    rpl_hex_encode(rpl_bytes_of(digest, sizeof(digest)), hex);
    RPL_TRY(copy_file(loser, &copy));
    name_conflict(&copy, loser->name, hex, CONFLICT_DIGITS);
    if (!name_is_free(into, &copy))
        name_conflict(&copy, loser->name, hex, sizeof(hex) - 1);
    /* not free even so: this copy was made before, and changed since */
    const rpl_status s = name_is_free(into, &copy) ? add_copy(into, &copy) : rpl_ok();
    rpl_secret_free(copy.content);
    return s;
}

static rpl_status replace(rpl_state *into, size_t at, const rpl_state_file *with)
{
    rpl_state_file f;
    RPL_TRY(copy_file(with, &f));
    rpl_secret_free(into->files[at].content);
    into->files[at] = f;
    return rpl_ok();
}

static rpl_status merge_concurrent(rpl_state *into, size_t at, const rpl_state_file *theirs)
{
    rpl_state_file ours;
    const int order = content_order(&into->files[at], theirs);
    rpl_status s = rpl_ok();

    RPL_TRY(copy_file(&into->files[at], &ours));
    if (order > 0)
        s = replace(into, at, theirs);
    if (s.code == RPL_OK)
        s = join_versions(&into->files[at], order > 0 ? &ours : theirs);
    if (s.code == RPL_OK && order != 0)
        s = keep_conflict(into, order > 0 ? &ours : theirs);
    rpl_secret_free(ours.content);
    return s;
}

typedef enum { OURS_STANDS, THEIRS_WINS, CONCURRENT } file_relation;

static file_relation relation_of(const rpl_state_file *ours, const rpl_state_file *theirs)
{
    const bool ours_newer = saw_more(ours, theirs), theirs_newer = saw_more(theirs, ours);
    if (theirs_newer)
        return ours_newer ? CONCURRENT : THEIRS_WINS;
    return ours_newer || content_order(ours, theirs) == 0 ? OURS_STANDS : CONCURRENT;
}

static rpl_status merge_file(rpl_state *into, const rpl_state_file *theirs, bool concurrent,
                             bool *changed)
{
    bool found;
    const size_t at = rpl_state_find_file(into, theirs->name, &found);
    const file_relation relation = found ? relation_of(&into->files[at], theirs) : THEIRS_WINS;

    if (relation == OURS_STANDS || (relation == CONCURRENT) != concurrent)
        return rpl_ok();
    *changed = true;
    if (!found)
        return insert_copy(into, theirs);
    return concurrent ? merge_concurrent(into, at, theirs) : replace(into, at, theirs);
}

/* Conflicts last: a copy must not take the name of a file that is yet to come. */
static rpl_status merge_files(rpl_state *into, const rpl_state *from, bool *changed)
{
    for (size_t i = 0; i < from->n_files; i++)
        RPL_TRY(merge_file(into, &from->files[i], false, changed));
    for (size_t i = 0; i < from->n_files; i++)
        RPL_TRY(merge_file(into, &from->files[i], true, changed));
    return rpl_ok();
}

static rpl_status merge_epoch(rpl_state *into, const rpl_root_key *theirs, bool *changed)
{
    rpl_root_key key = *theirs;
    key.root = rpl_secret_copy(rpl_secret_expose(theirs->root));
    if (!key.root)
        return rpl_fail(RPL_INTERNAL, "no memory");
    const rpl_status s = rpl_state_add_epoch(into, &key);
    rpl_secret_free(key.root);
    if (s.code == RPL_CONFLICT)
        return rpl_ok();
    *changed = true;
    return s;
}

static rpl_status merge_into_copy(rpl_state *copy, const rpl_state *from, bool *changed)
{
    const size_t receipts = copy->custody.count;
    copy->has_digest = false;
    for (size_t i = 0; i < from->n_epochs; i++)
        RPL_TRY(merge_epoch(copy, &from->epochs[i], changed));
    RPL_TRY(merge_files(copy, from, changed));
    RPL_TRY(rpl_custody_merge(&copy->custody, &from->custody, rpl_identity_public(copy->identity)));
    *changed = *changed || copy->custody.count != receipts;
    return rpl_ok();
}

rpl_status rpl_state_merge(rpl_state *into, const rpl_state *from, bool *changed)
{
    RPL_AUTO(state) rpl_state *copy = NULL;
    bool any = false;

    if (memcmp(rpl_identity_public(into->identity)->b, rpl_identity_public(from->identity)->b,
               RPL_IDENTITY_PUB_LEN) != 0)
        return rpl_fail(RPL_CONFLICT, "the state belongs to another identity");
    RPL_TRY(rpl_state_clone(into, &copy));
    RPL_TRY(merge_into_copy(copy, from, &any));
    rpl_state before = *into;
    *into = *copy;
    *copy = before;
    *changed = any;
    return rpl_ok();
}
