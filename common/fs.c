/* SPDX-License-Identifier: Apache-2.0 */
/* fs: see fs.h. Removal of trees is in fs_remove.c, checksummed records are in fs_state.c. */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum err fs_join(const char *dir, const char *name, char **out, struct error *e)
{
    size_t dir_length = strlen(dir);
    const char *slash = dir_length > 0 && dir[dir_length - 1] == '/' ? "" : "/";
    if (dir_length + strlen(slash) + strlen(name) >= PATH_MAX)
        return error_set(e, ERR_TOO_LARGE, "path below %.100s is too long", dir);
    char *path = NULL;
    if (asprintf(&path, "%s%s%s", dir, slash, name) < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for a path");
    *out = path;
    return ERR_OK;
}

enum err fs_mkdirs(const char *path, mode_t mode, struct error *e)
{
    char prefix[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof(prefix))
        return error_set(e, ERR_INVALID, "make directory: path of %zu bytes", length);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        if (mkdir(prefix, mode) != 0 && errno != EEXIST && errno != EROFS)
            return error_errno(e, "make directory %s", prefix);
    }
    struct stat st;
    if (stat(path, &st) != 0)
        return error_errno(e, "make directory %s", path);
    if (!S_ISDIR(st.st_mode))
        return error_set(e, ERR_CONFLICT, "%s exists and is no directory", path);
    return ERR_OK;
}

enum err fs_write_synced(const char *path, const void *data, size_t size, mode_t mode,
                         struct error *e)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return error_errno(e, "create %s", path);
    enum err err = ERR_OK;
    if (fchmod(fd, mode) != 0)
        err = error_errno(e, "set the mode of %s", path);
    if (err == ERR_OK)
        err = fs_write_all(fd, data, size, e);
    if (err == ERR_OK && fsync(fd) != 0)
        err = error_errno(e, "sync %s", path);
    if (err != ERR_OK)
        unlink(path);
    return err;
}

enum err fs_write(const char *path, const void *data, size_t size, mode_t mode, struct error *e)
{
    AUTO_FREE char *new_path = NULL;
    if (asprintf(&new_path, "%s.new", path) < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for a path");
    enum err err = fs_write_synced(new_path, data, size, mode, e);
    if (err != ERR_OK)
        return err;
    if (rename(new_path, path) != 0) {
        err = error_errno(e, "rename %s", new_path);
        unlink(new_path);
        return err;
    }
    return fs_sync_parent(path, e);
}

/* Reads until the end into b, which has room for max + 1 bytes. */
static enum err read_to_end(int fd, struct bytes *b, size_t max, struct error *e)
{
    while (b->size <= max) {
        ssize_t got = read(fd, b->data + b->size, max + 1 - b->size);
        if (got == 0)
            return ERR_OK;
        if (got > 0)
            b->size += (size_t)got;
        else if (errno != EINTR)
            return error_errno(e, "read");
    }
    return error_set(e, ERR_TOO_LARGE, "larger than %zu bytes", max);
}

/* Size is only a first guess: files in /proc have none. */
static enum err read_descriptor(int fd, size_t max, struct bytes *b, struct error *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_errno(e, "stat");
    size_t room = st.st_size > 0 && (uint64_t)st.st_size < max ? (size_t)st.st_size + 1 : 4096;
    enum err err = ERR_TOO_LARGE;
    for (; err == ERR_TOO_LARGE && room <= max; room *= 2) {
        err = bytes_reserve(b, room - b->size + 1, e);
        if (err == ERR_OK)
            err = read_to_end(fd, b, room, e);
    }
    if (err != ERR_TOO_LARGE)
        return err;
    err = bytes_reserve(b, max - b->size + 1, e);
    return err == ERR_OK ? read_to_end(fd, b, max, e) : err;
}

enum err fs_read(const char *path, size_t max, struct bytes *out, struct error *e)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, "open %s", path);
    struct bytes content = {0};
    enum err err = read_descriptor(fd, max, &content, e);
    if (err == ERR_OK)
        err = bytes_append(out, content.data, content.size, e);
    bytes_clear(&content);
    return err == ERR_OK ? ERR_OK : error_wrap(e, err, "%s", path);
}

enum err fs_sync_dir(const char *path, struct error *e)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return error_errno(e, "sync directory %s", path);
    return ERR_OK;
}

enum err fs_sync_parent(const char *path, struct error *e)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return fs_sync_dir(".", e);
    if (slash == path)
        return fs_sync_dir("/", e);
    AUTO_FREE char *dir = strndup(path, (size_t)(slash - path));
    if (dir == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a path");
    return fs_sync_dir(dir, e);
}

enum err fs_write_all(int fd, const void *data, size_t size, struct error *e)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t done = write(fd, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return error_errno(e, "write");
        at += done;
        size -= (size_t)done;
    }
    return ERR_OK;
}

enum err fs_pread_all(int fd, void *data, size_t size, uint64_t offset, struct error *e)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t done = pread(fd, at, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return error_errno(e, "read");
        if (done == 0)
            return error_set(e, ERR_CORRUPT, "file ends %zu bytes too early", size);
        at += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return ERR_OK;
}

/* A POSIX record lock: children do not inherit it, and the kernel knows the holder's pid. */
enum err fs_lock_dir(const char *dir, int *fd, struct error *e)
{
    AUTO_FREE char *path = NULL;
    enum err err = fs_join(dir, "lock", &path, e);
    if (path == NULL)
        return err;
    AUTO_CLOSE int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return error_errno(e, "open %s", path);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(file, F_SETLK, &lock) != 0) {
        if (errno != EACCES && errno != EAGAIN)
            return error_errno(e, "lock %s", path);
        lock.l_type = F_WRLCK;
        if (fcntl(file, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
            return error_set(e, ERR_CONFLICT, "%s is in use", dir);
        return error_set(e, ERR_CONFLICT, "%s is in use by process %d", dir, (int)lock.l_pid);
    }
    *fd = take_fd(&file);
    return ERR_OK;
}
