/* SPDX-License-Identifier: Apache-2.0 */
/* release_reader: reads an existing tree as its content stream, from the start, a bounded piece per
 * call. Thread: the loop's. */
#ifndef RELEASE_READER_H
#define RELEASE_READER_H

#include "release_tree.h"

struct release_reader;
MUST_CHECK enum err release_reader_open(const struct release_place *place,
                                        struct release_reader **out, struct error *e);
void release_reader_free(struct release_reader *r);
AUTO_DEFINE(struct release_reader *, release_reader_free)
/* Up to size bytes. *got < size at the end of the stream (*more is false then), or when many
 * entries came past: call again for the rest. ERR_NOT_FOUND when a file is missing, of another type
 * or too short. */
MUST_CHECK enum err release_reader_read(struct release_reader *r, uint8_t *buffer, size_t size,
                                        size_t *got, bool *more, struct error *e);

#endif
