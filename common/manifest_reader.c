/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_reader: the reading half of manifest.h. The file may come from a hostile manager; every
 * number is checked before it is used, and one record at a time is in memory. */
#include <fcntl.h>
#include <hivecast/v1/package.pb-c.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "manifest.h"

enum { PREFIX_MAX = 3, BUFFER_SIZE = MANIFEST_RECORD_MAX + PREFIX_MAX, SEALED_MIN = 17 };

/* A place between two records of the file, with a window of what follows. */
struct cursor {
    uint64_t offset; /* of the next record */
    uint64_t end;    /* of the part this cursor reads */
    uint64_t left;   /* records */
    uint64_t bytes;  /* of content told by the records so far */
    uint64_t window_offset;
    size_t window_size;
    uint8_t window[BUFFER_SIZE];
};

struct manifest_reader {
    int fd;
    struct package_info info;
    uint64_t entries_offset;
    uint64_t chunks_offset;
    uint64_t sealed_bytes;
    struct cursor entries;
    struct cursor chunks;
};

static enum err corrupt(struct error *e, const char *what)
{
    return error_set(e, ERR_CORRUPT, "manifest: %s", what);
}

/* At least a whole record, or all that is left, from c->offset on. */
static enum err fill(const struct manifest_reader *r, struct cursor *c, const uint8_t **data,
                     size_t *size, struct error *e)
{
    uint64_t left = c->end - c->offset;
    size_t need = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
    uint64_t skip = c->offset - c->window_offset;
    size_t have =
        c->offset >= c->window_offset && skip < c->window_size ? c->window_size - (size_t)skip : 0;
    /* Records are far smaller than the window; refill only when the present one may be cut. */
    if (have >= need || (have >= PREFIX_MAX && have >= BUFFER_SIZE / 2)) {
        *data = c->window + skip;
        *size = have;
        return ERR_OK;
    }
    enum err err = fs_pread_all(r->fd, c->window, need, c->offset, e);
    if (err != ERR_OK)
        return err;
    c->window_offset = c->offset;
    c->window_size = need;
    *data = c->window;
    *size = need;
    return ERR_OK;
}

/* Length of the record and of its prefix. */
static bool get_length(const uint8_t *data, size_t size, size_t *length, size_t *prefix)
{
    *length = 0;
    for (size_t i = 0; i < PREFIX_MAX && i < size; i++) {
        *length |= (size_t)(data[i] & 0x7f) << (7 * i);
        if ((data[i] & 0x80) == 0) {
            *prefix = i + 1;
            return *length <= MANIFEST_RECORD_MAX;
        }
    }
    return false;
}

/* The next record of the kind which; caller frees. */
static enum err next_record(const struct manifest_reader *r, struct cursor *c,
                            Hivecast__V1__ManifestRecord__RecordCase which,
                            Hivecast__V1__ManifestRecord **out, struct error *e)
{
    const uint8_t *data = NULL;
    size_t size = 0;
    size_t length = 0;
    size_t prefix = 0;
    enum err err = fill(r, c, &data, &size, e);
    if (err != ERR_OK)
        return err;
    if (!get_length(data, size, &length, &prefix))
        return corrupt(e, "a record without a valid length");
    if (prefix + length > size) {
        c->window_size = 0;
        err = fill(r, c, &data, &size, e);
        if (err != ERR_OK)
            return err;
    }
    if (prefix + length > size)
        return corrupt(e, "the last record is cut short");
    Hivecast__V1__ManifestRecord *record =
        hivecast__v1__manifest_record__unpack(NULL, length, data + prefix);
    if (record == NULL)
        return corrupt(e, "a record does not parse");
    if (record->record_case != which) {
        hivecast__v1__manifest_record__free_unpacked(record, NULL);
        return corrupt(e, "a record of another kind than expected");
    }
    c->offset += prefix + length;
    *out = record;
    return ERR_OK;
}

