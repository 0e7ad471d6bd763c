/* SPDX-License-Identifier: Apache-2.0 */
#include "package_files.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { PACK_ID = UPLOAD_ID_SIZE - 1, ASSOCIATED_SIZE = UPLOAD_ID_SIZE + 8 };

static const uint8_t magic[8] = "HIVECIX1";

static void put_number(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_number(const uint8_t *in, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

void index_header_encode(uint64_t count, uint64_t manifest_size, uint8_t out[static INDEX_HEADER])
{
    memset(out, 0, INDEX_HEADER);
    memcpy(out, magic, sizeof(magic));
    put_number(out + 8, count, 8);
    put_number(out + 16, manifest_size, 8);
}

enum err index_header_decode(const uint8_t in[static INDEX_HEADER], uint64_t *count,
                             uint64_t *manifest_size, struct error *e)
{
    if (memcmp(in, magic, sizeof(magic)) != 0)
        return error_set(e, ERR_CORRUPT, "the index of the package is damaged");
    *count = get_number(in + 8, 8);
    *manifest_size = get_number(in + 16, 8);
    return ERR_OK;
}

void index_record_encode(const struct index_record *record, uint8_t out[static INDEX_RECORD])
{
    memcpy(out, record->place.pack, PACK_ID);
    put_number(out + PACK_ID, record->place.offset, 8);
    put_number(out + PACK_ID + 8, record->place.sealed_size, 4);
    memcpy(out + PACK_ID + 12, record->name, DIGEST_BYTES);
}

void index_record_decode(const uint8_t in[static INDEX_RECORD], struct index_record *out)
{
    memcpy(out->place.pack, in, PACK_ID);
    out->place.pack[PACK_ID] = '\0';
    out->place.offset = get_number(in + PACK_ID, 8);
    out->place.sealed_size = (uint32_t)get_number(in + PACK_ID + 8, 4);
    memcpy(out->name, in + PACK_ID + 12, DIGEST_BYTES);
}

/* Ties a piece to its package and place. */
static void associate(const char *id, uint64_t number, uint8_t out[static ASSOCIATED_SIZE])
{
    memset(out, 0, ASSOCIATED_SIZE);
    memcpy(out, id, strnlen(id, UPLOAD_ID_SIZE));
    put_number(out + UPLOAD_ID_SIZE, number, 8);
}

void piece_seal(const struct package_store *s, const char *id, uint64_t number,
                const uint8_t *plain, size_t size, uint8_t *sealed)
{
    uint8_t associated[ASSOCIATED_SIZE];
    associate(id, number, associated);
    randombytes_buf(sealed, PIECE_NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + PIECE_NONCE, NULL, plain, size, associated,
                                               sizeof(associated), NULL, sealed, s->manifest_key);
}

enum err piece_open(const struct package_store *s, const char *id, uint64_t number,
                    const uint8_t *sealed, size_t size, uint8_t *plain, struct error *e)
{
    uint8_t associated[ASSOCIATED_SIZE];
    associate(id, number, associated);
    if (size < PIECE_OVERHEAD || crypto_aead_xchacha20poly1305_ietf_decrypt(
                                     plain, NULL, NULL, sealed + PIECE_NONCE, size - PIECE_NONCE,
                                     associated, sizeof(associated), sealed, s->manifest_key) != 0)
        return error_set(e, ERR_CORRUPT, "the manifest of package %s is damaged", id);
    return ERR_OK;
}

static enum err path_in(const char *dir, const char *id, const char *suffix, char **out,
                        struct error *e)
{
    if (asprintf(out, "%s/%s%s", dir, id, suffix) >= 0)
        return ERR_OK;
    *out = NULL;
    return error_set(e, ERR_NO_MEMORY, "no memory for a path");
}

enum err package_path(const struct package_store *s, const char *id, const char *suffix, char **out,
                      struct error *e)
{
    return path_in(s->packages_dir, id, suffix, out, e);
}

enum err pack_path(const struct package_store *s, const char *id, const char *suffix, char **out,
                   struct error *e)
{
    return path_in(s->packs_dir, id, suffix, out, e);
}
