/* SPDX-License-Identifier: Apache-2.0 */
/* transport: the manager's side of the wire in one piece: control server, bulk server and the
 * context of ZeroMQ they share. Thread: core (main), which transport_run makes its own. */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "core.h"
#include "keys.h"
#include "package_store.h"

struct transport;

struct transport_config {
    const char *control_endpoint; /* "tcp://127.0.0.1:5557"; the port may be a star: any free one */
    const char *bulk_endpoint;
    const struct key_pair *keys;
    uint32_t heartbeat_ms;
    struct core *core;
    struct package_store *packages;
};

MUST_CHECK enum err transport_new(struct transport **out, struct error *e);
/* For core_init. */
struct outbox *transport_outbox(struct transport *t);
/* Binds both sockets and starts the bulk thread. Borrows what is in config until transport_free;
 * takes reader, a read-only store handle, also when it fails. */
MUST_CHECK enum err transport_start(struct transport *t, const struct transport_config *c,
                                    struct store *take_reader, struct error *e);
/* As bound: "tcp://0.0.0.0:5557". */
const char *transport_control_endpoint(const struct transport *t);
const char *transport_bulk_endpoint(const struct transport *t);
/* Runs core's turns until stop_fd is readable. */
MUST_CHECK enum err transport_run(struct transport *t, int stop_fd, struct error *e);
/* Ends all connections. */
void transport_free(struct transport *t);
AUTO_DEFINE(struct transport *, transport_free)

#endif
