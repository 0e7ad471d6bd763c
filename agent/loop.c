/* SPDX-License-Identifier: Apache-2.0 */
/* A turn: poll, then watches, signals, timers, work. Nodes may come and go in any callback, so each
 * list is walked in a way that survives it: watches by place in an array whose holes are closed
 * between turns, timers and work by the number of the turn. */
#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <zmq.h>

#include "clock.h"

struct loop {
    zmq_pollitem_t *items;       /* items[i] belongs to watches[i] */
    struct loop_watch **watches; /* NULL: stopped during this turn */
    size_t count;
    size_t capacity;
    struct loop_timer *timers; /* the next due first */
    struct loop_work *works;
    struct loop_work *next_work; /* where the walk over works goes on */
    struct loop_signal *signals;
    struct loop_signal *next_signal;
    sigset_t mask;
    int signal_fd;
    struct loop_watch signal_watch;
    uint64_t turn;
    int64_t now_ms;
    bool is_quitting;
};

enum err loop_new(struct loop **out, struct error *e)
{
    struct loop *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the event loop");
    l->signal_fd = -1;
    sigemptyset(&l->mask);
    l->now_ms = clock_monotonic_ms();
    *out = l;
    return ERR_OK;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    if (l->signal_fd >= 0)
        close(l->signal_fd);
    free(l->items);
    free(l->watches);
    free(l);
}

void loop_quit(struct loop *l)
{
    l->is_quitting = true;
}

int64_t loop_now_ms(const struct loop *l)
{
    return l->now_ms;
}

/* Watches */

