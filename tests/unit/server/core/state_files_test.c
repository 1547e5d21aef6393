#include <sodium.h>

#include "server/core/state_internal.h"
#include "tests/support/core.h"

static const uint8_t replica[RPL_REPLICA_ID_LEN] = {5};

static void lists_refuse_names_that_are_traps(void **unused)
{
    (void)unused;
    static const char *const bad[] = {".",    "..",      "/",        "a/b",   "/etc/passwd",
                                      "../a", "a\nb",    "\x01",     "a\x1f", "\x7f",
                                      "a/",   "..//../", "name\r\n", "\t"};
    rpl_file_list list = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_code(rpl_file_list_add(&list, bad[i], rpl_bytes_of_text("x")), RPL_MALFORMED);
    assert_int_equal(list.count, 0);
    static const char *const good[] = {"",    "...",      ".hidden", "a b",
                                       "..a", "\xc3\xa4", "\xff",    "-rf"};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_ok(rpl_file_list_add(&list, good[i], rpl_bytes_of_text("x")));
    assert_int_equal(list.count, 8);
    rpl_file_list_free(&list);
    assert_int_equal(list.count, 0);
}

static void names_have_at_most_255_bytes(void **unused)
{
    (void)unused;
    char name[257];
    rpl_file_list list = {0};
    memset(name, 'n', sizeof(name));
    name[256] = 0;
    assert_code(rpl_file_list_add(&list, name, rpl_bytes_of_text("x")), RPL_TOO_LARGE);
    name[255] = 0;
    assert_ok(rpl_file_list_add(&list, name, rpl_bytes_of_text("x")));
    assert_int_equal(strlen(list.files[0].name), 255);
    rpl_file_list_free(&list);
}

static void lists_are_sorted_bounded_and_without_doubles(void **unused)
{
    (void)unused;
    rpl_file_list list = {0};
    char name[8];
    for (unsigned i = 0; i < RPL_STATE_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "%03u", (i * 7) % RPL_STATE_FILES_MAX);
        assert_ok(rpl_file_list_add(&list, name, rpl_bytes_of(name, i % 4)));
    }
    for (size_t i = 1; i < list.count; i++)
        assert_true(strcmp(list.files[i - 1].name, list.files[i].name) < 0);
    assert_code(rpl_file_list_add(&list, "zzz", rpl_bytes_of_text("x")), RPL_TOO_LARGE);
    rpl_file_list_free(&list);
    assert_ok(rpl_file_list_add(&list, "a", rpl_bytes_of_text("x")));
    assert_code(rpl_file_list_add(&list, "a", rpl_bytes_of_text("y")), RPL_CONFLICT);
    assert_int_equal(list.count, 1);
    rpl_file_list_free(&list);
}

static bool take(rpl_state *state, const char *name, const char *content)
{
    rpl_file_list list = {0};
    bool changed = false;
    assert_ok(rpl_file_list_add(&list, name, rpl_bytes_of_text(content)));
    assert_ok(rpl_state_take_files(state, &list, replica, &changed));
    rpl_file_list_free(&list);
    return changed;
}

static void only_new_contents_count_as_a_change(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2);
    uint8_t before[32], after[32];
    assert_true(take(state, "a", "one"));
    assert_ok(rpl_state_digest(state, before));
    assert_false(take(state, "a", "one"));
    assert_ok(rpl_state_digest(state, after));
    assert_memory_equal(before, after, 32);
    assert_true(take(state, "a", "two"));
    assert_true(take(state, "a", "twp"));
    assert_true(take(state, "a", ""));
    assert_false(take(state, "a", ""));
    assert_true(take(state, "", ""));
    assert_int_equal(state->files[1].n_versions, 1);
    assert_int_equal(state->files[1].versions[0].counter, 4);
    rpl_state_free(state);
}

static void a_file_missing_on_disk_stays(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2);
    rpl_file_list none = {0};
    bool changed = true;
    take(state, "a", "one");
    take(state, "b", "two");
    assert_ok(rpl_state_take_files(state, &none, replica, &changed));
    assert_false(changed);
    assert_false(take(state, "b", "two"));
    assert_file(state, "a", "one");
    rpl_state_free(state);
}

