/* SPDX-License-Identifier: Apache-2.0 */
/* release_tree: the files of a release under one directory, as its manifest describes them. Written
 * from the content stream, read back as the content stream, verified. No path leaves the directory
 * and no link is followed. A call does a bounded piece of work. Thread: the loop's. */
#ifndef RELEASE_TREE_H
#define RELEASE_TREE_H

#include "manifest.h"

/* Where a release lies and what it should be; borrowed. */
struct release_place {
    const char *manifest_path;
    const char *tree_path;
    const struct package_info *package;
};

/* Writing. Existing files are kept where release_writer_keep says so and overwritten else. */
struct release_writer;
/* Makes the directory when it is missing. */
MUST_CHECK enum err release_writer_open(const struct release_place *place,
                                        struct release_writer **out, struct error *e);
void release_writer_free(struct release_writer *w);
AUTO_DEFINE(struct release_writer *, release_writer_free)
/* The next bytes of the content stream; *used says how many were taken (a call may take none when
 * many entries without content are in the way): call again with the rest. A file whose digest
 * differs at its end is ERR_CORRUPT. */
MUST_CHECK enum err release_writer_write(struct release_writer *w, const uint8_t *data, size_t size,
                                         size_t *used, struct error *e);
/* The same for bytes that were read from this very place and are not to be written again. */
MUST_CHECK enum err release_writer_keep(struct release_writer *w, const uint8_t *data, size_t size,
                                        size_t *used, struct error *e);
/* After the last byte: entries without content, then the modes of directories (which always keep
 * u+rx). Call until *more is false. */
MUST_CHECK enum err release_writer_finish(struct release_writer *w, bool *more, struct error *e);

/* Reading an existing tree as its content stream, from the start. */
struct release_reader;
MUST_CHECK enum err release_reader_open(const struct release_place *place,
                                        struct release_reader **out, struct error *e);
void release_reader_free(struct release_reader *r);
AUTO_DEFINE(struct release_reader *, release_reader_free)
/* Up to size bytes; *got < size only at the end of the stream, or (0 then) when many entries
 * without content are in the way and *more stays true. ERR_NOT_FOUND when a file is missing, of
 * another type or too short. */
MUST_CHECK enum err release_reader_read(struct release_reader *r, uint8_t *buffer, size_t size,
                                        size_t *got, bool *more, struct error *e);

/* Verifying a whole release: the manifest's digest, then every entry's type, mode, link target and
 * content. Files that the manifest does not name are nobody's business here. */
struct release_verifier;
MUST_CHECK enum err release_verifier_open(const struct release_place *place,
                                          struct release_verifier **out, struct error *e);
void release_verifier_free(struct release_verifier *v);
AUTO_DEFINE(struct release_verifier *, release_verifier_free)
/* One bounded step; call until *more is false. ERR_CORRUPT names the first file that differs. */
MUST_CHECK enum err release_verifier_step(struct release_verifier *v, bool *more, struct error *e);

/* `hivecast-agent internal-sync DIR` and `internal-remove DIR`: blocking work for a child process.
 * Return the exit status, 0 for success; errors are logged. internal-remove makes directories
 * writable first and does not cross mount points; a missing DIR is fine. */
int release_tree_sync_main(const char *path);
int release_tree_remove_main(const char *path);

#endif
