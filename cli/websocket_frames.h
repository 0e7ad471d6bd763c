/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_frames: the client's side of RFC 6455 as pure functions over bytes. */
#ifndef WEBSOCKET_FRAMES_H
#define WEBSOCKET_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "strlist.h"

enum frame_opcode {
    FRAME_CONTINUATION = 0,
    FRAME_TEXT = 1,
    FRAME_BINARY = 2,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10,
};

enum { FRAME_PAYLOAD_MAX = 64 * 1024 * 1024, FRAME_CONTROL_MAX = 125, FRAME_HEADER_MAX = 14 };

struct frame {
    enum frame_opcode opcode;
    bool is_final;
    const uint8_t *payload; /* inside the bytes that were parsed */
    size_t size;
    size_t consumed; /* header and payload */
};

/* The frame at the start of data. *whole is false when more bytes are needed. ERR_CORRUPT for what
 * a server may not send. */
MUST_CHECK enum err frame_parse(const uint8_t *data, size_t size, struct frame *out, bool *whole,
                                struct error *e);
/* Appends a masked control frame (at most FRAME_CONTROL_MAX bytes of payload). */
MUST_CHECK enum err frame_append(struct bytes *out, enum frame_opcode opcode, const void *payload,
                                 size_t size, struct error *e);

#endif
