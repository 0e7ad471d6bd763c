/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_writer: the writing half of manifest.h. Two unlinked temporary files take the records as
 * they come; at the end header, entries and chunks go to the sink. */
#include <fcntl.h>
#include <hivecast/v1/package.pb-c.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "fs.h"
#include "manifest.h"

enum { BUFFER_SIZE = 2 * MANIFEST_RECORD_MAX, PREFIX_MAX = 3 };

/* A temporary file written through a buffer. */
struct spool {
    int fd;
    uint64_t size; /* with what is still in the buffer */
    size_t used;
    uint8_t buffer[BUFFER_SIZE];
};

struct manifest_writer {
    struct spool entries;
    struct spool chunks;
    struct package_info info;
    uint64_t chunked_size;
};

static enum err spool_open(struct spool *s, const char *dir, struct error *e)
{
    s->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd >= 0)
        return ERR_OK;
    AUTO_FREE char *name = NULL;
    enum err err = fs_join(dir, "manifest-XXXXXX", &name, e);
    if (err != ERR_OK)
        return err;
    s->fd = mkostemp(name, O_CLOEXEC);
    if (s->fd < 0 || unlink(name) != 0)
        return error_errno(e, "temporary file in %s", dir);
    return ERR_OK;
}

static enum err spool_flush(struct spool *s, struct error *e)
{
    enum err err = fs_write_all(s->fd, s->buffer, s->used, e);
    s->used = 0;
    return err;
}

static size_t put_length(size_t length, uint8_t out[static PREFIX_MAX])
{
    size_t used = 0;
    for (; length >= 0x80; length >>= 7)
        out[used++] = (uint8_t)(length | 0x80);
    out[used++] = (uint8_t)length;
    return used;
}

/* Length and record; out holds MANIFEST_RECORD_MAX + PREFIX_MAX. */
static enum err pack(const Hivecast__V1__ManifestRecord *record, uint8_t *out, size_t *size,
                     struct error *e)
{
    size_t length = hivecast__v1__manifest_record__get_packed_size(record);
    if (length > MANIFEST_RECORD_MAX)
        return error_set(e, ERR_TOO_LARGE, "a manifest record of %zu bytes", length);
    size_t prefix = put_length(length, out);
    *size = prefix + hivecast__v1__manifest_record__pack(record, out + prefix);
    return ERR_OK;
}

static enum err spool_record(struct spool *s, const Hivecast__V1__ManifestRecord *record,
                             struct error *e)
{
    enum err err = ERR_OK;
    size_t size = 0;
    if (s->used + MANIFEST_RECORD_MAX + PREFIX_MAX > BUFFER_SIZE)
        err = spool_flush(s, e);
    if (err == ERR_OK)
        err = pack(record, s->buffer + s->used, &size, e);
    if (err != ERR_OK)
        return err;
    s->used += size;
    s->size += size;
    return ERR_OK;
}

enum err manifest_writer_new(const char *dir, struct manifest_writer **out, struct error *e)
{
    AUTO(manifest_writer_free) struct manifest_writer *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a manifest");
    w->entries.fd = -1;
    w->chunks.fd = -1;
    enum err err = spool_open(&w->entries, dir, e);
    if (err == ERR_OK)
        err = spool_open(&w->chunks, dir, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(w);
    return ERR_OK;
}

void manifest_writer_free(struct manifest_writer *w)
{
    if (w == NULL)
        return;
    cleanup_close_auto(&w->entries.fd);
    cleanup_close_auto(&w->chunks.fd);
    free(w);
}

/* protobuf-c has no pointers to const; packing does not write. */
static ProtobufCBinaryData binary(const void *data, size_t size)
{
    return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};
}

enum err manifest_writer_entry(struct manifest_writer *w, const struct entry *entry,
                               struct error *e)
{
    Hivecast__V1__ManifestEntry m = HIVECAST__V1__MANIFEST_ENTRY__INIT;
    Hivecast__V1__ManifestRecord record = HIVECAST__V1__MANIFEST_RECORD__INIT;
    record.record_case = HIVECAST__V1__MANIFEST_RECORD__RECORD_ENTRY;
    record.entry = &m;
    m.path = binary(entry->path, strlen(entry->path));
    m.type = (Hivecast__V1__EntryType)entry->type;
    m.mode = entry->mode;
    m.mtime = entry->mtime;
    if (entry->type == ENTRY_FILE) {
        m.size = entry->size;
        m.digest = binary(entry->digest, DIGEST_BYTES);
    }
    if (entry->type == ENTRY_SYMLINK || entry->type == ENTRY_HARDLINK)
        m.link_target = binary(entry->link_target, strlen(entry->link_target));
    enum err err = spool_record(&w->entries, &record, e);
    if (err != ERR_OK)
        return err;
    w->info.entry_count++;
    w->info.content_size += m.size;
    return ERR_OK;
}

