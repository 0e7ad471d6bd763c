/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer_window.h"

#include "limits.h"

static struct slot *at(struct transfer_window *w, size_t i)
{
    return &w->slots[(w->head + i) % WINDOW_SLOTS];
}

struct slot *transfer_window_head(struct transfer_window *w)
{
    return w->count > 0 ? at(w, 0) : NULL;
}

struct slot *transfer_window_add(struct transfer_window *w)
{
    if (w->count == WINDOW_SLOTS)
        return NULL;
    struct slot *s = at(w, w->count++);
    *s = (struct slot){.state = SLOT_WANTED};
    return s;
}

/* Gives back the credit and the bytes of what is under way or arrived. */
static void release(struct transfer_window *w, struct slot *s)
{
    if (s->state == SLOT_ARRIVED)
        zmq_msg_close(&s->sealed);
    if (s->state == SLOT_ARRIVED || s->state == SLOT_ASKED)
        w->bytes -= s->chunk.sealed_size;
}

void transfer_window_pop(struct transfer_window *w)
{
    release(w, at(w, 0));
    w->head = (w->head + 1) % WINDOW_SLOTS;
    w->count--;
}

void transfer_window_want(struct transfer_window *w, struct slot *s)
{
    release(w, s);
    s->state = SLOT_WANTED;
}

/* Asks in bunches: not before half of the credit is free. The head may always be asked for, since
 * those behind it give their credit back only after it. */
bool transfer_window_ask(struct transfer_window *w, uint64_t *first, uint32_t *count)
{
    size_t i = 0;
    while (i < w->count && at(w, i)->state != SLOT_WANTED)
        i++;
    if (i == w->count || (i > 0 && w->bytes > WINDOW_BYTES / 2))
        return false;
    *first = at(w, i)->index;
    *count = 0;
    for (; i < w->count && *count < CHUNK_REQUEST_MAX; i++) {
        struct slot *s = at(w, i);
        if (s->state != SLOT_WANTED || (i > 0 && w->bytes + s->chunk.sealed_size > WINDOW_BYTES))
            break;
        s->state = SLOT_ASKED;
        w->bytes += s->chunk.sealed_size;
        ++*count;
    }
    return *count > 0;
}

void transfer_window_lost(struct transfer_window *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (at(w, i)->state == SLOT_ASKED)
            transfer_window_want(w, at(w, i));
    }
}

/* One that is wanted again after a loss is taken as well: it is checked like any other. */
void transfer_window_arrived(struct transfer_window *w, uint64_t index, zmq_msg_t *take_sealed)
{
    for (size_t i = 0; i < w->count; i++) {
        struct slot *s = at(w, i);
        if (s->index != index || (s->state != SLOT_ASKED && s->state != SLOT_WANTED))
            continue;
        if (s->state == SLOT_WANTED)
            w->bytes += s->chunk.sealed_size;
        s->state = SLOT_ARRIVED;
        zmq_msg_init(&s->sealed);
        zmq_msg_move(&s->sealed, take_sealed);
        return;
    }
}

void transfer_window_clear(struct transfer_window *w)
{
    while (w->count > 0)
        transfer_window_pop(w);
}
