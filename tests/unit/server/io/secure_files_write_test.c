#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/hash.h"
#include "base/hex.h"
#include "tests/support/file.h"
#include "tests/support/folder.h"

static void assert_content(const char *path, const char *content)
{
    size_t len;
    uint8_t *text = read_file(path, &len);
    assert_int_equal(len, strlen(content));
    assert_memory_equal(text, content, len);
    free(text);
}

static size_t names_in(const char *path)
{
    size_t count = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return count;
}

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* <path>.local-<first 16 hex digits of the content's SHA-256> */
static char *set_aside_name(const char *path, const char *content)
{
    static char name[256];
    uint8_t digest[32];
    char hex[65];
    rpl_sha256(rpl_bytes_of_text(content), digest);
    rpl_hex_encode(rpl_bytes_of(digest, sizeof(digest)), hex);
    snprintf(name, sizeof(name), "%s.local-%.16s", path, hex);
    return name;
}

static void a_new_file_has_content_mode_and_owner(void **state)
{
    (void)state;
    rpl_secure_paths paths = paths_of(file, NULL);
    struct stat st;
    size_t written;
    paths.mode = 0640;
    paths.has_owner = true;
    paths.uid = geteuid() == 0 ? 12345 : geteuid();
    paths.gid = geteuid() == 0 ? 54321 : getegid();
    const mode_t before = umask(0777);
    const rpl_status s = write_one(&paths, "", "secret", true, &written);
    (void)umask(before);
    assert_ok(s);
    assert_int_equal(written, 1);
    assert_content(file, "secret");
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(st.st_uid, paths.uid);
    assert_int_equal(st.st_gid, paths.gid);
    assert_int_equal(names_in(folder), 2);
}

static void an_empty_content_makes_an_empty_file(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, NULL);
    size_t written;
    put(file, "not empty");
    assert_ok(write_one(&paths, "", "", false, &written));
    assert_int_equal(written, 1);
    assert_content(file, "");
    assert_ok(write_one(&paths, "", "", false, &written));
    assert_int_equal(written, 0);
}

static void the_same_content_is_not_written_again(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, NULL);
    struct stat before, after;
    size_t written;
    put(file, "same");
    assert_int_equal(stat(file, &before), 0);
    assert_ok(write_one(&paths, "", "same", true, &written));
    assert_int_equal(written, 0);
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(names_in(folder), 2);
}

static void what_was_there_is_set_aside_under_a_second_name(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, dir);
    const rpl_secure_paths only_file = paths_of(file, NULL), only_dir = paths_of(NULL, dir);
    size_t written;
    put(file, "mine");
    put(at(dir, "key"), "my key");
    assert_ok(write_one(&only_file, "", "received", true, &written));
    assert_ok(write_one(&only_dir, "key", "received key", true, &written));
    assert_content(file, "received");
    assert_content(set_aside_name(file, "mine"), "mine");
    assert_content(at(dir, "key"), "received key");
    assert_content(set_aside_name(at(dir, "key"), "my key"), "my key");
    assert_ok(write_one(&only_dir, "key", "my key", true, &written));
    assert_ok(write_one(&only_dir, "key", "received key", true, &written));
    assert_content(set_aside_name(at(dir, "key"), "my key"), "my key");
    rpl_file_list list = {0};
    assert_ok(rpl_secure_files_read(&paths, &list));
    assert_int_equal(list.count, 2);
    rpl_file_list_free(&list);
}

static void what_is_not_received_is_set_aside_too(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, dir);
    size_t written;
    put(file, "mine");
    put(at(dir, "other"), "my other");
    assert_ok(write_one(&paths, "key", "received key", true, &written));
    assert_int_equal(written, 1);
    assert_content(set_aside_name(file, "mine"), "mine");
    assert_content(set_aside_name(at(dir, "other"), "my other"), "my other");
    rpl_file_list list = {0};
    assert_ok(rpl_secure_files_read(&paths, &list));
    assert_int_equal(list.count, 1);
    rpl_file_list_free(&list);
}

static void without_set_aside_the_new_one_takes_its_place(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(NULL, dir);
    size_t written;
    put(at(dir, "key"), "old");
    assert_ok(write_one(&paths, "key", "new", false, &written));
    assert_content(at(dir, "key"), "new");
    assert_int_equal(names_in(dir), 1);
}

static void what_is_not_a_file_is_left_alone(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, NULL), nested = paths_of(NULL, dir);
    size_t written;
    put(at(folder, "target"), "elsewhere");
    assert_int_equal(symlink(at(folder, "target"), file), 0);
    assert_code(write_one(&paths, "", "received", true, &written), RPL_CONFLICT);
    assert_content(at(folder, "target"), "elsewhere");
    assert_true(exists(file));
    assert_int_equal(mkdir(at(dir, "key"), 0700), 0);
    assert_code(write_one(&nested, "key", "received", true, &written), RPL_CONFLICT);
    assert_int_equal(names_in(at(dir, "key")), 0);
}

static void a_file_without_a_path_stays_in_the_state_alone(void **state)
{
    (void)state;
    const rpl_secure_paths only_file = paths_of(file, NULL), only_dir = paths_of(NULL, dir);
    size_t written;
    assert_ok(write_one(&only_file, "key", "x", true, &written));
    assert_int_equal(written, 0);
    assert_ok(write_one(&only_dir, "", "x", true, &written));
    assert_int_equal(written, 0);
    assert_int_equal(names_in(dir), 0);
    assert_false(exists(file));
}

