/* SPDX-License-Identifier: Apache-2.0 */
/* release_writer: writes a tree from the content stream, a bounded piece per call. Thread: the
 * loop's. */
#ifndef RELEASE_WRITER_H
#define RELEASE_WRITER_H

#include "release_tree.h"

/* Existing files are kept where release_writer_keep says so and overwritten else. */
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

#endif