static enum err check_header(const struct manifest_reader *r, const Hivecast__V1__ManifestHeader *h,
                             struct error *e)
{
    const struct package_info *info = &r->info;
    if (h->version != 1)
        return error_set(e, ERR_UNSUPPORTED, "manifest: version %u is not known here", h->version);
    if (h->entry_count != info->entry_count || h->chunk_count != info->chunk_count ||
        h->content_size != info->content_size)
        return corrupt(e, "counts differ from those of the task");
    if (h->chunks_offset < r->entries_offset || h->chunks_offset > info->manifest_size)
        return corrupt(e, "the chunks are not inside");
    return ERR_OK;
}

static enum err read_header(struct manifest_reader *r, struct error *e)
{
    Hivecast__V1__ManifestRecord *record = NULL;
    r->entries = (struct cursor){.end = r->info.manifest_size};
    enum err err =
        next_record(r, &r->entries, HIVECAST__V1__MANIFEST_RECORD__RECORD_HEADER, &record, e);
    if (record == NULL)
        return err;
    r->entries_offset = r->entries.offset;
    r->chunks_offset = record->header->chunks_offset;
    err = check_header(r, record->header, e);
    hivecast__v1__manifest_record__free_unpacked(record, NULL);
    return err;
}

static enum err check_info(const struct package_info *info, struct error *e)
{
    if (info->manifest_size > MANIFEST_MAX_BYTES || info->entry_count > PACKAGE_ENTRIES_MAX)
        return error_set(e, ERR_TOO_LARGE, "a manifest of %llu bytes and %llu entries",
                         (unsigned long long)info->manifest_size,
                         (unsigned long long)info->entry_count);
    return ERR_OK;
}

enum err manifest_reader_open(const char *path, const struct package_info *info,
                              struct manifest_reader **out, struct error *e)
{
    enum err err = check_info(info, e);
    if (err != ERR_OK)
        return err;
    AUTO(manifest_reader_free) struct manifest_reader *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a manifest");
    r->info = *info;
    r->fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (r->fd < 0 || fstat(r->fd, &st) != 0)
        return error_errno(e, "open %s", path);
    if ((uint64_t)st.st_size != info->manifest_size)
        return corrupt(e, "its size is not that of the task");
    err = read_header(r, e);
    if (err != ERR_OK)
        return err;
    manifest_reader_rewind(r);
    *out = TAKE(r);
    return ERR_OK;
}

void manifest_reader_free(struct manifest_reader *r)
{
    if (r == NULL)
        return;
    cleanup_close_auto(&r->fd);
    free(r);
}

void manifest_reader_rewind(struct manifest_reader *r)
{
    r->entries.offset = r->entries_offset;
    r->entries.end = r->chunks_offset;
    r->entries.left = r->info.entry_count;
    r->entries.bytes = 0;
    r->chunks.offset = r->chunks_offset;
    r->chunks.end = r->info.manifest_size;
    r->chunks.left = r->info.chunk_count;
    r->chunks.bytes = 0;
    r->sealed_bytes = 0;
}

/* Behind the last record nothing may follow, and the sizes must have added up. */
static enum err check_end(const struct manifest_reader *r, const struct cursor *c, struct error *e)
{
    if (c->offset != c->end)
        return corrupt(e, "something follows the last record");
    if (c->bytes != r->info.content_size)
        return corrupt(e, "sizes do not add up");
    return ERR_OK;
}

static bool add_bytes(const struct manifest_reader *r, struct cursor *c, uint64_t bytes)
{
    if (bytes > r->info.content_size - c->bytes)
        return false;
    c->bytes += bytes;
    return true;
}

static bool copy_text(const ProtobufCBinaryData *from, char out[static PATH_LENGTH_MAX + 1])
{
    out[0] = '\0';
    if (from->len == 0) /* data may be NULL */
        return true;
    if (from->len > PATH_LENGTH_MAX || memchr(from->data, '\0', from->len) != NULL)
        return false;
    memcpy(out, from->data, from->len);
    out[from->len] = '\0';
    return true;
}

static bool copy_digest(const ProtobufCBinaryData *from, uint8_t out[static DIGEST_BYTES])
{
    if (from->len != DIGEST_BYTES)
        return false;
    memcpy(out, from->data, DIGEST_BYTES);
    return true;
}

