/* SPDX-License-Identifier: Apache-2.0 */
/* package_reader: serves the files of a package. Chunks are not checked against their names here:
 * whoever opens one does. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "package_files.h"

enum { OPEN_PACKS = 8 };

struct open_pack {
    char id[UPLOAD_ID_SIZE];
    int fd; /* -1: free */
};

struct package {
    struct package_store *store;
    char id[UPLOAD_ID_SIZE];
    int index_fd;
    int manifest_fd;
    uint64_t chunk_count;
    uint64_t manifest_size;
    struct open_pack packs[OPEN_PACKS];
    size_t next_pack; /* to be closed when another is needed */
    uint8_t sealed_piece[SEALED_PIECE];
};

static enum err open_file(const char *dir, const char *name, int *fd, struct error *e)
{
    AUTO_FREE char *path = NULL;
    enum err err = fs_join(dir, name, &path, e);
    if (err != ERR_OK)
        return err;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    return *fd < 0 ? error_errno(e, "open %s", path) : ERR_OK;
}

static uint64_t sealed_manifest_size(uint64_t plain)
{
    uint64_t pieces = (plain + MANIFEST_PIECE - 1) / MANIFEST_PIECE;
    return plain + pieces * PIECE_OVERHEAD;
}

static enum err check_size(int fd, uint64_t expected, const char *id, const char *what,
                           struct error *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return error_errno(e, "%s of package %s", what, id);
    if ((uint64_t)st.st_size != expected)
        return error_set(e, ERR_CORRUPT, "the %s of package %s has %llu bytes instead of %llu",
                         what, id, (unsigned long long)st.st_size, (unsigned long long)expected);
    return ERR_OK;
}

static enum err read_header(struct package *p, struct error *e)
{
    uint8_t header[INDEX_HEADER];
    enum err err = fs_pread_all(p->index_fd, header, sizeof(header), 0, e);
    if (err == ERR_OK)
        err = index_header_decode(header, &p->chunk_count, &p->manifest_size, e);
    if (err == ERR_OK)
        err = check_size(p->index_fd, INDEX_HEADER + p->chunk_count * INDEX_RECORD, p->id, "index",
                         e);
    if (err == ERR_OK)
        err = check_size(p->manifest_fd, sealed_manifest_size(p->manifest_size), p->id, "manifest",
                         e);
    return err;
}

enum err package_open(struct package_store *s, const char *id, struct package **out,
                      struct error *e)
{
    AUTO(package_close) struct package *p = calloc(1, sizeof(*p));
    AUTO_FREE char *dir = NULL;
    if (p == NULL || strlen(id) >= sizeof(p->id))
        return error_set(e, ERR_NO_MEMORY, "no memory to open package %.64s", id);
    p->store = s;
    p->index_fd = p->manifest_fd = -1;
    for (size_t i = 0; i < OPEN_PACKS; i++)
        p->packs[i].fd = -1;
    memcpy(p->id, id, strlen(id) + 1);
    enum err err = package_path(s, id, "", &dir, e);
    if (err == ERR_OK)
        err = open_file(dir, "index", &p->index_fd, e);
    if (err == ERR_OK)
        err = open_file(dir, "manifest", &p->manifest_fd, e);
    if (err == ERR_OK)
        err = read_header(p, e);
    if (err == ERR_OK)
        *out = TAKE(p);
    return err;
}

void package_close(struct package *p)
{
    if (p == NULL)
        return;
    cleanup_close_auto(&p->index_fd);
    cleanup_close_auto(&p->manifest_fd);
    for (size_t i = 0; i < OPEN_PACKS; i++)
        cleanup_close_auto(&p->packs[i].fd);
    free(p);
}

uint64_t package_manifest_size(const struct package *p)
{
    return p->manifest_size;
}

uint64_t package_chunk_count(const struct package *p)
{
    return p->chunk_count;
}

