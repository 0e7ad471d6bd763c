/* SPDX-License-Identifier: Apache-2.0 */
/* connection: who sent a message, and how to end that peer's TCP connection. What is known of a
 * peer comes from the handshake (zap.h), never from a frame it wrote.
 * Thread: the socket's. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

#include "err.h"
#include "limits.h"

enum { ROUTE_SIZE = 5, USER_ID_SIZE = ID_SIZE + 24 };

/* The routing id a ROUTER gives to a peer. */
struct route {
    uint8_t bytes[ROUTE_SIZE];
};
bool route_equal(const struct route *a, const struct route *b);

/* A descriptor that libzmq owns; the kernel's cookie of the socket, never used twice, tells whether
 * its number was given away meanwhile. */
struct tcp_link {
    int fd;
    uint64_t cookie; /* 0 when it was closed already */
};

struct connection {
    char target_id[ID_SIZE];
    uint64_t serial; /* of the handshake; grows with every accepted one */
    struct route route;
    int fd;
};

/* The User-Id that the handshake gives to a connection: "TARGET/SERIAL". */
void connection_user_id(const char *target_id, uint64_t serial, char out[static USER_ID_SIZE]);
/* The sender of a message received from a ROUTER: frames[0] is the routing id. ERR_INVALID for a
 * peer that chose a routing id or sent no second frame; out->fd is set even then. */
MUST_CHECK enum err connection_read(zmq_msg_t *frames, size_t count, struct connection *out,
                                    struct error *e);

struct tcp_link link_of(int fd);
/* Ends the connection unless the descriptor belongs to another one by now. */
void link_cut(const struct tcp_link *link);

#endif
