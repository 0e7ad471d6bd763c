/* SPDX-License-Identifier: Apache-2.0 */
/* beneath: names below one directory, resolved by the kernel so that no link is followed and
 * nothing outside is reached (openat2; component by component where the kernel has no openat2). The
 * last parent stays open, since entries of a package come directory by directory. Thread: the
 * owner's. */
#ifndef BENEATH_H
#define BENEATH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "err.h"
#include "limits.h"

struct beneath {
    int root;
    int parent; /* -1: none */
    char parent_path[PATH_LENGTH_MAX + 1];
    bool has_no_openat2;
};

/* dir itself is trusted. Cleared with beneath_clear, also after a failure. */
MUST_CHECK enum err beneath_init(struct beneath *b, const char *dir, struct error *e);
void beneath_clear(struct beneath *b);
/* The open directory (O_PATH) that holds path, and the last name of path. Both are borrowed until
 * the next call. is_making makes missing directories, mode 0700. ERR_CORRUPT when a link or a file
 * is in the way, ERR_NOT_FOUND when a directory is missing. */
MUST_CHECK enum err beneath_parent(struct beneath *b, const char *path, bool is_making, int *parent,
                                   const char **name, struct error *e);
/* openat of path, never through a link; the caller closes. Errors as above. */
MUST_CHECK enum err beneath_open(struct beneath *b, const char *path, int flags, int *fd,
                                 struct error *e);
/* lstat of path. */
MUST_CHECK enum err beneath_stat(struct beneath *b, const char *path, struct stat *out,
                                 struct error *e);

#endif
