#include <sys/socket.h>
#include <sys/un.h>

#include "tests/support/folder.h"

static const rpl_file *in_list(const rpl_file_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->files[i].name, name) == 0)
            return &list->files[i];
    return NULL;
}

static void assert_in_list(const rpl_file_list *list, const char *name, const char *content)
{
    const rpl_file *f = in_list(list, name);
    assert_non_null(f);
    assert_int_equal(f->content ? rpl_secret_len(f->content) : 0, strlen(content));
    if (f->content)
        assert_memory_equal(rpl_secret_expose(f->content).data, content, strlen(content));
}

static void assert_refused(const rpl_secure_paths *paths, rpl_code code)
{
    rpl_file_list list = {0};
    assert_code(rpl_secure_files_read(paths, &list), code);
    assert_int_equal(list.count, 0);
    assert_null(list.files);
}

static void the_file_has_the_empty_name_and_those_of_the_folder_their_own(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, dir);
    rpl_file_list list = {0};
    put(file, "one");
    put(at(dir, "b"), "two");
    put(at(dir, "a"), "three");
    assert_ok(rpl_secure_files_read(&paths, &list));
    assert_int_equal(list.count, 3);
    assert_in_list(&list, "", "one");
    assert_in_list(&list, "a", "three");
    assert_in_list(&list, "b", "two");
    rpl_file_list_free(&list);
}

static void what_is_not_there_is_not_in_the_list(void **state)
{
    (void)state;
    const rpl_secure_paths none = paths_of(NULL, NULL), both = paths_of(file, at(folder, "no-dir")),
                           nowhere = paths_of(at(folder, "no/such/file"), dir);
    rpl_file_list list = {0};
    assert_ok(rpl_secure_files_read(&none, &list));
    assert_int_equal(list.count, 0);
    assert_ok(rpl_secure_files_read(&both, &list));
    assert_int_equal(list.count, 0);
    assert_ok(rpl_secure_files_read(&nowhere, &list));
    assert_int_equal(list.count, 0);
    rpl_file_list_free(&list);
}

static void an_empty_file_is_a_file(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, NULL);
    rpl_file_list list = {0};
    put(file, "");
    assert_ok(rpl_secure_files_read(&paths, &list));
    assert_int_equal(list.count, 1);
    assert_null(list.files[0].content);
    rpl_file_list_free(&list);
}

static void a_symbolic_link_is_never_followed(void **state)
{
    (void)state;
    const rpl_secure_paths one = paths_of(file, NULL), many = paths_of(NULL, dir);
    put(at(folder, "target"), "elsewhere");
    assert_int_equal(symlink(at(folder, "target"), file), 0);
    assert_refused(&one, RPL_CONFLICT);
    assert_int_equal(symlink(at(folder, "target"), at(dir, "link")), 0);
    assert_refused(&many, RPL_CONFLICT);
    assert_int_equal(unlink(at(dir, "link")), 0);
    assert_int_equal(symlink("/nowhere/at/all", at(dir, "dangling")), 0);
    assert_refused(&many, RPL_CONFLICT);
}

static void folders_are_refused(void **state)
{
    (void)state;
    const rpl_secure_paths one = paths_of(dir, NULL), many = paths_of(NULL, dir);
    assert_refused(&one, RPL_CONFLICT);
    assert_int_equal(mkdir(at(dir, "nested"), 0700), 0);
    assert_refused(&many, RPL_CONFLICT);
}

/* Opening either must not hang, and the first is open for writing by nobody. */
static void pipes_and_sockets_are_refused(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, NULL);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_refused(&paths, RPL_CONFLICT);
    assert_int_equal(unlink(file), 0);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", file);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_refused(&paths, RPL_CONFLICT);
    close(fd);
}

static void sizes_are_counted_together_up_to_the_limit(void **state)
{
    (void)state;
    rpl_secure_paths paths = paths_of(file, dir);
    rpl_file_list list = {0};
    put(file, "12345");
    put(at(dir, "a"), "123");
    put(at(dir, "b"), "12");
    paths.total_max = 10;
    assert_ok(rpl_secure_files_read(&paths, &list));
    assert_int_equal(list.count, 3);
    rpl_file_list_free(&list);
    paths.total_max = 9;
    assert_refused(&paths, RPL_TOO_LARGE);
    paths.total_max = 4;
    assert_refused(&paths, RPL_TOO_LARGE);
}

