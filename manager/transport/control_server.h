/* SPDX-License-Identifier: Apache-2.0 */
/* control_server: the loop of the core thread. It owns the control socket, the handshakes of both
 * sockets and the sessions, and carries out core's turns: what waits is read, requests are carried
 * out, the turn is committed, and then answers leave. Thread: core. */
#ifndef CONTROL_SERVER_H
#define CONTROL_SERVER_H

#include "core.h"
#include "server_socket.h"

struct control_server;

/* Told when a target is removed: its connections up to handshake serial have no rights. */
typedef void control_cut_fn(void *arg, const char *target_id, uint64_t serial);

struct control_config {
    void *context; /* of ZeroMQ */
    const char *endpoint;
    const struct key_pair *keys;
    uint32_t heartbeat_ms;
    struct core *core;
    control_cut_fn *cut;
    void *cut_arg;
};

struct control_server *control_server_new(void); /* NULL: no memory */
/* What core_init is given; usable before the server is bound, when nobody is connected. */
struct outbox *control_server_outbox(struct control_server *s);
/* Borrows everything in config. */
MUST_CHECK enum err control_server_bind(struct control_server *s, const struct control_config *c,
                                        struct error *e);
/* As bound: "tcp://0.0.0.0:5557". */
const char *control_server_endpoint(const struct control_server *s);
/* The bulk socket's connections are watched too: no request there is large (inflow.h). */
void control_server_watch_port(struct control_server *s, const char *endpoint);
/* Serves until stop_fd is readable. */
MUST_CHECK enum err control_server_run(struct control_server *s, int stop_fd, struct error *e);
void control_server_free(struct control_server *s);
AUTO_DEFINE(struct control_server *, control_server_free)

#endif
