/* SPDX-License-Identifier: Apache-2.0 */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

enum { DIRECTORY_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static enum err fail(struct error *e, const char *path)
{
    if (errno == ELOOP || errno == ENOTDIR || errno == EXDEV)
        return error_set(e, ERR_CORRUPT, "%.150s: a link or a file stands where a directory should",
                         path);
    return error_errno(e, "%.150s", path);
}

enum err beneath_init(struct beneath *b, const char *dir, struct error *e)
{
    b->parent = -1;
    b->parent_path[0] = '\0';
    b->has_no_openat2 = false;
    b->root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return b->root >= 0 ? ERR_OK : error_errno(e, "open %.150s", dir);
}

void beneath_clear(struct beneath *b)
{
    if (b->parent >= 0)
        close(b->parent);
    if (b->root >= 0)
        close(b->root);
    b->parent = -1;
    b->root = -1;
}

/* -1 and errno as for openat. */
static int open_at_once(const struct beneath *b, const char *path)
{
    struct open_how how = {
        .flags = DIRECTORY_FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, b->root, path, &how, sizeof(how));
}

/* Opens name below dir, making it when told to; closes dir unless it is the root. */
static int descend(const struct beneath *b, int dir, const char *name, bool is_making)
{
    int fd = openat(dir, name, DIRECTORY_FLAGS);
    if (fd < 0 && errno == ENOENT && is_making && mkdirat(dir, name, 0700) == 0)
        fd = openat(dir, name, DIRECTORY_FLAGS);
    int number = errno;
    if (dir != b->root)
        close(dir);
    errno = number;
    return fd;
}

static int open_by_steps(const struct beneath *b, const char *path, bool is_making)
{
    int fd = b->root;
    while (*path != '\0' && fd >= 0) {
        size_t length = strcspn(path, "/");
        char name[PATH_COMPONENT_MAX + 1];
        if (length == 0 || length >= sizeof(name)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        if (strcmp(name, "..") == 0) {
            errno = EXDEV;
            return -1;
        }
        fd = descend(b, fd, name, is_making);
        path += length + (path[length] == '/' ? 1 : 0);
    }
    return fd;
}

static int open_directory(struct beneath *b, const char *path, bool is_making)
{
    if (!b->has_no_openat2) {
        int fd = open_at_once(b, path);
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != ENOENT))
            return fd;
        if (errno != ENOENT)
            b->has_no_openat2 = true;
        else if (!is_making)
            return -1;
    }
    return open_by_steps(b, path, is_making);
}

enum err beneath_parent(struct beneath *b, const char *path, bool is_making, int *parent,
                        const char **name, struct error *e)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    *name = slash == NULL ? path : slash + 1;
    if (length == 0) {
        *parent = b->root;
        return slash == NULL ? ERR_OK : error_set(e, ERR_CORRUPT, "%.150s is absolute", path);
    }
    if (b->parent >= 0 && strncmp(b->parent_path, path, length) == 0 &&
        b->parent_path[length] == '\0') {
        *parent = b->parent;
        return ERR_OK;
    }
    if (b->parent >= 0)
        close(b->parent);
    memcpy(b->parent_path, path, length);
    b->parent_path[length] = '\0';
    b->parent = open_directory(b, b->parent_path, is_making);
    if (b->parent < 0)
        return fail(e, path);
    *parent = b->parent;
    return ERR_OK;
}

enum err beneath_open(struct beneath *b, const char *path, int flags, int *fd, struct error *e)
{
    int parent = -1;
    const char *name = NULL;
    enum err err = beneath_parent(b, path, false, &parent, &name, e);
    if (err != ERR_OK)
        return err;
    int got = openat(parent, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (got < 0)
        return fail(e, path);
    *fd = got;
    return ERR_OK;
}

enum err beneath_stat(struct beneath *b, const char *path, struct stat *out, struct error *e)
{
    int parent = -1;
    const char *name = NULL;
    enum err err = beneath_parent(b, path, false, &parent, &name, e);
    if (err != ERR_OK)
        return err;
    return fstatat(parent, name, out, AT_SYMLINK_NOFOLLOW) == 0 ? ERR_OK : fail(e, path);
}