static void too_many_files_are_refused(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(NULL, dir);
    rpl_file_list list = {0};
    char name[16];
    for (int i = 0; i < RPL_STATE_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "%d", i);
        put(at(dir, name), "");
    }
    assert_ok(rpl_secure_files_read(&paths, &list));
    assert_int_equal(list.count, RPL_STATE_FILES_MAX);
    rpl_file_list_free(&list);
    put(at(dir, "more"), "");
    assert_refused(&paths, RPL_TOO_LARGE);
}

static void any_name_of_printable_bytes_is_read_back_as_it_is(void **state)
{
    (void)state;
    static const char *const names[] = {
        "with space",           "-rf", "...",  ".hidden",     "quote'\"$(x)`",
        "\xc3\xa4\xe2\x82\xac", "a:b", "%s%n", "back\\slash", "#"};
    const rpl_secure_paths paths = paths_of(NULL, dir);
    rpl_file_list list = {0};
    size_t written;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_ok(write_one(&paths, names[i], names[i], false, &written));
    assert_ok(rpl_secure_files_read(&paths, &list));
    assert_int_equal(list.count, sizeof(names) / sizeof(*names));
    for (size_t i = 0; i < list.count; i++)
        assert_in_list(&list, names[i], names[i]);
    rpl_file_list_free(&list);
}

static void a_name_with_control_characters_is_refused(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(NULL, dir);
    put(at(dir, "two\nlines"), "x");
    assert_refused(&paths, RPL_MALFORMED);
}

static void what_this_module_leaves_is_not_read(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(NULL, dir);
    rpl_file_list list = {0};
    put(at(dir, ".rpl-new.0011223344556677"), "half");
    put(at(dir, "key.local-0123456789abcdef"), "old");
    put(at(dir, "key.local-draft.local-0123456789abcdef"), "old");
    assert_ok(rpl_secure_files_read(&paths, &list));
    assert_int_equal(list.count, 0);
    rpl_file_list_free(&list);
}

static void names_that_only_resemble_ours_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {"key.local-0123456789abcde",
                                        "key.local-0123456789abcdeff",
                                        "key.local-0123456789abcdeF",
                                        "key.local-0123456789abcdef.1",
                                        "rpl-new.1",
                                        "key.local"};
    const rpl_secure_paths paths = paths_of(NULL, dir);
    rpl_file_list list = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        put(at(dir, names[i]), "x");
    assert_ok(rpl_secure_files_read(&paths, &list));
    assert_int_equal(list.count, sizeof(names) / sizeof(*names));
    rpl_file_list_free(&list);
}

static void an_unreadable_file_is_an_error_and_not_an_absent_one(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(at(file, "below-a-file"), NULL);
    put(file, "x");
    assert_refused(&paths, RPL_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(the_file_has_the_empty_name_and_those_of_the_folder_their_own),
        IN_A_FOLDER(what_is_not_there_is_not_in_the_list),
        IN_A_FOLDER(an_empty_file_is_a_file),
        IN_A_FOLDER(a_symbolic_link_is_never_followed),
        IN_A_FOLDER(folders_are_refused),
        IN_A_FOLDER(pipes_and_sockets_are_refused),
        IN_A_FOLDER(sizes_are_counted_together_up_to_the_limit),
        IN_A_FOLDER(too_many_files_are_refused),
        IN_A_FOLDER(any_name_of_printable_bytes_is_read_back_as_it_is),
        IN_A_FOLDER(a_name_with_control_characters_is_refused),
        IN_A_FOLDER(what_this_module_leaves_is_not_read),
        IN_A_FOLDER(names_that_only_resemble_ours_are_read),
        IN_A_FOLDER(an_unreadable_file_is_an_error_and_not_an_absent_one),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
