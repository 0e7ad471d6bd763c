/* SPDX-License-Identifier: Apache-2.0 */
/* packer: see packer.h. packer_read pulls: it feeds libarchive one entry or block at a time until
 * libarchive has given enough back. */
#include "packer.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "manifest.h"
#include "names.h"
#include "strlist.h"

enum { BLOCK_SIZE = 128 * 1024, SHOWN_SIZE = 120 };

struct packer {
    FTS *tree;
    struct archive *archive;
    struct bytes out; /* from libarchive, given out up to at */
    size_t at;
    int fd;        /* the present file, or -1 */
    uint64_t left; /* of it */
    uint64_t done;
    char shown[SHOWN_SIZE];
    bool is_closed;
    bool is_abandoned; /* what libarchive still has to write is of no use */
    char block[BLOCK_SIZE];
};

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum err open_tree(const char *dir, FTS **out, struct error *e)
{
    /* fts wants pointers to non-const but does not write. */
    char *const paths[] = {(char *)(uintptr_t)dir, NULL};
    *out = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, by_name);
    return *out != NULL ? ERR_OK : error_errno(e, "read %s", dir);
}

static la_ssize_t on_output(struct archive *a, void *arg, const void *data, size_t size)
{
    struct packer *p = arg;
    if (p->is_abandoned)
        return -1;
    if (bytes_append(&p->out, data, size, NULL) == ERR_OK)
        return (la_ssize_t)size;
    archive_set_error(a, ENOMEM, "no memory");
    return -1;
}

static enum err archive_failed(struct packer *p, struct error *e)
{
    return error_set(e, ERR_INVALID, "pack '%s': %s", p->shown, archive_error_string(p->archive));
}

