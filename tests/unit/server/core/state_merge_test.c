#include <sodium.h>

#include "base/hash.h"
#include "base/hex.h"
#include "server/core/state_internal.h"
#include "tests/support/core.h"

static bool merged(rpl_state *into, const rpl_state *from)
{
    bool changed = false;
    assert_ok(rpl_state_merge(into, from, &changed));
    return changed;
}

static rpl_state *copy_of(const rpl_state *state)
{
    rpl_state *copy = NULL;
    assert_ok(rpl_state_clone(state, &copy));
    return copy;
}

/* Merging in both orders gives the same state, which merging again leaves alone; returns it. */
static rpl_state *merged_both_ways(const rpl_state *a, const rpl_state *b)
{
    rpl_state *ab = copy_of(a), *ba = copy_of(b);
    merged(ab, b);
    merged(ba, a);
    assert_same_digest(ab, ba);
    assert_int_equal(rpl_state_custody(ab)->count, rpl_state_custody(ba)->count);
    assert_false(merged(ab, b));
    assert_false(merged(ab, a));
    assert_false(merged(ab, ba));
    assert_same_digest(ab, ba);
    rpl_state_free(ba);
    return ab;
}

static void add_epoch(rpl_state *state, uint64_t number, uint8_t root, const uint8_t *parent)
{
    rpl_root_key key = {.pub = {.number = number, .has_parent = parent != NULL}};
    uint8_t bytes[32];
    memset(bytes, root, sizeof(bytes));
    key.root = rpl_secret_copy(rpl_bytes_of(bytes, sizeof(bytes)));
    if (parent)
        memcpy(key.pub.parent_commitment, parent, 32);
    rpl_state_sign_epoch(state, &key);
    assert_ok(rpl_state_add_epoch(state, &key));
}

static void delete_file(rpl_state *state, const char *name, uint8_t replica)
{
    bool found;
    write_file(state, replica, name, "about to be deleted");
    rpl_state_file *file = &state->files[rpl_state_find_file(state, name, &found)];
    rpl_secret_free(file->content);
    file->content = NULL;
    file->deleted = true;
}

static void the_same_state_merges_to_itself(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2);
    write_file(a, 1, "a", "one");
    rpl_state *b = copy_of(a), *c = merged_both_ways(a, b);
    assert_same_digest(a, c);
    assert_false(merged(a, a));
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

static void files_of_both_sides_are_kept(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2), *b = copy_of(a);
    write_file(a, 1, "a", "one");
    write_file(b, 2, "b", "two");
    write_file(b, 2, "", "three");
    rpl_state *c = merged_both_ways(a, b);
    assert_int_equal(live_files(c), 3);
    assert_file(c, "a", "one");
    assert_file(c, "b", "two");
    assert_file(c, "", "three");
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

static void the_later_write_wins_and_is_never_lowered(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2);
    write_file(a, 1, "f", "old");
    rpl_state *b = copy_of(a);
    write_file(b, 2, "f", "new");
    assert_false(merged(b, a));
    assert_file(b, "f", "new");
    rpl_state *c = merged_both_ways(a, b);
    assert_same_digest(b, c);
    assert_int_equal(live_files(c), 1);
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

/* Which of two contents has the lower SHA-256, and the name of the other's copy. */
static const char *loser_name(const char *name, const char *one, const char *two,
                              const char **winner, const char **loser)
{
    static char text[300];
    uint8_t left[32], right[32];
    char hex[65];
    rpl_sha256(rpl_bytes_of_text(one), left);
    rpl_sha256(rpl_bytes_of_text(two), right);
    const bool first = memcmp(left, right, 32) < 0;
    rpl_hex_encode(rpl_bytes_of(first ? right : left, 32), hex);
    snprintf(text, sizeof(text), "%s%sconflict-%.8s", name, *name ? "." : "", hex);
    *winner = first ? one : two;
    *loser = first ? two : one;
    return text;
}

static void concurrent_writes_are_both_kept(void **unused)
{
    (void)unused;
    static const char *const names[] = {"f", ""};
    for (size_t i = 0; i < 2; i++) {
        rpl_state *a = state_of(1, 2), *b;
        const char *winner, *loser;
        write_file(a, 1, names[i], "common");
        b = copy_of(a);
        write_file(a, 1, names[i], "left");
        write_file(b, 2, names[i], "right");
        rpl_state *c = merged_both_ways(a, b);
        const char *copy = loser_name(names[i], "left", "right", &winner, &loser);
        assert_int_equal(live_files(c), 2);
        assert_file(c, names[i], winner);
        assert_file(c, copy, loser);
        rpl_state_free(a);
        rpl_state_free(b);
        rpl_state_free(c);
    }
}

