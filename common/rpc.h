/* SPDX-License-Identifier: Apache-2.0 */
/* rpc: messages of docs/protocol.md over ZeroMQ frames: envelope, body, optional raw data.
 * Services are those of proto/; a method is its place in the generated service descriptor. This is
 * the one place that packs and parses envelopes; it is used by manager/transport, agent and tests.
 * Thread: the socket's. */
#ifndef RPC_H
#define RPC_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include "err.h"

enum rpc_kind { RPC_REQUEST = 1, RPC_RESPONSE = 2, RPC_NOTICE = 3 };
enum rpc_service { RPC_MANAGER = 1, RPC_AGENT = 2 };

/* A received message, parsed once. Frames stay alive until rpc_message_clear. */
struct rpc_message {
    uint32_t call_id;
    enum rpc_kind kind;
    enum rpc_service service;
    uint32_t method;      /* from 1; checked to exist in the service */
    struct error failure; /* of a failed response; code ERR_OK else */
    zmq_msg_t body;
    zmq_msg_t raw; /* size 0 when there is none */
};

/* Number of the method called name in service; an unknown name is a defect and asserted. */
uint32_t rpc_method(enum rpc_service service, const char *name);
/* For error texts: "Hello". "?" for an unknown pair. */
const char *rpc_method_name(enum rpc_service service, uint32_t method);
/* NULL for an unknown pair. */
const ProtobufCMessageDescriptor *rpc_input(enum rpc_service service, uint32_t method);
const ProtobufCMessageDescriptor *rpc_output(enum rpc_service service, uint32_t method);

/* Parses frames[0..count), which are empty afterwards on success. ERR_INVALID for a wrong number of
 * frames, an envelope that does not parse, unknown kind or service; ERR_UNSUPPORTED for an unknown
 * method (then call_id and kind of out are set, so that it can be answered). */
MUST_CHECK enum err rpc_parse(zmq_msg_t *frames, size_t count, struct rpc_message *out,
                              struct error *e);
void rpc_message_clear(struct rpc_message *m);

/* The body as the type that kind, service and method say; caller frees with
 * protobuf_c_message_free_unpacked. ERR_INVALID when it does not parse. */
MUST_CHECK enum err rpc_body(const struct rpc_message *m, ProtobufCMessage **out, struct error *e);

/* Packs a message into frames[0..*count) (three at most), which the caller sends. body may be NULL
 * for failed responses; raw may be NULL. */
struct rpc_head {
    uint32_t call_id;
    enum rpc_kind kind;
    enum rpc_service service;
    uint32_t method;
    const struct error *failure; /* NULL: none */
};
MUST_CHECK enum err rpc_pack(const struct rpc_head *head, const ProtobufCMessage *body,
                             zmq_msg_t *take_raw, zmq_msg_t frames[static 3], size_t *count,
                             struct error *e);

/* Receives all frames of one waiting message without blocking, at most max_frames (more are drained
 * and refused as ERR_INVALID) and max_bytes. ERR_UNAVAILABLE when none waits. */
MUST_CHECK enum err rpc_receive(void *socket, zmq_msg_t *frames, size_t max_frames,
                                size_t max_bytes, size_t *count, struct error *e);
/* Sends all frames as one message without blocking; frames are consumed in any case.
 * ERR_UNAVAILABLE when the peer is not there (ROUTER with MANDATORY) or its queue is full. */
MUST_CHECK enum err rpc_send(void *socket, zmq_msg_t *frames, size_t count, struct error *e);

#endif
