/* SPDX-License-Identifier: Apache-2.0 */
/* Events wait in `pending` (core only) until their turn is committed, then they are numbered and
 * move to `kept`, a ring under the lock. Readers hold a number, not a queue: the ring is the queue
 * of all of them, so a slow one costs nothing and loses the oldest. */
#include "event_hub.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "event.h"

/* A ring of event pointers, oldest at head. */
struct ring {
    struct event **items;
    size_t capacity; /* a power of two, or 0 */
    size_t head;
    size_t count;
};

struct event_hub {
    struct ring pending; /* core only */
    pthread_mutex_t lock;
    pthread_cond_t news;
    struct ring kept; /* this and all below under the lock */
    size_t kept_bytes;
    size_t keep_bytes;
    uint64_t last_seq;
    bool is_closed;
};

struct event_reader {
    struct event_hub *hub;
    struct event_filter filter;
    uint64_t next_seq;
    uint64_t missed; /* not told yet */
};

static struct event *ring_at(const struct ring *r, size_t i)
{
    return r->items[(r->head + i) & (r->capacity - 1)];
}

static bool ring_push(struct ring *r, struct event *event)
{
    if (r->count == r->capacity) {
        size_t capacity = r->capacity == 0 ? 64 : r->capacity * 2;
        struct event **items = calloc(capacity, sizeof(struct event *));
        if (items == NULL)
            return false;
        for (size_t i = 0; i < r->count; i++)
            items[i] = ring_at(r, i);
        free(r->items);
        *r = (struct ring){items, capacity, 0, r->count};
    }
    r->items[(r->head + r->count) & (r->capacity - 1)] = event;
    r->count++;
    return true;
}

static struct event *ring_shift(struct ring *r)
{
    struct event *event = r->items[r->head];
    r->head = (r->head + 1) & (r->capacity - 1);
    r->count--;
    return event;
}

/* Releases all but the oldest `keep`. */
static void ring_cut(struct ring *r, size_t keep)
{
    while (r->count > keep) {
        r->count--;
        event_release(ring_at(r, r->count));
    }
}

static bool wait_init(struct event_hub *h)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return false;
    bool is_fine = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                   pthread_cond_init(&h->news, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return is_fine;
}

struct event_hub *event_hub_new(size_t keep_bytes)
{
    AUTO_FREE struct event_hub *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    h->keep_bytes = keep_bytes;
    if (!wait_init(h))
        return NULL;
    if (pthread_mutex_init(&h->lock, NULL) != 0) {
        pthread_cond_destroy(&h->news);
        return NULL;
    }
    return TAKE(h);
}

