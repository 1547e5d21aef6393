/* secure_files.h - the secret files of the app on disk: SECURE_FILE (key "" in the state) and the
 * files of REPLICATOOR_SECURE_DIR (keyed by name; paths differ between nodes).
 *
 * Regular files only, symbolic links are never followed, sizes are capped, nested folders refused.
 * Writing is atomic: a reader, and whoever comes after a crash, sees the old file or the new one,
 * whole. Files that this module itself leaves beside them (temporary, set aside) are not read.
 */
#ifndef RPL_SERVER_IO_SECURE_FILES_H
#define RPL_SERVER_IO_SECURE_FILES_H

#include <sys/types.h>

#include "server/core/state.h"

/* Texts are borrowed. */
typedef struct {
    const char *file; /* SECURE_FILE, or NULL */
    const char *dir;  /* REPLICATOOR_SECURE_DIR, or NULL */
    mode_t mode;
    bool has_owner;
    uid_t uid;
    gid_t gid;
    size_t total_max; /* bytes of all files together */
} rpl_secure_paths;

/* RPL_CONFLICT   something that is not a regular file stands there
 * RPL_TOO_LARGE  over total_max, or too many files
 * RPL_UNAVAILABLE  cannot be read (permissions, disk) */
RPL_CHECKED rpl_status rpl_secure_files_read(const rpl_secure_paths *paths, rpl_file_list *out);

/* Writes what differs; `*written` counts them. With `set_aside`, a file that stands there with other
 * content gets a second name first, <name>.local-<first 16 hex digits of its SHA-256>, and one that
 * is not in `files` is renamed so. A file for which no path is configured stays in the state alone. */
RPL_CHECKED rpl_status rpl_secure_files_write(const rpl_secure_paths *paths,
                                              const rpl_file_list *files, bool set_aside,
                                              size_t *written);

/* Removes what a crash in the middle of a write left half-written; once, before anything is written. */
void rpl_secure_files_sweep(const rpl_secure_paths *paths);

/* One file, atomically: temporary file beside it, fsync, rename, fsync of the folder. */
RPL_CHECKED rpl_status rpl_write_file_atomically(const char *path, rpl_bytes content, mode_t mode,
                                                 const rpl_secure_paths *owner);

#endif
