#include "server/io/collateral_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "server/io/secure_files.h"

enum { FOLDER_MODE = 0755, FILE_MODE = 0644 };

RPL_DEFINE_AUTO(uint8_t *, bytes, free)
RPL_DEFINE_AUTO(DIR *, dir, closedir)

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
#define AUTO_FD __attribute__((cleanup(close_fd)))

static bool is_made(const char *path)
{
    return mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST;
}

rpl_status rpl_collateral_store_init(rpl_collateral_store *store, const char *folder)
{
    store->folder[0] = '\0';
    if (!folder)
        return rpl_ok();
    const int n = snprintf(store->folder, sizeof(store->folder), "%s/collateral", folder);
    if (n < 0 || (size_t)n >= sizeof(store->folder))
        return rpl_fail(RPL_MALFORMED, "REPLICATOOR_STORE: the path is too long");
    if (is_made(folder) && is_made(store->folder) && access(store->folder, R_OK | W_OK | X_OK) == 0)
        return rpl_ok();
    return rpl_fail(RPL_UNAVAILABLE, "REPLICATOOR_STORE: its folder is not there and cannot be "
                                     "made, or cannot be written: mount a volume at it");
}

static void pass_over(const char *name, const char *why)
{
    rpl_log(RPL_LOG_WARN, "stored collateral is passed over",
            rpl_log_peer("file", rpl_bytes_of_text(name)), rpl_log_text("why", why));
}

static rpl_status read_whole(int folder, const char *name, uint8_t **out, size_t *len)
{
    struct stat st;
    AUTO_FD const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return rpl_fail(RPL_MALFORMED, "no regular file that can be read");
    if (st.st_size > RPL_COLLATERAL_RECORD_MAX)
        return rpl_fail(RPL_TOO_LARGE, "larger than any document");
    RPL_AUTO(bytes) uint8_t *text = malloc((size_t)st.st_size + 1);
    if (!text)
        return rpl_fail(RPL_INTERNAL, "no memory");
    const ssize_t n = read(fd, text, (size_t)st.st_size);
    if (n != st.st_size)
        return rpl_fail(RPL_MALFORMED, "it cannot be read to its end");
    *len = (size_t)n;
    *out = RPL_TAKE(text);
    return rpl_ok();
}

static rpl_status load_one(int folder, const char *name, rpl_collateral_document **out)
{
    RPL_AUTO(bytes) uint8_t *text = NULL;
    RPL_AUTO(collateral_document) rpl_collateral_document *d = NULL;
    char right_name[RPL_COLLATERAL_NAME_MAX];
    size_t len = 0;
    RPL_TRY(read_whole(folder, name, &text, &len));
    RPL_TRY(rpl_collateral_record_read(rpl_bytes_of(text, len), &d));
    rpl_collateral_record_name(&d->ask, right_name);
    if (strcmp(name, right_name) != 0)
        return rpl_fail(RPL_MALFORMED, "another document than its name says");
    *out = RPL_TAKE(d);
    return rpl_ok();
}

void rpl_collateral_store_load(const rpl_collateral_store *store,
                               void (*take)(void *self, rpl_collateral_document *d), void *self)
{
    RPL_AUTO(dir) DIR *folder = store->folder[0] ? opendir(store->folder) : NULL;
    size_t count = 0;
    if (!folder)
        return;
    for (const struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        rpl_collateral_document *d = NULL;
        if (e->d_name[0] == '.') /* the folder itself, and what a crash left half-written */
            continue;
        if (++count > RPL_COLLATERAL_STORE_FILES_MAX) {
            pass_over(e->d_name, "too many files: this one and all others");
            return;
        }
        const rpl_status s = load_one(dirfd(folder), e->d_name, &d);
        if (s.code == RPL_OK)
            take(self, d);
        else
            pass_over(e->d_name, s.what);
    }
}

static rpl_status save(const rpl_collateral_store *store, const rpl_collateral_document *d)
{
    RPL_AUTO(bytes) uint8_t *record = NULL;
    char name[RPL_COLLATERAL_NAME_MAX], path[sizeof(store->folder) + sizeof(name)];
    size_t len = 0;
    RPL_TRY(rpl_collateral_record_write(d, &record, &len));
    rpl_collateral_record_name(&d->ask, name);
    snprintf(path, sizeof(path), "%s/%s", store->folder, name);
    return rpl_write_file_atomically(path, rpl_bytes_of(record, len), FILE_MODE, NULL);
}

bool rpl_collateral_store_save(const rpl_collateral_store *store, const rpl_collateral_document *d)
{
    const rpl_status s = store->folder[0] ? save(store, d) : rpl_ok();
    if (s.code != RPL_OK)
        rpl_log(RPL_LOG_WARN, "collateral is not stored",
                rpl_log_text("document", rpl_pcs_name(&d->ask)), rpl_log_text("why", s.what));
    return s.code == RPL_OK;
}
