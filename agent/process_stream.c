/* SPDX-License-Identifier: Apache-2.0 */
#include "process_stream.h"

#include <errno.h>
#include <zmq.h>

enum {
    READ_SIZE = 16 * 1024,
    /* More than a pipe holds: a stranger that still writes into it is not waited for. */
    DRAIN_READS = 16,
};

static void on_line(void *arg, const char *text, size_t size)
{
    const struct process_stream *s = arg;
    if (s->fn != NULL)
        s->fn(s->arg, text, size, s->is_error);
}

/* One read. False when there is nothing (more) to read now. */
static bool read_some(struct process_stream *s)
{
    uint8_t buffer[READ_SIZE];
    ssize_t got = read(s->fd, buffer, sizeof(buffer));
    if (got > 0) {
        line_splitter_feed(&s->splitter, buffer, (size_t)got, on_line, s);
        return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    line_splitter_flush(&s->splitter, on_line, s);
    process_stream_close(s);
    return false;
}

static void on_readable(void *arg, short events)
{
    (void)events;
    (void)read_some(arg);
}

enum err process_stream_open(struct process_stream *s, struct loop *loop, int take_fd,
                             bool is_paused, struct error *e)
{
    s->fd = take_fd;
    return loop_watch_fd(loop, &s->watch, s->fd, is_paused ? 0 : ZMQ_POLLIN, on_readable, s, e);
}

void process_stream_pause(struct process_stream *s, bool is_paused)
{
    loop_watch_events(&s->watch, is_paused ? 0 : ZMQ_POLLIN);
}

void process_stream_drain(struct process_stream *s)
{
    for (int i = 0; i < DRAIN_READS && s->fd >= 0 && read_some(s); i++)
        ;
    line_splitter_flush(&s->splitter, on_line, s);
    process_stream_close(s);
}

void process_stream_close(struct process_stream *s)
{
    if (s->fd < 0)
        return;
    loop_watch_stop(&s->watch);
    close(s->fd);
    s->fd = -1;
}
