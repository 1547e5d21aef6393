/* folder.h - for tests of secure files: a folder of the test's own, and files put there. */
#ifndef RPL_TESTS_FOLDER_H
#define RPL_TESTS_FOLDER_H

#include <dirent.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/io/secure_files.h"
#include "tests/support/check.h"

/* A folder of the test's own: .../file is SECURE_FILE, .../dir the folder of files. */
static char folder[64], file[96], dir[96];

static inline char *at(const char *base, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", base, name);
    return path;
}

static inline int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/secure-files-test.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof(file), "%s/file", folder);
    snprintf(dir, sizeof(dir), "%s/dir", folder);
    return mkdir(dir, 0700);
}

static inline void remove_all(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        char inner[1024];
        snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name);
        if (unlink(inner) != 0)
            remove_all(inner);
    }
    if (d)
        closedir(d);
    (void)rmdir(path);
}

static inline int tear_down(void **state)
{
    (void)state;
    (void)chmod(dir, 0700);
    remove_all(folder);
    return 0;
}

static inline void put(const char *path, const char *content)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, strlen(content), f), strlen(content));
    assert_int_equal(fclose(f), 0);
}

static inline rpl_secure_paths paths_of(const char *one, const char *many)
{
    return (rpl_secure_paths){.file = one, .dir = many, .mode = 0600, .total_max = 1 << 20};
}

static inline rpl_file_list list_of(const char *name, const char *content)
{
    rpl_file_list list = {0};
    assert_ok(rpl_file_list_add(&list, name, rpl_bytes_of_text(content)));
    return list;
}

static inline rpl_status write_one(const rpl_secure_paths *paths, const char *name,
                                   const char *content, bool set_aside, size_t *written)
{
    rpl_file_list list = list_of(name, content);
    const rpl_status s = rpl_secure_files_write(paths, &list, set_aside, written);
    rpl_file_list_free(&list);
    return s;
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
