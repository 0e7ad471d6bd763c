/* SPDX-License-Identifier: Apache-2.0 */
/* seal: one chunk between its plain and its stored form (docs/protocol.md, "Packages").
 * compressed = zstd(content); key = BLAKE2b-256(compressed, keyed with the store's secret), so no
 * key ever seals two texts; sealed = XChaCha20-Poly1305(compressed, key, zero nonce, no associated
 * data); name = BLAKE2b-256(sealed). */
#ifndef SEAL_H
#define SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"

/* What a manifest says of a chunk. */
struct chunk {
    uint32_t size;
    uint32_t sealed_size;
    uint8_t name[DIGEST_BYTES];
    uint8_t key[KEY_BYTES];
    uint8_t digest[DIGEST_BYTES];
};

/* Holds the working memory of zstd; one per thread. */
struct sealer;
struct sealer *sealer_new(const uint8_t secret[static KEY_BYTES], int level); /* NULL: no memory */
void sealer_free(struct sealer *s);
AUTO_DEFINE(struct sealer *, sealer_free)
/* At most CHUNK_MAX bytes of content; *sealed is borrowed until the next call. */
MUST_CHECK enum err sealer_seal(struct sealer *s, const uint8_t *content, size_t size,
                                struct chunk *out, const uint8_t **sealed, struct error *e);

struct opener;
struct opener *opener_new(void); /* NULL: no memory */
void opener_free(struct opener *o);
AUTO_DEFINE(struct opener *, opener_free)
/* Checks size and name, opens, decompresses to exactly chunk->size bytes; *content is borrowed
 * until the next call. Uses sealed as scratch space. ERR_CORRUPT says which check failed. */
MUST_CHECK enum err opener_open(struct opener *o, const struct chunk *chunk, uint8_t *sealed,
                                size_t sealed_size, const uint8_t **content, struct error *e);

/* The same but for the name. Who has the manifest could seal another content with the key, so this
 * is for chunks that come over an authenticated connection from their store, and whose content is
 * checked by the digest of its file; it spares half of the hashing. */
MUST_CHECK enum err opener_open_unnamed(struct opener *o, const struct chunk *chunk,
                                        uint8_t *sealed, size_t sealed_size,
                                        const uint8_t **content, struct error *e);

#endif
