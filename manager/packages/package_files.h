/* SPDX-License-Identifier: Apache-2.0 */
/* package_files: names and formats of the files of package_store.h, and the store itself. Part of
 * manager_packages.
 *   index: INDEX_HEADER bytes (magic, count of records, size of the plain manifest), then records
 *   manifest: pieces, each a nonce, MANIFEST_PIECE bytes (the last fewer) sealed, and the tag */
#ifndef PACKAGE_FILES_H
#define PACKAGE_FILES_H

#include <pthread.h>

#include "package_store.h"

enum {
    INGESTS_MAX = 2,
    INDEX_HEADER = 32,
    INDEX_RECORD = 76, /* pack id without NUL, offset, sealed size, name */
    PIECE_NONCE = 24,
    PIECE_OVERHEAD = PIECE_NONCE + 16,
    SEALED_PIECE = MANIFEST_PIECE + PIECE_OVERHEAD
};

struct package_store {
    char *packages_dir;
    char *packs_dir;
    uint8_t secret[KEY_BYTES];
    uint8_t manifest_key[KEY_BYTES];
    int level;
    pthread_mutex_t lock; /* of ingests */
    pthread_cond_t ingest_ended;
    unsigned ingests;
};

struct index_record {
    struct chunk_place place;
    uint8_t name[DIGEST_BYTES];
};

void index_header_encode(uint64_t count, uint64_t manifest_size, uint8_t out[static INDEX_HEADER]);
MUST_CHECK enum err index_header_decode(const uint8_t in[static INDEX_HEADER], uint64_t *count,
                                        uint64_t *manifest_size, struct error *e);
void index_record_encode(const struct index_record *record, uint8_t out[static INDEX_RECORD]);
void index_record_decode(const uint8_t in[static INDEX_RECORD], struct index_record *out);

/* Piece number of the manifest of package id; sealed holds size + PIECE_OVERHEAD. */
void piece_seal(const struct package_store *s, const char *id, uint64_t number,
                const uint8_t *plain, size_t size, uint8_t *sealed);
/* ERR_CORRUPT unless it is what piece_seal made for the same package and number. */
MUST_CHECK enum err piece_open(const struct package_store *s, const char *id, uint64_t number,
                               const uint8_t *sealed, size_t size, uint8_t *plain, struct error *e);

/* Paths, in fresh strings; suffix ".new" names what is not finished. */
MUST_CHECK enum err package_path(const struct package_store *s, const char *id, const char *suffix,
                                 char **out, struct error *e);
MUST_CHECK enum err pack_path(const struct package_store *s, const char *id, const char *suffix,
                              char **out, struct error *e);

#endif