static enum err grow(struct loop *l, struct error *e)
{
    size_t capacity = l->capacity == 0 ? 8 : 2 * l->capacity;
    zmq_pollitem_t *items = realloc(l->items, capacity * sizeof(*items));
    if (items == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to watch %zu descriptors", capacity);
    l->items = items;
    struct loop_watch **watches = realloc(l->watches, capacity * sizeof(struct loop_watch *));
    if (watches == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory to watch %zu descriptors", capacity);
    l->watches = watches;
    l->capacity = capacity;
    return ERR_OK;
}

/* A descriptor that has hung up is ready whatever one waits for, so a paused one is hidden. */
static zmq_pollitem_t item_of(const struct loop_watch *w)
{
    return (zmq_pollitem_t){
        .socket = w->socket,
        .fd = w->events != 0 ? w->fd : -1,
        .events = w->events,
    };
}

void loop_watch_events(struct loop_watch *w, short events)
{
    if (w->loop == NULL)
        return;
    zmq_pollitem_t *item = &w->loop->items[w->place];
    short ready = item->revents;
    w->events = events;
    *item = item_of(w);
    item->revents = (short)(ready & (events | ZMQ_POLLERR));
}

static enum err watch_start(struct loop *l, struct loop_watch *w, short events, struct error *e)
{
    if (w->loop != NULL) {
        loop_watch_events(w, events);
        return ERR_OK;
    }
    if (l->count == l->capacity) {
        enum err err = grow(l, e);
        if (err != ERR_OK)
            return err;
    }
    w->loop = l;
    w->place = l->count++;
    w->events = events;
    l->watches[w->place] = w;
    l->items[w->place] = item_of(w);
    return ERR_OK;
}

enum err loop_watch_fd(struct loop *l, struct loop_watch *w, int fd, short events,
                       loop_ready_fn *fn, void *arg, struct error *e)
{
    w->socket = NULL;
    w->fd = fd;
    w->fn = fn;
    w->arg = arg;
    return watch_start(l, w, events, e);
}

enum err loop_watch_socket(struct loop *l, struct loop_watch *w, void *socket, short events,
                           loop_ready_fn *fn, void *arg, struct error *e)
{
    w->socket = socket;
    w->fd = -1;
    w->fn = fn;
    w->arg = arg;
    return watch_start(l, w, events, e);
}

void loop_watch_stop(struct loop_watch *w)
{
    if (w->loop == NULL)
        return;
    w->loop->watches[w->place] = NULL;
    w->loop = NULL;
}

/* Closes the holes; only between turns, when nobody stands at a place. */
static void compact(struct loop *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (l->watches[i] == NULL)
            continue;
        l->watches[kept] = l->watches[i];
        l->items[kept] = l->items[i];
        l->items[kept].revents = 0;
        l->watches[kept]->place = kept;
        kept++;
    }
    l->count = kept;
}

static void call_watches(struct loop *l, size_t polled)
{
    for (size_t i = 0; i < polled; i++) {
        struct loop_watch *w = l->watches[i];
        short ready = l->items[i].revents;
        if (w != NULL && ready != 0 && w->events != 0)
            w->fn(w->arg, ready);
    }
}

/* Timers */

void loop_timer_start(struct loop *l, struct loop_timer *t, int64_t delay_ms, loop_fn *fn,
                      void *arg)
{
    loop_timer_stop(t);
    t->loop = l;
    t->due_ms = clock_monotonic_ms() + (delay_ms > 0 ? delay_ms : 0);
    t->turn = l->turn;
    t->fn = fn;
    t->arg = arg;
    struct loop_timer **place = &l->timers;
    while (*place != NULL && (*place)->due_ms <= t->due_ms)
        place = &(*place)->next;
    t->next = *place;
    *place = t;
}

void loop_timer_stop(struct loop_timer *t)
{
    if (t->loop == NULL)
        return;
    struct loop_timer **place = &t->loop->timers;
    while (*place != t)
        place = &(*place)->next;
    *place = t->next;
    t->loop = NULL;
}

bool loop_timer_is_started(const struct loop_timer *t)
{
    return t->loop != NULL;
}

/* A timer started during this turn waits for the next one, even with a delay of 0. */
static struct loop_timer *due_timer(const struct loop *l)
{
    for (struct loop_timer *t = l->timers; t != NULL && t->due_ms <= l->now_ms; t = t->next) {
        if (t->turn != l->turn)
            return t;
    }
    return NULL;
}

static void call_timers(struct loop *l)
{
    struct loop_timer *t;
    while ((t = due_timer(l)) != NULL) {
        loop_timer_stop(t);
        t->fn(t->arg);
    }
}

/* Work */

void loop_work_start(struct loop *l, struct loop_work *w, loop_work_fn *fn, void *arg)
{
    w->fn = fn;
    w->arg = arg;
    if (w->loop != NULL)
        return;
    w->loop = l;
    w->next = l->works;
    l->works = w;
}

void loop_work_stop(struct loop_work *w)
{
    if (w->loop == NULL)
        return;
    struct loop_work **place = &w->loop->works;
    while (*place != w)
        place = &(*place)->next;
    *place = w->next;
    if (w->loop->next_work == w)
        w->loop->next_work = w->next;
    w->loop = NULL;
}

bool loop_work_is_started(const struct loop_work *w)
{
    return w->loop != NULL;
}

static void call_works(struct loop *l)
{
    l->next_work = l->works;
    while (l->next_work != NULL) {
        struct loop_work *w = l->next_work;
        l->next_work = w->next;
        if (w->fn(w->arg))
            continue;
        /* Its owner may have been freed in the call: only a node still in the list is touched. */
        for (struct loop_work *at = l->works; at != NULL; at = at->next) {
            if (at == w) {
                loop_work_stop(w);
                break;
            }
        }
    }
}

/* Signals */

static void call_signal(struct loop *l, int number)
{
    l->next_signal = l->signals;
    while (l->next_signal != NULL) {
        struct loop_signal *s = l->next_signal;
        l->next_signal = s->next;
        if (s->number == number)
            s->fn(s->arg);
    }
}

static void on_signal_fd(void *arg, short events)
{
    (void)events;
    struct loop *l = arg;
    struct signalfd_siginfo info;
    while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        call_signal(l, (int)info.ssi_signo);
}

enum err loop_signal_start(struct loop *l, struct loop_signal *s, int number, loop_fn *fn,
                           void *arg, struct error *e)
{
    loop_signal_stop(s);
    sigaddset(&l->mask, number);
    if (pthread_sigmask(SIG_BLOCK, &l->mask, NULL) != 0)
        return error_set(e, ERR_INTERNAL, "cannot block signal %d", number);
    int fd = signalfd(l->signal_fd, &l->mask, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return error_errno(e, "signalfd");
    l->signal_fd = fd;
    enum err err = loop_watch_fd(l, &l->signal_watch, fd, ZMQ_POLLIN, on_signal_fd, l, e);
    if (err != ERR_OK)
        return err;
    s->number = number;
    s->fn = fn;
    s->arg = arg;
    s->loop = l;
    s->next = l->signals;
    l->signals = s;
    return ERR_OK;
}

void loop_signal_stop(struct loop_signal *s)
{
    if (s->loop == NULL)
        return;
    struct loop_signal **place = &s->loop->signals;
    while (*place != s)
        place = &(*place)->next;
    *place = s->next;
    if (s->loop->next_signal == s)
        s->loop->next_signal = s->next;
    s->loop = NULL;
}

/* Turns */

static long wait_ms(const struct loop *l, int max_ms)
{
    if (l->works != NULL)
        return 0;
    if (l->timers == NULL)
        return max_ms;
    int64_t left = l->timers->due_ms - clock_monotonic_ms();
    if (left < 0)
        left = 0;
    if (max_ms >= 0 && left > max_ms)
        left = max_ms;
    return left > INT32_MAX ? INT32_MAX : (long)left;
}

enum err loop_turn(struct loop *l, int max_ms, struct error *e)
{
    compact(l);
    size_t polled = l->count;
    int ready = zmq_poll(l->items, (int)polled, wait_ms(l, max_ms));
    if (ready < 0 && zmq_errno() != EINTR)
        return error_set(e, ERR_INTERNAL, "poll: %s", zmq_strerror(zmq_errno()));
    l->turn++;
    l->now_ms = clock_monotonic_ms();
    if (ready > 0)
        call_watches(l, polled);
    call_timers(l);
    call_works(l);
    return ERR_OK;
}

enum err loop_run(struct loop *l, struct error *e)
{
    enum err err = ERR_OK;
    l->is_quitting = false;
    while (!l->is_quitting && err == ERR_OK)
        err = loop_turn(l, -1, e);
    return err;
}
