/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_packages.h"

#include <stdlib.h>
#include <string.h>

#include "package_store.h"

struct package {
    char id[UPLOAD_ID_SIZE];
};

uint8_t fake_chunk_byte(uint64_t index)
{
    return (uint8_t)(index * 7 + 1);
}

enum err package_open(struct package_store *s, const char *id, struct package **out,
                      struct error *e)
{
    (void)s;
    if (strcmp(id, "gone") == 0)
        return error_set(e, ERR_NOT_FOUND, "package %s", id);
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? ERR_OK : error_set(e, ERR_NO_MEMORY, "package %s", id);
}

void package_close(struct package *p)
{
    free(p);
}

uint64_t package_manifest_size(const struct package *p)
{
    (void)p;
    return FAKE_MANIFEST_BYTES;
}

uint64_t package_chunk_count(const struct package *p)
{
    (void)p;
    return FAKE_CHUNKS;
}

enum err package_read_manifest(struct package *p, uint64_t offset, uint8_t *buffer, size_t *got,
                               struct error *e)
{
    (void)p;
    if (offset >= FAKE_MANIFEST_BYTES)
        return error_set(e, ERR_NOT_FOUND, "beyond the manifest");
    size_t left = FAKE_MANIFEST_BYTES - (size_t)offset;
    *got = left < MANIFEST_PIECE ? left : MANIFEST_PIECE;
    memset(buffer, 'm', *got);
    return ERR_OK;
}

enum err package_chunk_size(struct package *p, uint64_t index, uint32_t *sealed_size,
                            struct error *e)
{
    (void)p;
    if (index >= FAKE_CHUNKS)
        return error_set(e, ERR_NOT_FOUND, "beyond the last chunk");
    *sealed_size = FAKE_CHUNK_BYTES;
    return ERR_OK;
}

enum err package_read_chunk(struct package *p, uint64_t index, uint8_t *buffer,
                            uint32_t sealed_size, struct error *e)
{
    (void)p;
    (void)e;
    memset(buffer, fake_chunk_byte(index), sealed_size);
    return ERR_OK;
}
