/* SPDX-License-Identifier: Apache-2.0 */
/* wire_client: a peer of the manager's sockets as tests need it: it speaks the protocol, or
 * anything else. Failing to do what a test wants fails the test. */
#ifndef WIRE_CLIENT_H
#define WIRE_CLIENT_H

#include "keys.h"
#include "rpc.h"

enum { WIRE_WAIT_MS = 10000 };

struct wire_client {
    void *socket;  /* DEALER */
    void *monitor; /* of its connection */
    uint32_t last_call_id;
};

enum {
    WIRE_REFUSED = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                   ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED,
};

/* Connects; keys NULL: without CURVE. */
void wire_client_open(struct wire_client *c, void *context, const char *endpoint,
                      const struct key_pair *keys, const uint8_t server_key[KEY_BYTES]);
void wire_client_close(struct wire_client *c);
/* What a test that failed left open. */
void wire_client_close_all(void);

/* Sends a request and returns its call id. */
uint32_t wire_client_send(struct wire_client *c, const char *method, const ProtobufCMessage *body);
/* Sends any message of two frames. */
void wire_client_send_head(struct wire_client *c, const struct rpc_head *head,
                           const ProtobufCMessage *body);
void wire_client_send_bytes(struct wire_client *c, const void *first, size_t first_size,
                            const void *second, size_t second_size);
/* The next message; false when none comes for wait_ms. Clear with rpc_message_clear. */
bool wire_client_receive(struct wire_client *c, struct rpc_message *out, int wait_ms);
/* Sends a request and waits for its response, passing over other messages: ERR_OK, or the code of
 * the failure. response (NULL: not wanted) is freed with protobuf_c_message_free_unpacked. */
enum err wire_client_call(struct wire_client *c, const char *method, const ProtobufCMessage *body,
                          ProtobufCMessage **response);
/* Waits for the named call of the manager; false when it does not come for wait_ms. */
bool wire_client_expect(struct wire_client *c, const char *method, ProtobufCMessage **body,
                        int wait_ms);

/* Waits for one of these ZMQ_EVENT_* of the connection, passing over others; false when none comes
 * for wait_ms. */
bool wire_client_wait_event(struct wire_client *c, int events, int wait_ms);

#endif
