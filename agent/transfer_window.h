/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_window: the chunks between planned and written, in order: a ring of slots with a credit
 * of bytes for those that come over the wire. Thread: the loop's. */
#ifndef TRANSFER_WINDOW_H
#define TRANSFER_WINDOW_H

#include <stdbool.h>
#include <zmq.h>

#include "seal.h"

enum { WINDOW_SLOTS = 32, WINDOW_BYTES = 512 * 1024 };

enum slot_state {
    SLOT_STAGED,  /* may be in place already */
    SLOT_LOCAL,   /* the installed release had it */
    SLOT_WANTED,  /* to be asked for */
    SLOT_ASKED,   /* under way */
    SLOT_ARRIVED, /* in sealed */
};

struct slot {
    struct chunk chunk;
    uint64_t index; /* in the manifest */
    enum slot_state state;
    unsigned tries;
    uint64_t old_offset; /* of SLOT_LOCAL */
    zmq_msg_t sealed;    /* of SLOT_ARRIVED */
};

/* Zero-initialised is empty. */
struct transfer_window {
    struct slot slots[WINDOW_SLOTS];
    size_t head;
    size_t count;
    uint64_t bytes; /* sealed, under way and arrived */
};

/* The oldest, NULL when there is none. */
struct slot *transfer_window_head(struct transfer_window *w);
/* A slot for the next chunk; NULL when the window is full. */
struct slot *transfer_window_add(struct transfer_window *w);
/* The head was written. */
void transfer_window_pop(struct transfer_window *w);
/* The head is to be fetched (again). */
void transfer_window_want(struct transfer_window *w, struct slot *s);
bool transfer_window_ask(struct transfer_window *w, uint64_t *first, uint32_t *count);
void transfer_window_lost(struct transfer_window *w);
void transfer_window_arrived(struct transfer_window *w, uint64_t index, zmq_msg_t *take_sealed);
void transfer_window_clear(struct transfer_window *w);

#endif
