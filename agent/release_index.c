/* SPDX-License-Identifier: Apache-2.0 */
/* Three files: a hash table of chunks (open addressing, at most half full), the files that have
 * content in the order of the stream, and their paths. */
#include "release_index.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "beneath.h"
#include "fs.h"

enum { RECORDS_PER_STEP = 64, CHUNKS_MIN = 8 };

struct chunk_slot {
    uint64_t place; /* in the content stream, plus 1; 0: empty */
    uint32_t size;
    uint8_t digest[DIGEST_BYTES];
};

struct file_record {
    uint64_t start; /* in the content stream */
    uint64_t size;
    uint64_t path_place;
    uint64_t path_size;
};

struct release_index {
    struct beneath tree;
    struct manifest_reader *manifest; /* NULL once built */
    int chunks;
    int files;
    int paths;
    uint64_t slot_count; /* a power of two */
    uint64_t file_count;
    uint64_t path_bytes;
    uint64_t content_bytes; /* of the files so far */
    uint64_t chunk_bytes;   /* of the chunks so far */
    uint64_t content_size;
    bool has_files; /* all entries were read */
    /* The file that was read last. */
    int fd;
    struct file_record file;
    uint64_t file_place;
};

static enum err open_temporary(const char *dir, int *fd, struct error *e)
{
    *fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return ERR_OK;
    AUTO_FREE char *path = NULL;
    enum err err = fs_join(dir, "index.XXXXXX", &path, e);
    if (err != ERR_OK)
        return err;
    *fd = mkostemp(path, O_CLOEXEC);
    if (*fd < 0)
        return error_errno(e, "make a file in %.150s", dir);
    return unlink(path) == 0 ? ERR_OK : error_errno(e, "unlink %.150s", path);
}

static enum err open_files(struct release_index *x, const char *temp_dir, struct error *e)
{
    enum err err = open_temporary(temp_dir, &x->chunks, e);
    if (err == ERR_OK)
        err = open_temporary(temp_dir, &x->files, e);
    if (err == ERR_OK)
        err = open_temporary(temp_dir, &x->paths, e);
    if (err == ERR_OK &&
        ftruncate(x->chunks, (off_t)(x->slot_count * sizeof(struct chunk_slot))) != 0)
        err = error_errno(e, "index of the installed release");
    return err;
}

