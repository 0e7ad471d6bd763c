/* SPDX-License-Identifier: Apache-2.0 */
#include "event_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "model_json.h"
#include "websocket.h"

enum {
    STREAMS_MAX = 256,
    WAIT_MS = 250,
    PING_AFTER_MS = 15000,
    DROP_AFTER_MS = 45000,
    SEND_TIMEOUT_S = 5,
    STOP_GRACE_MS = 800,
    STACK_SIZE = 256 * 1024,
};
AUTO_DEFINE(json_t *, json_decref)

struct event_streams {
    struct event_hub *hub;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct event_stream *first; /* started ones; under the lock, as are the next two */
    size_t count;               /* started or waiting for the upgrade */
    size_t running;
};

struct event_stream {
    struct event_streams *streams;
    struct event_stream *next;
    struct event_reader *reader;
    int fd; /* of MHD, closed by its handle */
    struct MHD_UpgradeResponseHandle *handle;
    struct websocket_parser parser;
    int64_t heard_ms;  /* monotonic */
    int64_t pinged_ms; /* monotonic */
};

struct event_streams *event_streams_new(struct event_hub *hub)
{
    struct event_streams *s = calloc(1, sizeof(*s));
    pthread_condattr_t attributes;
    if (s == NULL)
        return NULL;
    s->hub = hub;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    return s;
}