static void a_missing_folder_is_an_error(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(at(folder, "no/file"), NULL);
    size_t written;
    assert_code(write_one(&paths, "", "x", true, &written), RPL_UNAVAILABLE);
    assert_int_equal(written, 0);
}

static void a_path_that_names_a_folder_is_refused(void **state)
{
    (void)state;
    assert_code(rpl_write_file_atomically(at(dir, ""), rpl_bytes_of_text("x"), 0600, NULL),
                RPL_MALFORMED);
    assert_code(rpl_write_file_atomically("", rpl_bytes_of_text("x"), 0600, NULL), RPL_MALFORMED);
    assert_int_equal(names_in(dir), 0);
}

/* In a child, since the limit is the process's: each size of failing write leaves the old file. */
static int fail_to_write(size_t limit)
{
    const rpl_secure_paths paths = paths_of(file, NULL);
    const struct rlimit size = {limit, limit};
    char content[65] = {0};
    size_t written;
    memset(content, 'n', sizeof(content) - 1);
    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &size) != 0)
        return 2;
    return write_one(&paths, "", content, false, &written).code == RPL_UNAVAILABLE && written == 0
               ? 0
               : 1;
}

static void a_write_that_fails_at_any_byte_leaves_the_old_file(void **state)
{
    (void)state;
    put(file, "old");
    for (size_t limit = 0; limit < 64; limit += 9) {
        int status;
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(fail_to_write(limit));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_content(file, "old");
        assert_int_equal(names_in(folder), 2);
    }
}

static void an_owner_that_cannot_be_given_leaves_the_old_file(void **state)
{
    (void)state;
    rpl_secure_paths paths = paths_of(file, NULL);
    size_t written;
    paths.has_owner = true;
    paths.uid = paths.gid = 0;
    put(file, "old");
    assert_int_equal(chmod(folder, 0777), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (chmod(file, 0666) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        _exit(write_one(&paths, "", "new", false, &written).code == RPL_UNAVAILABLE ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_content(file, "old");
    assert_int_equal(names_in(folder), 2);
}

/* --- atomic --- */

static atomic_bool reader_ready, writer_done;

static bool is_one_of_two(const uint8_t *text, size_t len, size_t size)
{
    for (size_t i = 1; i < len; i++)
        if (text[i] != text[0])
            return false;
    return len == size && (text[0] == 'a' || text[0] == 'b');
}

static void *read_again_and_again(void *bad)
{
    do {
        size_t len;
        uint8_t *text = read_file(file, &len);
        if (!is_one_of_two(text, len, 40000))
            *(bool *)bad = true;
        free(text);
        atomic_store(&reader_ready, true);
    } while (!atomic_load(&writer_done));
    return NULL;
}

static void a_reader_sees_the_old_file_or_the_new_one(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, NULL);
    pthread_t reader;
    bool bad = false;
    size_t written;
    char *content = calloc(1, 40001);
    assert_non_null(content);
    memset(content, 'a', 40000);
    put(file, content);
    assert_int_equal(pthread_create(&reader, NULL, read_again_and_again, &bad), 0);
    while (!atomic_load(&reader_ready))
        sched_yield();
    for (int i = 0; i < 40; i++) {
        memset(content, i % 2 ? 'a' : 'b', 40000);
        assert_ok(write_one(&paths, "", content, i % 3 == 0, &written));
        assert_int_equal(written, 1);
    }
    atomic_store(&writer_done, true);
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_false(bad);
    free(content);
}

static void what_a_crash_left_half_written_is_swept_away(void **state)
{
    (void)state;
    const rpl_secure_paths paths = paths_of(file, dir);
    put(file, "one");
    put(at(dir, "two"), "two");
    put(at(folder, ".rpl-new.0011223344556677"), "half of o");
    put(at(dir, ".rpl-new.8899aabbccddeeff"), "half of t");
    rpl_secure_files_sweep(&paths);
    assert_int_equal(access(at(folder, ".rpl-new.0011223344556677"), F_OK), -1);
    assert_int_equal(access(at(dir, ".rpl-new.8899aabbccddeeff"), F_OK), -1);
    assert_int_equal(access(file, F_OK), 0);
    assert_int_equal(access(at(dir, "two"), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_new_file_has_content_mode_and_owner),
        IN_A_FOLDER(an_empty_content_makes_an_empty_file),
        IN_A_FOLDER(the_same_content_is_not_written_again),
        IN_A_FOLDER(what_was_there_is_set_aside_under_a_second_name),
        IN_A_FOLDER(what_is_not_received_is_set_aside_too),
        IN_A_FOLDER(without_set_aside_the_new_one_takes_its_place),
        IN_A_FOLDER(what_is_not_a_file_is_left_alone),
        IN_A_FOLDER(a_file_without_a_path_stays_in_the_state_alone),
        IN_A_FOLDER(a_missing_folder_is_an_error),
        IN_A_FOLDER(a_path_that_names_a_folder_is_refused),
        IN_A_FOLDER(a_write_that_fails_at_any_byte_leaves_the_old_file),
        IN_A_FOLDER(an_owner_that_cannot_be_given_leaves_the_old_file),
        IN_A_FOLDER(a_reader_sees_the_old_file_or_the_new_one),
        IN_A_FOLDER(what_a_crash_left_half_written_is_swept_away),
    };
    return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
