/* SPDX-License-Identifier: Apache-2.0 */
/* spool_state: what spool.c and spool_send.c share. */
#ifndef SPOOL_STATE_H
#define SPOOL_STATE_H

#include "spool.h"
#include "spool_store.h"

struct spool {
    struct spool_store store;
    uint64_t confirmed;     /* highest number that the manager has */
    uint64_t confirmed_end; /* place after it in the first segment */
    uint64_t peeked;        /* highest number that was given out */
    uint64_t peeked_end;    /* place after it, when it is in the first segment; else 0 */
    uint64_t lost_lines;    /* not reported yet */
    int64_t lost_first_ms, lost_last_ms;
    bool is_failing; /* told once until it works again */
};

struct weighing {
    uint64_t lines;
    int64_t first_ms, last_ms;
};

/* Of what is not confirmed in segment i. */
struct weighing spool_weigh_segment(const struct spool *s, size_t i);
void spool_note_failure(struct spool *s, const struct error *e);
/* Removes all that is kept; numbers start again. */
MUST_CHECK enum err spool_begin_stream(struct spool *s, struct error *e);
/* A serialized Report; returns its size. */
size_t spool_pack_lost(uint64_t lines, int64_t first_ms, int64_t last_ms, uint8_t out[static 64]);

#endif