enum err packer_new(const char *dir, struct packer **out, struct error *e)
{
    AUTO(packer_free) struct packer *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    p->fd = -1;
    enum err err = open_tree(dir, &p->tree, e);
    if (err != ERR_OK)
        return err;
    p->archive = archive_write_new();
    struct archive *a = p->archive;
    if (a == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    if (archive_write_set_format_pax_restricted(a) != ARCHIVE_OK ||
        archive_write_add_filter_zstd(a) != ARCHIVE_OK ||
        archive_write_set_filter_option(a, "zstd", "compression-level", "1") != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(a, 0) != ARCHIVE_OK ||
        archive_write_open(a, p, NULL, on_output, NULL) != ARCHIVE_OK)
        return archive_failed(p, e);
    *out = TAKE(p);
    return ERR_OK;
}

void packer_free(struct packer *p)
{
    if (p == NULL)
        return;
    if (p->tree != NULL)
        fts_close(p->tree);
    p->is_abandoned = true;
    if (p->archive != NULL)
        archive_write_free(p->archive);
    cleanup_close_auto(&p->fd);
    bytes_clear(&p->out);
    free(p);
}

/* The path below the directory that is packed; NULL for that itself. */
static const char *path_below(const FTSENT *found)
{
    const char *path = found->fts_path + found->fts_pathlen;
    for (short level = 0; level < found->fts_level; level++) {
        while (path > found->fts_path && path[-1] != '/')
            path--;
        if (level + 1 < found->fts_level)
            path--;
    }
    return found->fts_level > 0 ? path : NULL;
}

static enum err fill_entry(struct packer *p, const FTSENT *found, struct archive_entry *entry,
                           struct error *e)
{
    const struct stat *st = found->fts_statp;
    archive_entry_copy_pathname(entry, path_below(found));
    archive_entry_set_mode(entry, (st->st_mode & S_IFMT) | (st->st_mode & 0777));
    archive_entry_set_mtime(entry, st->st_mtim.tv_sec, 0);
    archive_entry_set_size(entry, S_ISREG(st->st_mode) ? st->st_size : 0);
    if (!S_ISLNK(st->st_mode))
        return ERR_OK;
    ssize_t length = readlink(found->fts_accpath, p->block, sizeof(p->block) - 1);
    if (length < 0)
        return error_errno(e, "read link %s", p->shown);
    p->block[length] = '\0';
    archive_entry_copy_symlink(entry, p->block);
    /* The manager would refuse it too, but only after the upload. */
    return manifest_check_symlink(path_below(found), p->block, e);
}

static enum err open_file(struct packer *p, const FTSENT *found, struct error *e)
{
    p->fd = open(found->fts_accpath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (p->fd < 0 || fstat(p->fd, &st) != 0)
        return error_errno(e, "open %s", p->shown);
    if (!S_ISREG(st.st_mode) || st.st_size != found->fts_statp->st_size)
        return error_set(e, ERR_CONFLICT, "%s changed while it was read", p->shown);
    p->left = (uint64_t)st.st_size;
    return ERR_OK;
}

static enum err pack_entry(struct packer *p, const FTSENT *found, struct error *e)
{
    bool is_file = S_ISREG(found->fts_statp->st_mode);
    enum err err = is_file ? open_file(p, found, e) : ERR_OK;
    if (err != ERR_OK)
        return err;
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    err = fill_entry(p, found, entry, e);
    if (err == ERR_OK && archive_write_header(p->archive, entry) < ARCHIVE_WARN)
        err = archive_failed(p, e);
    archive_entry_free(entry);
    return err;
}

/* The next entry, or the end of the archive. */
static enum err next_entry(struct packer *p, struct error *e)
{
    errno = 0;
    const FTSENT *found = fts_read(p->tree);
    if (found == NULL && errno != 0)
        return error_errno(e, "read the directory");
    if (found == NULL) {
        p->is_closed = true;
        return archive_write_close(p->archive) == ARCHIVE_OK ? ERR_OK : archive_failed(p, e);
    }
    names_printable(found->fts_path, p->shown, sizeof(p->shown));
    switch (found->fts_info) {
    case FTS_D:
    case FTS_F:
    case FTS_SL:
    case FTS_SLNONE:
        return found->fts_level > 0 ? pack_entry(p, found, e) : ERR_OK;
    case FTS_DP:
        return ERR_OK;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        errno = found->fts_errno;
        return error_errno(e, "read %s", p->shown);
    default:
        return error_set(e, ERR_INVALID, "%s is a device, fifo or socket and cannot be packed",
                         p->shown);
    }
}

static enum err next_block(struct packer *p, struct error *e)
{
    ssize_t got = p->left > 0 ? read(p->fd, p->block, sizeof(p->block)) : 0;
    if (got < 0)
        return error_errno(e, "read %s", p->shown);
    if ((got == 0 && p->left > 0) || (uint64_t)got > p->left)
        return error_set(e, ERR_CONFLICT, "%s changed while it was read", p->shown);
    if (got > 0 && archive_write_data(p->archive, p->block, (size_t)got) != got)
        return archive_failed(p, e);
    p->left -= (uint64_t)got;
    p->done += (uint64_t)got;
    if (p->left == 0) {
        cleanup_close_auto(&p->fd);
        p->fd = -1;
    }
    return ERR_OK;
}

enum err packer_read(struct packer *p, char *buffer, size_t size, size_t *got, struct error *e)
{
    while (p->at == p->out.size && !p->is_closed) {
        p->at = 0;
        p->out.size = 0;
        enum err err = p->fd >= 0 ? next_block(p, e) : next_entry(p, e);
        if (err != ERR_OK)
            return err;
    }
    size_t piece = p->out.size - p->at < size ? p->out.size - p->at : size;
    if (piece > 0)
        memcpy(buffer, p->out.data + p->at, piece);
    p->at += piece;
    *got = piece;
    return ERR_OK;
}

uint64_t packer_done(const struct packer *p)
{
    return p->done;
}

enum err packer_measure(const char *dir, uint64_t *bytes, struct error *e)
{
    FTS *tree = NULL;
    enum err err = open_tree(dir, &tree, e);
    if (err != ERR_OK)
        return err;
    *bytes = 0;
    for (const FTSENT *found = fts_read(tree); found != NULL; found = fts_read(tree)) {
        if (found->fts_info == FTS_F)
            *bytes += (uint64_t)found->fts_statp->st_size;
    }
    fts_close(tree);
    return ERR_OK;
}
