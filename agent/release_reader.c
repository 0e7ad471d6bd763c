/* SPDX-License-Identifier: Apache-2.0 */
#include "release_reader.h"

#include <errno.h>
#include <fcntl.h>

#include "beneath.h"

enum { ENTRIES_PER_CALL = 64 };

struct release_reader {
    struct beneath tree;
    struct manifest_reader *manifest;
    struct entry entry; /* the present one */
    int fd;             /* -1: none */
    uint64_t offset;
    bool is_at_end;
};

enum err release_reader_open(const struct release_place *place, struct release_reader **out,
                             struct error *e)
{
    AUTO(release_reader_free) struct release_reader *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to read a release");
    r->fd = -1;
    enum err err = beneath_init(&r->tree, place->tree_path, e);
    if (err == ERR_OK)
        err = manifest_reader_open(place->manifest_path, place->package, &r->manifest, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(r);
    return ERR_OK;
}

void release_reader_free(struct release_reader *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    beneath_clear(&r->tree);
    manifest_reader_free(r->manifest);
    free(r);
}

static enum err open_file(struct release_reader *r, struct error *e)
{
    enum err err = beneath_open(&r->tree, r->entry.path, O_RDONLY, &r->fd, e);
    if (err != ERR_OK)
        return error_wrap(e, ERR_NOT_FOUND, "read back");
    struct stat st;
    if (fstat(r->fd, &st) != 0)
        return error_errno(e, "%.150s", r->entry.path);
    if (!S_ISREG(st.st_mode))
        return error_set(e, ERR_NOT_FOUND, "%.150s is no file", r->entry.path);
    r->offset = 0;
    return ERR_OK;
}

/* Moves on until a file with content is open, the end is reached or the budget is used up. */
static enum err find_content(struct release_reader *r, int *budget, struct error *e)
{
    while (r->fd < 0 && !r->is_at_end && *budget > 0) {
        bool more;
        enum err err = manifest_reader_entry(r->manifest, &r->entry, &more, e);
        if (err == ERR_OK && more && r->entry.type == ENTRY_FILE && r->entry.size > 0)
            err = open_file(r, e);
        if (err != ERR_OK)
            return err;
        r->is_at_end = !more;
        --*budget;
    }
    return ERR_OK;
}

static enum err read_content(struct release_reader *r, uint8_t *buffer, size_t size, size_t *got,
                             struct error *e)
{
    uint64_t left = r->entry.size - r->offset;
    size_t n = size < left ? size : (size_t)left;
    ssize_t done = pread(r->fd, buffer, n, (off_t)r->offset);
    if (done < 0 && errno != EINTR)
        return error_errno(e, "read %.150s", r->entry.path);
    if (done == 0)
        return error_set(e, ERR_NOT_FOUND, "%.150s is too short", r->entry.path);
    *got = done > 0 ? (size_t)done : 0;
    r->offset += *got;
    if (r->offset == r->entry.size) {
        close(r->fd);
        r->fd = -1;
    }
    return ERR_OK;
}

enum err release_reader_read(struct release_reader *r, uint8_t *buffer, size_t size, size_t *got,
                             bool *more, struct error *e)
{
    *got = 0;
    int budget = ENTRIES_PER_CALL;
    while (*got < size) {
        enum err err = find_content(r, &budget, e);
        if (err != ERR_OK)
            return err;
        if (r->fd < 0)
            break;
        size_t n = 0;
        err = read_content(r, buffer + *got, size - *got, &n, e);
        if (err != ERR_OK)
            return err;
        *got += n;
    }
    *more = !r->is_at_end;
    return ERR_OK;
}
