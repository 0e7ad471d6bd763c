/* SPDX-License-Identifier: Apache-2.0 */
/* control_server: see control_server.h. A turn is bounded in number and time, and each one answers
 * handshakes and the mailbox too, so that ten thousand agents that come back do not keep an
 * operator waiting. Among agents, libzmq's ROUTER takes one message of each in rotation. */
#include "control_server.h"

#include <stdlib.h>
#include <string.h>

#include "agent_calls.h"
#include "clock.h"
#include "control_dispatch.h"
#include "disconnects.h"
#include "inflow.h"
#include "log.h"
#include "zap.h"

enum {
    TURN_HANDSHAKES = 256,
    TURN_MAILBOX = 64,
    TURN_DEPARTED = 256,
    TURN_MESSAGES = 256,
    TURN_MS = 10,
    TICK_MS = 1000,
    INFLOW_MS = 200,
    CLOCK_STEP_MS = 500, /* more than clocks drift between ticks */
    /* A target is offline after so many heartbeats were missed. */
    HEARTBEATS_MISSED = 3,
    /* Per peer. An agent has few requests under way; what we say to it is small. */
    RECEIVE_QUEUE = 16,
    SEND_QUEUE = 64,
    CONTROL_IO_THREAD = 1,
};

struct control_server {
    struct control_config config;
    struct control_dispatch dispatch;
    struct outgoing outgoing;
    struct agent_calls calls;
    struct revoked revoked;
    struct zap zap;
    void *router;
    void *monitor;
    char endpoint[ENDPOINT_SIZE];
    struct inflow inflow;
    int64_t next_tick_ms;   /* monotonic */
    int64_t next_inflow_ms; /* monotonic */
    uint64_t refused_told;
    int64_t wall_offset_ms; /* of the wall clock to the monotonic one, at the last tick */
    bool is_failing;        /* the last turn could not be committed */
};

struct control_server *control_server_new(void)
{
    struct control_server *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->dispatch.service.sessions = sessions_new();
    if (s->dispatch.service.sessions == NULL) {
        free(s);
        return NULL;
    }
    s->dispatch.outgoing = &s->outgoing;
    s->dispatch.revoked = &s->revoked;
    agent_calls_init(&s->calls, s->dispatch.service.sessions, &s->outgoing);
    return s;
}

struct outbox *control_server_outbox(struct control_server *s)
{
    return &s->calls.outbox;
}

const char *control_server_endpoint(const struct control_server *s)
{
    return s->endpoint;
}

enum err control_server_bind(struct control_server *s, const struct control_config *c,
                             struct error *e)
{
    const struct server_socket_config socket = {
        .what = "control",
        .endpoint = c->endpoint,
        .keys = c->keys,
        .frame_max = CONTROL_MESSAGE_MAX,
        .receive_queue = RECEIVE_QUEUE,
        .send_queue = SEND_QUEUE,
        .io_threads = CONTROL_IO_THREAD,
    };
    s->config = *c;
    s->dispatch.service.core = c->core;
    s->dispatch.service.heartbeat_ms = c->heartbeat_ms;
    enum err err = zap_open(&s->zap, c->context, e);
    if (err == ERR_OK)
        err = server_socket_open(c->context, &socket, &s->router, s->endpoint, e);
    if (err != ERR_OK)
        return err;
    s->inflow.ports[0] = inflow_port(s->endpoint);
    return disconnects_open(c->context, s->router, "inproc://control-disconnects", &s->monitor, e);
}

void control_server_free(struct control_server *s)
{
    if (s == NULL)
        return;
    agent_calls_reset(&s->calls);
    outgoing_clear(&s->outgoing);
    revoked_clear(&s->revoked);
    inflow_clear(&s->inflow);
    sessions_free(s->dispatch.service.sessions);
    if (s->monitor != NULL)
        (void)zmq_close(s->monitor);
    if (s->router != NULL)
        (void)zmq_close(s->router);
    zap_close(&s->zap);
    free(s);
}

/* Before any Hello is looked at: a descriptor that was given away again then belongs to the new
 * connection, since libzmq told of the end of the old one before it accepted the new one. */
static void read_disconnects(struct control_server *s)
{
    int fd = -1;
    while (disconnects_next(s->monitor, &fd))
        sessions_depart(s->dispatch.service.sessions, fd);
}

struct departure {
    struct registry *registry;
    char target_id[ID_SIZE];
};

static enum err run_departure(void *arg, struct error *e)
{
    struct departure *d = arg;
    return registry_disconnected(d->registry, d->target_id, clock_wall_ms(), e);
}

static void tell_departed(struct control_server *s)
{
    struct departure d = {.registry = s->config.core->registry};
    for (int i = 0; i < TURN_DEPARTED; i++) {
        if (!sessions_next_departed(s->dispatch.service.sessions, d.target_id))
            return;
        struct error e;
        if (core_request(s->config.core, run_departure, &d, &e) != ERR_OK)
            log_warn("target %s went offline: %s", d.target_id, e.text);
    }
}

/* A wall clock that somebody sets must not make everybody look silent, or seen just now. */
static void follow_wall_clock(struct control_server *s)
{
    int64_t offset_ms = clock_wall_ms() - clock_monotonic_ms();
    int64_t by_ms = offset_ms - s->wall_offset_ms;
    if (s->wall_offset_ms != 0 && (by_ms > CLOCK_STEP_MS || by_ms < -CLOCK_STEP_MS))
        registry_clock_set(s->config.core->registry, by_ms);
    s->wall_offset_ms = offset_ms;
}

