/* SPDX-License-Identifier: Apache-2.0 */
/* inflow: ends connections that pour in what never becomes a message. libzmq bounds a frame and the
 * messages that wait, but not the frames of a message that does not end; what the kernel has
 * received for a connection and what we were given of it tells such a peer. Thread: core. */
#ifndef INFLOW_H
#define INFLOW_H

#include <stddef.h>
#include <stdint.h>

/* What a connection may have sent without our having seen a message of it. */
enum { INFLOW_BACKLOG_MAX = 24 * 1024 * 1024 };

/* By descriptor. */
struct inflow_place {
    uint64_t given;    /* bytes of messages, with what encryption adds to them */
    uint64_t received; /* by the kernel, at the last look */
};

/* Zero-initialised is empty, apart from the ports. */
struct inflow {
    uint16_t ports[2]; /* of our server sockets */
    struct inflow_place *places;
    size_t count;
    uint64_t resident_bytes; /* of this process, at the last look */
    int64_t next_look_ms;    /* monotonic */
};

/* The port of "tcp://127.0.0.1:5557". */
uint16_t inflow_port(const char *endpoint);
/* A message of so many bytes and frames came over the connection. */
void inflow_note(struct inflow *i, int fd, size_t bytes, size_t frames);
/* Now and then, at once when memory grows: looks at all connections of our ports and ends those
 * beyond the limit; returns how many. */
size_t inflow_tick(struct inflow *i, int64_t now_ms);
void inflow_clear(struct inflow *i);

#endif
