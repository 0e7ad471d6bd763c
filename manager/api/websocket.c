/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { KEY_LENGTH = 24, SHA1_SIZE = 20, FINAL = 0x80, MASKED = 0x80, MASK_SIZE = 4 };

enum err websocket_accept(const char *key, char out[static WEBSOCKET_ACCEPT_SIZE], struct error *e)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_LENGTH + sizeof(guid)];
    uint8_t hash[SHA1_SIZE];
    if (strlen(key) != KEY_LENGTH || strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
                                                 "xyz0123456789+/=") != KEY_LENGTH)
        return error_set(e, ERR_INVALID, "Sec-WebSocket-Key: must be 16 bytes in base64");
    memcpy(text, key, KEY_LENGTH);
    memcpy(text + KEY_LENGTH, guid, sizeof(guid));
    if (gnutls_hash_fast(GNUTLS_DIG_SHA1, text, sizeof(text) - 1, hash) != 0)
        return error_set(e, ERR_INTERNAL, "SHA-1 is not available");
    sodium_bin2base64(out, WEBSOCKET_ACCEPT_SIZE, hash, sizeof(hash),
                      sodium_base64_VARIANT_ORIGINAL);
    return ERR_OK;
}

enum websocket_opcode websocket_opcode_of(const struct websocket_parser *p)
{
    return (enum websocket_opcode)(p->header[0] & 0x0f);
}

/* Bytes of the extended length that the second byte announces. */
static size_t extended_size(uint8_t second)
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

static bool is_control(const struct websocket_parser *p)
{
    return (p->header[0] & 0x08) != 0;
}

/* The first two bytes are there: clients mask, use no reserved bits, and control frames are short
 * and whole. */
static bool is_header_allowed(const struct websocket_parser *p)
{
    if ((p->header[0] & 0x70) != 0 || (p->header[1] & MASKED) == 0)
        return false;
    if (is_control(p))
        return (p->header[0] & FINAL) != 0 && extended_size(p->header[1]) == 0 &&
               websocket_opcode_of(p) <= WEBSOCKET_PONG;
    return websocket_opcode_of(p) <= WEBSOCKET_BINARY;
}

static enum websocket_event end_frame(struct websocket_parser *p)
{
    p->is_payload = false;
    p->header_size = 0;
    return is_control(p) ? WEBSOCKET_CONTROL_FRAME : WEBSOCKET_NOTHING;
}

static enum websocket_event take_header(struct websocket_parser *p, uint8_t byte)
{
    p->header[p->header_size++] = byte;
    if (p->header_size < 2)
        return WEBSOCKET_NOTHING;
    if (p->header_size == 2 && !is_header_allowed(p))
        return WEBSOCKET_BROKEN;
    size_t extended = extended_size(p->header[1]);
    if (p->header_size < 2 + extended + MASK_SIZE)
        return WEBSOCKET_NOTHING;
    p->left = extended == 0 ? p->header[1] & 0x7f : 0;
    for (size_t i = 0; i < extended; i++)
        p->left = p->left << 8 | p->header[2 + i];
    p->at = 0;
    p->is_payload = p->left > 0;
    return p->is_payload ? WEBSOCKET_NOTHING : end_frame(p);
}

enum websocket_event websocket_parse(struct websocket_parser *p, uint8_t byte)
{
    if (!p->is_payload)
        return take_header(p, byte);
    const uint8_t *mask = p->header + 2 + extended_size(p->header[1]);
    if (is_control(p))
        p->control[p->at] = byte ^ mask[p->at % MASK_SIZE];
    p->at++;
    return --p->left > 0 ? WEBSOCKET_NOTHING : end_frame(p);
}

static size_t make_header(enum websocket_opcode opcode, size_t size, uint8_t out[static 10])
{
    size_t extended = 0;
    out[0] = (uint8_t)(FINAL | opcode);
    if (size > 125)
        extended = size > UINT16_MAX ? 8 : 2;
    if (extended == 0)
        out[1] = (uint8_t)size;
    else
        out[1] = extended == 2 ? 126 : 127;
    for (size_t i = 0; i < extended; i++)
        out[2 + i] = (uint8_t)((uint64_t)size >> 8 * (extended - 1 - i));
    return 2 + extended;
}

bool websocket_send(int fd, enum websocket_opcode opcode, const void *data, size_t size)
{
    uint8_t header[10];
    struct iovec parts[2] = {
        {.iov_base = header, .iov_len = make_header(opcode, size, header)},
        {.iov_base = (void *)(uintptr_t)data,           .iov_len = size                                       },
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        for (int i = 0; i < 2; i++) {
            size_t taken = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            parts[i].iov_base = (uint8_t *)parts[i].iov_base + taken;
            parts[i].iov_len -= taken;
            sent -= (ssize_t)taken;
        }
    }
    return true;
}

bool websocket_send_close(int fd, enum websocket_close code)
{
    uint8_t data[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    return websocket_send(fd, WEBSOCKET_CLOSE, data, sizeof(data));
}
