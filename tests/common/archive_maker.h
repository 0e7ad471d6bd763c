/* SPDX-License-Identifier: Apache-2.0 */
/* archive_maker: archives for tests. Tar is made byte by byte, since no honest writer makes the
 * hostile ones; what is compressed by libarchive. Everything asserts. */
#ifndef ARCHIVE_MAKER_H
#define ARCHIVE_MAKER_H

#include <stdbool.h>

#include "archive_reader.h"
#include "strlist.h"

enum { BLOCK = 512 };

extern const struct archive_limits archive_maker_wide;

/* Appends one tar header. */
void archive_maker_entry(struct bytes *tar, const char *name, char type, unsigned mode,
                         const char *link, uint64_t size);
/* Content with its padding. */
void archive_maker_content(struct bytes *tar, const void *content, size_t size);
void archive_maker_file(struct bytes *tar, const char *name, const char *content);
void archive_maker_end(struct bytes *tar);
/* Old GNU sparse: a whole tar whose one header stands for so many (octal) zeros. */
void archive_maker_sparse(struct bytes *b, const char *size);
/* One file of zeros, by libarchive: tar behind filter, or zip. */
void archive_maker_zeros(struct bytes *out, bool zip, int filter, const char *name, uint64_t size);
/* Reads everything; the last path goes to last unless that is NULL. */
MUST_CHECK enum err archive_maker_read(const struct bytes *b, const struct archive_limits *limits,
                                       char *last, struct error *e);

#endif
