/* SPDX-License-Identifier: Apache-2.0 */
/* bulk_server: the bulk socket and its thread: manifests and stored chunks to entitled targets, a
 * little at a time to each, so that memory stays flat and a slow one delays nobody. It knows tasks
 * only through its own read-only handle of the store. */
#ifndef BULK_SERVER_H
#define BULK_SERVER_H

#include "package_store.h"
#include "server_socket.h"
#include "store.h"

struct bulk_config {
    void *context; /* of ZeroMQ */
    const char *endpoint;
    const struct key_pair *keys;
    struct package_store *packages;
};

struct bulk_server;
/* Binds and starts the thread. Takes reader, also when it fails. The handshakes of its socket are
 * answered by zap.h. */
MUST_CHECK enum err bulk_server_start(const struct bulk_config *c, struct store *take_reader,
                                      struct bulk_server **out, struct error *e);
/* As bound. */
const char *bulk_server_endpoint(const struct bulk_server *s);
/* Core thread: ends the connections of a target up to handshake serial. */
void bulk_server_cut(struct bulk_server *s, const char *target_id, uint64_t serial);
/* Core thread: ends the thread and closes the sockets. */
void bulk_server_stop(struct bulk_server *s);
/* After zmq_ctx_term, since libzmq may hold buffers until then. */
void bulk_server_free(struct bulk_server *s);
AUTO_DEFINE(struct bulk_server *, bulk_server_free)

#endif