void event_hub_free(struct event_hub *h)
{
    if (h == NULL)
        return;
    ring_cut(&h->pending, 0);
    ring_cut(&h->kept, 0);
    free(h->pending.items);
    free(h->kept.items);
    pthread_cond_destroy(&h->news);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static void hold_back(struct event_hub *h, struct event *event)
{
    if (event == NULL)
        return;
    event->time_ms = clock_wall_ms();
    if (!ring_push(&h->pending, event))
        event_release(event);
}

void event_hub_target(struct event_hub *h, enum event_topic topic, const struct target *t,
                      bool is_removed)
{
    assert(topic == EVENT_TARGET_ADDED || topic == EVENT_TARGET_UPDATED);
    hold_back(h, event_of_target(topic, t, is_removed));
}

void event_hub_row(struct event_hub *h, const struct task_target *row, bool is_removed)
{
    hold_back(h, event_of_row(row, is_removed));
}

void event_hub_log(struct event_hub *h, const struct log_batch *log)
{
    hold_back(h, event_of_log(log));
}

/* Under the lock. The newest event is kept even when it alone is larger than what may be kept. */
static void keep(struct event_hub *h, struct event *event)
{
    event->seq = ++h->last_seq;
    if (!ring_push(&h->kept, event)) {
        event_release(event);
        return;
    }
    h->kept_bytes += event_bytes(event);
    while (h->kept_bytes > h->keep_bytes && h->kept.count > 1) {
        struct event *oldest = ring_shift(&h->kept);
        h->kept_bytes -= event_bytes(oldest);
        event_release(oldest);
    }
}

void event_hub_release(struct event_hub *h)
{
    if (h->pending.count == 0)
        return;
    pthread_mutex_lock(&h->lock);
    while (h->pending.count > 0)
        keep(h, ring_shift(&h->pending));
    pthread_cond_broadcast(&h->news);
    pthread_mutex_unlock(&h->lock);
}

void event_hub_discard(struct event_hub *h)
{
    ring_cut(&h->pending, 0);
}

size_t event_hub_mark(const struct event_hub *h)
{
    return h->pending.count;
}

void event_hub_undo(struct event_hub *h, size_t mark)
{
    ring_cut(&h->pending, mark);
}

struct event_reader *event_reader_new(struct event_hub *h, const struct event_filter *f,
                                      uint64_t since)
{
    struct event_reader *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->hub = h;
    r->filter = *f;
    pthread_mutex_lock(&h->lock);
    if (since == UINT64_MAX) {
        r->next_seq = h->last_seq + 1;
    } else if (since > h->last_seq) {
        r->next_seq = 1;
        r->missed = 1;
    } else {
        r->next_seq = since + 1;
    }
    pthread_mutex_unlock(&h->lock);
    return r;
}

void event_reader_free(struct event_reader *r)
{
    free(r);
}

static bool matches(const struct event_filter *f, const struct event *event)
{
    if ((f->topics & event->topic) == 0)
        return false;
    if (event->topic != EVENT_LOGS)
        return true;
    if (f->target_id[0] != '\0' && strcmp(f->target_id, event->log->target_id) != 0)
        return false;
    return f->task_id[0] == '\0' || strcmp(f->task_id, event->log->task_id) == 0;
}

/* The place of the first kept event not below seq. */
static size_t ring_search(const struct ring *r, uint64_t seq)
{
    size_t low = 0;
    size_t high = r->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ring_at(r, middle)->seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Under the lock. Numbers that are missing between events were dropped for want of memory. */
static struct event *advance(struct event_reader *r)
{
    const struct ring *kept = &r->hub->kept;
    for (size_t i = ring_search(kept, r->next_seq); i < kept->count; i++) {
        struct event *event = ring_at(kept, i);
        r->missed += event->seq - r->next_seq;
        r->next_seq = event->seq + 1;
        if (matches(&r->filter, event)) {
            event_retain(event);
            return event;
        }
    }
    return NULL;
}

static struct timespec deadline_after(int timeout_ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += timeout_ms / 1000;
    t.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

struct event *event_reader_next(struct event_reader *r, int timeout_ms, uint64_t *missed)
{
    struct event_hub *h = r->hub;
    struct timespec deadline = deadline_after(timeout_ms);
    struct event *event = NULL;
    int waited = 0;
    pthread_mutex_lock(&h->lock);
    while (!h->is_closed && (event = advance(r)) == NULL && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&h->news, &h->lock, &deadline);
    pthread_mutex_unlock(&h->lock);
    if (event != NULL) {
        *missed = r->missed;
        r->missed = 0;
    }
    return event;
}

void event_hub_close(struct event_hub *h)
{
    pthread_mutex_lock(&h->lock);
    h->is_closed = true;
    pthread_cond_broadcast(&h->news);
    pthread_mutex_unlock(&h->lock);
}

bool event_hub_is_closed(struct event_hub *h)
{
    pthread_mutex_lock(&h->lock);
    bool is_closed = h->is_closed;
    pthread_mutex_unlock(&h->lock);
    return is_closed;
}

uint64_t event_hub_last_seq(struct event_hub *h)
{
    pthread_mutex_lock(&h->lock);
    uint64_t last_seq = h->last_seq;
    pthread_mutex_unlock(&h->lock);
    return last_seq;
}
