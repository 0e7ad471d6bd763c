/* SPDX-License-Identifier: Apache-2.0 */
/* release_index: finds chunks by digest in an installed release and reads them from its files. The
 * index lies in unlinked temporary files, so memory does not depend on the size of the release.
 * Thread: the loop's. */
#ifndef RELEASE_INDEX_H
#define RELEASE_INDEX_H

#include "release_tree.h"

struct release_index;
/* Temporary files are made in temp_dir. */
MUST_CHECK enum err release_index_open(const struct release_place *place, const char *temp_dir,
                                       struct release_index **out, struct error *e);
void release_index_free(struct release_index *x);
AUTO_DEFINE(struct release_index *, release_index_free)
/* A bounded step; call until *more is false, before anything below. */
MUST_CHECK enum err release_index_build(struct release_index *x, bool *more, struct error *e);
/* Whether the release had a chunk with the digest and size of wanted, and where in its stream. */
bool release_index_find(struct release_index *x, const struct chunk *wanted, uint64_t *offset);
/* size bytes of the stream at offset, as the files are now: the caller checks the digest. */
MUST_CHECK enum err release_index_read(struct release_index *x, uint64_t offset, uint8_t *buffer,
                                       size_t size, struct error *e);

#endif
