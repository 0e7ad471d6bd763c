/* SPDX-License-Identifier: Apache-2.0 */
/* dealer: one CURVE DEALER to the manager with its socket monitor, watched by the loop. ZeroMQ
 * reconnects by itself with growing, jittered intervals; the owner learns of up and down. Nothing
 * is queued while the connection is down. Used by transport_client and transfer. Thread: the
 * loop's. */
#ifndef DEALER_H
#define DEALER_H

#include "keys.h"
#include "loop.h"
#include "rpc.h"

/* How to reach one endpoint of the manager; all borrowed. */
struct dealer_config {
    void *zmq; /* context, with one I/O thread */
    struct loop *loop;
    const char *endpoint;      /* tcp://host:port */
    const uint8_t *server_key; /* KEY_BYTES */
    const struct key_pair *keys;
};

struct dealer_events {
    /* The CURVE handshake is through: messages can be sent. */
    void (*up)(void *arg);
    /* The connection broke, or could not be made; why is for people. */
    void (*down)(void *arg, const char *why);
    /* A well-formed message; cleared after the call. */
    void (*message)(void *arg, struct rpc_message *m);
};

struct dealer_limits {
    int queue_messages; /* high-water marks */
    int64_t message_bytes_max;
    int messages_per_turn;
};

struct dealer;
/* events and limits are borrowed. */
MUST_CHECK enum err dealer_open(const struct dealer_config *config,
                                const struct dealer_limits *limits,
                                const struct dealer_events *events, void *arg, struct dealer **out,
                                struct error *e);
/* Gives what is queued up to linger_ms to leave, in the background. May be called in an event. */
void dealer_close(struct dealer *d, int linger_ms);
bool dealer_is_up(const struct dealer *d);
/* Stops and resumes receiving. */
void dealer_pause(struct dealer *d, bool is_paused);
/* ERR_UNAVAILABLE while down. */
MUST_CHECK enum err dealer_send(struct dealer *d, const struct rpc_head *head,
                                const ProtobufCMessage *body, struct error *e);
/* The same with bytes appended to the body (protobuf messages can be concatenated). */
MUST_CHECK enum err dealer_send_bytes(struct dealer *d, const struct rpc_head *head,
                                      const ProtobufCMessage *body, const void *more, size_t size,
                                      struct error *e);

#endif
