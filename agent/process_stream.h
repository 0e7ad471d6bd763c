/* SPDX-License-Identifier: Apache-2.0 */
/* process_stream: one pipe from a command, read as lines a bounded piece per turn of the loop, so
 * that a command that floods is held by its full pipe. Used by process.c. Thread: the loop's. */
#ifndef PROCESS_STREAM_H
#define PROCESS_STREAM_H

#include "line_splitter.h"
#include "loop.h"

/* Must not end the process that writes. */
typedef void process_stream_fn(void *arg, const char *text, size_t size, bool is_error);

struct process_stream {
    int fd; /* -1: at its end */
    bool is_error;
    process_stream_fn *fn; /* may be NULL */
    void *arg;
    struct loop_watch watch;
    struct line_splitter splitter;
};

/* Owns fd from here on, also after a failure. The caller has filled is_error, fn and arg. */
MUST_CHECK enum err process_stream_open(struct process_stream *s, struct loop *loop, int take_fd,
                                        bool is_paused, struct error *e);
void process_stream_pause(struct process_stream *s, bool is_paused);
/* Reads what is there, at most what a pipe can hold, and closes. */
void process_stream_drain(struct process_stream *s);
void process_stream_close(struct process_stream *s);

#endif
