/* SPDX-License-Identifier: Apache-2.0 */
#include "uploads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "fs.h"
#include "keys.h"
#include "log.h"

enum { NAME_SIZE = UPLOAD_ID_SIZE + sizeof(".part") };

struct upload_store {
    char *path;
    int dir; /* all names are below it */
    uint64_t max_bytes;
};

struct upload {
    const struct upload_store *store;
    char id[UPLOAD_ID_SIZE];
    char part[NAME_SIZE];
    int fd;
    uint64_t size;
    bool is_finished;
};

static bool is_expired(const struct upload_store *s, const char *name, bool is_start)
{
    struct stat st;
    if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return false;
    if (is_start && strstr(name, ".part") != NULL)
        return true;
    return (int64_t)st.st_mtime * 1000 + UPLOAD_LIFE_MS < clock_wall_ms();
}

/* A file that cannot be removed now will be next time. */
static void expire(const struct upload_store *s, bool is_start)
{
    int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        log_warn("uploads: cannot be listed");
        if (fd >= 0)
            close(fd);
        return;
    }
    const struct dirent *entry = NULL;
    /* One DIR per call: readdir is safe then. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while ((entry = readdir(folder)) != NULL) {
        if (is_expired(s, entry->d_name, is_start) && unlinkat(s->dir, entry->d_name, 0) == 0)
            log_debug("uploads: removed %s", entry->d_name);
    }
    closedir(folder);
}

enum err upload_store_open(const char *data_dir, uint64_t max_bytes, struct upload_store **out,
                           struct error *e)
{
    AUTO(upload_store_close) struct upload_store *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for uploads");
    s->dir = -1;
    s->max_bytes = max_bytes;
    enum err err = fs_join(data_dir, "uploads", &s->path, e);
    if (err == ERR_OK)
        err = fs_mkdirs(s->path, 0700, e);
    if (err != ERR_OK)
        return err;
    s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0)
        return error_errno(e, "open %s", s->path);
    expire(s, true);
    *out = TAKE(s);
    return ERR_OK;
}

void upload_store_close(struct upload_store *s)
{
    if (s == NULL)
        return;
    if (s->dir >= 0)
        close(s->dir);
    free(s->path);
    free(s);
}

enum err upload_new(struct upload_store *s, struct upload **out, struct error *e)
{
    expire(s, false);
    AUTO(upload_free) struct upload *u = calloc(1, sizeof(*u));
    if (u == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the upload");
    uint8_t random[(UPLOAD_ID_SIZE - 1) / 2];
    randombytes_buf(random, sizeof(random));
    keys_hex(random, sizeof(random), u->id);
    snprintf(u->part, sizeof(u->part), "%s.part", u->id);
    u->store = s;
    u->fd = openat(s->dir, u->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (u->fd < 0)
        return error_errno(e, "make an upload");
    *out = TAKE(u);
    return ERR_OK;
}

enum err upload_write(struct upload *u, const void *data, size_t size, struct error *e)
{
    if (size > u->store->max_bytes - u->size)
        return error_set(e, ERR_TOO_LARGE, "file: an upload may have %" PRIu64 " bytes",
                         u->store->max_bytes);
    enum err err = fs_write_all(u->fd, data, size, e);
    if (err == ERR_OK)
        u->size += size;
    return err;
}

enum err upload_finish(struct upload *u, struct error *e)
{
    if (fsync(u->fd) != 0)
        return error_errno(e, "sync the upload");
    if (renameat(u->store->dir, u->part, u->store->dir, u->id) != 0)
        return error_errno(e, "name the upload");
    u->is_finished = true;
    if (fsync(u->store->dir) != 0)
        return error_errno(e, "sync %s", u->store->path);
    return ERR_OK;
}

void upload_free(struct upload *u)
{
    if (u == NULL)
        return;
    if (u->fd >= 0)
        close(u->fd);
    if (u->store != NULL && !u->is_finished && unlinkat(u->store->dir, u->part, 0) != 0 &&
        errno != ENOENT)
        log_warn("uploads: cannot remove %s", u->part);
    free(u);
}

const char *upload_id(const struct upload *u)
{
    return u->id;
}

uint64_t upload_size(const struct upload *u)
{
    return u->size;
}

enum err upload_open(const struct upload_store *s, const char *id, int *fd, struct error *e)
{
    int opened = openat(s->dir, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (opened < 0 && errno == ENOENT)
        return error_set(e, ERR_NOT_FOUND, "no upload %s, or it has expired", id);
    if (opened < 0)
        return error_errno(e, "open upload %s", id);
    *fd = opened;
    return ERR_OK;
}