static void a_tombstone_is_no_file_until_it_is_written_again(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2);
    take(state, "a", "one");
    rpl_secret_free(state->files[0].content);
    state->files[0].content = NULL;
    state->files[0].deleted = true;
    assert_int_equal(live_files(state), 0);
    assert_true(take(state, "a", ""));
    assert_int_equal(live_files(state), 1);
    assert_int_equal(state->files[0].versions[0].counter, 2);
    assert_file(state, "a", "");
    rpl_state_free(state);
}

/* The second file of the list cannot be taken, so the first is not taken either. */
static void a_failure_changes_nothing(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2);
    rpl_file_list list = {0};
    uint8_t before[32], after[32];
    bool changed = false;
    take(state, "a", "one");
    take(state, "b", "one");
    state->files[1].versions[0].counter = UINT64_MAX;
    assert_ok(rpl_state_digest(state, before));
    assert_ok(rpl_file_list_add(&list, "a", rpl_bytes_of_text("two")));
    assert_ok(rpl_file_list_add(&list, "b", rpl_bytes_of_text("two")));
    assert_code(rpl_state_take_files(state, &list, replica, &changed), RPL_TOO_LARGE);
    assert_ok(rpl_state_digest(state, after));
    assert_memory_equal(before, after, 32);
    assert_false(changed);
    rpl_file_list_free(&list);
    rpl_state_free(state);
}

static void files_and_writers_are_bounded(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2);
    rpl_file_list one = {0};
    uint8_t id[RPL_REPLICA_ID_LEN] = {0};
    char content[8];
    bool changed;
    for (unsigned i = 0; i <= RPL_STATE_VERSIONS_MAX; i++) {
        id[0] = (uint8_t)i;
        snprintf(content, sizeof(content), "%u", i);
        assert_ok(rpl_file_list_add(&one, "a", rpl_bytes_of_text(content)));
        assert_code(rpl_state_take_files(state, &one, id, &changed),
                    i < RPL_STATE_VERSIONS_MAX ? RPL_OK : RPL_TOO_LARGE);
        rpl_file_list_free(&one);
    }
    assert_file(state, "a", "127");
    rpl_state *again = NULL;
    rpl_secret *bytes = encoded(state);
    assert_ok(rpl_state_decode(rpl_secret_expose(bytes), &again));
    assert_same_digest(state, again);
    rpl_secret_free(bytes);
    rpl_state_free(again);
    rpl_state_free(state);
}

static void a_full_state_takes_no_further_file(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2);
    rpl_file_list list = {0};
    char name[8];
    bool changed;
    for (unsigned i = 0; i < RPL_STATE_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "%03u", i);
        assert_ok(rpl_file_list_add(&list, name, rpl_bytes_of_text("x")));
    }
    assert_ok(rpl_state_take_files(state, &list, replica, &changed));
    rpl_file_list_free(&list);
    assert_ok(rpl_file_list_add(&list, "one more", rpl_bytes_of_text("x")));
    assert_code(rpl_state_take_files(state, &list, replica, &changed), RPL_TOO_LARGE);
    assert_int_equal(live_files(state), RPL_STATE_FILES_MAX);
    rpl_file_list_free(&list);
    rpl_state_free(state);
}

static void a_clone_is_the_same_and_on_its_own(void **unused)
{
    (void)unused;
    rpl_state *state = state_of(1, 2), *copy = NULL;
    rpl_receipt draft = {.kind = RPL_RECEIPT_GENESIS};
    take(state, "a", "one");
    assert_ok(rpl_custody_add(rpl_state_custody_mut(state), rpl_state_identity(state), &draft));
    assert_ok(rpl_state_clone(state, &copy));
    assert_same_digest(state, copy);
    assert_int_equal(rpl_state_custody(copy)->count, 1);
    take(copy, "a", "two");
    assert_file(state, "a", "one");
    assert_file(copy, "a", "two");
    rpl_state_free(state);
    assert_file(copy, "a", "two");
    rpl_state_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_refuse_names_that_are_traps),
        cmocka_unit_test(names_have_at_most_255_bytes),
        cmocka_unit_test(lists_are_sorted_bounded_and_without_doubles),
        cmocka_unit_test(only_new_contents_count_as_a_change),
        cmocka_unit_test(a_file_missing_on_disk_stays),
        cmocka_unit_test(a_tombstone_is_no_file_until_it_is_written_again),
        cmocka_unit_test(a_failure_changes_nothing),
        cmocka_unit_test(files_and_writers_are_bounded),
        cmocka_unit_test(a_full_state_takes_no_further_file),
        cmocka_unit_test(a_clone_is_the_same_and_on_its_own),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
