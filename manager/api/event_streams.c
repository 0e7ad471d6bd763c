/* SPDX-License-Identifier: Apache-2.0 */
#include "event_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "model_json.h"

enum {
    STREAMS_MAX = 256,
    WAIT_MS = 250,
    PING_AFTER_MS = 15000,
    DROP_AFTER_MS = 30000,
    SEND_TIMEOUT_MS = 5000,
    STOP_GRACE_MS = 800,
};
AUTO_DEFINE(json_t *, json_decref)

/* A ping, and a close with 1001 (going away), as frames: ulfius has no code for a close. */
static const uint8_t ping_frame[] = {0x89, 0};
static const uint8_t going_away_frame[] = {0x88, 2, 0x03, 0xe9};

struct event_streams {
    struct event_hub *hub;
    struct _websocket_handler *handler; /* the list of ulfius */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct event_stream *first; /* running ones; under the lock, as are the next two */
    size_t count;               /* running or waiting for the upgrade */
    size_t running;
};

struct event_stream {
    struct event_streams *streams;
    struct event_stream *next;
    struct event_reader *reader;
    struct event_stream_slot *slot;
    struct _websocket_manager *manager; /* while it runs */
    int64_t pinged_ms;                  /* monotonic */
};

struct event_streams *event_streams_new(struct event_hub *hub, struct _u_instance *instance)
{
    struct event_streams *s = calloc(1, sizeof(*s));
    pthread_condattr_t attributes;
    if (s == NULL)
        return NULL;
    s->hub = hub;
    s->handler = instance->websocket_handler;
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
    pthread_mutex_lock(&s->lock);
    while (s->count > 0)
        pthread_cond_wait(&s->ended, &s->lock);
    pthread_mutex_unlock(&s->lock);
    /* ulfius says that the last stream is gone while its thread still holds this, and does not wait
     * for it. */
    pthread_mutex_lock(&s->handler->websocket_active_lock);
    pthread_mutex_unlock(&s->handler->websocket_active_lock);
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
        shutdown(t->manager->mhd_sock, SHUT_RDWR);
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
    pthread_cond_broadcast(&s->ended);
    pthread_mutex_unlock(&s->lock);
}

void event_stream_slot_init(struct event_stream_slot *slot)
{
    atomic_init(&slot->stream, NULL);
}

/* ulfius may lose the end of a frame when the socket takes nothing for 50 ms. So it is made to
 * block, and a frame is not begun before there is room. */
static void make_blocking(int fd)
{
    struct timeval timeout = {.tv_sec = SEND_TIMEOUT_MS / 1000};
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) != 0)
        log_warn("events: a socket cannot be set up");
}

static bool has_room(const struct event_stream *t)
{
    struct pollfd fd = {.fd = t->manager->mhd_sock, .events = POLLOUT};
    return poll(&fd, 1, SEND_TIMEOUT_MS) == 1 && (fd.revents & POLLOUT) != 0;
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
    int64_t begin = clock_monotonic_ms();
    return has_room(t) &&
           ulfius_websocket_send_message(t->manager, U_WEBSOCKET_OPCODE_TEXT, strlen(text), text) ==
               U_OK &&
           clock_monotonic_ms() - begin < SEND_TIMEOUT_MS;
}

