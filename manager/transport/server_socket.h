/* SPDX-License-Identifier: Apache-2.0 */
/* server_socket: a bound CURVE ROUTER with the limits that every server socket has. */
#ifndef SERVER_SOCKET_H
#define SERVER_SOCKET_H

#include "err.h"
#include "keys.h"

enum { ENDPOINT_SIZE = 128 };

struct server_socket_config {
    const char *what;     /* for errors: "control" */
    const char *endpoint; /* "tcp://127.0.0.1:5557"; the port may be a star: any free one */
    const struct key_pair *keys;
    int frame_max;       /* bytes; a peer that sends more is disconnected */
    int receive_queue;   /* messages per peer */
    int send_queue;      /* messages per peer */
    uint64_t io_threads; /* bit mask */
};

/* bound gets the endpoint with its real port. */
MUST_CHECK enum err server_socket_open(void *context, const struct server_socket_config *c,
                                       void **out, char bound[static ENDPOINT_SIZE],
                                       struct error *e);

/* The endpoint as others reach it: at host if there is one, else as bound; a socket on any address
 * is reached by the loopback one. */
void endpoint_to_reach(const char *bound, const char *host, char out[static ENDPOINT_SIZE]);

#endif