enum err package_read_manifest(struct package *p, uint64_t offset, uint8_t *buffer, size_t *got,
                               struct error *e)
{
    if (offset % MANIFEST_PIECE != 0)
        return error_set(e, ERR_INVALID, "a manifest is read by pieces of %d bytes",
                         MANIFEST_PIECE);
    if (offset >= p->manifest_size)
        return error_set(e, ERR_NOT_FOUND, "the manifest has only %llu bytes",
                         (unsigned long long)p->manifest_size);
    uint64_t number = offset / MANIFEST_PIECE;
    uint64_t rest = p->manifest_size - offset;
    size_t size = rest < MANIFEST_PIECE ? (size_t)rest : MANIFEST_PIECE;
    enum err err = fs_pread_all(p->manifest_fd, p->sealed_piece, size + PIECE_OVERHEAD,
                                number * SEALED_PIECE, e);
    if (err == ERR_OK)
        err =
            piece_open(p->store, p->id, number, p->sealed_piece, size + PIECE_OVERHEAD, buffer, e);
    if (err == ERR_OK)
        *got = size;
    return err;
}

static enum err read_record(struct package *p, uint64_t index, struct index_record *out,
                            struct error *e)
{
    uint8_t data[INDEX_RECORD];
    if (index >= p->chunk_count)
        return error_set(e, ERR_NOT_FOUND, "package %s has only %llu chunks", p->id,
                         (unsigned long long)p->chunk_count);
    enum err err =
        fs_pread_all(p->index_fd, data, sizeof(data), INDEX_HEADER + index * INDEX_RECORD, e);
    if (err != ERR_OK)
        return err;
    index_record_decode(data, out);
    if (out->place.sealed_size == 0 || out->place.sealed_size > SEALED_MAX ||
        strchr(out->place.pack, '/') != NULL)
        return error_set(e, ERR_CORRUPT, "the index of package %s is damaged", p->id);
    return ERR_OK;
}

enum err package_chunk_size(struct package *p, uint64_t index, uint32_t *sealed_size,
                            struct error *e)
{
    struct index_record record = {0};
    enum err err = read_record(p, index, &record, e);
    if (err == ERR_OK)
        *sealed_size = record.place.sealed_size;
    return err;
}

static enum err find_pack(struct package *p, const char *id, int *fd, struct error *e)
{
    for (size_t i = 0; i < OPEN_PACKS; i++) {
        if (p->packs[i].fd >= 0 && strcmp(p->packs[i].id, id) == 0) {
            *fd = p->packs[i].fd;
            return ERR_OK;
        }
    }
    struct open_pack *place = &p->packs[p->next_pack];
    int opened = -1;
    enum err err = open_file(p->store->packs_dir, id, &opened, e);
    if (err == ERR_NOT_FOUND)
        return error_set(e, ERR_CORRUPT, "pack %s is missing", id);
    if (err != ERR_OK)
        return err;
    cleanup_close_auto(&place->fd);
    place->fd = opened;
    memcpy(place->id, id, sizeof(place->id));
    p->next_pack = (p->next_pack + 1) % OPEN_PACKS;
    *fd = opened;
    return ERR_OK;
}

enum err package_read_chunk(struct package *p, uint64_t index, uint8_t *buffer,
                            uint32_t sealed_size, struct error *e)
{
    struct index_record record = {0};
    struct stat st;
    int fd = -1;
    enum err err = read_record(p, index, &record, e);
    if (err == ERR_OK && record.place.sealed_size != sealed_size)
        return error_set(e, ERR_INVALID, "chunk %llu has %u bytes, not %u",
                         (unsigned long long)index, record.place.sealed_size, sealed_size);
    if (err == ERR_OK)
        err = find_pack(p, record.place.pack, &fd, e);
    if (err != ERR_OK)
        return err;
    if (fstat(fd, &st) != 0)
        return error_errno(e, "pack %s", record.place.pack);
    if ((uint64_t)st.st_size < record.place.offset + sealed_size)
        return error_set(e, ERR_CORRUPT, "pack %s is cut short", record.place.pack);
    return fs_pread_all(fd, buffer, sealed_size, record.place.offset, e);
}
