/* SPDX-License-Identifier: Apache-2.0 */
/* send_pool: a fixed number of buffers for chunks on their way out. libzmq gives a buffer back from
 * its own thread when it has encrypted it; that is how the owner knows how much is under way, for
 * each peer and in all. Memory is bounded by the number of buffers, whatever peers do.
 * Thread: the owner's, except send_pool_release. */
#ifndef SEND_POOL_H
#define SEND_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"

enum { SEND_BUFFERS = 64 };

struct send_buffer {
    /* Written last when it is taken and read first when it comes back: libzmq hands it on in ways
     * that tools do not see. */
    _Atomic(struct send_pool *) pool;
    struct send_buffer *next;
    void *owner; /* whom it was taken for */
    uint8_t data[SEALED_MAX];
};

struct send_pool;
MUST_CHECK enum err send_pool_new(struct send_pool **out, struct error *e);
/* When no buffer is with libzmq any more, that is after zmq_ctx_term. */
void send_pool_free(struct send_pool *p);
AUTO_DEFINE(struct send_pool *, send_pool_free)

/* NULL when all are under way (or there is no memory). */
struct send_buffer *send_pool_take(struct send_pool *p, void *owner);
/* How many may still be taken. */
size_t send_pool_left(const struct send_pool *p);
/* A zmq_free_fn with the buffer as hint: any thread. */
void send_pool_release(void *data, void *hint);
/* Readable when buffers came back. */
int send_pool_fd(const struct send_pool *p);
/* Takes back what came back: calls fn(arg, owner) for each buffer. */
typedef void send_pool_fn(void *arg, void *owner);
void send_pool_collect(struct send_pool *p, send_pool_fn *fn, void *arg);

#endif
