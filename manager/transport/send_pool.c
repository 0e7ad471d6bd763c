/* SPDX-License-Identifier: Apache-2.0 */
/* send_pool: see send_pool.h. Buffers come back over a stack that any thread may push to and the
 * owner takes as a whole, so there is no lock and no ABA. */
#include "send_pool.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct send_pool {
    _Atomic(struct send_buffer *) returned;
    struct send_buffer *idle; /* kept for the next chunk: their memory is warm */
    size_t under_way;
    int fd;
};

enum err send_pool_new(struct send_pool **out, struct error *e)
{
    struct send_pool *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return error_set(e, ERR_NO_MEMORY, "buffers for chunks");
    atomic_init(&p->returned, NULL);
    p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->fd < 0) {
        free(p);
        return error_errno(e, "buffers for chunks");
    }
    *out = p;
    return ERR_OK;
}

static void free_list(struct send_buffer *list)
{
    while (list != NULL) {
        struct send_buffer *next = list->next;
        free(list);
        list = next;
    }
}

void send_pool_free(struct send_pool *p)
{
    if (p == NULL)
        return;
    free_list(atomic_exchange(&p->returned, NULL));
    free_list(p->idle);
    (void)close(p->fd);
    free(p);
}

struct send_buffer *send_pool_take(struct send_pool *p, void *owner)
{
    if (p->under_way == SEND_BUFFERS)
        return NULL;
    struct send_buffer *b = p->idle;
    if (b != NULL)
        p->idle = b->next;
    else
        b = malloc(sizeof(*b));
    if (b == NULL)
        return NULL;
    b->next = NULL;
    b->owner = owner;
    atomic_store(&b->pool, p);
    p->under_way++;
    return b;
}

size_t send_pool_left(const struct send_pool *p)
{
    return SEND_BUFFERS - p->under_way;
}

void send_pool_release(void *data, void *hint)
{
    (void)data;
    struct send_buffer *b = hint;
    struct send_pool *p = atomic_load(&b->pool);
    struct send_buffer *head = atomic_load(&p->returned);
    do {
        b->next = head;
    } while (!atomic_compare_exchange_weak(&p->returned, &head, b));
    /* Whoever finds the stack empty wakes the owner, who takes all of it. */
    if (head == NULL)
        (void)eventfd_write(p->fd, 1);
}

int send_pool_fd(const struct send_pool *p)
{
    return p->fd;
}

void send_pool_collect(struct send_pool *p, send_pool_fn *fn, void *arg)
{
    eventfd_t count;
    (void)eventfd_read(p->fd, &count); /* before the stack is taken, or a wake-up is lost */
    struct send_buffer *list = atomic_exchange(&p->returned, NULL);
    while (list != NULL) {
        struct send_buffer *b = list;
        list = b->next;
        void *owner = b->owner;
        b->next = p->idle;
        p->idle = b;
        p->under_way--;
        fn(arg, owner);
    }
}
