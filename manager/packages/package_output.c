/* SPDX-License-Identifier: Apache-2.0 */
#include "package_output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"

enum { RECENT_MAX = 8192, RECORDS_BUFFERED = 256 };

struct package_output {
    struct package_draft *draft;
    struct store *reader;
    struct sealer *sealer;
    struct manifest_writer *manifest;
    char *dir;  /* packages/ID.new */
    char *pack; /* packs/ID.new */
    int pack_fd;
    int index_fd;
    int manifest_fd;
    uint64_t pack_size;
    uint64_t chunk_count;
    size_t records_used;
    uint8_t records[RECORDS_BUFFERED * INDEX_RECORD];
    uint64_t piece_number;
    size_t piece_used;
    uint8_t piece[MANIFEST_PIECE];
    uint8_t sealed_piece[SEALED_PIECE];
    /* Where chunks of this package lie, by the start of their name; a newer one takes the place of
     * an older one, which then may be stored twice. */
    struct index_record recent[RECENT_MAX];
};

static enum err create(const char *dir, const char *name, int *fd, struct error *e)
{
    AUTO_FREE char *path = NULL;
    enum err err = fs_join(dir, name, &path, e);
    if (err != ERR_OK)
        return err;
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return *fd < 0 ? error_errno(e, "create %s", path) : ERR_OK;
}

static enum err create_files(struct package_output *o, struct error *e)
{
    const struct package_store *s = o->draft->store;
    uint8_t header[INDEX_HEADER] = {0};
    enum err err = package_path(s, o->draft->id, ".new", &o->dir, e);
    if (err == ERR_OK)
        err = pack_path(s, o->draft->id, ".new", &o->pack, e);
    if (err == ERR_OK)
        err = fs_mkdirs(o->dir, 0700, e);
    if (err == ERR_OK)
        err = create(o->dir, "index", &o->index_fd, e);
    if (err == ERR_OK)
        err = create(o->dir, "manifest", &o->manifest_fd, e);
    if (err == ERR_OK)
        err = create(s->packs_dir, strrchr(o->pack, '/') + 1, &o->pack_fd, e);
    return err == ERR_OK ? fs_write_all(o->index_fd, header, sizeof(header), e) : err;
}