enum err manifest_writer_chunk(struct manifest_writer *w, const struct chunk *chunk,
                               struct error *e)
{
    Hivecast__V1__ManifestChunk m = HIVECAST__V1__MANIFEST_CHUNK__INIT;
    Hivecast__V1__ManifestRecord record = HIVECAST__V1__MANIFEST_RECORD__INIT;
    record.record_case = HIVECAST__V1__MANIFEST_RECORD__RECORD_CHUNK;
    record.chunk = &m;
    m.size = chunk->size;
    m.sealed_size = chunk->sealed_size;
    m.name = binary(chunk->name, DIGEST_BYTES);
    m.key = binary(chunk->key, KEY_BYTES);
    m.digest = binary(chunk->digest, DIGEST_BYTES);
    enum err err = spool_record(&w->chunks, &record, e);
    if (err != ERR_OK)
        return err;
    w->info.chunk_count++;
    w->info.sealed_size += chunk->sealed_size;
    w->chunked_size += chunk->size;
    return ERR_OK;
}

/* The header tells where the chunks begin, which depends on its own length: grow until it fits. */
static enum err pack_header(const struct manifest_writer *w, uint8_t *out, size_t *size,
                            struct error *e)
{
    Hivecast__V1__ManifestHeader m = HIVECAST__V1__MANIFEST_HEADER__INIT;
    Hivecast__V1__ManifestRecord record = HIVECAST__V1__MANIFEST_RECORD__INIT;
    record.record_case = HIVECAST__V1__MANIFEST_RECORD__RECORD_HEADER;
    record.header = &m;
    m.version = 1;
    m.entry_count = w->info.entry_count;
    m.chunk_count = w->info.chunk_count;
    m.content_size = w->info.content_size;
    *size = 0;
    enum err err = ERR_OK;
    do {
        m.chunks_offset = *size + w->entries.size;
        err = pack(&record, out, size, e);
    } while (err == ERR_OK && m.chunks_offset != *size + w->entries.size);
    return err;
}

struct output {
    manifest_sink_fn *sink;
    void *arg;
    crypto_generichash_state digest;
    uint64_t size;
};

static enum err emit(struct output *o, const uint8_t *data, size_t size, struct error *e)
{
    crypto_generichash_update(&o->digest, data, size);
    o->size += size;
    return o->sink(o->arg, data, size, e);
}

/* The whole spool; its buffer is free for reading after the flush. */
static enum err emit_spool(struct output *o, struct spool *s, struct error *e)
{
    enum err err = spool_flush(s, e);
    for (uint64_t at = 0; err == ERR_OK && at < s->size;) {
        uint64_t rest = s->size - at;
        size_t piece = rest < BUFFER_SIZE ? (size_t)rest : BUFFER_SIZE;
        err = fs_pread_all(s->fd, s->buffer, piece, at, e);
        if (err == ERR_OK)
            err = emit(o, s->buffer, piece, e);
        at += piece;
    }
    return err;
}

static enum err check_totals(const struct manifest_writer *w, size_t header_size, struct error *e)
{
    if (w->info.content_size != w->chunked_size)
        return error_set(e, ERR_INTERNAL, "chunks hold %llu bytes but files %llu",
                         (unsigned long long)w->chunked_size,
                         (unsigned long long)w->info.content_size);
    if (w->info.entry_count > PACKAGE_ENTRIES_MAX)
        return error_set(e, ERR_TOO_LARGE, "a package may have %d entries, not %llu",
                         PACKAGE_ENTRIES_MAX, (unsigned long long)w->info.entry_count);
    if (header_size + w->entries.size + w->chunks.size > MANIFEST_MAX_BYTES)
        return error_set(e, ERR_TOO_LARGE, "the manifest is larger than %d bytes",
                         MANIFEST_MAX_BYTES);
    return ERR_OK;
}

enum err manifest_writer_finish(struct manifest_writer *w, manifest_sink_fn *sink, void *arg,
                                struct package_info *out, struct error *e)
{
    uint8_t header[256];
    size_t header_size = 0;
    struct output o = {.sink = sink, .arg = arg};
    enum err err = pack_header(w, header, &header_size, e);
    if (err == ERR_OK)
        err = check_totals(w, header_size, e);
    if (err != ERR_OK)
        return err;
    crypto_generichash_init(&o.digest, NULL, 0, DIGEST_BYTES);
    err = emit(&o, header, header_size, e);
    if (err == ERR_OK)
        err = emit_spool(&o, &w->entries, e);
    if (err == ERR_OK)
        err = emit_spool(&o, &w->chunks, e);
    if (err != ERR_OK)
        return err;
    *out = w->info;
    out->manifest_size = o.size;
    crypto_generichash_final(&o.digest, out->digest, DIGEST_BYTES);
    return ERR_OK;
}
