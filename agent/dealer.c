/* SPDX-License-Identifier: Apache-2.0 */
#include "dealer.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

enum {
    RECONNECT_MS = 500,
    RECONNECT_MAX_MS = 8000,
    HANDSHAKE_MS = 60000,
    ZMTP_HEARTBEAT_MS = 20000,
    FRAMES_MAX = 3,
    WHY_SIZE = 160,
    REFUSED_MS = 1000,
    REFUSED_MAX_MS = 60000,
    WATCHED_EVENTS = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                     ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED,
};

struct dealer {
    struct loop *loop;
    void *socket;
    void *monitor;
    struct loop_watch socket_watch;
    struct loop_watch monitor_watch;
    const struct dealer_limits *limits;
    const struct dealer_events *events;
    void *arg;
    struct loop_timer connect_timer; /* after the manager refused our key */
    int64_t refused_ms;
    char endpoint[128];
    bool is_up;
    bool is_closed;
    int depth; /* of calls to the owner: who closes in one is freed after it */
};

static enum err zmq_error(struct error *e, const char *what)
{
    return error_set(e, ERR_IO, "%s: %s", what, zmq_strerror(zmq_errno()));
}

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool set_key(void *socket, int option, const uint8_t *key)
{
    return zmq_setsockopt(socket, option, key, KEY_BYTES) == 0;
}

static enum err configure(void *socket, const struct dealer_config *config,
                          const struct dealer_limits *limits, struct error *e)
{
    static const struct {
        int option;
        int value;
    } fixed[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_IMMEDIATE, 1},
        {ZMQ_RECONNECT_IVL, RECONNECT_MS},
        {ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_HEARTBEAT_IVL, ZMTP_HEARTBEAT_MS},
        {ZMQ_HEARTBEAT_TIMEOUT, ZMTP_HEARTBEAT_MS},
        {ZMQ_IPV6, 1},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && ok; i++)
        ok = set_int(socket, fixed[i].option, fixed[i].value);
    int64_t size = limits->message_bytes_max;
    ok = ok && set_int(socket, ZMQ_RCVHWM, limits->queue_messages) &&
         set_int(socket, ZMQ_SNDHWM, limits->queue_messages) &&
         zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size, sizeof(size)) == 0 &&
         set_key(socket, ZMQ_CURVE_SERVERKEY, config->server_key) &&
         set_key(socket, ZMQ_CURVE_PUBLICKEY, config->keys->public_key) &&
         set_key(socket, ZMQ_CURVE_SECRETKEY, config->keys->secret_key);
    return ok ? ERR_OK : zmq_error(e, "socket options");
}

/* Calls of the owner are counted, since it may close us in any of them. */
static void tell_up(struct dealer *d)
{
    d->is_up = true;
    d->refused_ms = REFUSED_MS;
    d->events->up(d->arg);
}

static void tell_down(struct dealer *d, const char *why)
{
    d->is_up = false;
    d->events->down(d->arg, why);
}

static void on_connect_timer(void *arg)
{
    struct dealer *d = arg;
    if (zmq_connect(d->socket, d->endpoint) != 0)
        log_error("%s: %s", d->endpoint, zmq_strerror(zmq_errno()));
}

/* ZeroMQ would try again every half second for ever; a removed agent has more time. */
static void wait_refused(struct dealer *d)
{
    if (zmq_disconnect(d->socket, d->endpoint) != 0)
        return;
    loop_timer_start(d->loop, &d->connect_timer, d->refused_ms, on_connect_timer, d);
    d->refused_ms = 2 * d->refused_ms < REFUSED_MAX_MS ? 2 * d->refused_ms : REFUSED_MAX_MS;
}

