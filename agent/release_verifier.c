/* SPDX-License-Identifier: Apache-2.0 */
#include "release_verifier.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>

#include "beneath.h"

enum { ENTRIES_PER_STEP = 64, BUFFER_SIZE = 128 * 1024 };

struct release_verifier {
    struct beneath tree;
    struct manifest_reader *manifest; /* NULL until its digest is known to be right */
    struct release_place place;
    struct entry entry;
    int fd; /* of the manifest first, then of the present file; -1: none */
    uint64_t left;
    crypto_generichash_state hash;
    uint8_t buffer[BUFFER_SIZE];
};

enum err release_verifier_open(const struct release_place *place, struct release_verifier **out,
                               struct error *e)
{
    AUTO(release_verifier_free) struct release_verifier *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to verify a release");
    v->place = *place;
    v->fd = -1;
    enum err err = beneath_init(&v->tree, place->tree_path, e);
    if (err != ERR_OK)
        return err;
    v->fd = open(place->manifest_path, O_RDONLY | O_CLOEXEC);
    if (v->fd < 0)
        return error_errno(e, "open %.150s", place->manifest_path);
    v->left = place->package->manifest_size;
    crypto_generichash_init(&v->hash, NULL, 0, DIGEST_BYTES);
    *out = TAKE(v);
    return ERR_OK;
}

void release_verifier_free(struct release_verifier *v)
{
    if (v == NULL)
        return;
    if (v->fd >= 0)
        close(v->fd);
    beneath_clear(&v->tree);
    manifest_reader_free(v->manifest);
    free(v);
}

static enum err differs(const struct release_verifier *v, const char *what, struct error *e)
{
    return error_set(e, ERR_CORRUPT, "%.150s: %s", v->entry.path, what);
}

/* The next piece of the open file into the hash. */
static enum err hash_piece(struct release_verifier *v, const char *name, struct error *e)
{
    size_t n = v->left < BUFFER_SIZE ? (size_t)v->left : BUFFER_SIZE;
    ssize_t got = read(v->fd, v->buffer, n);
    if (got < 0)
        return errno == EINTR ? ERR_OK : error_errno(e, "read %.150s", name);
    if (got == 0 && v->left > 0)
        return error_set(e, ERR_CORRUPT, "%.150s is too short", name);
    crypto_generichash_update(&v->hash, v->buffer, (size_t)got);
    v->left -= (uint64_t)got;
    return ERR_OK;
}

static enum err finish_hash(struct release_verifier *v, const uint8_t *digest, const char *name,
                            struct error *e)
{
    uint8_t found[DIGEST_BYTES];
    crypto_generichash_final(&v->hash, found, sizeof(found));
    close(take_fd(&v->fd));
    if (memcmp(found, digest, sizeof(found)) != 0)
        return error_set(e, ERR_CORRUPT, "%.150s: the content has another digest", name);
    return ERR_OK;
}

static enum err manifest_step(struct release_verifier *v, struct error *e)
{
    enum err err = hash_piece(v, "manifest", e);
    if (err != ERR_OK || v->left > 0)
        return err;
    err = finish_hash(v, v->place.package->digest, "manifest", e);
    if (err != ERR_OK)
        return err;
    return manifest_reader_open(v->place.manifest_path, v->place.package, &v->manifest, e);
}

static enum err check_link(struct release_verifier *v, struct error *e)
{
    int parent;
    const char *name;
    enum err err = beneath_parent(&v->tree, v->entry.path, false, &parent, &name, e);
    if (err != ERR_OK)
        return err;
    ssize_t got = readlinkat(parent, name, (char *)v->buffer, BUFFER_SIZE);
    size_t length = strlen(v->entry.link_target);
    if (got < 0 || (size_t)got != length || memcmp(v->buffer, v->entry.link_target, length) != 0)
        return differs(v, "the link leads elsewhere", e);
    return ERR_OK;
}

static enum err check_hardlink(struct release_verifier *v, const struct stat *st, struct error *e)
{
    struct stat other;
    enum err err = beneath_stat(&v->tree, v->entry.link_target, &other, e);
    if (err != ERR_OK)
        return err;
    if (st->st_ino != other.st_ino || st->st_dev != other.st_dev)
        return differs(v, "it is not the same file as its link target", e);
    return ERR_OK;
}

static enum err check_file(struct release_verifier *v, const struct stat *st, struct error *e)
{
    if ((uint64_t)st->st_size != v->entry.size)
        return differs(v, "it has another size", e);
    if (v->entry.mode != (st->st_mode & 07777))
        return differs(v, "it has another mode", e);
    enum err err = beneath_open(&v->tree, v->entry.path, O_RDONLY, &v->fd, e);
    v->left = v->entry.size;
    crypto_generichash_init(&v->hash, NULL, 0, DIGEST_BYTES);
    return err;
}

/* Everything but a file's content, for which it leaves the file open. */
static enum err check_entry(struct release_verifier *v, struct error *e)
{
    static const mode_t types[] = {
        [ENTRY_FILE] = S_IFREG,
        [ENTRY_DIRECTORY] = S_IFDIR,
        [ENTRY_SYMLINK] = S_IFLNK,
        [ENTRY_HARDLINK] = S_IFREG,
    };
    struct stat st;
    enum err err = beneath_stat(&v->tree, v->entry.path, &st, e);
    if (err != ERR_OK)
        return error_wrap(e, ERR_CORRUPT, "missing");
    if ((st.st_mode & S_IFMT) != types[v->entry.type])
        return differs(v, "it is something else", e);
    switch (v->entry.type) {
    case ENTRY_FILE:
        return check_file(v, &st, e);
    case ENTRY_SYMLINK:
        return check_link(v, e);
    case ENTRY_HARDLINK:
        return check_hardlink(v, &st, e);
    case ENTRY_DIRECTORY:
        break;
    }
    if ((st.st_mode & 07777) != ((v->entry.mode & 0777) | 0500))
        return differs(v, "it has another mode", e);
    return ERR_OK;
}

static enum err content_step(struct release_verifier *v, struct error *e)
{
    enum err err = hash_piece(v, v->entry.path, e);
    if (err != ERR_OK || v->left > 0)
        return err;
    return finish_hash(v, v->entry.digest, v->entry.path, e);
}

enum err release_verifier_step(struct release_verifier *v, bool *more, struct error *e)
{
    *more = true;
    if (v->manifest == NULL)
        return manifest_step(v, e);
    if (v->fd >= 0)
        return content_step(v, e);
    enum err err = ERR_OK;
    for (int i = 0; i < ENTRIES_PER_STEP && *more && v->fd < 0 && err == ERR_OK; i++) {
        err = manifest_reader_entry(v->manifest, &v->entry, more, e);
        if (err == ERR_OK && *more)
            err = check_entry(v, e);
    }
    return err;
}
