/* SPDX-License-Identifier: Apache-2.0 */
/* bulk_requests: the methods of service Manager that travel on the bulk socket. A request is
 * checked once and then served chunk by chunk, in turn with those of the other peers.
 * Thread: bulk. */
#ifndef BULK_REQUESTS_H
#define BULK_REQUESTS_H

#include "bulk_peers.h"
#include "package_cache.h"
#include "revoked.h"
#include "rpc.h"
#include "send_pool.h"

struct bulk_requests {
    void *router; /* borrowed */
    struct bulk_peers *peers;
    struct send_pool *pool;
    struct package_cache *cache;
    struct revoked revoked;
};

/* Takes reader, also when it fails. */
MUST_CHECK enum err bulk_requests_init(struct bulk_requests *b, struct store *take_reader,
                                       struct package_store *packages, struct error *e);
/* After zmq_ctx_term. */
void bulk_requests_clear(struct bulk_requests *b);

/* Reads at most max waiting requests. */
void bulk_requests_receive(struct bulk_requests *b, size_t max);
/* Sends as much as may be under way. */
void bulk_requests_send(struct bulk_requests *b);
/* Takes back the buffers that libzmq has sent. */
void bulk_requests_collect(struct bulk_requests *b);
/* Now and then: ends connections that do not move. */
void bulk_requests_sweep(struct bulk_requests *b);
void bulk_requests_cut(struct bulk_requests *b, const char *target_id, uint64_t serial);

#endif
