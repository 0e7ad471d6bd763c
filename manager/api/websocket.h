/* SPDX-License-Identifier: Apache-2.0 */
/* websocket: the server's side of RFC 6455 on a socket, without extensions: what is needed to send
 * texts and to notice that the client is there. Thread: one per socket. */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum { WEBSOCKET_ACCEPT_SIZE = 29, WEBSOCKET_CONTROL_MAX = 125 };

enum websocket_opcode {
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

enum websocket_close { WEBSOCKET_GOING_AWAY = 1001, WEBSOCKET_PROTOCOL_ERROR = 1002 };

/* The value of Sec-WebSocket-Accept; ERR_INVALID unless key is 16 bytes in base64. */
MUST_CHECK enum err websocket_accept(const char *key, char out[static WEBSOCKET_ACCEPT_SIZE],
                                     struct error *e);

/* What a client sends, frame by frame; the payload of data frames is thrown away. */
struct websocket_parser {
    uint8_t header[14];
    size_t header_size;
    uint64_t left; /* of the payload */
    uint64_t at;   /* in the payload */
    uint8_t control[WEBSOCKET_CONTROL_MAX];
    bool is_payload;
};

enum websocket_event { WEBSOCKET_NOTHING, WEBSOCKET_CONTROL_FRAME, WEBSOCKET_BROKEN };

/* Takes one byte. WEBSOCKET_CONTROL_FRAME: a whole close, ping or pong has come, see
 * websocket_opcode_of, control and at (its size); it is there until the next byte.
 * WEBSOCKET_BROKEN: not what a client may send. */
enum websocket_event websocket_parse(struct websocket_parser *p, uint8_t byte);
enum websocket_opcode websocket_opcode_of(const struct websocket_parser *p);

/* Sends one whole frame; false when the socket is closed or did not take it in its time. */
MUST_CHECK bool websocket_send(int fd, enum websocket_opcode opcode, const void *data, size_t size);
MUST_CHECK bool websocket_send_close(int fd, enum websocket_close code);

#endif