static void handle_event(struct dealer *d, unsigned event, unsigned value)
{
    char why[WHY_SIZE];
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        tell_up(d);
        return;
    case ZMQ_EVENT_DISCONNECTED:
        if (d->is_up)
            tell_down(d, "the manager closed the connection");
        return;
    case ZMQ_EVENT_CLOSED:
        snprintf(why, sizeof(why), "%s cannot be reached", d->endpoint);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        snprintf(why, sizeof(why), "the manager refuses this agent's key (%u): was it removed?",
                 value);
        wait_refused(d);
        break;
    default:
        snprintf(why, sizeof(why), "the handshake with %s failed", d->endpoint);
        break;
    }
    tell_down(d, why);
}

static void leave(struct dealer *d)
{
    if (--d->depth == 0 && d->is_closed)
        free(d);
}

/* One event: a frame with number and value, a frame with the address. */
static bool receive_event(struct dealer *d, unsigned *event, unsigned *value)
{
    uint8_t frame[6];
    if (zmq_recv(d->monitor, frame, sizeof(frame), ZMQ_DONTWAIT) != (int)sizeof(frame))
        return false;
    char address[1];
    if (zmq_recv(d->monitor, address, sizeof(address), ZMQ_DONTWAIT) < 0)
        return false;
    uint16_t number;
    uint32_t word;
    memcpy(&number, frame, sizeof(number));
    memcpy(&word, frame + sizeof(number), sizeof(word));
    *event = number;
    *value = word;
    return true;
}

static void on_monitor(void *arg, short events)
{
    (void)events;
    struct dealer *d = arg;
    unsigned event;
    unsigned value;
    d->depth++;
    while (!d->is_closed && receive_event(d, &event, &value))
        handle_event(d, event, value);
    leave(d);
}

/* A later manager may call what we do not know; it is told so. */
static void answer_unsupported(struct dealer *d, const struct rpc_message *m,
                               const struct error *failure)
{
    if (m->kind != RPC_REQUEST)
        return;
    const struct rpc_head head = {
        .call_id = m->call_id,
        .kind = RPC_RESPONSE,
        .service = m->service,
        .method = m->method,
        .failure = failure,
    };
    struct error e;
    if (dealer_send(d, &head, NULL, &e) != ERR_OK)
        log_debug("%s: %s", d->endpoint, e.text);
}

static void handle_frames(struct dealer *d, zmq_msg_t *frames, size_t count)
{
    struct rpc_message m = {0};
    struct error e = {0};
    enum err err = rpc_parse(frames, count, &m, &e);
    for (size_t i = 0; i < count; i++)
        zmq_msg_close(&frames[i]);
    if (err == ERR_OK) {
        d->events->message(d->arg, &m);
        rpc_message_clear(&m);
        return;
    }
    log_warn("%s: %s", d->endpoint, e.text);
    if (err == ERR_UNSUPPORTED)
        answer_unsupported(d, &m, &e);
}

static void on_socket(void *arg, short events)
{
    (void)events;
    struct dealer *d = arg;
    d->depth++;
    for (int i = 0; i < d->limits->messages_per_turn && !d->is_closed; i++) {
        zmq_msg_t frames[FRAMES_MAX];
        size_t count;
        struct error e = {0};
        enum err err = rpc_receive(d->socket, frames, FRAMES_MAX,
                                   (size_t)d->limits->message_bytes_max, &count, &e);
        if (err == ERR_OK)
            handle_frames(d, frames, count);
        else if (err != ERR_UNAVAILABLE)
            log_warn("%s: %s", d->endpoint, e.text);
        if (err == ERR_UNAVAILABLE || err == ERR_IO)
            break;
    }
    leave(d);
}

/* The monitor's name is used once, since ZeroMQ frees names in the background. */
static enum err start_monitor(struct dealer *d, void *zmq, struct error *e)
{
    static unsigned serial;
    char name[48];
    snprintf(name, sizeof(name), "inproc://dealer-monitor-%u", serial++);
    if (zmq_socket_monitor(d->socket, name, WATCHED_EVENTS) != 0)
        return zmq_error(e, "monitor");
    d->monitor = zmq_socket(zmq, ZMQ_PAIR);
    if (d->monitor == NULL || !set_int(d->monitor, ZMQ_LINGER, 0) ||
        zmq_connect(d->monitor, name) != 0)
        return zmq_error(e, "monitor");
    return loop_watch_socket(d->loop, &d->monitor_watch, d->monitor, ZMQ_POLLIN, on_monitor, d, e);
}

