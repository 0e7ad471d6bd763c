/* SPDX-License-Identifier: Apache-2.0 */
/* The source that walks files and trees below a directory, in order of names. The kernel resolves
 * every path beneath the root and follows no link on the way (openat2), so what is swapped while we
 * walk cannot lead outside. No descriptors of directories are kept: depth costs memory only. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "package_source.h"
#include "path_set.h"

/* The names of one directory, and how far we are. */
struct level {
    struct strlist names;
    size_t next;
    size_t path_length; /* of the directory in the walker's path; 0 below nothing */
};

struct path_source {
    struct package_source source; /* first */
    int root_fd;
    struct archive_limits limits;
    uint64_t entry_count;
    uint64_t content_size;
    struct strlist roots; /* as given */
    size_t next_root;
    size_t hidden; /* of the path, what the package does not show: the directory given */
    char path[PATH_LENGTH_MAX + 1]; /* beneath the root */
    struct level *levels;
    size_t depth;
    size_t capacity;
    int fd; /* of the present file, or -1 */
    struct path_set seen;
};

static struct path_source *of(struct package_source *s)
{
    return (struct path_source *)s;
}

static int open_beneath(int root_fd, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

static enum err open_failed(struct error *e, const char *path)
{
    if (errno == ELOOP || errno == EXDEV)
        return error_set(e, ERR_INVALID, "'%.128s' leads over a link or out of the directory",
                         path);
    return error_errno(e, "open '%.128s'", path);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum err list_names(DIR *stream, struct strlist *out, struct error *e)
{
    enum err err = ERR_OK;
    struct dirent *entry = NULL;
    errno = 0;
    /* The stream is ours alone. */
    while (err == ERR_OK && (entry = readdir(stream)) != NULL) { // NOLINT(concurrency-mt-unsafe)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = strlist_add(out, entry->d_name, e);
    }
    if (err == ERR_OK && errno != 0)
        return error_errno(e, "read a directory");
    if (err == ERR_OK && out->count > 0)
        qsort(out->items, out->count, sizeof(char *), compare_names);
    return err;
}

/* Makes the directory at the walker's path the deepest level. */
static enum err enter(struct path_source *p, struct error *e)
{
    if (p->depth == p->capacity) {
        size_t capacity = p->capacity == 0 ? 8 : 2 * p->capacity;
        struct level *moved = reallocarray(p->levels, capacity, sizeof(struct level));
        if (moved == NULL)
            return error_set(e, ERR_NO_MEMORY, "no memory to read a directory");
        p->levels = moved;
        p->capacity = capacity;
    }
    AUTO_CLOSE int fd = open_beneath(p->root_fd, p->path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return open_failed(e, p->path);
    DIR *stream = fdopendir(fd);
    if (stream == NULL)
        return error_errno(e, "read '%.128s'", p->path);
    (void)take_fd(&fd);
    p->levels[p->depth++] = (struct level){.path_length = strlen(p->path)};
    enum err err = list_names(stream, &p->levels[p->depth - 1].names, e);
    closedir(stream);
    return err;
}

/* Sets the walker's path to the next thing; *more is false when there is none. */
static enum err step(struct path_source *p, bool *more, struct error *e)
{
    while (p->depth > 0) {
        struct level *level = &p->levels[p->depth - 1];
        if (level->next == level->names.count) {
            strlist_clear(&level->names);
            p->depth--;
            continue;
        }
        const char *name = level->names.items[level->next++];
        size_t room = sizeof(p->path) - level->path_length;
        int n = snprintf(p->path + level->path_length, room, "/%s", name);
        if (n < 0 || (size_t)n >= room)
            return error_set(e, ERR_INVALID, "a path below '%.128s' is too long", p->path);
        return ERR_OK;
    }
    *more = p->next_root < p->roots.count;
    if (!*more)
        return ERR_OK;
    const char *root = p->roots.items[p->next_root++];
    snprintf(p->path, sizeof(p->path), "%s", root);
    p->hidden = 0;
    return ERR_OK;
}

static enum err read_link(int fd, struct entry *out, struct error *e)
{
    ssize_t length = readlinkat(fd, "", out->link_target, sizeof(out->link_target));
    if (length < 0)
        return error_errno(e, "read the link '%.128s'", out->path);
    if ((size_t)length >= sizeof(out->link_target))
        return error_set(e, ERR_INVALID, "the link '%.128s' is too long", out->path);
    out->link_target[length] = '\0';
    out->type = ENTRY_SYMLINK;
    return manifest_check_symlink(out->path, out->link_target, e);
}

/* Without waiting: it may have become a fifo since. */
static enum err open_file(struct path_source *p, const struct stat *expected, struct entry *out,
                          struct error *e)
{
    struct stat st;
    p->fd = open_beneath(p->root_fd, p->path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    if (p->fd < 0)
        return open_failed(e, p->path);
    if (fstat(p->fd, &st) != 0)
        return error_errno(e, "open '%.128s'", p->path);
    if (st.st_dev != expected->st_dev || st.st_ino != expected->st_ino)
        return error_set(e, ERR_CONFLICT, "'%.128s' changed while it was read", p->path);
    out->size = (uint64_t)st.st_size;
    out->type = ENTRY_FILE;
    return ERR_OK;
}

static enum err read_type(struct path_source *p, int fd, const struct stat *st, struct entry *out,
                          struct error *e)
{
    if ((st->st_mode & (S_ISUID | S_ISGID)) != 0 && !S_ISDIR(st->st_mode))
        return error_set(e, ERR_INVALID, "'%.128s' is setuid or setgid", p->path);
    if (S_ISREG(st->st_mode))
        return open_file(p, st, out, e);
    if (S_ISLNK(st->st_mode))
        return read_link(fd, out, e);
    if (!S_ISDIR(st->st_mode))
        return error_set(e, ERR_INVALID, "'%.128s' is a device, fifo or socket", p->path);
    out->type = ENTRY_DIRECTORY;
    return enter(p, e);
}

static enum err note_path(struct path_source *p, const struct entry *entry, struct error *e)
{
    if (++p->entry_count > p->limits.entries_max)
        return error_set(e, ERR_TOO_LARGE, "more than %llu entries",
                         (unsigned long long)p->limits.entries_max);
    enum path_kind kind = entry->type == ENTRY_DIRECTORY ? PATH_DIRECTORY
                          : entry->type == ENTRY_SYMLINK ? PATH_LINK
                                                         : PATH_FILE;
    return path_set_add(&p->seen, entry->path, kind, e);
}

/* What is at the walker's path; a directory that was given is entered and not shown. */
static enum err look(struct path_source *p, struct entry *out, bool *is_shown, struct error *e)
{
    struct stat st;
    AUTO_CLOSE int fd = open_beneath(p->root_fd, p->path, O_PATH | O_NOFOLLOW);
    if (fd < 0)
        return open_failed(e, p->path);
    if (fstat(fd, &st) != 0)
        return error_errno(e, "read '%.128s'", p->path);
    bool is_given = p->depth == 0;
    if (is_given && S_ISDIR(st.st_mode)) {
        *is_shown = false;
        p->hidden = strlen(p->path) + 1;
        return enter(p, e);
    }
    const char *base = strrchr(p->path, '/');
    if (is_given)
        p->hidden = base == NULL ? 0 : (size_t)(base + 1 - p->path);
    memset(out, 0, sizeof(*out));
    snprintf(out->path, sizeof(out->path), "%s", p->path + p->hidden);
    out->mode = st.st_mode & 0777;
    out->mtime = st.st_mtim.tv_sec;
    *is_shown = true;
    enum err err = manifest_check_path(out->path, e);
    if (err == ERR_OK)
        err = read_type(p, fd, &st, out, e);
    return err == ERR_OK ? note_path(p, out, e) : err;
}

static void close_file(struct path_source *p)
{
    cleanup_close_auto(&p->fd);
    p->fd = -1;
}

static enum err paths_next(struct package_source *s, struct entry *out, bool *more, struct error *e)
{
    struct path_source *p = of(s);
    bool is_shown = false;
    enum err err = ERR_OK;
    close_file(p);
    *more = true;
    while (err == ERR_OK && !is_shown) {
        err = step(p, more, e);
        if (err != ERR_OK || !*more)
            return err;
        err = look(p, out, &is_shown, e);
    }
    return err;
}

static enum err paths_read(struct package_source *s, uint8_t *buffer, size_t size, size_t *got,
                           struct error *e)
{
    struct path_source *p = of(s);
    ssize_t done = 0;
    if (p->fd >= 0) {
        do
            done = read(p->fd, buffer, size);
        while (done < 0 && errno == EINTR);
    }
    if (done < 0)
        return error_errno(e, "read '%.128s'", p->path);
    p->content_size += (uint64_t)done;
    if (p->content_size > p->limits.content_max)
        return error_set(e, ERR_TOO_LARGE, "more than %llu bytes of content",
                         (unsigned long long)p->limits.content_max);
    *got = (size_t)done;
    return ERR_OK;
}

static void paths_free(struct package_source *s)
{
    struct path_source *p = of(s);
    close_file(p);
    cleanup_close_auto(&p->root_fd);
    for (size_t i = 0; i < p->depth; i++)
        strlist_clear(&p->levels[i].names);
    free(p->levels);
    strlist_clear(&p->roots);
    path_set_clear(&p->seen);
    free(p);
}

static const struct package_source_ops path_ops = {paths_next, paths_read, paths_free};

static enum err check_roots(const struct strlist *paths, struct error *e)
{
    if (paths->count == 0)
        return error_set(e, ERR_INVALID, "no path is given");
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < paths->count; i++)
        err = manifest_check_path(paths->items[i], e);
    return err;
}

enum err package_source_paths(const char *root, const struct strlist *paths,
                              const struct archive_limits *limits, struct package_source **out,
                              struct error *e)
{
    enum err err = check_roots(paths, e);
    if (err != ERR_OK)
        return err;
    struct path_source *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to read a directory");
    AUTO(package_source_free) struct package_source *s = &p->source;
    s->ops = &path_ops;
    p->fd = -1;
    p->limits = *limits;
    /* Each entry may bring a parent that is not listed itself. */
    path_set_init(&p->seen, 2 * limits->entries_max + 16);
    p->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->root_fd < 0)
        return error_errno(e, "open %s", root);
    err = strlist_copy(&p->roots, paths, e);
    if (err == ERR_OK)
        *out = TAKE(s);
    return err;
}
