/* SPDX-License-Identifier: Apache-2.0 */
/* spool: the journal of serialized reports, numbered from 1 within a stream, kept on disk until the
 * manager has them. Bounded: the oldest go when it is full, their lines are counted and reported as
 * Lost in their place, so numbers have no gaps. A torn tail (kill, power) is cut at open.
 * Thread: the loop's. */
#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "strlist.h"

enum { SPOOL_DEFAULT_BYTES = 16 * 1024 * 1024, SPOOL_RECORD_MAX = 64 * 1024 };

/* What a report weighs when it must be dropped. */
struct spool_weight {
    uint32_t lines; /* 0 for acknowledgements: reconciliation heals their loss */
    int64_t first_ms, last_ms;
};

struct spool;
/* dir is made when missing; max_bytes at least 64 KiB. Unreadable content begins a new stream. */
MUST_CHECK enum err spool_open(const char *dir, uint64_t max_bytes, struct spool **out,
                               struct error *e);
void spool_close(struct spool *s);
AUTO_DEFINE(struct spool *, spool_close)
/* Survives the end of the process at once, a power cut after the next spool_sync. A full disk is no
 * error of the caller: the lines are counted, and a Lost report follows when there is room. */
void spool_append(struct spool *s, const void *report, size_t size,
                  const struct spool_weight *weight);
void spool_sync(struct spool *s);
/* Counts lines that the caller had to drop itself; reported as Lost with the next append. */
void spool_lose(struct spool *s, const struct spool_weight *weight);

/* Never 0. */
uint64_t spool_stream_id(const struct spool *s);
/* Bytes that wait for confirmation. */
uint64_t spool_pending_bytes(const struct spool *s);
uint64_t spool_max_bytes(const struct spool *s);
/* Oldest unconfirmed reports, as struct transport_reports.peek wants them; they are synced first,
 * so that a number that was sent is never given again. */
MUST_CHECK enum err spool_peek(struct spool *s, size_t max, struct bytes *out, uint64_t *first_seq,
                               size_t *count, struct error *e);
/* Forgets everything up to stored_seq. */
void spool_confirm(struct spool *s, uint64_t stored_seq);

#endif
