/* SPDX-License-Identifier: Apache-2.0 */
/* bulk_methods: the methods of service Manager that are served on the bulk socket: from a request
 * to what is to be sent, and from that to one answer at a time. Thread: bulk. */
#ifndef BULK_METHODS_H
#define BULK_METHODS_H

#include "bulk_peers.h"
#include "package_cache.h"
#include "rpc.h"
#include "send_pool.h"

struct bulk_method {
    const char *name;
    /* Fills what is asked for from the request message. */
    enum err (*read)(const ProtobufCMessage *body, struct transfer *t, struct error *e);
    /* The frames (three at most) of the next answer; buffer goes with them when it succeeds. */
    enum err (*pack)(struct package_cache *cache, const struct transfer *t,
                     struct send_buffer *buffer, zmq_msg_t *frames, size_t *count, struct error *e);
};

/* NULL for a method that the bulk socket does not serve. */
const struct bulk_method *bulk_method_find(uint32_t number);

#endif
