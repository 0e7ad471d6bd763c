/* SPDX-License-Identifier: Apache-2.0 */
/* loop: the agent's one event loop: sockets and descriptors, monotonic timers, signals, and long
 * work done step by step. Every node lives in its owner's struct; the loop allocates nothing per
 * node. Callbacks may start and stop any node, their own included. Thread: the agent's only one. */
#ifndef LOOP_H
#define LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct loop;

typedef void loop_fn(void *arg);
/* events: ZMQ_POLLIN, ZMQ_POLLOUT, ZMQ_POLLERR (also for a hang-up). */
typedef void loop_ready_fn(void *arg, short events);
/* One bounded piece of work; true while there is more. */
typedef bool loop_work_fn(void *arg);

/* Nodes: zero-initialised is "not started"; members are the loop's. */
struct loop_watch {
    void *socket; /* ZeroMQ socket, or NULL */
    int fd;
    short events;
    loop_ready_fn *fn;
    void *arg;
    struct loop *loop; /* NULL: not started */
    size_t place;
};

struct loop_timer {
    int64_t due_ms;
    uint64_t turn;
    loop_fn *fn;
    void *arg;
    struct loop *loop;
    struct loop_timer *next;
};

struct loop_work {
    loop_work_fn *fn;
    void *arg;
    struct loop *loop;
    struct loop_work *next;
};

struct loop_signal {
    int number;
    loop_fn *fn;
    void *arg;
    struct loop *loop;
    struct loop_signal *next;
};

MUST_CHECK enum err loop_new(struct loop **out, struct error *e);
/* Nodes still started are forgotten, not called. */
void loop_free(struct loop *l);
AUTO_DEFINE(struct loop *, loop_free)
/* Turns until loop_quit. ERR_INTERNAL when polling itself fails. */
MUST_CHECK enum err loop_run(struct loop *l, struct error *e);
/* One turn that waits at most max_ms (-1: until something happens); for tests and orderly ends. */
MUST_CHECK enum err loop_turn(struct loop *l, int max_ms, struct error *e);
/* loop_run returns after the present turn. */
void loop_quit(struct loop *l);
/* The monotonic clock as it was when this turn began to call back. */
int64_t loop_now_ms(const struct loop *l);

/* The caller closes fd or socket, after loop_watch_stop. Starting a started one changes events. */
MUST_CHECK enum err loop_watch_fd(struct loop *l, struct loop_watch *w, int fd, short events,
                                  loop_ready_fn *fn, void *arg, struct error *e);
MUST_CHECK enum err loop_watch_socket(struct loop *l, struct loop_watch *w, void *socket,
                                      short events, loop_ready_fn *fn, void *arg, struct error *e);
/* 0 pauses. */
void loop_watch_events(struct loop_watch *w, short events);
void loop_watch_stop(struct loop_watch *w);

/* Calls fn once after delay_ms; starting a started one moves it. */
void loop_timer_start(struct loop *l, struct loop_timer *t, int64_t delay_ms, loop_fn *fn,
                      void *arg);
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_is_started(const struct loop_timer *t);

/* Calls fn once per turn, with no waiting in between, until it returns false or is stopped. */
void loop_work_start(struct loop *l, struct loop_work *w, loop_work_fn *fn, void *arg);
void loop_work_stop(struct loop_work *w);
bool loop_work_is_started(const struct loop_work *w);

/* Blocks the signal for the process and calls fn in a later turn instead; several deliveries may
 * come as one (reap children until there are none). Several nodes may share a number. Children must
 * empty their signal mask before exec. Start SIGTERM and the like before ZeroMQ makes threads. */
MUST_CHECK enum err loop_signal_start(struct loop *l, struct loop_signal *s, int number,
                                      loop_fn *fn, void *arg, struct error *e);
void loop_signal_stop(struct loop_signal *s);

#endif
