#include "server/io/secure_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"

#define TEMPORARY ".rpl-new."
#define SET_ASIDE ".local-"
enum { SET_ASIDE_DIGITS = 16 };

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
#define AUTO_FD __attribute__((cleanup(close_fd)))

static void close_dir(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}
#define AUTO_DIR __attribute__((cleanup(close_dir)))

static rpl_status read_all(int fd, rpl_secret *into)
{
    uint8_t *at = rpl_secret_fill(into);
    size_t left = rpl_secret_len(into);
    while (left) {
        const ssize_t n = read(fd, at, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return rpl_fail(RPL_UNAVAILABLE, "a secure file changed while it was read: try again");
        at += n;
        left -= (size_t)n;
    }
    return rpl_ok();
}

/* *found false: there is no such file. An empty file has *content NULL. */
static rpl_status read_one(int dir, const char *path, size_t max, bool *found, rpl_secret **content)
{
    RPL_AUTO(secret) rpl_secret *bytes = NULL;
    AUTO_FD const int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    *found = fd >= 0;
    if (fd < 0 && errno == ENOENT)
        return rpl_ok();
    if (fd < 0 && errno == ELOOP)
        return rpl_fail(RPL_CONFLICT,
                        "a secure file is a symbolic link: put the file itself there");
    if (fd < 0 && errno != ENXIO) /* ENXIO: a socket */
        return rpl_fail(RPL_UNAVAILABLE, "a secure file cannot be opened: look at its permissions");
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return rpl_fail(RPL_CONFLICT, "what stands for a secure file is not a regular file (nested "
                                      "folders are refused)");
    if ((uint64_t)st.st_size > max)
        return rpl_fail(RPL_TOO_LARGE, "the secure files are larger than REPLICATOOR_MAX_STATE");
    if (st.st_size == 0)
        return rpl_ok();
    bytes = rpl_secret_new((size_t)st.st_size);
    if (!bytes)
        return rpl_fail(RPL_INTERNAL, "no memory for a secure file");
    RPL_TRY(read_all(fd, bytes));
    *content = RPL_TAKE(bytes);
    return rpl_ok();
}

static rpl_status add_file(int dir, const char *path, const char *name, size_t *left,
                           rpl_file_list *out)
{
    RPL_AUTO(secret) rpl_secret *content = NULL;
    bool found;

    RPL_TRY(read_one(dir, path, *left, &found, &content));
    if (!found)
        return rpl_ok();
    const rpl_bytes bytes = content ? rpl_secret_expose(content) : (rpl_bytes){0};
    *left -= bytes.len;
    return rpl_file_list_add(out, name, bytes);
}

/* Names that this module makes: what was set aside, and what a crash may have left half-written. */
static bool is_ours(const char *name)
{
    const size_t len = strlen(name), ending = strlen(SET_ASIDE) + SET_ASIDE_DIGITS;
    if (strncmp(name, TEMPORARY, strlen(TEMPORARY)) == 0)
        return true;
    const char *mark = len >= ending ? name + len - ending : "";
    return strncmp(mark, SET_ASIDE, strlen(SET_ASIDE)) == 0 &&
           strspn(mark + strlen(SET_ASIDE), "0123456789abcdef") == SET_ASIDE_DIGITS;
}

static rpl_status read_dir(const char *path, size_t *left, rpl_file_list *out)
{
    AUTO_DIR DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? rpl_ok()
                               : rpl_fail(RPL_UNAVAILABLE, "REPLICATOOR_SECURE_DIR cannot be read");
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || is_ours(e->d_name))
            continue;
        RPL_TRY(add_file(dirfd(dir), e->d_name, e->d_name, left, out));
    }
    return rpl_ok();
}

