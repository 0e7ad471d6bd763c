/* SPDX-License-Identifier: Apache-2.0 */
/* package_store: the files of packages on the manager's disk.
 *   packages/ID/manifest  the manifest in pieces of MANIFEST_PIECE bytes, each sealed under the
 * store's secret packages/ID/index     where each chunk lies: fixed records of pack id, offset,
 * sealed size, name packs/ID              the sealed chunks that were new with package ID, one
 * after the other Chunks are written once and sent as they lie. Which packages and chunks exist is
 * what the store (store.h) says; files it does not know are removed at start. Ingest runs on the
 * calling (HTTP or worker) thread, at most two at a time; reading is thread-safe. Memory does not
 * depend on the size of the package. */
#ifndef PACKAGE_STORE_H
#define PACKAGE_STORE_H

#include "package_source.h"
#include "store.h"

struct package_store;

/* dir is the data directory; secret and level as in seal.h. */
MUST_CHECK enum err package_store_open(const char *dir, const uint8_t secret[static KEY_BYTES],
                                       int level, struct package_store **out, struct error *e);
void package_store_close(struct package_store *s);
AUTO_DEFINE(struct package_store *, package_store_close)
/* At start, on the core thread: removes files that the store does not know. */
MUST_CHECK enum err package_store_clean(struct package_store *s, struct store *store,
                                        struct error *e);
/* After package_collect named them. Missing files are fine. */
void package_store_remove_package(struct package_store *s, const char *id);
void package_store_remove_pack(struct package_store *s, const char *id);

/* Files written and synced, facts not yet in the store. */
struct package_draft {
    char id[UPLOAD_ID_SIZE];
    struct package_info info;
    struct strlist packs; /* all packs the index refers to */
    struct package_store *store;
    bool is_committed;
};

/* Reads source to its end. reader is a store handle of the calling thread, for chunk_find. On
 * failure nothing is left behind. */
MUST_CHECK enum err package_store_ingest(struct package_store *s, struct package_source *source,
                                         struct store *reader, struct package_draft **out,
                                         struct error *e);
/* On the core thread, inside the request that creates the task: package_insert and chunk_insert.
 * When that request or its turn fails afterwards, the caller takes is_committed back.
 * ERR_UNAVAILABLE when a pack it shares was removed since the ingest: to be tried again. */
MUST_CHECK enum err package_draft_commit(struct package_draft *d, struct store *store,
                                         struct error *e);
/* Removes the files again unless the draft was committed. */
void package_draft_free(struct package_draft *d);
AUTO_DEFINE(struct package_draft *, package_draft_free)

/* Serving: an open package. One thread at a time. */
struct package;
MUST_CHECK enum err package_open(struct package_store *s, const char *id, struct package **out,
                                 struct error *e);
void package_close(struct package *p);
AUTO_DEFINE(struct package *, package_close)
uint64_t package_manifest_size(const struct package *p);
uint64_t package_chunk_count(const struct package *p);
/* The plain piece of the manifest at offset (a multiple of MANIFEST_PIECE); buffer holds
 * MANIFEST_PIECE. */
MUST_CHECK enum err package_read_manifest(struct package *p, uint64_t offset, uint8_t *buffer,
                                          size_t *got, struct error *e);
/* Size of a sealed chunk, and its bytes. ERR_NOT_FOUND beyond the last, ERR_CORRUPT or ERR_IO for
 * damaged files. */
MUST_CHECK enum err package_chunk_size(struct package *p, uint64_t index, uint32_t *sealed_size,
                                       struct error *e);
MUST_CHECK enum err package_read_chunk(struct package *p, uint64_t index, uint8_t *buffer,
                                       uint32_t sealed_size, struct error *e);

#endif