enum err release_index_open(const struct release_place *place, const char *temp_dir,
                            struct release_index **out, struct error *e)
{
    AUTO(release_index_free) struct release_index *x = calloc(1, sizeof(*x));
    if (x == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for an index");
    x->chunks = x->files = x->paths = x->fd = -1;
    x->content_size = place->package->content_size;
    x->slot_count = CHUNKS_MIN;
    while (x->slot_count < 2 * place->package->chunk_count)
        x->slot_count *= 2;
    enum err err = beneath_init(&x->tree, place->tree_path, e);
    if (err == ERR_OK)
        err = manifest_reader_open(place->manifest_path, place->package, &x->manifest, e);
    if (err == ERR_OK)
        err = open_files(x, temp_dir, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(x);
    return ERR_OK;
}

void release_index_free(struct release_index *x)
{
    if (x == NULL)
        return;
    const int fds[] = {x->chunks, x->files, x->paths, x->fd};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    beneath_clear(&x->tree);
    manifest_reader_free(x->manifest);
    free(x);
}

static enum err write_at(int fd, const void *data, size_t size, uint64_t place, struct error *e)
{
    if (pwrite(fd, data, size, (off_t)place) == (ssize_t)size)
        return ERR_OK;
    return error_errno(e, "write the index of the installed release");
}

static enum err add_file(struct release_index *x, const struct entry *entry, struct error *e)
{
    struct file_record record = {
        .start = x->content_bytes,
        .size = entry->size,
        .path_place = x->path_bytes,
        .path_size = strlen(entry->path) + 1,
    };
    enum err err = write_at(x->paths, entry->path, record.path_size, x->path_bytes, e);
    if (err == ERR_OK)
        err = write_at(x->files, &record, sizeof(record), x->file_count * sizeof(record), e);
    x->file_count++;
    x->path_bytes += record.path_size;
    x->content_bytes += entry->size;
    return err;
}

/* The slot that holds digest, or the empty one where it belongs. */
static enum err find_slot(struct release_index *x, const uint8_t *digest, uint64_t *place,
                          struct chunk_slot *out, struct error *e)
{
    uint64_t hash;
    memcpy(&hash, digest, sizeof(hash));
    for (uint64_t i = 0; i < x->slot_count; i++) {
        *place = ((hash + i) & (x->slot_count - 1)) * sizeof(*out);
        enum err err = fs_pread_all(x->chunks, out, sizeof(*out), *place, e);
        if (err != ERR_OK)
            return err;
        if (out->place == 0 || memcmp(out->digest, digest, DIGEST_BYTES) == 0)
            return ERR_OK;
    }
    return error_set(e, ERR_CORRUPT, "the installed release has too many chunks");
}

static enum err add_chunk(struct release_index *x, const struct chunk *chunk, struct error *e)
{
    uint64_t place;
    struct chunk_slot slot;
    enum err err = find_slot(x, chunk->digest, &place, &slot, e);
    if (err == ERR_OK && slot.place == 0) {
        slot = (struct chunk_slot){.place = x->chunk_bytes + 1, .size = chunk->size};
        memcpy(slot.digest, chunk->digest, DIGEST_BYTES);
        err = write_at(x->chunks, &slot, sizeof(slot), place, e);
    }
    x->chunk_bytes += chunk->size;
    return err;
}

static enum err build_one(struct release_index *x, struct entry *entry, bool *more, struct error *e)
{
    struct chunk chunk;
    enum err err;
    if (x->has_files) {
        err = manifest_reader_chunk(x->manifest, &chunk, more, e);
        return err == ERR_OK && *more ? add_chunk(x, &chunk, e) : err;
    }
    err = manifest_reader_entry(x->manifest, entry, more, e);
    if (err == ERR_OK && *more && entry->type == ENTRY_FILE && entry->size > 0)
        err = add_file(x, entry, e);
    x->has_files = !*more;
    *more = true;
    return err;
}

enum err release_index_build(struct release_index *x, bool *more, struct error *e)
{
    AUTO_FREE struct entry *entry = malloc(sizeof(*entry));
    if (entry == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for an index");
    *more = true;
    for (int i = 0; i < RECORDS_PER_STEP && *more; i++) {
        enum err err = build_one(x, entry, more, e);
        if (err != ERR_OK)
            return err;
    }
    if (!*more) {
        manifest_reader_free(x->manifest);
        x->manifest = NULL;
    }
    return ERR_OK;
}

bool release_index_find(struct release_index *x, const struct chunk *wanted, uint64_t *offset)
{
    uint64_t place;
    struct chunk_slot slot = {0};
    if (find_slot(x, wanted->digest, &place, &slot, NULL) != ERR_OK || slot.place == 0 ||
        slot.size != wanted->size)
        return false;
    *offset = slot.place - 1;
    return true;
}

static enum err read_record(struct release_index *x, uint64_t number, struct file_record *out,
                            struct error *e)
{
    return fs_pread_all(x->files, out, sizeof(*out), number * sizeof(*out), e);
}

/* Number of the file that holds offset; offset is within the content. */
static enum err find_file(struct release_index *x, uint64_t offset, uint64_t *out, struct error *e)
{
    uint64_t low = 0;
    uint64_t high = x->file_count;
    while (high - low > 1) {
        struct file_record record;
        uint64_t middle = low + (high - low) / 2;
        enum err err = read_record(x, middle, &record, e);
        if (err != ERR_OK)
            return err;
        if (record.start <= offset)
            low = middle;
        else
            high = middle;
    }
    *out = low;
    return ERR_OK;
}

static enum err open_file(struct release_index *x, uint64_t number, struct error *e)
{
    if (x->fd >= 0 && x->file_place == number)
        return ERR_OK;
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
    enum err err = read_record(x, number, &x->file, e);
    char path[PATH_LENGTH_MAX + 1];
    if (err == ERR_OK && x->file.path_size > sizeof(path))
        err = error_set(e, ERR_CORRUPT, "index of the installed release");
    if (err == ERR_OK)
        err = fs_pread_all(x->paths, path, x->file.path_size, x->file.path_place, e);
    if (err == ERR_OK)
        err = beneath_open(&x->tree, path, O_RDONLY, &x->fd, e);
    x->file_place = number;
    return err;
}

enum err release_index_read(struct release_index *x, uint64_t offset, uint8_t *buffer, size_t size,
                            struct error *e)
{
    if (offset + size > x->content_bytes)
        return error_set(e, ERR_NOT_FOUND, "the installed release ends before");
    uint64_t number;
    enum err err = find_file(x, offset, &number, e);
    while (size > 0 && err == ERR_OK) {
        err = open_file(x, number, e);
        if (err != ERR_OK)
            break;
        uint64_t left = x->file.start + x->file.size - offset;
        size_t n = size < left ? size : (size_t)left;
        err = fs_pread_all(x->fd, buffer, n, offset - x->file.start, e);
        buffer += n;
        offset += n;
        size -= n;
        number++;
    }
    return err;
}