rpl_status rpl_secure_files_read(const rpl_secure_paths *paths, rpl_file_list *out)
{
    rpl_file_list list = {0};
    size_t left = paths->total_max;
    rpl_status s = rpl_ok();

    if (paths->file)
        s = add_file(AT_FDCWD, paths->file, "", &left, &list);
    if (s.code == RPL_OK && paths->dir)
        s = read_dir(paths->dir, &left, &list);
    if (s.code != RPL_OK) {
        rpl_file_list_free(&list);
        return s;
    }
    *out = list;
    return rpl_ok();
}

static rpl_status write_all(int fd, rpl_bytes content)
{
    while (content.len) {
        const ssize_t n = write(fd, content.data, content.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return rpl_fail(RPL_UNAVAILABLE, "a file cannot be written: is the disk full?");
        content = (rpl_bytes){content.data + n, content.len - (size_t)n};
    }
    return rpl_ok();
}

/* The folder of `path` and the name in it. */
static bool split(const char *path, char folder[static PATH_MAX], const char **name)
{
    const char *slash = strrchr(path, '/');
    const size_t len = slash ? (size_t)(slash - path) : 0;
    *name = slash ? slash + 1 : path;
    if (len + 2 > PATH_MAX || strlen(path) >= PATH_MAX || **name == 0)
        return false;
    snprintf(folder, PATH_MAX, "%.*s", slash && len ? (int)len : 1,
             slash ? (len ? path : "/") : ".");
    return true;
}

static void sweep_folder(const char *path)
{
    AUTO_DIR DIR *dir = opendir(path);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
        if (strncmp(e->d_name, TEMPORARY, strlen(TEMPORARY)) == 0)
            (void)unlinkat(dirfd(dir), e->d_name, 0);
}

void rpl_secure_files_sweep(const rpl_secure_paths *paths)
{
    char folder[PATH_MAX];
    const char *name;

    if (paths->file && split(paths->file, folder, &name))
        sweep_folder(folder);
    if (paths->dir)
        sweep_folder(paths->dir);
}

static rpl_status fill_temporary(int fd, rpl_bytes content, mode_t mode,
                                 const rpl_secure_paths *owner)
{
    RPL_TRY(write_all(fd, content));
    if (owner && owner->has_owner && fchown(fd, owner->uid, owner->gid) != 0)
        return rpl_fail(RPL_UNAVAILABLE, "REPLICATOOR_SECURE_OWNER cannot be given to a file");
    if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
        return rpl_fail(RPL_UNAVAILABLE, "a file cannot be written durably");
    return rpl_ok();
}

rpl_status rpl_write_file_atomically(const char *path, rpl_bytes content, mode_t mode,
                                     const rpl_secure_paths *owner)
{
    char folder[PATH_MAX], temporary[64];
    uint8_t random[8];
    const char *name;

    if (!split(path, folder, &name))
        return rpl_fail(RPL_MALFORMED, "a path is too long, or names a folder");
    AUTO_FD const int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return rpl_fail(RPL_UNAVAILABLE, "the folder of a secure file is not there");
    snprintf(temporary, sizeof(temporary), "%s", TEMPORARY);
    randombytes_buf(random, sizeof(random));
    rpl_hex_encode(rpl_bytes_of(random, sizeof(random)), temporary + strlen(TEMPORARY));
    AUTO_FD const int fd =
        openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return rpl_fail(RPL_UNAVAILABLE, "a file cannot be made in the folder of a secure file");
    rpl_status s = fill_temporary(fd, content, mode, owner);
    if (s.code == RPL_OK && (renameat(dir, temporary, dir, name) != 0 || fsync(dir) != 0))
        s = rpl_fail(RPL_UNAVAILABLE, "a new file cannot take its place");
    if (s.code != RPL_OK)
        (void)unlinkat(dir, temporary, 0);
    return s;
}

/* A second name for what stands at `path`; at no moment is there no file at `path`. */
static rpl_status give_second_name(const char *path, rpl_bytes content)
{
    char second[PATH_MAX];
    uint8_t digest[32];
    char hex[2 * sizeof(digest) + 1];

    rpl_sha256(content, digest);
    rpl_hex_encode(rpl_bytes_of(digest, sizeof(digest)), hex);
    if (snprintf(second, sizeof(second), "%s%s%.*s", path, SET_ASIDE, SET_ASIDE_DIGITS, hex) >=
        (int)sizeof(second))
        return rpl_fail(RPL_MALFORMED, "the path of a secure file is too long");
    if (link(path, second) != 0 && errno != EEXIST)
        return rpl_fail(RPL_UNAVAILABLE, "a local secure file cannot be set aside");
    return rpl_ok();
}

static rpl_bytes content_of(const rpl_file *file)
{
    return file->content ? rpl_secret_expose(file->content) : (rpl_bytes){0};
}

static rpl_status write_one(const rpl_secure_paths *paths, const char *path, const rpl_file *file,
                            bool set_aside, size_t *written)
{
    RPL_AUTO(secret) rpl_secret *present = NULL;
    const rpl_bytes content = content_of(file);
    bool found;

    RPL_TRY(read_one(AT_FDCWD, path, RPL_SECRET_MAX, &found, &present));
    const rpl_bytes there = present ? rpl_secret_expose(present) : (rpl_bytes){0};
    if (found && there.len == content.len &&
        (content.len == 0 || sodium_memcmp(there.data, content.data, content.len) == 0))
        return rpl_ok();
    if (found && set_aside)
        RPL_TRY(give_second_name(path, there));
    RPL_TRY(rpl_write_file_atomically(path, content, paths->mode, paths));
    (*written)++;
    return rpl_ok();
}

static bool path_of(const rpl_secure_paths *paths, const char *name, char path[static PATH_MAX])
{
    if (name[0] == 0)
        return paths->file && snprintf(path, PATH_MAX, "%s", paths->file) < PATH_MAX;
    return paths->dir && snprintf(path, PATH_MAX, "%s/%s", paths->dir, name) < PATH_MAX;
}

static bool has_file(const rpl_file_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->files[i].name, name) == 0)
            return true;
    return false;
}

