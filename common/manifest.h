/* SPDX-License-Identifier: Apache-2.0 */
/* manifest: the description of a package as a stream of records (hivecast.v1.ManifestRecord, each
 * behind its length as a varint). Neither side holds more than one record in memory.
 * The writer collects entries and chunks in two unlinked temporary files and joins them at the end;
 * the reader has two independent cursors, entries and chunks. */
#ifndef MANIFEST_H
#define MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"
#include "seal.h"

enum entry_type { ENTRY_FILE = 1, ENTRY_DIRECTORY, ENTRY_SYMLINK, ENTRY_HARDLINK };

struct entry {
    char path[PATH_LENGTH_MAX + 1];
    enum entry_type type;
    uint32_t mode; /* permission bits */
    uint64_t size; /* of a file's content */
    int64_t mtime; /* seconds since 1970 */
    char link_target[PATH_LENGTH_MAX + 1];
    uint8_t digest[DIGEST_BYTES];
};

/* What a task says of its package. */
struct package_info {
    uint8_t digest[DIGEST_BYTES]; /* BLAKE2b-256 of the manifest */
    uint64_t manifest_size;
    uint64_t entry_count;
    uint64_t chunk_count;
    uint64_t content_size;
    uint64_t sealed_size;
};

/* ERR_INVALID unless path is relative, without empty, "." and ".." components and within limits.h.
 */
MUST_CHECK enum err manifest_check_path(const char *path, struct error *e);
/* ERR_INVALID for a link at path whose target is absolute, climbs out of the tree, or has ".."
 * behind a name (which could climb out through another link). */
MUST_CHECK enum err manifest_check_symlink(const char *path, const char *target, struct error *e);

struct manifest_writer;
/* Temporary files are made in dir. */
MUST_CHECK enum err manifest_writer_new(const char *dir, struct manifest_writer **out,
                                        struct error *e);
void manifest_writer_free(struct manifest_writer *w);
AUTO_DEFINE(struct manifest_writer *, manifest_writer_free)
MUST_CHECK enum err manifest_writer_entry(struct manifest_writer *w, const struct entry *entry,
                                          struct error *e);
MUST_CHECK enum err manifest_writer_chunk(struct manifest_writer *w, const struct chunk *chunk,
                                          struct error *e);
/* Called with the finished manifest, piece by piece in order. */
typedef enum err manifest_sink_fn(void *arg, const uint8_t *data, size_t size, struct error *e);
/* Passes the whole manifest to sink and fills out. The writer is spent then. */
MUST_CHECK enum err manifest_writer_finish(struct manifest_writer *w, manifest_sink_fn *sink,
                                           void *arg, struct package_info *out, struct error *e);

struct manifest_reader;
/* Opens the file at path and checks header, size and counts against info, but not the digest. */
MUST_CHECK enum err manifest_reader_open(const char *path, const struct package_info *info,
                                         struct manifest_reader **out, struct error *e);
void manifest_reader_free(struct manifest_reader *r);
AUTO_DEFINE(struct manifest_reader *, manifest_reader_free)
/* The next entry or chunk; *more is false at the end. ERR_CORRUPT for anything not well-formed or
 * beyond a limit (paths and links are checked as above). */
MUST_CHECK enum err manifest_reader_entry(struct manifest_reader *r, struct entry *out, bool *more,
                                          struct error *e);
MUST_CHECK enum err manifest_reader_chunk(struct manifest_reader *r, struct chunk *out, bool *more,
                                          struct error *e);
/* Both cursors back to the start. */
void manifest_reader_rewind(struct manifest_reader *r);

#endif