static bool send_frame(struct event_stream *t, const uint8_t *frame, size_t size)
{
    pthread_mutex_lock(&t->manager->write_lock);
    ssize_t sent = has_room(t) ? send(t->manager->mhd_sock, frame, size, MSG_NOSIGNAL) : -1;
    pthread_mutex_unlock(&t->manager->write_lock);
    return sent == (ssize_t)size;
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

/* ulfius clears ping_sent when the pong comes, but never sets it. */
static bool is_alive(struct event_stream *t)
{
    int64_t silent = clock_monotonic_ms() - t->pinged_ms;
    if (ulfius_websocket_status(t->manager) != U_WEBSOCKET_STATUS_OPEN)
        return false;
    if (t->manager->ping_sent != 0)
        return silent < DROP_AFTER_MS;
    if (silent < PING_AFTER_MS)
        return true;
    t->pinged_ms += silent;
    t->manager->ping_sent = 1;
    return send_frame(t, ping_frame, sizeof(ping_frame));
}

/* Waits for the next event and sends it; false ends the stream. */
static bool pass_event(struct event_stream *t)
{
    uint64_t missed = 0;
    struct event *event = event_reader_next(t->reader, WAIT_MS, &missed);
    if (event == NULL && !event_hub_is_closed(t->streams->hub))
        return true;
    if (event == NULL) {
        /* The last words: whether they arrive does not matter. */
        (void)send_frame(t, going_away_frame, sizeof(going_away_frame));
        return false;
    }
    bool is_sent = missed == 0 || send_gap(t, missed);
    is_sent = is_sent && send_json(t, model_json_event(event));
    event_release(event);
    return is_sent;
}

static void enter(struct event_stream *t, struct _websocket_manager *manager)
{
    struct event_streams *s = t->streams;
    t->manager = manager;
    t->pinged_ms = clock_monotonic_ms();
    manager->keep_messages = U_WEBSOCKET_KEEP_NONE;
    make_blocking(manager->mhd_sock);
    pthread_mutex_lock(&s->lock);
    t->next = s->first;
    s->first = t;
    s->running++;
    pthread_mutex_unlock(&s->lock);
}

static void leave(struct event_stream *t)
{
    struct event_streams *s = t->streams;
    struct event_stream **place = &s->first;
    /* The reading thread may sit in the middle of a frame; this is all it listens to then. */
    shutdown(t->manager->mhd_sock, SHUT_RDWR);
    pthread_mutex_lock(&s->lock);
    while (*place != t)
        place = &(*place)->next;
    *place = t->next;
    s->running--;
    pthread_cond_broadcast(&s->ended);
    pthread_mutex_unlock(&s->lock);
}

static void run_stream(const struct _u_request *request, struct _websocket_manager *manager,
                       void *arg)
{
    struct event_stream *t = arg;
    (void)request;
    enter(t, manager);
    bool goes_on = send_hello(t);
    while (goes_on)
        goes_on = is_alive(t) && pass_event(t);
    leave(t);
}

static void stream_closed(const struct _u_request *request, struct _websocket_manager *manager,
                          void *arg)
{
    struct event_stream *t = arg;
    (void)request;
    (void)manager;
    atomic_store(&t->slot->stream, NULL);
    event_stream_free(t);
}

static void unlock_list(void *arg)
{
    struct _websocket_handler *handler = arg;
    pthread_mutex_unlock(&handler->websocket_active_lock);
}

/* ulfius 2.7.13 enlarges its list of WebSockets before it takes the lock of the list, while others
 * shrink it: the heap breaks when many come and go. The lock is recursive, so we hold it from here
 * until ulfius has sent the response and frees what belongs to it. */
enum err event_stream_offer(struct event_stream *take_stream, struct event_stream_slot *slot,
                            struct _u_response *response, struct error *e)
{
    struct event_stream *t = take_stream;
    struct _websocket_handler *handler = t->streams->handler;
    if (ulfius_set_websocket_response(response, NULL, NULL, run_stream, t, NULL, NULL,
                                      stream_closed, t) != U_OK) {
        event_stream_free(t);
        return error_set(e, ERR_NO_MEMORY, "no memory for an event stream");
    }
    t->slot = slot;
    atomic_store(&slot->stream, t);
    pthread_mutex_lock(&handler->websocket_active_lock);
    response->shared_data = handler;
    response->free_shared_data = unlock_list;
    return ERR_OK;
}

/* Exported by ulfius, but in none of its public headers. */
int ulfius_clear_websocket(struct _websocket *websocket);

void event_streams_abandon(struct event_streams *s, struct event_stream_slot *slot)
{
    struct event_stream *t = atomic_load(&slot->stream);
    struct _websocket *websocket = NULL;
    if (t == NULL)
        return;
    pthread_mutex_lock(&s->handler->websocket_active_lock);
    for (size_t i = 0; i < s->handler->nb_websocket_active; i++) {
        if (s->handler->websocket_active[i]->websocket_manager_user_data == t)
            websocket = s->handler->websocket_active[i];
    }
    if (websocket != NULL && ulfius_clear_websocket(websocket) != U_OK)
        log_warn("events: a stream that did not begin cannot be removed");
    pthread_mutex_unlock(&s->handler->websocket_active_lock);
    event_stream_free(t);
}
