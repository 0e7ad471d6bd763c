/* SPDX-License-Identifier: Apache-2.0 */
/* fs_remove: removes trees of any depth with two open directories and no recursion: what is left
 * below a subdirectory is first moved up to the top, so nothing is ever deeper than two levels. */
#include "fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void close_dir(DIR *d)
{
    closedir(d);
}
AUTO_DEFINE(DIR *, close_dir)

/* Opens a directory that we may empty; one without permissions is ours to change. */
static DIR *open_dir(int parent, const char *name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    /* Fails for a link, and then open tells. */
    if (fchmodat(parent, name, 0700, AT_SYMLINK_NOFOLLOW) != 0 && errno == EOPNOTSUPP) {
        struct stat st;
        bool is_dir = fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
        int unchanged = is_dir ? fchmodat(parent, name, 0700, 0) : 0;
        (void)unchanged;
    }
    AUTO_CLOSE int fd = openat(parent, name, flags);
    if (fd < 0)
        return NULL;
    DIR *dir = fdopendir(fd);
    if (dir != NULL)
        take_fd(&fd);
    return dir;
}

/* Next name that is not "." or ".."; NULL at the end (errno 0) or on an error. */
static const char *next_name(DIR *dir)
{
    for (;;) {
        errno = 0;
        /* A stream is used by one thread only, so readdir is safe. */
        const struct dirent *entry = readdir(dir); /* NOLINT(concurrency-mt-unsafe) */
        if (entry == NULL)
            return NULL;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return entry->d_name;
    }
}

/* File, link or empty directory; false and errno ENOTEMPTY for a directory with content. */
static bool remove_simple(int dir, const char *name)
{
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR)
        return false;
    if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
        return true;
    if (errno == EEXIST)
        errno = ENOTEMPTY;
    return false;
}

static bool move_up(int from, const char *name, int top, uint64_t *counter)
{
    for (;;) {
        char unique[32];
        snprintf(unique, sizeof(unique), "~%llu", (unsigned long long)(*counter)++);
        if (renameat(from, name, top, unique) == 0)
            return true;
        if (errno == EACCES && fchmodat(from, name, 0700, 0) == 0 &&
            renameat(from, name, top, unique) == 0)
            return true;
        if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
            return false;
    }
}

/* Removes the subdirectory name of top; its own subdirectories move to top. */
static bool flatten(int top, const char *name, uint64_t *counter)
{
    AUTO(close_dir) DIR *dir = open_dir(top, name);
    if (dir == NULL)
        return false;
    const char *child = NULL;
    while ((child = next_name(dir)) != NULL) {
        if (remove_simple(dirfd(dir), child))
            continue;
        if (errno != ENOTEMPTY || !move_up(dirfd(dir), child, top, counter))
            return false;
    }
    return errno == 0 && unlinkat(top, name, AT_REMOVEDIR) == 0;
}

static bool empty_tree(DIR *dir)
{
    uint64_t counter = 0;
    bool is_empty = false;
    while (!is_empty) {
        is_empty = true;
        rewinddir(dir);
        const char *name = NULL;
        while ((name = next_name(dir)) != NULL) {
            is_empty = false;
            if (remove_simple(dirfd(dir), name))
                continue;
            if (errno != ENOTEMPTY || !flatten(dirfd(dir), name, &counter))
                return false;
        }
        if (errno != 0)
            return false;
    }
    return true;
}

enum err fs_remove(const char *path, struct error *e)
{
    if (remove_simple(AT_FDCWD, path))
        return ERR_OK;
    if (errno != ENOTEMPTY)
        return error_errno(e, "remove %s", path);
    AUTO(close_dir) DIR *dir = open_dir(AT_FDCWD, path);
    if (dir == NULL || !empty_tree(dir) || rmdir(path) != 0)
        return error_errno(e, "remove %s", path);
    return ERR_OK;
}
