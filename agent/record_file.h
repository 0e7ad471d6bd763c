/* SPDX-License-Identifier: Apache-2.0 */
/* record_file: checksummed records one after the other in a file. A record that was not written
 * whole is the end of the file. Shared by spool and output_ring. Thread: the loop's. */
#ifndef RECORD_FILE_H
#define RECORD_FILE_H

#include "spool.h"

enum { RECORD_OVERHEAD = 40 };

struct record {
    struct spool_weight weight;
    uint32_t mark; /* free for the owner, can be changed later */
    const void *data;
    size_t size;
};

/* Writes at *end and moves it on. What a failure left behind is cut off. */
MUST_CHECK enum err record_file_append(int fd, uint64_t *end, const struct record *r,
                                       struct error *e);
/* Called for each record with its place; false stops before the next one. */
typedef bool record_file_fn(void *arg, uint64_t offset, const struct record *r);
/* From offset on. *end is where the last whole record ended that fn was called for. */
MUST_CHECK enum err record_file_each(int fd, uint64_t offset, record_file_fn *fn, void *arg,
                                     uint64_t *end, struct error *e);
/* Changes the mark of the record at offset. */
MUST_CHECK enum err record_file_mark(int fd, uint64_t offset, uint32_t mark, struct error *e);

#endif
