/* SPDX-License-Identifier: Apache-2.0 */
/* Entries are made as the stream comes past them. While a tree is staged its directories have mode
 * 0700 and a file has mode 0600 until its last byte; what stands in the way is removed, because
 * only an earlier try can have put it there. */
#include "release_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "beneath.h"
#include "fs.h"

enum { ENTRIES_PER_CALL = 64 };

struct release_writer {
    struct beneath tree;
    struct manifest_reader *manifest;
    struct entry entry; /* the present one */
    int fd;             /* of the file that is being written; -1: none */
    bool is_writable;   /* fd was opened for writing, not only to be kept */
    bool is_at_modes;   /* all entries exist, modes of directories follow */
    uint64_t offset;    /* in the present file */
    crypto_generichash_state hash;
};

enum err release_writer_open(const struct release_place *place, struct release_writer **out,
                             struct error *e)
{
    enum err err = fs_mkdirs(place->tree_path, 0700, e);
    if (err != ERR_OK)
        return err;
    AUTO(release_writer_free) struct release_writer *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to write a release");
    w->fd = -1;
    err = beneath_init(&w->tree, place->tree_path, e);
    if (err == ERR_OK)
        err = manifest_reader_open(place->manifest_path, place->package, &w->manifest, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(w);
    return ERR_OK;
}

void release_writer_free(struct release_writer *w)
{
    if (w == NULL)
        return;
    if (w->fd >= 0)
        close(w->fd);
    beneath_clear(&w->tree);
    manifest_reader_free(w->manifest);
    free(w);
}

static enum err fail(const struct release_writer *w, struct error *e)
{
    return error_errno(e, "%.150s", w->entry.path);
}

/* Removes name, whatever it is short of a directory with content; missing is fine. */
static enum err make_way(const struct release_writer *w, int parent, const char *name,
                         struct error *e)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
        return ERR_OK;
    if ((errno == EISDIR || errno == EPERM) && unlinkat(parent, name, AT_REMOVEDIR) == 0)
        return ERR_OK;
    return fail(w, e);
}

static enum err make_directory(struct release_writer *w, int parent, const char *name,
                               struct error *e)
{
    if (mkdirat(parent, name, 0700) == 0)
        return ERR_OK;
    AUTO_CLOSE int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) /* of an earlier try, perhaps with its last mode */
        return fchmodat(parent, name, 0700, 0) == 0 ? ERR_OK : fail(w, e);
    enum err err = make_way(w, parent, name, e);
    if (err != ERR_OK)
        return err;
    return mkdirat(parent, name, 0700) == 0 ? ERR_OK : fail(w, e);
}

static enum err make_symlink(struct release_writer *w, int parent, const char *name,
                             struct error *e)
{
    enum err err = make_way(w, parent, name, e);
    if (err != ERR_OK)
        return err;
    return symlinkat(w->entry.link_target, parent, name) == 0 ? ERR_OK : fail(w, e);
}

static enum err make_hardlink(struct release_writer *w, struct error *e)
{
    AUTO_CLOSE int target = -1;
    enum err err = beneath_open(&w->tree, w->entry.link_target, O_PATH, &target, e);
    if (err != ERR_OK)
        return err;
    struct stat st;
    if (fstat(target, &st) != 0 || !S_ISREG(st.st_mode))
        return error_set(e, ERR_CORRUPT, "%.100s: %.100s is no file to link to", w->entry.path,
                         w->entry.link_target);
    int parent;
    const char *name;
    err = beneath_parent(&w->tree, w->entry.link_target, false, &parent, &name, e);
    if (err != ERR_OK)
        return err;
    AUTO_CLOSE int from = openat(parent, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (from < 0)
        return fail(w, e);
    const char *from_name = name;
    err = beneath_parent(&w->tree, w->entry.path, true, &parent, &name, e);
    if (err == ERR_OK)
        err = make_way(w, parent, name, e);
    if (err != ERR_OK)
        return err;
    return linkat(from, from_name, parent, name, 0) == 0 ? ERR_OK : fail(w, e);
}

/* The file at its first byte: a new one, or for keeping the one that is there. */
static enum err open_file(struct release_writer *w, bool is_keeping, struct error *e)
{
    int parent;
    const char *name;
    enum err err = beneath_parent(&w->tree, w->entry.path, true, &parent, &name, e);
    if (err == ERR_OK && !is_keeping)
        err = make_way(w, parent, name, e);
    if (err != ERR_OK)
        return err;
    int flags = is_keeping ? O_RDONLY | O_NONBLOCK : O_WRONLY | O_CREAT | O_EXCL;
    w->fd = openat(parent, name, flags | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (w->fd < 0)
        return fail(w, e);
    w->is_writable = !is_keeping;
    w->offset = 0;
    crypto_generichash_init(&w->hash, NULL, 0, DIGEST_BYTES);
    return ERR_OK;
}

/* From keeping to writing, in the middle of a file. */
static enum err make_writable(struct release_writer *w, struct error *e)
{
    if (w->is_writable)
        return ERR_OK;
    if (fchmod(w->fd, 0600) != 0)
        return fail(w, e);
    int fd;
    enum err err = beneath_open(&w->tree, w->entry.path, O_WRONLY, &fd, e);
    if (err != ERR_OK)
        return err;
    close(w->fd);
    w->fd = fd;
    w->is_writable = true;
    return ERR_OK;
}

/* What was there may have been longer. */
static enum err cut_file(struct release_writer *w, struct error *e)
{
    struct stat st;
    if (fstat(w->fd, &st) != 0)
        return fail(w, e);
    if (!S_ISREG(st.st_mode))
        return error_set(e, ERR_CORRUPT, "%.150s is not a file", w->entry.path);
    if ((uint64_t)st.st_size == w->entry.size)
        return ERR_OK;
    enum err err = make_writable(w, e);
    if (err != ERR_OK)
        return err;
    return ftruncate(w->fd, (off_t)w->entry.size) == 0 ? ERR_OK : fail(w, e);
}

static enum err finish_file(struct release_writer *w, struct error *e)
{
    uint8_t digest[DIGEST_BYTES];
    crypto_generichash_final(&w->hash, digest, sizeof(digest));
    if (memcmp(digest, w->entry.digest, sizeof(digest)) != 0)
        return error_set(e, ERR_CORRUPT, "%.150s: the content has another digest", w->entry.path);
    enum err err = cut_file(w, e);
    if (err != ERR_OK)
        return err;
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = w->entry.mtime}};
    if (fchmod(w->fd, w->entry.mode & 0777) != 0 || futimens(w->fd, times) != 0)
        return fail(w, e);
    int fd = take_fd(&w->fd);
    return close(fd) == 0 ? ERR_OK : fail(w, e);
}

