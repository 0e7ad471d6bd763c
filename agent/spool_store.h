/* SPDX-License-Identifier: Apache-2.0 */
/* spool_store: the files of the spool: segments named by their first sequence number, each with the
 * stream's id, and the ranges that were dropped for want of room. Used by spool.c. */
#ifndef SPOOL_STORE_H
#define SPOOL_STORE_H

#include "record_file.h"

enum {
    SPOOL_SEGMENTS_MAX = 16,
    SPOOL_SEGMENTS_GOAL = 8,
    SPOOL_GAPS_MAX = 32,
    SPOOL_HEADER_SIZE = 32,
};

struct spool_segment {
    uint64_t first_seq;
    uint64_t next_seq; /* of the record that comes after it */
    uint64_t end;      /* bytes of the file */
};

/* Numbers [first_seq, next_seq) whose reports were dropped. */
struct spool_gap {
    uint64_t first_seq;
    uint64_t next_seq;
    uint64_t lines;
    int64_t first_ms, last_ms;
};

struct spool_store {
    char *dir;
    uint64_t max_bytes;
    uint64_t stream_id;
    struct spool_segment segments[SPOOL_SEGMENTS_MAX]; /* oldest first, at least one */
    size_t count;
    int fd; /* of the last segment */
    bool is_dirty;
    struct spool_gap gaps[SPOOL_GAPS_MAX]; /* oldest first */
    size_t gap_count;
};

/* Filled also on failure; spool_store_clear. ERR_NO_SPACE: usable, as after spool_store_reset. */
MUST_CHECK enum err spool_store_open(struct spool_store *s, const char *dir, uint64_t max_bytes,
                                     struct error *e);
void spool_store_clear(struct spool_store *s);
static inline struct spool_segment *spool_store_last(struct spool_store *s)
{
    return &s->segments[s->count - 1];
}
/* Makes a new last segment, unless the last one is empty. */
MUST_CHECK enum err spool_store_roll(struct spool_store *s, struct error *e);
MUST_CHECK enum err spool_store_sync(struct spool_store *s, struct error *e);
/* Reads records of a segment, as record_file_each. */
MUST_CHECK enum err spool_store_read(const struct spool_store *s, const struct spool_segment *from,
                                     uint64_t offset, record_file_fn *fn, void *arg, uint64_t *end,
                                     struct error *e);
/* Removes the oldest segment, never the last one. */
void spool_store_unlink_first(struct spool_store *s);
/* Remembers on disk what is dropped; joined to the last gap when may_join. */
void spool_store_add_gap(struct spool_store *s, const struct spool_gap *gap, bool may_join);
/* Forgets gaps that end at or before stored_seq. */
void spool_store_confirm_gaps(struct spool_store *s, uint64_t stored_seq);
/* Removes everything and begins a new stream. After a failure there is an empty segment without a
 * file (fd -1): to be tried again. */
MUST_CHECK enum err spool_store_reset(struct spool_store *s, struct error *e);

#endif