void event_streams_free(struct event_streams *s)
{
    if (s == NULL)
        return;
    pthread_cond_destroy(&s->ended);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct timespec deadline_in(int ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

void event_streams_stop(struct event_streams *s)
{
    struct timespec deadline = deadline_in(STOP_GRACE_MS);
    int waited = 0;
    event_hub_close(s->hub);
    pthread_mutex_lock(&s->lock);
    while (s->running > 0 && waited == 0)
        waited = pthread_cond_timedwait(&s->ended, &s->lock, &deadline);
    /* Who still sits in a send. */
    for (struct event_stream *t = s->first; t != NULL; t = t->next)
        shutdown(t->fd, SHUT_RDWR);
    while (s->running > 0)
        pthread_cond_wait(&s->ended, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

enum err event_stream_new(struct event_streams *s, const struct event_filter *f, uint64_t since,
                          struct event_stream **out, struct error *e)
{
    pthread_mutex_lock(&s->lock);
    bool is_full = s->count == STREAMS_MAX;
    s->count += !is_full;
    pthread_mutex_unlock(&s->lock);
    if (is_full)
        return error_set(e, ERR_UNAVAILABLE, "there are %d event streams already", STREAMS_MAX);
    struct event_stream *t = calloc(1, sizeof(*t));
    struct event_reader *reader = event_reader_new(s->hub, f, since);
    if (t != NULL && reader != NULL) {
        t->streams = s;
        t->reader = reader;
        *out = t;
        return ERR_OK;
    }
    event_reader_free(reader);
    free(t);
    pthread_mutex_lock(&s->lock);
    s->count--;
    pthread_mutex_unlock(&s->lock);
    return error_set(e, ERR_NO_MEMORY, "no memory for an event stream");
}

void event_stream_free(struct event_stream *t)
{
    if (t == NULL)
        return;
    struct event_streams *s = t->streams;
    event_reader_free(t->reader);
    free(t);
    pthread_mutex_lock(&s->lock);
    s->count--;
    pthread_mutex_unlock(&s->lock);
}

/* Takes the message; false when the client is gone. */
static bool send_json(struct event_stream *t, json_t *take_message)
{
    AUTO(json_decref) json_t *message = take_message;
    AUTO_FREE char *text = json_dumps(message, JSON_COMPACT);
    if (text == NULL) {
        log_warn("events: no memory for a message");
        return false;
    }
    return websocket_send(t->fd, WEBSOCKET_TEXT, text, strlen(text));
}

static bool send_hello(struct event_stream *t)
{
    uint64_t last = event_hub_last_seq(t->streams->hub);
    return send_json(t, json_pack("{s:s, s:I, s:o}", "topic", "hello", "lastSeq", (json_int_t)last,
                                  "time", model_json_time(clock_wall_ms())));
}

static bool send_gap(struct event_stream *t, uint64_t missed)
{
    return send_json(t, json_pack("{s:s, s:I, s:o}", "topic", "gap", "missed", (json_int_t)missed,
                                  "time", model_json_time(clock_wall_ms())));
}

/* The last words of a stream: whether they arrived does not matter. */
static bool end_after(bool is_sent)
{
    (void)is_sent;
    return false;
}

/* false ends the stream. */
static bool answer_control(struct event_stream *t)
{
    const struct websocket_parser *p = &t->parser;
    switch (websocket_opcode_of(p)) {
    case WEBSOCKET_PING:
        return websocket_send(t->fd, WEBSOCKET_PONG, p->control, p->at);
    case WEBSOCKET_CLOSE:
        return end_after(websocket_send(t->fd, WEBSOCKET_CLOSE, p->control, p->at < 2 ? 0 : 2));
    default:
        return true;
    }
}

static bool take_input(struct event_stream *t, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        enum websocket_event event = websocket_parse(&t->parser, data[i]);
        if (event == WEBSOCKET_BROKEN)
            return end_after(websocket_send_close(t->fd, WEBSOCKET_PROTOCOL_ERROR));
        if (event == WEBSOCKET_CONTROL_FRAME && !answer_control(t))
            return false;
    }
    return true;
}

/* Reads what has come, without waiting. */
static bool listen_to_client(struct event_stream *t)
{
    uint8_t buffer[512];
    int64_t now = clock_monotonic_ms();
    ssize_t got = recv(t->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        return false;
    if (got > 0) {
        t->heard_ms = now;
        return take_input(t, buffer, (size_t)got);
    }
    if (now - t->heard_ms > DROP_AFTER_MS)
        return false;
    if (now - t->heard_ms > PING_AFTER_MS && now - t->pinged_ms > PING_AFTER_MS) {
        t->pinged_ms = now;
        return websocket_send(t->fd, WEBSOCKET_PING, NULL, 0);
    }
    return true;
}

/* Waits for the next event and sends it. */
static bool pass_event(struct event_stream *t)
{
    uint64_t missed = 0;
    struct event *event = event_reader_next(t->reader, WAIT_MS, &missed);
    if (event == NULL) {
        if (!event_hub_is_closed(t->streams->hub))
            return true;
        return end_after(websocket_send_close(t->fd, WEBSOCKET_GOING_AWAY));
    }
    bool is_sent = missed == 0 || send_gap(t, missed);
    is_sent = is_sent && send_json(t, model_json_event(event));
    event_release(event);
    return is_sent;
}

static void end_stream(struct event_stream *t)
{
    struct event_streams *s = t->streams;
    struct event_stream **place = &s->first;
    pthread_mutex_lock(&s->lock);
    while (*place != t)
        place = &(*place)->next;
    *place = t->next;
    pthread_mutex_unlock(&s->lock);
    MHD_upgrade_action(t->handle, MHD_UPGRADE_ACTION_CLOSE);
    event_stream_free(t);
    pthread_mutex_lock(&s->lock);
    s->running--;
    pthread_cond_broadcast(&s->ended);
    pthread_mutex_unlock(&s->lock);
}

static void *run_stream(void *arg)
{
    struct event_stream *t = arg;
    bool is_alive = send_hello(t);
    while (is_alive)
        is_alive = listen_to_client(t) && pass_event(t);
    end_stream(t);
    return NULL;
}

/* The thread may wait in a send, but not for ever. */
static void make_blocking(int fd)
{
    struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) != 0)
        log_warn("events: a socket cannot be set up");
}

void event_stream_start(struct event_stream *take_stream, int fd,
                        struct MHD_UpgradeResponseHandle *handle, const void *extra, size_t size)
{
    struct event_stream *t = take_stream;
    struct event_streams *s = t->streams;
    pthread_t thread;
    pthread_attr_t attributes;
    t->fd = fd;
    t->handle = handle;
    t->heard_ms = clock_monotonic_ms();
    make_blocking(fd);
    pthread_mutex_lock(&s->lock);
    t->next = s->first;
    s->first = t;
    s->running++;
    pthread_mutex_unlock(&s->lock);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (!take_input(t, extra, size) || pthread_create(&thread, &attributes, run_stream, t) != 0)
        end_stream(t);
    pthread_attr_destroy(&attributes);
}
