/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer_manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"

enum { PIECES_UNDER_WAY = 4, TRIES_MAX = 2 };

struct transfer_manifest {
    const char *path;
    const struct package_info *package;
    int fd;
    uint64_t kept;  /* bytes that were there */
    uint64_t done;  /* bytes that are there and hashed */
    uint64_t asked; /* up to where pieces are under way */
    int tries;
    bool is_whole;
    crypto_generichash_state hash;
    uint8_t buffer[MANIFEST_PIECE];
};

static enum err restart(struct transfer_manifest *m, struct error *e)
{
    m->kept = m->done = m->asked = 0;
    crypto_generichash_init(&m->hash, NULL, 0, DIGEST_BYTES);
    return ftruncate(m->fd, 0) == 0 ? ERR_OK : error_errno(e, "%.150s", m->path);
}

/* Whole pieces, or the whole manifest, are worth keeping. */
static enum err keep(struct transfer_manifest *m, struct error *e)
{
    struct stat st;
    if (fstat(m->fd, &st) != 0)
        return error_errno(e, "%.150s", m->path);
    uint64_t size = (uint64_t)st.st_size;
    crypto_generichash_init(&m->hash, NULL, 0, DIGEST_BYTES);
    if (size > m->package->manifest_size)
        return restart(m, e);
    if (size < m->package->manifest_size)
        size -= size % MANIFEST_PIECE;
    m->kept = size;
    m->asked = size;
    return ERR_OK;
}

enum err transfer_manifest_open(const char *path, const struct package_info *package,
                                struct transfer_manifest **out, struct error *e)
{
    AUTO(transfer_manifest_free) struct transfer_manifest *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a manifest");
    m->path = path;
    m->package = package;
    m->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (m->fd < 0)
        return error_errno(e, "open %.150s", path);
    enum err err = keep(m, e);
    if (err != ERR_OK)
        return err;
    *out = TAKE(m);
    return ERR_OK;
}

void transfer_manifest_free(struct transfer_manifest *m)
{
    if (m == NULL)
        return;
    if (m->fd >= 0)
        close(m->fd);
    free(m);
}

/* Everything is there: is it what was promised? */
static enum err check(struct transfer_manifest *m, struct error *e)
{
    uint8_t digest[DIGEST_BYTES];
    crypto_generichash_final(&m->hash, digest, sizeof(digest));
    m->is_whole = memcmp(digest, m->package->digest, sizeof(digest)) == 0;
    if (m->is_whole)
        return ERR_OK;
    if (++m->tries == TRIES_MAX)
        return error_set(e, ERR_CORRUPT, "the manifest does not have the digest of the task");
    return restart(m, e);
}

enum err transfer_manifest_step(struct transfer_manifest *m, bool *more, struct error *e)
{
    *more = false;
    if (m->done < m->kept) {
        uint64_t left = m->kept - m->done;
        size_t n = left < sizeof(m->buffer) ? (size_t)left : sizeof(m->buffer);
        enum err err = fs_pread_all(m->fd, m->buffer, n, m->done, e);
        if (err != ERR_OK)
            return err;
        crypto_generichash_update(&m->hash, m->buffer, n);
        m->done += n;
        *more = m->done < m->kept;
    }
    if (m->done < m->package->manifest_size || m->is_whole)
        return ERR_OK;
    return check(m, e);
}

bool transfer_manifest_is_whole(const struct transfer_manifest *m)
{
    return m->is_whole;
}

bool transfer_manifest_ask(struct transfer_manifest *m, uint64_t *offset)
{
    if (m->done < m->kept || m->asked >= m->package->manifest_size ||
        m->asked - m->done >= (uint64_t)PIECES_UNDER_WAY * MANIFEST_PIECE)
        return false;
    *offset = m->asked;
    m->asked += MANIFEST_PIECE;
    return true;
}

void transfer_manifest_lost(struct transfer_manifest *m)
{
    m->asked = m->done > m->kept ? m->done : m->kept;
}

enum err transfer_manifest_piece(struct transfer_manifest *m, uint64_t offset, uint64_t total,
                                 const uint8_t *data, size_t size, struct error *e)
{
    if (offset != m->done || m->done < m->kept || m->is_whole)
        return ERR_OK;
    uint64_t left = m->package->manifest_size - offset;
    size_t wanted = left < MANIFEST_PIECE ? (size_t)left : MANIFEST_PIECE;
    if (total != m->package->manifest_size || size != wanted)
        return error_set(e, ERR_CORRUPT, "a piece of the manifest has another size");
    for (size_t put = 0; put < size;) {
        ssize_t got = pwrite(m->fd, data + put, size - put, (off_t)(offset + put));
        if (got < 0 && errno != EINTR)
            return error_errno(e, "write %.150s", m->path);
        put += got > 0 ? (size_t)got : 0;
    }
    crypto_generichash_update(&m->hash, data, size);
    m->done += size;
    return ERR_OK;
}