static rpl_status move_aside(const char *path, rpl_bytes content)
{
    char folder[PATH_MAX];
    const char *name;

    if (!split(path, folder, &name))
        return rpl_fail(RPL_MALFORMED, "a path is too long, or names a folder");
    AUTO_FD const int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return rpl_fail(RPL_UNAVAILABLE, "the folder of a secure file is not there");
    RPL_TRY(give_second_name(path, content));
    if (unlinkat(dir, name, 0) != 0 || fsync(dir) != 0)
        return rpl_fail(RPL_UNAVAILABLE, "a local secure file cannot be set aside");
    return rpl_ok();
}

/* What lies here and is not in the state must not enter it when the files are read again. */
static rpl_status set_others_aside(const rpl_secure_paths *paths, const rpl_file_list *files)
{
    __attribute__((cleanup(rpl_file_list_free))) rpl_file_list here = {0};
    char path[PATH_MAX];

    RPL_TRY(rpl_secure_files_read(paths, &here));
    for (size_t i = 0; i < here.count; i++) {
        const rpl_file *file = &here.files[i];
        if (!has_file(files, file->name) && path_of(paths, file->name, path))
            RPL_TRY(move_aside(path, content_of(file)));
    }
    return rpl_ok();
}

rpl_status rpl_secure_files_write(const rpl_secure_paths *paths, const rpl_file_list *files,
                                  bool set_aside, size_t *written)
{
    char path[PATH_MAX];
    *written = 0;
    if (set_aside)
        RPL_TRY(set_others_aside(paths, files));
    for (size_t i = 0; i < files->count; i++)
        if (path_of(paths, files->files[i].name, path))
            RPL_TRY(write_one(paths, path, &files->files[i], set_aside, written));
    return rpl_ok();
}