static enum err run_expiry(void *arg, struct error *e)
{
    (void)e;
    struct control_server *s = arg;
    follow_wall_clock(s);
    int64_t patience_ms = (int64_t)HEARTBEATS_MISSED * s->config.heartbeat_ms;
    (void)registry_expire(s->config.core->registry, clock_wall_ms() - patience_ms);
    return ERR_OK;
}

static void tick(struct control_server *s)
{
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < s->next_tick_ms)
        return;
    s->next_tick_ms = now_ms + TICK_MS;
    struct error e;
    if (core_request(s->config.core, run_expiry, s, &e) != ERR_OK)
        log_warn("look for targets that went silent: %s", e.text);
    if (s->zap.refused != s->refused_told)
        log_warn("refused %llu connections: not the key of a registered target",
                 (unsigned long long)(s->zap.refused - s->refused_told));
    s->refused_told = s->zap.refused;
}

static void note_inflow(struct control_server *s, zmq_msg_t *frames, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 1; i < count; i++)
        bytes += zmq_msg_size(&frames[i]);
    if (count > 1)
        inflow_note(&s->inflow, zmq_msg_get(&frames[1], ZMQ_SRCFD), bytes, count - 1);
}

static void watch_inflow(struct control_server *s)
{
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < s->next_inflow_ms)
        return;
    s->next_inflow_ms = now_ms + INFLOW_MS;
    size_t cut = inflow_tick(&s->inflow, now_ms);
    if (cut > 0)
        log_warn("ended %zu connections that sent no end of a message", cut);
}

static void read_messages(struct control_server *s)
{
    int64_t end_ms = clock_monotonic_ms() + TURN_MS;
    for (int i = 0; i < TURN_MESSAGES && clock_monotonic_ms() < end_ms; i++) {
        zmq_msg_t frames[CONTROL_FRAMES];
        size_t count = 0;
        enum err err =
            rpc_receive(s->router, frames, CONTROL_FRAMES, CONTROL_MESSAGE_MAX, &count, NULL);
        if (err == ERR_UNAVAILABLE)
            return;
        if (err != ERR_OK)
            continue; /* garbage, already dropped */
        read_disconnects(s);
        note_inflow(s, frames, count);
        control_dispatch(&s->dispatch, frames, count);
    }
}

static void cut_removed(struct control_server *s)
{
    for (size_t i = 0; i < s->calls.cuts.count; i++) {
        const char *target_id = s->calls.cuts.items[i];
        struct error e;
        if (revoked_add(&s->revoked, target_id, s->zap.serial, &e) != ERR_OK)
            log_error("%s", e.text);
        sessions_remove(s->dispatch.service.sessions, target_id, true);
        s->config.cut(s->config.cut_arg, target_id, s->zap.serial);
    }
}

/* Once when it begins and once when it ends, not for every turn. */
static void tell_storing(struct control_server *s, enum err err, const struct error *e)
{
    if (err != ERR_OK && !s->is_failing)
        log_error("nothing can be stored: %s", e->text);
    else if (err == ERR_OK && s->is_failing)
        log_info("facts can be stored again");
    s->is_failing = err != ERR_OK;
}

static void end_turn(struct control_server *s)
{
    struct error e;
    bool has_facts = s->config.core->is_open;
    enum err err = core_end_turn(s->config.core, &e);
    if (err == ERR_OK) {
        outgoing_send(&s->outgoing, s->router);
        cut_removed(s);
    } else {
        outgoing_fail(&s->outgoing, s->router, &e);
    }
    if (has_facts)
        tell_storing(s, err, &e);
    agent_calls_reset(&s->calls);
}

static void run_turn(struct control_server *s)
{
    for (int i = 0; i < TURN_HANDSHAKES; i++) {
        if (!zap_answer(&s->zap, s->config.core->registry))
            break;
    }
    (void)core_run_mailbox(s->config.core, TURN_MAILBOX);
    read_disconnects(s);
    tell_departed(s);
    read_messages(s);
    watch_inflow(s);
    tick(s);
    end_turn(s);
}

static long wait_ms(const struct control_server *s)
{
    int64_t next_ms = s->next_tick_ms < s->next_inflow_ms ? s->next_tick_ms : s->next_inflow_ms;
    int64_t left_ms = next_ms - clock_monotonic_ms();
    return left_ms < 0 ? 0 : (long)left_ms;
}

void control_server_watch_port(struct control_server *s, const char *endpoint)
{
    s->inflow.ports[1] = inflow_port(endpoint);
}

enum err control_server_run(struct control_server *s, int stop_fd, struct error *e)
{
    zmq_pollitem_t items[] = {
        {.fd = stop_fd, .events = ZMQ_POLLIN},
        {.fd = mailbox_fd(s->config.core->mailbox), .events = ZMQ_POLLIN},
        {.socket = s->zap.socket, .events = ZMQ_POLLIN},
        {.socket = s->monitor, .events = ZMQ_POLLIN},
        {.socket = s->router, .events = ZMQ_POLLIN},
    };
    s->next_tick_ms = clock_monotonic_ms() + TICK_MS;
    for (;;) {
        int ready = zmq_poll(items, sizeof(items) / sizeof(items[0]), wait_ms(s));
        if (ready < 0 && zmq_errno() != EINTR)
            return error_set(e, ERR_INTERNAL, "wait for messages: %s", zmq_strerror(zmq_errno()));
        if (ready > 0 && items[0].revents != 0)
            return ERR_OK;
        run_turn(s);
    }
}
