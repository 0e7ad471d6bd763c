/* SPDX-License-Identifier: Apache-2.0 */
/* transport: see transport.h. */
#include "transport.h"

#include <stdlib.h>
#include <zmq.h>

#include "bulk_server.h"
#include "control_server.h"

enum {
    /* One for each server socket, so that chunks being encrypted do not delay control. */
    IO_THREADS = 2,
    SOCKETS_MAX = 65535,
};

struct transport {
    void *context;
    struct control_server *control;
    struct bulk_server *bulk;
};

enum err transport_new(struct transport **out, struct error *e)
{
    struct transport *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return error_set(e, ERR_NO_MEMORY, "transport");
    t->context = zmq_ctx_new();
    t->control = control_server_new();
    if (t->context == NULL || t->control == NULL ||
        zmq_ctx_set(t->context, ZMQ_IO_THREADS, IO_THREADS) != 0 ||
        zmq_ctx_set(t->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX) != 0) {
        transport_free(t);
        return error_set(e, ERR_NO_MEMORY, "transport");
    }
    *out = t;
    return ERR_OK;
}

struct outbox *transport_outbox(struct transport *t)
{
    return control_server_outbox(t->control);
}

static void cut_bulk(void *arg, const char *target_id, uint64_t serial)
{
    struct transport *t = arg;
    bulk_server_cut(t->bulk, target_id, serial);
}

enum err transport_start(struct transport *t, const struct transport_config *c,
                         struct store *take_reader, struct error *e)
{
    const struct bulk_config bulk = {
        .context = t->context,
        .endpoint = c->bulk_endpoint,
        .keys = c->keys,
        .packages = c->packages,
    };
    const struct control_config control = {
        .context = t->context,
        .endpoint = c->control_endpoint,
        .keys = c->keys,
        .heartbeat_ms = c->heartbeat_ms,
        .core = c->core,
        .cut = cut_bulk,
        .cut_arg = t,
    };
    enum err err = bulk_server_start(&bulk, take_reader, &t->bulk, e);
    if (err != ERR_OK)
        return err;
    control_server_watch_port(t->control, bulk_server_endpoint(t->bulk));
    return control_server_bind(t->control, &control, e);
}

const char *transport_control_endpoint(const struct transport *t)
{
    return control_server_endpoint(t->control);
}

const char *transport_bulk_endpoint(const struct transport *t)
{
    return bulk_server_endpoint(t->bulk);
}

enum err transport_run(struct transport *t, int stop_fd, struct error *e)
{
    return control_server_run(t->control, stop_fd, e);
}

void transport_free(struct transport *t)
{
    if (t == NULL)
        return;
    if (t->bulk != NULL)
        bulk_server_stop(t->bulk);
    control_server_free(t->control);
    if (t->context != NULL)
        (void)zmq_ctx_term(t->context);
    bulk_server_free(t->bulk);
    free(t);
}
