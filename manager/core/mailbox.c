/* SPDX-License-Identifier: Apache-2.0 */
#include "mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>

/* Lives on the caller's stack; its caller leaves only after is_done, seen under the lock. */
struct call {
    mailbox_fn *fn;
    void *arg;
    enum err result;
    struct error error;
    bool is_done;
    pthread_cond_t done;
    struct call *next;
};

struct queue {
    struct call *first;
    struct call **end;
};

struct mailbox {
    pthread_mutex_t lock;
    struct queue waiting; /* under the lock */
    bool is_closed;       /* under the lock */
    struct queue ran;     /* core only, until the turn ends */
    int fd;
};

static void queue_init(struct queue *q)
{
    q->first = NULL;
    q->end = &q->first;
}

static void queue_push(struct queue *q, struct call *call)
{
    call->next = NULL;
    *q->end = call;
    q->end = &call->next;
}

static struct call *queue_pop(struct queue *q)
{
    struct call *call = q->first;
    if (call == NULL)
        return NULL;
    q->first = call->next;
    if (q->first == NULL)
        q->end = &q->first;
    return call;
}

struct mailbox *mailbox_new(void)
{
    AUTO_FREE struct mailbox *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->fd < 0)
        return NULL;
    if (pthread_mutex_init(&m->lock, NULL) != 0) {
        close(m->fd);
        return NULL;
    }
    queue_init(&m->waiting);
    queue_init(&m->ran);
    return TAKE(m);
}

void mailbox_free(struct mailbox *m)
{
    if (m == NULL)
        return;
    pthread_mutex_destroy(&m->lock);
    close(m->fd);
    free(m);
}

/* An eventfd refuses only beyond 2^64 - 2 signals, and then it is readable anyway. */
static void signal_core(const struct mailbox *m)
{
    uint64_t one = 1;
    while (write(m->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static void clear_signal(const struct mailbox *m)
{
    uint64_t count;
    while (read(m->fd, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}

static bool post(struct mailbox *m, struct call *call)
{
    pthread_mutex_lock(&m->lock);
    bool is_accepted = !m->is_closed;
    if (is_accepted) {
        queue_push(&m->waiting, call);
        signal_core(m);
        while (!call->is_done)
            pthread_cond_wait(&call->done, &m->lock);
    }
    pthread_mutex_unlock(&m->lock);
    return is_accepted;
}

enum err mailbox_call(struct mailbox *m, mailbox_fn *fn, void *arg, struct error *e)
{
    struct call call = {.fn = fn, .arg = arg};
    if (pthread_cond_init(&call.done, NULL) != 0)
        return error_set(e, ERR_NO_MEMORY, "no room to wait for the core thread");
    bool is_accepted = post(m, &call);
    pthread_cond_destroy(&call.done);
    if (!is_accepted)
        return error_set(e, ERR_UNAVAILABLE, "the manager is shutting down");
    if (call.result != ERR_OK && e != NULL)
        *e = call.error;
    return call.result;
}

int mailbox_fd(const struct mailbox *m)
{
    return m->fd;
}

static struct call *take(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct call *call = queue_pop(&m->waiting);
    if (call == NULL)
        clear_signal(m);
    pthread_mutex_unlock(&m->lock);
    return call;
}

size_t mailbox_run(struct mailbox *m, size_t max, mailbox_around_fn *around, void *arg)
{
    size_t count = 0;
    while (count < max) {
        struct call *call = take(m);
        if (call == NULL)
            break;
        call->result = around(arg, call->fn, call->arg, &call->error);
        queue_push(&m->ran, call);
        count++;
    }
    return count;
}

/* Under the lock, for the caller may be gone the moment it sees is_done. */
static void answer(struct queue *q, enum err code, const struct error *why)
{
    struct call *call;
    while ((call = queue_pop(q)) != NULL) {
        if (code != ERR_OK) {
            call->result = code;
            if (why != NULL)
                call->error = *why;
        }
        call->is_done = true;
        pthread_cond_signal(&call->done);
    }
}

void mailbox_finish(struct mailbox *m, enum err code, const struct error *why)
{
    pthread_mutex_lock(&m->lock);
    answer(&m->ran, code, why);
    pthread_mutex_unlock(&m->lock);
}

void mailbox_close(struct mailbox *m)
{
    struct error why;
    enum err code = error_set(&why, ERR_UNAVAILABLE, "the manager is shutting down");
    pthread_mutex_lock(&m->lock);
    m->is_closed = true;
    answer(&m->waiting, code, &why);
    pthread_mutex_unlock(&m->lock);
}