static enum err check_link(const struct entry *entry, struct error *e)
{
    if (entry->type == ENTRY_SYMLINK)
        return manifest_check_symlink(entry->path, entry->link_target, e);
    if (entry->type == ENTRY_HARDLINK)
        return manifest_check_path(entry->link_target, e);
    return entry->link_target[0] == '\0' ? ERR_OK : corrupt(e, "a link target without a link");
}

/* Everything but the sum of sizes. */
static enum err read_entry(const Hivecast__V1__ManifestEntry *m, struct entry *out, struct error *e)
{
    if (m->type < HIVECAST__V1__ENTRY_TYPE__ENTRY_TYPE_FILE ||
        m->type > HIVECAST__V1__ENTRY_TYPE__ENTRY_TYPE_HARDLINK || m->mode > 0777)
        return corrupt(e, "an entry of unknown type or mode");
    out->type = (enum entry_type)m->type;
    out->mode = m->mode;
    out->size = m->size;
    out->mtime = m->mtime;
    memset(out->digest, 0, DIGEST_BYTES);
    if (!copy_text(&m->path, out->path) || !copy_text(&m->link_target, out->link_target))
        return corrupt(e, "a path or link that is too long or has a NUL");
    if (out->type == ENTRY_FILE ? !copy_digest(&m->digest, out->digest) : m->size != 0)
        return corrupt(e, "an entry with a wrong digest or size");
    enum err err = manifest_check_path(out->path, e);
    if (err == ERR_OK)
        err = check_link(out, e);
    return err == ERR_OK ? ERR_OK : error_wrap(e, ERR_CORRUPT, "manifest");
}

enum err manifest_reader_entry(struct manifest_reader *r, struct entry *out, bool *more,
                               struct error *e)
{
    struct cursor *c = &r->entries;
    if (c->left == 0) {
        *more = false;
        return check_end(r, c, e);
    }
    Hivecast__V1__ManifestRecord *record = NULL;
    enum err err = next_record(r, c, HIVECAST__V1__MANIFEST_RECORD__RECORD_ENTRY, &record, e);
    if (record == NULL)
        return err;
    err = read_entry(record->entry, out, e);
    hivecast__v1__manifest_record__free_unpacked(record, NULL);
    if (err == ERR_OK && !add_bytes(r, c, out->size))
        err = corrupt(e, "sizes do not add up");
    if (err != ERR_OK)
        return err;
    c->left--;
    *more = true;
    return ERR_OK;
}

static enum err read_chunk(const Hivecast__V1__ManifestChunk *m, struct chunk *out, struct error *e)
{
    if (m->size == 0 || m->size > CHUNK_MAX || m->sealed_size < SEALED_MIN ||
        m->sealed_size > SEALED_MAX)
        return corrupt(e, "a chunk of impossible size");
    out->size = m->size;
    out->sealed_size = m->sealed_size;
    if (!copy_digest(&m->name, out->name) || !copy_digest(&m->key, out->key) ||
        !copy_digest(&m->digest, out->digest))
        return corrupt(e, "a chunk with a wrong name, key or digest");
    return ERR_OK;
}

enum err manifest_reader_chunk(struct manifest_reader *r, struct chunk *out, bool *more,
                               struct error *e)
{
    struct cursor *c = &r->chunks;
    if (c->left == 0) {
        *more = false;
        enum err err = check_end(r, c, e);
        if (err == ERR_OK && r->sealed_bytes != r->info.sealed_size)
            err = corrupt(e, "sealed sizes do not add up");
        return err;
    }
    Hivecast__V1__ManifestRecord *record = NULL;
    enum err err = next_record(r, c, HIVECAST__V1__MANIFEST_RECORD__RECORD_CHUNK, &record, e);
    if (record == NULL)
        return err;
    err = read_chunk(record->chunk, out, e);
    hivecast__v1__manifest_record__free_unpacked(record, NULL);
    if (err == ERR_OK && !add_bytes(r, c, out->size))
        err = corrupt(e, "sizes do not add up");
    if (err != ERR_OK)
        return err;
    r->sealed_bytes += out->sealed_size;
    c->left--;
    *more = true;
    return ERR_OK;
}