enum err package_output_new(struct package_draft *d, struct store *reader,
                            struct package_output **out, struct error *e)
{
    AUTO(package_output_free) struct package_output *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to make a package");
    o->draft = d;
    o->reader = reader;
    o->pack_fd = o->index_fd = o->manifest_fd = -1;
    o->sealer = sealer_new(d->store->secret, d->store->level);
    if (o->sealer == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to make a package");
    enum err err = create_files(o, e);
    if (err == ERR_OK)
        err = manifest_writer_new(o->dir, &o->manifest, e);
    if (err == ERR_OK)
        *out = TAKE(o);
    return err;
}

void package_output_free(struct package_output *o)
{
    if (o == NULL)
        return;
    sealer_free(o->sealer);
    manifest_writer_free(o->manifest);
    cleanup_close_auto(&o->pack_fd);
    cleanup_close_auto(&o->index_fd);
    cleanup_close_auto(&o->manifest_fd);
    free(o->dir);
    free(o->pack);
    free(o);
}

enum err package_output_entry(struct package_output *o, const struct entry *entry, struct error *e)
{
    return manifest_writer_entry(o->manifest, entry, e);
}

/* A pack that is missing or cut short is not used. One that is removed later is noticed when the
 * draft is committed. */
static enum err refer_to(struct package_draft *d, const struct chunk_place *place, bool *is_usable,
                         struct error *e)
{
    struct stat st;
    AUTO_FREE char *path = NULL;
    enum err err = pack_path(d->store, place->pack, "", &path, e);
    if (err != ERR_OK)
        return err;
    *is_usable = stat(path, &st) == 0 && (uint64_t)st.st_size >= place->offset + place->sealed_size;
    if (*is_usable && !strlist_has(&d->packs, place->pack))
        err = strlist_add(&d->packs, place->pack, e);
    return err;
}

static enum err find_stored(struct package_output *o, const struct chunk *chunk,
                            struct chunk_place *place, bool *found, struct error *e)
{
    enum err err = store_chunk_find(o->reader, chunk->name, place, found, e);
    if (err != ERR_OK || !*found)
        return err;
    if (place->sealed_size != chunk->sealed_size) {
        *found = false;
        return ERR_OK;
    }
    return refer_to(o->draft, place, found, e);
}

static enum err append_to_pack(struct package_output *o, const struct chunk *chunk,
                               const uint8_t *sealed, struct chunk_place *place, struct error *e)
{
    enum err err = fs_write_all(o->pack_fd, sealed, chunk->sealed_size, e);
    if (err != ERR_OK)
        return err;
    memcpy(place->pack, o->draft->id, sizeof(place->pack));
    place->offset = o->pack_size;
    place->sealed_size = chunk->sealed_size;
    o->pack_size += chunk->sealed_size;
    return ERR_OK;
}

static enum err flush_records(struct package_output *o, struct error *e)
{
    size_t size = o->records_used * INDEX_RECORD;
    o->records_used = 0;
    return fs_write_all(o->index_fd, o->records, size, e);
}

static enum err add_record(struct package_output *o, const struct index_record *record,
                           struct error *e)
{
    index_record_encode(record, o->records + o->records_used * INDEX_RECORD);
    o->records_used++;
    o->chunk_count++;
    return o->records_used == RECORDS_BUFFERED ? flush_records(o, e) : ERR_OK;
}

enum err package_output_chunk(struct package_output *o, const uint8_t *data, size_t size,
                              struct error *e)
{
    struct chunk chunk;
    const uint8_t *sealed = NULL;
    enum err err = sealer_seal(o->sealer, data, size, &chunk, &sealed, e);
    if (err == ERR_OK)
        err = manifest_writer_chunk(o->manifest, &chunk, e);
    if (err != ERR_OK)
        return err;
    size_t slot = (chunk.name[0] | (size_t)chunk.name[1] << 8) % RECENT_MAX;
    struct index_record *record = &o->recent[slot];
    if (record->place.sealed_size != 0 && memcmp(record->name, chunk.name, DIGEST_BYTES) == 0)
        return add_record(o, record, e);
    struct index_record fresh = {.place = {.offset = 0}};
    memcpy(fresh.name, chunk.name, DIGEST_BYTES);
    bool found = false;
    err = find_stored(o, &chunk, &fresh.place, &found, e);
    if (err == ERR_OK && !found)
        err = append_to_pack(o, &chunk, sealed, &fresh.place, e);
    if (err != ERR_OK)
        return err;
    *record = fresh;
    return add_record(o, record, e);
}

static enum err write_piece(struct package_output *o, struct error *e)
{
    size_t size = o->piece_used;
    o->piece_used = 0;
    piece_seal(o->draft->store, o->draft->id, o->piece_number++, o->piece, size, o->sealed_piece);
    return fs_write_all(o->manifest_fd, o->sealed_piece, size + PIECE_OVERHEAD, e);
}

/* manifest_sink_fn */
static enum err take_manifest(void *arg, const uint8_t *data, size_t size, struct error *e)
{
    struct package_output *o = arg;
    enum err err = ERR_OK;
    while (err == ERR_OK && size > 0) {
        size_t room = MANIFEST_PIECE - o->piece_used;
        size_t n = size < room ? size : room;
        memcpy(o->piece + o->piece_used, data, n);
        o->piece_used += n;
        data += n;
        size -= n;
        if (o->piece_used == MANIFEST_PIECE)
            err = write_piece(o, e);
    }
    return err;
}

static enum err write_header(struct package_output *o, struct error *e)
{
    uint8_t header[INDEX_HEADER];
    index_header_encode(o->chunk_count, o->draft->info.manifest_size, header);
    if (pwrite(o->index_fd, header, sizeof(header), 0) != (ssize_t)sizeof(header))
        return error_errno(e, "write the index of a package");
    return ERR_OK;
}

static enum err sync_files(struct package_output *o, struct error *e)
{
    if (fsync(o->pack_fd) != 0 || fsync(o->index_fd) != 0 || fsync(o->manifest_fd) != 0)
        return error_errno(e, "sync a package");
    return fs_sync_dir(o->dir, e);
}

/* First the pack, so that no package is there without it; a pack without chunks is dropped. */
static enum err rename_files(struct package_output *o, struct error *e)
{
    struct package_draft *d = o->draft;
    AUTO_FREE char *dir = NULL;
    AUTO_FREE char *pack = NULL;
    enum err err = package_path(d->store, d->id, "", &dir, e);
    if (err == ERR_OK)
        err = pack_path(d->store, d->id, "", &pack, e);
    if (err != ERR_OK)
        return err;
    if (o->pack_size == 0)
        err = unlink(o->pack) == 0 ? ERR_OK : error_errno(e, "remove %s", o->pack);
    else
        err = rename(o->pack, pack) == 0 ? ERR_OK : error_errno(e, "rename %s", o->pack);
    if (err == ERR_OK)
        err = fs_sync_dir(d->store->packs_dir, e);
    if (err == ERR_OK && rename(o->dir, dir) != 0)
        return error_errno(e, "rename %s", o->dir);
    return err == ERR_OK ? fs_sync_dir(d->store->packages_dir, e) : err;
}

enum err package_output_finish(struct package_output *o, struct error *e)
{
    enum err err = manifest_writer_finish(o->manifest, take_manifest, o, &o->draft->info, e);
    if (err == ERR_OK && o->piece_used > 0)
        err = write_piece(o, e);
    if (err == ERR_OK)
        err = flush_records(o, e);
    if (err == ERR_OK)
        err = write_header(o, e);
    if (err == ERR_OK)
        err = sync_files(o, e);
    if (err == ERR_OK && o->pack_size > 0)
        err = strlist_add(&o->draft->packs, o->draft->id, e);
    return err == ERR_OK ? rename_files(o, e) : err;
}
