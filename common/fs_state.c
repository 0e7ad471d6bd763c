/* SPDX-License-Identifier: Apache-2.0 */
/* fs_state: small records that outlive a power failure at any instruction.
 * Form: magic, length (8 bytes, little-endian), BLAKE2b-256 of the bytes, the bytes.
 * Write: PATH.new synced; PATH -> PATH.old; PATH.new -> PATH; directory synced. Whatever is cut
 * short, one of the three is whole, and read takes the newest. */
#include "fs.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "limits.h"

static const uint8_t magic[8] = {'H', 'I', 'V', 'E', 'S', 'T', 'A', '1'};

enum { HEADER_SIZE = sizeof(magic) + 8 + DIGEST_BYTES, FILE_MODE = 0600 };

static void put_u64(uint8_t out[static 8], uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static enum err encode(const void *data, size_t size, struct bytes *out, struct error *e)
{
    uint8_t header[HEADER_SIZE];
    memcpy(header, magic, sizeof(magic));
    put_u64(header + sizeof(magic), size);
    crypto_generichash(header + sizeof(magic) + 8, DIGEST_BYTES, data, size, NULL, 0);
    enum err err = bytes_append(out, header, sizeof(header), e);
    return err == ERR_OK ? bytes_append(out, data, size, e) : err;
}

/* ERR_CORRUPT unless file is a whole record; then *data is inside of it. */
static enum err decode(const struct bytes *file, const uint8_t **data, size_t *size,
                       struct error *e)
{
    uint8_t length[8];
    uint8_t digest[DIGEST_BYTES];
    if (file->size < HEADER_SIZE || memcmp(file->data, magic, sizeof(magic)) != 0)
        return error_set(e, ERR_CORRUPT, "not a state file");
    put_u64(length, file->size - HEADER_SIZE);
    if (memcmp(file->data + sizeof(magic), length, sizeof(length)) != 0)
        return error_set(e, ERR_CORRUPT, "wrong length");
    crypto_generichash(digest, sizeof(digest), file->data + HEADER_SIZE, file->size - HEADER_SIZE,
                       NULL, 0);
    if (memcmp(file->data + sizeof(magic) + 8, digest, sizeof(digest)) != 0)
        return error_set(e, ERR_CORRUPT, "wrong checksum");
    *data = file->data + HEADER_SIZE;
    *size = file->size - HEADER_SIZE;
    return ERR_OK;
}

static enum err read_one(const char *path, size_t max, struct bytes *out, struct error *e)
{
    struct bytes file = {0};
    const uint8_t *data = NULL;
    size_t size = 0;
    enum err err = fs_read(path, max + HEADER_SIZE, &file, e);
    if (err == ERR_OK) {
        err = decode(&file, &data, &size, e);
        if (err != ERR_OK)
            err = error_wrap(e, err, "%s", path);
    }
    if (err == ERR_OK)
        err = bytes_append(out, data, size, e);
    bytes_clear(&file);
    return err;
}

enum err fs_state_write(const char *path, const void *data, size_t size, struct error *e)
{
    AUTO_FREE char *new_path = NULL;
    AUTO_FREE char *old_path = NULL;
    if (asprintf(&new_path, "%s.new", path) < 0 || asprintf(&old_path, "%s.old", path) < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for a path");
    struct bytes file = {0};
    enum err err = encode(data, size, &file, e);
    if (err == ERR_OK)
        err = fs_write_synced(new_path, file.data, file.size, FILE_MODE, e);
    bytes_clear(&file);
    if (err != ERR_OK)
        return err;
    if (rename(path, old_path) != 0 && errno != ENOENT)
        return error_errno(e, "rename %s", path);
    if (rename(new_path, path) != 0)
        return error_errno(e, "rename %s", new_path);
    return fs_sync_parent(path, e);
}

enum err fs_state_read(const char *path, size_t max, struct bytes *out, struct error *e)
{
    static const char *const suffixes[] = {"", ".new", ".old"};
    enum err worst = ERR_NOT_FOUND;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        AUTO_FREE char *copy = NULL;
        if (asprintf(&copy, "%s%s", path, suffixes[i]) < 0)
            return error_set(e, ERR_NO_MEMORY, "no memory for a path");
        struct error why = {0};
        enum err err = read_one(copy, max, out, &why);
        if (err == ERR_OK)
            return ERR_OK;
        if (worst == ERR_NOT_FOUND || err != ERR_NOT_FOUND) {
            worst = err;
            if (e != NULL)
                *e = why;
        }
    }
    return worst;
}
