/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_content: brings the files of one package to disk once its manifest is there: what is
 * staged, then chunk by chunk from the installed release or from what arrives. Holds a bounded
 * window of chunks. Knows no network: it says what to ask for. Thread: the loop's. */
#ifndef TRANSFER_CONTENT_H
#define TRANSFER_CONTENT_H

#include <zmq.h>

#include "release_tree.h"

struct transfer_content;

struct transfer_counts {
    uint64_t done; /* content bytes written and verified */
    uint64_t reused;
    uint64_t resumed;
};

/* place and old (NULL: no release to reuse) are borrowed; temporary files are made in temp_dir. */
MUST_CHECK enum err transfer_content_open(const struct release_place *place,
                                          const struct release_place *old, const char *temp_dir,
                                          struct transfer_content **out, struct error *e);
void transfer_content_free(struct transfer_content *c);
AUTO_DEFINE(struct transfer_content *, transfer_content_free)
/* One chunk's worth of work at most. *more is false when nothing can be done before a chunk
 * arrives, or at all. */
MUST_CHECK enum err transfer_content_step(struct transfer_content *c, bool *more, struct error *e);
bool transfer_content_is_whole(const struct transfer_content *c);
const struct transfer_counts *transfer_content_counts(const struct transfer_content *c);
/* The next chunks to ask for, CHUNK_REQUEST_MAX at most; false when enough are under way. */
bool transfer_content_ask(struct transfer_content *c, uint64_t *first, uint32_t *count);
/* What was asked for will not come. */
void transfer_content_lost(struct transfer_content *c);
/* Takes the bytes of a sealed chunk; one that nobody waits for is dropped. */
void transfer_content_arrived(struct transfer_content *c, uint64_t index, zmq_msg_t *take_sealed);

#endif
