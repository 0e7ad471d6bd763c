/* SPDX-License-Identifier: Apache-2.0 */
/* output_ring: output that is sent only on request: serialized Log reports in a bounded ring of
 * files, the oldest dropped first and counted. Thread: the loop's. */
#ifndef OUTPUT_RING_H
#define OUTPUT_RING_H

#include "spool.h"

enum { OUTPUT_RING_DEFAULT_BYTES = 4 * 1024 * 1024 };

struct output_ring;
/* dir is made when missing. */
MUST_CHECK enum err output_ring_open(const char *dir, uint64_t max_bytes, struct output_ring **out,
                                     struct error *e);
void output_ring_close(struct output_ring *r);
AUTO_DEFINE(struct output_ring *, output_ring_close)
/* What cannot be written is counted as dropped. */
void output_ring_append(struct output_ring *r, const char *task_id, const void *report, size_t size,
                        const struct spool_weight *weight);
/* Moves the reports of the task ("": of all) into the spool, oldest first, then reports what was
 * dropped since the last time as Lost. */
MUST_CHECK enum err output_ring_move(struct output_ring *r, const char *task_id,
                                     struct spool *spool, struct error *e);

#endif