static void the_same_write_on_both_sides_is_no_conflict(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2), *b = copy_of(a);
    write_file(a, 1, "f", "same");
    write_file(b, 2, "f", "same");
    rpl_state *c = merged_both_ways(a, b);
    assert_int_equal(live_files(c), 1);
    assert_int_equal(c->files[0].n_versions, 2);
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

static void a_settled_conflict_stays_settled(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2), *b = copy_of(a);
    const char *winner, *loser;
    write_file(a, 1, "f", "left");
    write_file(b, 2, "f", "right");
    rpl_state *c = merged_both_ways(a, b);
    const char *copy = loser_name("f", "left", "right", &winner, &loser);
    write_file(c, 3, "f", "settled");
    write_file(c, 3, copy, "looked at");
    assert_false(merged(c, a));
    assert_false(merged(c, b));
    assert_file(c, "f", "settled");
    assert_file(c, copy, "looked at");
    merged(a, c);
    assert_same_digest(a, c);
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

/* The file that is neither the first nor `name`. */
static const char *other_name_of(const rpl_state *state, const char *name)
{
    for (size_t i = 1; i < state->n_files; i++) {
        if (strcmp(state->files[i].name, name) != 0)
            return state->files[i].name;
    }
    return "";
}

/* Somebody has put another file where the copy would go. */
static void a_copy_overwrites_no_other_file(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2), *b = copy_of(a);
    const char *winner, *loser, *copy = loser_name("f", "left", "right", &winner, &loser);
    write_file(a, 1, "f", "left");
    write_file(a, 1, copy, "in the way");
    write_file(b, 2, "f", "right");
    rpl_state *c = merged_both_ways(a, b);
    assert_int_equal(live_files(c), 3);
    assert_file(c, "f", winner);
    assert_file(c, copy, "in the way");
    assert_int_equal(strlen(other_name_of(c, copy)), strlen("f.conflict-") + 64);
    assert_file(c, other_name_of(c, copy), loser);
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

static void the_longest_names_have_room_for_their_copy(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2), *b = copy_of(a);
    char name[256];
    memset(name, 'n', sizeof(name));
    name[255] = 0;
    write_file(a, 1, name, "left");
    write_file(b, 2, name, "right");
    rpl_state *c = merged_both_ways(a, b);
    assert_int_equal(live_files(c), 2);
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

static void a_deletion_is_followed_but_loses_to_a_concurrent_write(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2);
    write_file(a, 1, "f", "one");
    write_file(a, 1, "g", "one");
    rpl_state *b = copy_of(a);
    delete_file(b, "f", 2);
    delete_file(b, "g", 2);
    write_file(a, 1, "g", "written meanwhile");
    rpl_state *c = merged_both_ways(a, b);
    assert_int_equal(live_files(c), 1);
    assert_file(c, "g", "written meanwhile");
    assert_int_equal(c->n_files, 2);
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

static void epochs_are_united_and_the_lower_commitment_is_current(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2), *b = copy_of(a);
    const uint8_t *parent = a->epochs[0].pub.commitment;
    add_epoch(a, 2, 0x10, parent);
    add_epoch(b, 2, 0x20, parent);
    add_epoch(b, 3, 0x30, b->epochs[1].pub.commitment);
    rpl_state *c = merged_both_ways(a, b);
    rpl_epoch epochs[RPL_STATE_EPOCHS_MAX], current;
    assert_int_equal(rpl_state_epochs(c, epochs), 4);
    assert_int_equal(rpl_state_highest_epoch(c), 3);
    assert_true(memcmp(epochs[1].commitment, epochs[2].commitment, 32) < 0);
    assert_non_null(rpl_state_root(c, 2, &current));
    assert_memory_equal(current.commitment, epochs[1].commitment, 32);
    assert_non_null(rpl_state_root(c, 0, &current));
    assert_int_equal(current.number, 1);
    rpl_secret *bytes = encoded(c);
    rpl_state *again = NULL;
    assert_ok(rpl_state_decode(rpl_secret_expose(bytes), &again));
    rpl_secret_free(bytes);
    rpl_state_free(again);
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

