/* SPDX-License-Identifier: Apache-2.0 */
/* websocket_frames: see websocket_frames.h. */
#include "websocket_frames.h"

#include <sodium.h>
#include <string.h>

enum { MASK_SIZE = 4, FINAL = 0x80, MASKED = 0x80, RESERVED = 0x70, CONTROL = 0x08 };

/* Bytes of the length field behind the second byte. */
static size_t length_size(uint8_t second)
{
    switch (second & 0x7f) {
    case 126:
        return 2;
    case 127:
        return 8;
    default:
        return 0;
    }
}

enum err frame_parse(const uint8_t *data, size_t size, struct frame *out, bool *whole,
                     struct error *e)
{
    *whole = false;
    if (size < 2)
        return ERR_OK;
    if ((data[0] & RESERVED) != 0 || (data[1] & MASKED) != 0)
        return error_set(e, ERR_CORRUPT, "the manager sent a broken WebSocket frame");
    size_t extended = length_size(data[1]);
    if (size < 2 + extended)
        return ERR_OK;
    uint64_t length = extended == 0 ? data[1] & 0x7f : 0;
    for (size_t i = 0; i < extended; i++)
        length = length << 8 | data[2 + i];
    bool is_control = (data[0] & CONTROL) != 0;
    if (length > FRAME_PAYLOAD_MAX || (is_control && length > FRAME_CONTROL_MAX))
        return error_set(e, ERR_CORRUPT, "the manager sent a WebSocket frame that is too long");
    if (size - 2 - extended < length)
        return ERR_OK;
    out->opcode = (enum frame_opcode)(data[0] & 0x0f);
    out->is_final = (data[0] & FINAL) != 0;
    out->payload = data + 2 + extended;
    out->size = (size_t)length;
    out->consumed = 2 + extended + (size_t)length;
    *whole = true;
    return ERR_OK;
}

enum err frame_append(struct bytes *out, enum frame_opcode opcode, const void *payload, size_t size,
                      struct error *e)
{
    uint8_t frame[2 + MASK_SIZE + FRAME_CONTROL_MAX];
    if (size > FRAME_CONTROL_MAX)
        return error_set(e, ERR_INVALID, "a control frame of %zu bytes", size);
    frame[0] = (uint8_t)(FINAL | opcode);
    frame[1] = (uint8_t)(MASKED | size);
    randombytes_buf(frame + 2, MASK_SIZE);
    const uint8_t *from = payload;
    for (size_t i = 0; i < size; i++)
        frame[2 + MASK_SIZE + i] = from[i] ^ frame[2 + i % MASK_SIZE];
    return bytes_append(out, frame, 2 + MASK_SIZE + size, e);
}
