/* SPDX-License-Identifier: Apache-2.0 */
/* seal: see seal.h. Both sides keep one zstd context and one buffer for all chunks. */
#include "seal.h"

#include <sodium.h>
#include <string.h>
#include <zstd.h>

enum { TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES };

/* A key seals one text only, so the nonce says nothing. */
static const uint8_t zero_nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

struct sealer {
    ZSTD_CCtx *context;
    uint8_t secret[KEY_BYTES];
    uint8_t buffer[SEALED_MAX];
};

struct sealer *sealer_new(const uint8_t secret[static KEY_BYTES], int level)
{
    AUTO(sealer_free) struct sealer *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->context = ZSTD_createCCtx();
    if (s->context == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(s->context, ZSTD_c_compressionLevel, level)))
        return NULL;
    memcpy(s->secret, secret, KEY_BYTES);
    return TAKE(s);
}

void sealer_free(struct sealer *s)
{
    if (s == NULL)
        return;
    ZSTD_freeCCtx(s->context);
    sodium_memzero(s->secret, sizeof(s->secret));
    free(s);
}

enum err sealer_seal(struct sealer *s, const uint8_t *content, size_t size, struct chunk *out,
                     const uint8_t **sealed, struct error *e)
{
    if (size == 0 || size > CHUNK_MAX)
        return error_set(e, ERR_INVALID, "a chunk of %zu bytes", size);
    size_t compressed =
        ZSTD_compress2(s->context, s->buffer, SEALED_MAX - TAG_BYTES, content, size);
    if (ZSTD_isError(compressed))
        return error_set(e, ERR_INTERNAL, "compress: %s", ZSTD_getErrorName(compressed));
    struct chunk c = {.size = (uint32_t)size};
    crypto_generichash(c.key, KEY_BYTES, s->buffer, compressed, s->secret, KEY_BYTES);
    unsigned long long sealed_size = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(s->buffer, &sealed_size, s->buffer, compressed, NULL,
                                               0, NULL, zero_nonce, c.key);
    c.sealed_size = (uint32_t)sealed_size;
    crypto_generichash(c.name, DIGEST_BYTES, s->buffer, sealed_size, NULL, 0);
    crypto_generichash(c.digest, DIGEST_BYTES, content, size, NULL, 0);
    *out = c;
    *sealed = s->buffer;
    return ERR_OK;
}

struct opener {
    ZSTD_DCtx *context;
    uint8_t content[CHUNK_MAX];
};

struct opener *opener_new(void)
{
    AUTO(opener_free) struct opener *o = malloc(sizeof(*o));
    if (o == NULL)
        return NULL;
    o->context = ZSTD_createDCtx();
    return o->context != NULL ? TAKE(o) : NULL;
}

void opener_free(struct opener *o)
{
    if (o == NULL)
        return;
    ZSTD_freeDCtx(o->context);
    free(o);
}

static enum err check_size(const struct chunk *chunk, size_t sealed_size, struct error *e)
{
    if (chunk->size == 0 || chunk->size > CHUNK_MAX)
        return error_set(e, ERR_CORRUPT, "a chunk of %u bytes", chunk->size);
    if (sealed_size != chunk->sealed_size || sealed_size <= TAG_BYTES || sealed_size > SEALED_MAX)
        return error_set(e, ERR_CORRUPT, "chunk has %zu sealed bytes instead of %u", sealed_size,
                         chunk->sealed_size);
    return ERR_OK;
}

enum err opener_open(struct opener *o, const struct chunk *chunk, uint8_t *sealed,
                     size_t sealed_size, const uint8_t **content, struct error *e)
{
    enum err err = check_size(chunk, sealed_size, e);
    if (err != ERR_OK)
        return err;
    uint8_t name[DIGEST_BYTES];
    crypto_generichash(name, sizeof(name), sealed, sealed_size, NULL, 0);
    if (memcmp(name, chunk->name, sizeof(name)) != 0)
        return error_set(e, ERR_CORRUPT, "chunk has another name than the manifest says");
    return opener_open_unnamed(o, chunk, sealed, sealed_size, content, e);
}

/* Nothing is decompressed before the seal was found whole. */
enum err opener_open_unnamed(struct opener *o, const struct chunk *chunk, uint8_t *sealed,
                             size_t sealed_size, const uint8_t **content, struct error *e)
{
    enum err err = check_size(chunk, sealed_size, e);
    if (err != ERR_OK)
        return err;
    unsigned long long compressed = 0;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, &compressed, NULL, sealed, sealed_size,
                                                   NULL, 0, zero_nonce, chunk->key) != 0)
        return error_set(e, ERR_CORRUPT, "chunk does not open with the key of the manifest");
    /* At most size bytes are written, whatever the frame promises. */
    size_t size =
        ZSTD_decompressDCtx(o->context, o->content, chunk->size, sealed, (size_t)compressed);
    if (ZSTD_isError(size))
        return error_set(e, ERR_CORRUPT, "chunk does not decompress: %s", ZSTD_getErrorName(size));
    if (size != chunk->size)
        return error_set(e, ERR_CORRUPT, "chunk has %zu bytes instead of %u", size, chunk->size);
    *content = o->content;
    return ERR_OK;
}