static void custody_is_united(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2);
    rpl_receipt draft = {.kind = RPL_RECEIPT_GENESIS};
    assert_ok(rpl_custody_add(rpl_state_custody_mut(a), rpl_state_identity(a), &draft));
    rpl_state *b = copy_of(a);
    draft = (rpl_receipt){.kind = RPL_RECEIPT_HANDOVER, .handover_id = {1}};
    assert_ok(rpl_custody_add(rpl_state_custody_mut(a), rpl_state_identity(a), &draft));
    draft.handover_id[0] = 2;
    assert_ok(rpl_custody_add(rpl_state_custody_mut(b), rpl_state_identity(b), &draft));
    rpl_state *c = copy_of(a);
    assert_true(merged(c, b));
    assert_int_equal(rpl_state_custody(c)->count, 3);
    rpl_state_free(c);
    c = merged_both_ways(a, b);
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

/* Whatever stops a merge stops it before anything is changed. */
static void stays_as_it_is(rpl_state *into, const rpl_state *from, rpl_code code)
{
    rpl_secret *before = encoded(into);
    const size_t receipts = rpl_state_custody(into)->count;
    bool changed = false;
    assert_code(rpl_state_merge(into, from, &changed), code);
    assert_false(changed);
    rpl_secret *after = encoded(into);
    assert_true(rpl_secret_equal(before, after));
    assert_int_equal(rpl_state_custody(into)->count, receipts);
    rpl_secret_free(before);
    rpl_secret_free(after);
}

static void another_identity_is_a_conflict_and_changes_nothing(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2), *other = state_of(9, 2);
    write_file(a, 1, "f", "ours");
    write_file(other, 1, "f", "theirs");
    write_file(other, 1, "g", "theirs");
    stays_as_it_is(a, other, RPL_CONFLICT);
    stays_as_it_is(other, a, RPL_CONFLICT);
    rpl_state_free(a);
    rpl_state_free(other);
}

static void write_many(rpl_state *state, char first, unsigned count)
{
    const uint8_t id[RPL_REPLICA_ID_LEN] = {1};
    rpl_file_list list = {0};
    char name[16];
    bool changed;
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%c%u", first, i);
        assert_ok(rpl_file_list_add(&list, name, rpl_bytes_of_text("x")));
    }
    assert_ok(rpl_state_take_files(state, &list, id, &changed));
    rpl_file_list_free(&list);
}

static void a_merge_over_a_bound_changes_nothing(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2), *b = copy_of(a), *c = copy_of(a);
    write_many(a, 'a', 200);
    write_many(b, 'b', 200);
    stays_as_it_is(a, b, RPL_TOO_LARGE);
    for (unsigned i = 0; i < RPL_STATE_EPOCHS_MAX - 1; i++)
        add_epoch(c, 2 + i, (uint8_t)(3 + i), NULL);
    add_epoch(b, 100, 200, NULL);
    stays_as_it_is(c, b, RPL_TOO_LARGE);
    rpl_state_free(a);
    rpl_state_free(b);
    rpl_state_free(c);
}

static void a_forged_receipt_stops_the_whole_merge(void **unused)
{
    (void)unused;
    rpl_state *a = state_of(1, 2), *b = copy_of(a);
    rpl_receipt draft = {.kind = RPL_RECEIPT_GENESIS};
    write_file(b, 1, "f", "new");
    assert_ok(rpl_custody_add(rpl_state_custody_mut(b), rpl_state_identity(b), &draft));
    rpl_state_custody_mut(b)->receipts[0].at ^= 1;
    stays_as_it_is(a, b, RPL_UNTRUSTED);
    rpl_state_free(a);
    rpl_state_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_state_merges_to_itself),
        cmocka_unit_test(files_of_both_sides_are_kept),
        cmocka_unit_test(the_later_write_wins_and_is_never_lowered),
        cmocka_unit_test(concurrent_writes_are_both_kept),
        cmocka_unit_test(the_same_write_on_both_sides_is_no_conflict),
        cmocka_unit_test(a_settled_conflict_stays_settled),
        cmocka_unit_test(a_copy_overwrites_no_other_file),
        cmocka_unit_test(the_longest_names_have_room_for_their_copy),
        cmocka_unit_test(a_deletion_is_followed_but_loses_to_a_concurrent_write),
        cmocka_unit_test(epochs_are_united_and_the_lower_commitment_is_current),
        cmocka_unit_test(custody_is_united),
        cmocka_unit_test(another_identity_is_a_conflict_and_changes_nothing),
        cmocka_unit_test(a_merge_over_a_bound_changes_nothing),
        cmocka_unit_test(a_forged_receipt_stops_the_whole_merge),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