/* Makes the entry; a file with content stays open for it. */
static enum err make_entry(struct release_writer *w, bool is_keeping, struct error *e)
{
    enum err err;
    if (w->entry.type == ENTRY_FILE) {
        err = open_file(w, is_keeping && w->entry.size > 0, e);
        return err == ERR_OK && w->entry.size == 0 ? finish_file(w, e) : err;
    }
    if (w->entry.type == ENTRY_HARDLINK)
        return make_hardlink(w, e);
    int parent;
    const char *name;
    err = beneath_parent(&w->tree, w->entry.path, true, &parent, &name, e);
    if (err != ERR_OK)
        return err;
    return w->entry.type == ENTRY_DIRECTORY ? make_directory(w, parent, name, e)
                                            : make_symlink(w, parent, name, e);
}

static enum err next_entry(struct release_writer *w, bool is_keeping, struct error *e)
{
    bool more;
    enum err err = manifest_reader_entry(w->manifest, &w->entry, &more, e);
    if (err != ERR_OK)
        return err;
    if (!more)
        return error_set(e, ERR_CORRUPT, "there is content behind the last file");
    return make_entry(w, is_keeping, e);
}

/* Some of data into the present file. */
static enum err put(struct release_writer *w, const uint8_t *data, size_t size, bool is_keeping,
                    size_t *taken, struct error *e)
{
    uint64_t left = w->entry.size - w->offset;
    size_t n = size < left ? size : (size_t)left;
    enum err err = ERR_OK;
    if (!is_keeping) {
        err = make_writable(w, e);
        for (size_t done = 0; done < n && err == ERR_OK;) {
            ssize_t got = pwrite(w->fd, data + done, n - done, (off_t)(w->offset + done));
            if (got < 0 && errno != EINTR)
                err = fail(w, e);
            done += got > 0 ? (size_t)got : 0;
        }
    }
    if (err != ERR_OK)
        return err;
    crypto_generichash_update(&w->hash, data, n);
    w->offset += n;
    *taken = n;
    return w->offset == w->entry.size ? finish_file(w, e) : ERR_OK;
}

static enum err take(struct release_writer *w, const uint8_t *data, size_t size, bool is_keeping,
                     size_t *used, struct error *e)
{
    *used = 0;
    enum err err = ERR_OK;
    for (int i = 0; i < ENTRIES_PER_CALL && *used < size && err == ERR_OK; i++) {
        if (w->fd < 0)
            err = next_entry(w, is_keeping, e);
        size_t taken = 0;
        if (err == ERR_OK && w->fd >= 0)
            err = put(w, data + *used, size - *used, is_keeping, &taken, e);
        *used += taken;
    }
    return err;
}

enum err release_writer_write(struct release_writer *w, const uint8_t *data, size_t size,
                              size_t *used, struct error *e)
{
    return take(w, data, size, false, used, e);
}

enum err release_writer_keep(struct release_writer *w, const uint8_t *data, size_t size,
                             size_t *used, struct error *e)
{
    return take(w, data, size, true, used, e);
}

/* u+rx stays, or the agent could neither run nor remove what it installed. */
static enum err set_mode(struct release_writer *w, struct error *e)
{
    AUTO_CLOSE int fd = -1;
    enum err err = beneath_open(&w->tree, w->entry.path, O_RDONLY | O_DIRECTORY, &fd, e);
    if (err != ERR_OK)
        return err;
    return fchmod(fd, (w->entry.mode & 0777) | 0500) == 0 ? ERR_OK : fail(w, e);
}

/* One entry that has no content, or the mode of one. */
static enum err finish_entry(struct release_writer *w, struct error *e)
{
    if (w->is_at_modes)
        return w->entry.type == ENTRY_DIRECTORY ? set_mode(w, e) : ERR_OK;
    enum err err = make_entry(w, false, e);
    if (err == ERR_OK && w->fd >= 0)
        return error_set(e, ERR_CORRUPT, "%.150s: there is no content for it", w->entry.path);
    return err;
}

enum err release_writer_finish(struct release_writer *w, bool *more, struct error *e)
{
    if (w->fd >= 0)
        return error_set(e, ERR_CORRUPT, "%.150s: the content ends too early", w->entry.path);
    *more = true;
    for (int i = 0; i < ENTRIES_PER_CALL && *more; i++) {
        bool has_entry;
        enum err err = manifest_reader_entry(w->manifest, &w->entry, &has_entry, e);
        if (err == ERR_OK && has_entry)
            err = finish_entry(w, e);
        if (err != ERR_OK)
            return err;
        if (has_entry)
            continue;
        *more = !w->is_at_modes;
        w->is_at_modes = true;
        manifest_reader_rewind(w->manifest);
    }
    return ERR_OK;
}
