/* SPDX-License-Identifier: Apache-2.0 */
/* bulk_server: see bulk_server.h. The thread owns all but the core thread's end of the command
 * pipe. The requests of peers are in bulk_requests.c. */
#include "bulk_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulk_requests.h"
#include "clock.h"
#include "log.h"
#include "zap.h"

enum {
    ROUND_REQUESTS = 64,
    SWEEP_MS = 1000,
    RECEIVE_QUEUE = 16,
    SEND_QUEUE = 64,
    BULK_IO_THREAD = 2,
};

enum command_kind { COMMAND_STOP, COMMAND_CUT };

struct command {
    enum command_kind kind;
    char target_id[ID_SIZE];
    uint64_t serial;
};

struct bulk_server {
    struct bulk_requests requests;
    void *commands_in;  /* bulk thread */
    void *commands_out; /* core thread */
    char endpoint[ENDPOINT_SIZE];
    pthread_t thread;
    bool is_running;
};

const char *bulk_server_endpoint(const struct bulk_server *s)
{
    return s->endpoint;
}

static void close_socket(void **socket)
{
    if (*socket != NULL)
        (void)zmq_close(*socket);
    *socket = NULL;
}

/* false: stop. */
static bool obey(struct bulk_server *s)
{
    struct command c;
    while (zmq_recv(s->commands_in, &c, sizeof(c), ZMQ_DONTWAIT) == (int)sizeof(c)) {
        if (c.kind == COMMAND_STOP)
            return false;
        bulk_requests_cut(&s->requests, c.target_id, c.serial);
    }
    return true;
}

static void *serve(void *arg)
{
    struct bulk_server *s = arg;
    zmq_pollitem_t items[] = {
        {.socket = s->commands_in, .events = ZMQ_POLLIN},
        {.fd = send_pool_fd(s->requests.pool), .events = ZMQ_POLLIN},
        {.socket = s->requests.router, .events = ZMQ_POLLIN},
    };
    int64_t next_sweep_ms = 0;
    for (;;) {
        long wait_ms = bulk_peers_count(s->requests.peers) > 0 ? SWEEP_MS : -1;
        if (zmq_poll(items, sizeof(items) / sizeof(items[0]), wait_ms) < 0 &&
            zmq_errno() != EINTR) {
            log_error("bulk: wait for messages: %s", zmq_strerror(zmq_errno()));
            return NULL;
        }
        if (!obey(s))
            return NULL;
        bulk_requests_collect(&s->requests);
        bulk_requests_receive(&s->requests, ROUND_REQUESTS);
        bulk_requests_send(&s->requests);
        if (clock_monotonic_ms() >= next_sweep_ms) {
            bulk_requests_sweep(&s->requests);
            next_sweep_ms = clock_monotonic_ms() + SWEEP_MS;
        }
    }
}

static enum err open_commands(struct bulk_server *s, void *context, struct error *e)
{
    static const char *const endpoint = "inproc://bulk-commands";
    int zero = 0;
    s->commands_in = zmq_socket(context, ZMQ_PAIR);
    s->commands_out = zmq_socket(context, ZMQ_PAIR);
    if (s->commands_in == NULL || s->commands_out == NULL ||
        zmq_setsockopt(s->commands_in, ZMQ_RCVHWM, &zero, sizeof(zero)) != 0 ||
        zmq_setsockopt(s->commands_out, ZMQ_SNDHWM, &zero, sizeof(zero)) != 0 ||
        zmq_setsockopt(s->commands_out, ZMQ_LINGER, &zero, sizeof(zero)) != 0 ||
        zmq_bind(s->commands_in, endpoint) != 0 || zmq_connect(s->commands_out, endpoint) != 0)
        return error_set(e, ERR_INTERNAL, "bulk commands: %s", zmq_strerror(zmq_errno()));
    return ERR_OK;
}

static enum err open_router(struct bulk_server *s, const struct bulk_config *c, struct error *e)
{
    const struct server_socket_config socket = {
        .what = "bulk",
        .endpoint = c->endpoint,
        .keys = c->keys,
        .frame_max = BULK_REQUEST_MAX,
        .receive_queue = RECEIVE_QUEUE,
        .send_queue = SEND_QUEUE,
        .io_threads = BULK_IO_THREAD,
    };
    return server_socket_open(c->context, &socket, &s->requests.router, s->endpoint, e);
}

static enum err start(struct bulk_server *s, const struct bulk_config *c, struct error *e)
{
    enum err err = open_commands(s, c->context, e);
    if (err == ERR_OK)
        err = open_router(s, c, e);
    if (err != ERR_OK)
        return err;
    if (pthread_create(&s->thread, NULL, serve, s) != 0)
        return error_set(e, ERR_NO_MEMORY, "start the bulk thread");
    s->is_running = true;
    return ERR_OK;
}

enum err bulk_server_start(const struct bulk_config *c, struct store *take_reader,
                           struct bulk_server **out, struct error *e)
{
    struct bulk_server *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        store_close(take_reader);
        return error_set(e, ERR_NO_MEMORY, "bulk server");
    }
    enum err err = bulk_requests_init(&s->requests, take_reader, c->packages, e);
    if (err == ERR_OK)
        err = start(s, c, e);
    if (err != ERR_OK) {
        bulk_server_stop(s);
        bulk_server_free(s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

static void command(struct bulk_server *s, const struct command *c)
{
    if (zmq_send(s->commands_out, c, sizeof(*c), ZMQ_DONTWAIT) < 0)
        log_error("bulk commands: %s", zmq_strerror(zmq_errno()));
}

void bulk_server_cut(struct bulk_server *s, const char *target_id, uint64_t serial)
{
    struct command c = {.kind = COMMAND_CUT, .serial = serial};
    (void)snprintf(c.target_id, sizeof(c.target_id), "%s", target_id);
    command(s, &c);
}

void bulk_server_stop(struct bulk_server *s)
{
    if (s->is_running) {
        struct command c = {.kind = COMMAND_STOP};
        command(s, &c);
        (void)pthread_join(s->thread, NULL);
    }
    s->is_running = false;
    close_socket(&s->requests.router);
    close_socket(&s->commands_in);
    close_socket(&s->commands_out);
}

void bulk_server_free(struct bulk_server *s)
{
    if (s == NULL)
        return;
    bulk_requests_clear(&s->requests);
    free(s);
}
