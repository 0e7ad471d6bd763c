/* SPDX-License-Identifier: Apache-2.0 */
/* fs: files that must survive: written new, synced, renamed. Paths are the caller's own, trusted.
 */
#ifndef FS_H
#define FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "strlist.h"

/* dir/name in a fresh string (caller frees); ERR_TOO_LARGE beyond PATH_MAX. */
MUST_CHECK enum err fs_join(const char *dir, const char *name, char **out, struct error *e);
/* Makes path and its missing parents. Existing directories keep their mode. */
MUST_CHECK enum err fs_mkdirs(const char *path, mode_t mode, struct error *e);
/* Replaces path atomically: PATH.new, fsync, rename, fsync of the directory. */
MUST_CHECK enum err fs_write(const char *path, const void *data, size_t size, mode_t mode,
                             struct error *e);
/* The first half of that: a new file at path whose bytes are on disk, but not yet its name. On
 * failure there is none. */
MUST_CHECK enum err fs_write_synced(const char *path, const void *data, size_t size, mode_t mode,
                                    struct error *e);
/* Whole file, at most max bytes (ERR_TOO_LARGE above). Appends to out. */
MUST_CHECK enum err fs_read(const char *path, size_t max, struct bytes *out, struct error *e);
/* Removes a file or a whole tree without following links; missing is fine. */
MUST_CHECK enum err fs_remove(const char *path, struct error *e);
/* fsync of the directory at path. */
MUST_CHECK enum err fs_sync_dir(const char *path, struct error *e);
/* fsync of the directory that path is in. */
MUST_CHECK enum err fs_sync_parent(const char *path, struct error *e);
/* Everything or an error; EINTR and short writes are handled. */
MUST_CHECK enum err fs_write_all(int fd, const void *data, size_t size, struct error *e);
MUST_CHECK enum err fs_pread_all(int fd, void *data, size_t size, uint64_t offset, struct error *e);
/* Exclusive lock on DIR/lock for the life of the process. ERR_CONFLICT names the holder's pid. */
MUST_CHECK enum err fs_lock_dir(const char *dir, int *fd, struct error *e);

/* A small record that must never be lost: magic, length and BLAKE2b checksum before the bytes; the
 * previous copy is kept as PATH.old; a reader takes the newest that is whole. Mode 0600. */
MUST_CHECK enum err fs_state_write(const char *path, const void *data, size_t size,
                                   struct error *e);
/* ERR_NOT_FOUND when there is no copy, ERR_CORRUPT when none is whole. */
MUST_CHECK enum err fs_state_read(const char *path, size_t max, struct bytes *out, struct error *e);

#endif