static enum err start(struct dealer *d, const struct dealer_config *config, struct error *e)
{
    d->socket = zmq_socket(config->zmq, ZMQ_DEALER);
    if (d->socket == NULL)
        return zmq_error(e, "socket");
    enum err err = configure(d->socket, config, d->limits, e);
    if (err == ERR_OK)
        err = start_monitor(d, config->zmq, e);
    if (err == ERR_OK)
        err = loop_watch_socket(d->loop, &d->socket_watch, d->socket, ZMQ_POLLIN, on_socket, d, e);
    if (err == ERR_OK && zmq_connect(d->socket, config->endpoint) != 0)
        err = zmq_error(e, config->endpoint);
    return err;
}

enum err dealer_open(const struct dealer_config *config, const struct dealer_limits *limits,
                     const struct dealer_events *events, void *arg, struct dealer **out,
                     struct error *e)
{
    struct dealer *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for a connection");
    d->loop = config->loop;
    d->limits = limits;
    d->events = events;
    d->arg = arg;
    d->refused_ms = REFUSED_MS;
    snprintf(d->endpoint, sizeof(d->endpoint), "%s", config->endpoint);
    enum err err = start(d, config, e);
    if (err != ERR_OK) {
        dealer_close(d, 0);
        return err;
    }
    *out = d;
    return ERR_OK;
}

void dealer_close(struct dealer *d, int linger_ms)
{
    if (d == NULL || d->is_closed)
        return;
    d->is_closed = true;
    loop_timer_stop(&d->connect_timer);
    loop_watch_stop(&d->socket_watch);
    loop_watch_stop(&d->monitor_watch);
    if (d->socket != NULL) {
        (void)zmq_socket_monitor(d->socket, NULL, 0);
        (void)set_int(d->socket, ZMQ_LINGER, linger_ms);
        zmq_close(d->socket);
    }
    if (d->monitor != NULL)
        zmq_close(d->monitor);
    if (d->depth == 0)
        free(d);
}

bool dealer_is_up(const struct dealer *d)
{
    return d != NULL && d->is_up;
}

void dealer_pause(struct dealer *d, bool is_paused)
{
    loop_watch_events(&d->socket_watch, is_paused ? 0 : ZMQ_POLLIN);
}

enum err dealer_send_bytes(struct dealer *d, const struct rpc_head *head,
                           const ProtobufCMessage *body, const void *more, size_t size,
                           struct error *e)
{
    if (!dealer_is_up(d))
        return error_set(e, ERR_UNAVAILABLE, "the manager is not connected");
    zmq_msg_t frames[FRAMES_MAX];
    size_t count;
    enum err err = rpc_pack(head, body, NULL, frames, &count, e);
    if (err != ERR_OK)
        return err;
    if (size > 0) {
        zmq_msg_t whole;
        size_t start_size = zmq_msg_size(&frames[1]);
        if (zmq_msg_init_size(&whole, start_size + size) != 0) {
            for (size_t i = 0; i < count; i++)
                zmq_msg_close(&frames[i]);
            return error_set(e, ERR_NO_MEMORY, "no memory for a message of %zu bytes", size);
        }
        memcpy(zmq_msg_data(&whole), zmq_msg_data(&frames[1]), start_size);
        memcpy((uint8_t *)zmq_msg_data(&whole) + start_size, more, size);
        zmq_msg_move(&frames[1], &whole);
        zmq_msg_close(&whole);
    }
    return rpc_send(d->socket, frames, count, e);
}

enum err dealer_send(struct dealer *d, const struct rpc_head *head, const ProtobufCMessage *body,
                     struct error *e)
{
    return dealer_send_bytes(d, head, body, NULL, 0, e);
}
