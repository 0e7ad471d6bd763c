/* SPDX-License-Identifier: Apache-2.0 */
/* event_stream: see event_stream.h. */
#include "event_stream.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "interrupt.h"
#include "websocket_frames.h"

enum { READ_SIZE = 16 * 1024, HEAD_MAX = 16 * 1024, GREETING_TIMEOUT_MS = 20000 };

struct event_stream {
    CURL *curl;
    curl_socket_t fd;
    struct bytes in; /* received, not yet parsed; parsed up to at */
    size_t at;
    struct bytes message; /* fragments of the present message */
    json_int_t last;
};

static enum err ended(struct error *e, const char *why)
{
    return error_set(e, ERR_UNAVAILABLE, "the connection for events ended: %s", why);
}

/* False when deadline passed. A negative deadline is never. */
static enum err wait_for(const struct event_stream *s, short events, int64_t deadline_ms,
                         bool *is_ready, struct error *e)
{
    struct pollfd p = {.fd = s->fd, .events = events};
    *is_ready = false;
    if (interrupt_happened())
        return error_set(e, ERR_STOPPED, "interrupted");
    int64_t left = deadline_ms < 0 ? -1 : deadline_ms - clock_monotonic_ms();
    if (deadline_ms >= 0 && left < 0)
        left = 0;
    int count = poll(&p, 1, left > 60000 ? 60000 : (int)left);
    if (interrupt_happened())
        return error_set(e, ERR_STOPPED, "interrupted");
    if (count < 0 && errno != EINTR)
        return error_errno(e, "wait for events");
    *is_ready = count > 0;
    return ERR_OK;
}

static enum err send_all(struct event_stream *s, const uint8_t *data, size_t size, struct error *e)
{
    while (size > 0) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(s->curl, data, size, &sent);
        if (code != CURLE_OK && code != CURLE_AGAIN)
            return ended(e, curl_easy_strerror(code));
        data += sent;
        size -= sent;
        bool is_ready = false;
        enum err err = code == CURLE_AGAIN ? wait_for(s, POLLOUT, -1, &is_ready, e) : ERR_OK;
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* More bytes into s->in; *got is false when deadline passed first. */
static enum err receive(struct event_stream *s, int64_t deadline_ms, bool *got, struct error *e)
{
    *got = false;
    enum err err = bytes_reserve(&s->in, READ_SIZE, e);
    while (err == ERR_OK) {
        size_t size = 0;
        bool is_ready = false;
        CURLcode code = curl_easy_recv(s->curl, s->in.data + s->in.size, READ_SIZE, &size);
        if (code == CURLE_OK && size == 0)
            return ended(e, "the manager closed it");
        if (code == CURLE_OK) {
            s->in.size += size;
            *got = true;
            return ERR_OK;
        }
        if (code != CURLE_AGAIN)
            return ended(e, curl_easy_strerror(code));
        err = wait_for(s, POLLIN, deadline_ms, &is_ready, e);
        if (err == ERR_OK && !is_ready && deadline_ms >= 0 && clock_monotonic_ms() >= deadline_ms)
            return ERR_OK;
    }
    return err;
}

/* "HOST:PORT" and the path in front of all paths. */
static enum err split_url(const char *url, char **host, char **prefix, struct error *e)
{
    const char *start = strstr(url, "://");
    start = start != NULL ? start + 3 : url;
    const char *end = start + strcspn(start, "/?#");
    const char *at = memchr(start, '@', (size_t)(end - start));
    start = at != NULL ? at + 1 : start;
    *host = strndup(start, (size_t)(end - start));
    *prefix = strdup(end);
    return *host != NULL && *prefix != NULL ? ERR_OK : error_set(e, ERR_NO_MEMORY, "no memory");
}

static enum err send_request(struct event_stream *s, const struct client *c, const char *path,
                             struct error *e)
{
    AUTO_FREE char *host = NULL;
    AUTO_FREE char *prefix = NULL;
    AUTO_FREE char *request = NULL;
    uint8_t nonce[16];
    char key[32];
    enum err err = split_url(client_url(c), &host, &prefix, e);
    if (err != ERR_OK)
        return err;
    randombytes_buf(nonce, sizeof(nonce));
    sodium_bin2base64(key, sizeof(key), nonce, sizeof(nonce), sodium_base64_VARIANT_ORIGINAL);
    const char *token = client_token(c);
    int length = asprintf(&request,
                          "GET %s%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"
                          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: %s\r\n%s%s%s\r\n",
                          prefix, path, host, key, token != NULL ? "Authorization: Bearer " : "",
                          token != NULL ? token : "", token != NULL ? "\r\n" : "");
    if (length < 0)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    return send_all(s, (const uint8_t *)request, (size_t)length, e);
}

static enum err refused(const struct event_stream *s, struct error *e)
{
    const char *head = (const char *)s->in.data;
    if (strncmp(head, "HTTP/1.1 401", 12) == 0)
        return error_set(e, ERR_UNAUTHENTICATED,
                         "the manager does not know this token; run 'hivecast login URL'");
    return error_set(e, ERR_UNAVAILABLE, "the manager does not send events: %.*s",
                     (int)strcspn(head, "\r\n"), head);
}

static enum err read_head(struct event_stream *s, struct error *e)
{
    int64_t deadline_ms = clock_monotonic_ms() + GREETING_TIMEOUT_MS;
    const char *end = NULL;
    while (end == NULL) {
        bool got = false;
        enum err err = receive(s, deadline_ms, &got, e);
        if (err != ERR_OK)
            return err;
        if (!got || s->in.size > HEAD_MAX)
            return ended(e, "the manager did not answer");
        s->in.data[s->in.size] = '\0';
        end = strstr((const char *)s->in.data, "\r\n\r\n");
    }
    if (strncmp((const char *)s->in.data, "HTTP/1.1 101", 12) != 0)
        return refused(s, e);
    s->at = (size_t)(end + 4 - (const char *)s->in.data);
    return ERR_OK;
}

/* What a frame means; *is_message when s->message is whole. */
static enum err take_frame(struct event_stream *s, const struct frame *f, bool *is_message,
                           struct error *e)
{
    struct bytes pong = {0};
    enum err err = ERR_OK;
    *is_message = false;
    switch (f->opcode) {
    case FRAME_TEXT:
    case FRAME_BINARY:
    case FRAME_CONTINUATION:
        if (s->message.size + f->size > FRAME_PAYLOAD_MAX)
            return error_set(e, ERR_CORRUPT, "the manager sent an event that is too long");
        *is_message = f->is_final;
        return bytes_append(&s->message, f->payload, f->size, e);
    case FRAME_PING:
        err = frame_append(&pong, FRAME_PONG, f->payload, f->size, e);
        if (err == ERR_OK)
            err = send_all(s, pong.data, pong.size, e);
        bytes_clear(&pong);
        return err;
    case FRAME_CLOSE:
        return ended(e, "the manager closed it");
    default:
        return ERR_OK;
    }
}

/* The whole frames that were received, up to the end of a message. */
static enum err parse_received(struct event_stream *s, bool *is_message, struct error *e)
{
    *is_message = false;
    while (!*is_message) {
        struct frame f;
        bool whole = false;
        enum err err = frame_parse(s->in.data + s->at, s->in.size - s->at, &f, &whole, e);
        if (err != ERR_OK)
            return err;
        if (!whole)
            break;
        err = take_frame(s, &f, is_message, e);
        if (err != ERR_OK)
            return err;
        s->at += f.consumed;
    }
    if (s->at == s->in.size || s->at > READ_SIZE) {
        memmove(s->in.data, s->in.data + s->at, s->in.size - s->at);
        s->in.size -= s->at;
        s->at = 0;
    }
    return ERR_OK;
}

static enum err take_message(struct event_stream *s, json_t **out, struct error *e)
{
    json_error_t where;
    json_t *event = json_loadb((const char *)s->message.data, s->message.size, 0, &where);
    s->message.size = 0;
    if (!json_is_object(event)) {
        json_decref(event);
        return error_set(e, ERR_CORRUPT, "the manager sent an event that is not JSON");
    }
    const json_t *seq = json_object_get(event, "seq");
    if (seq == NULL)
        seq = json_object_get(event, "lastSeq");
    if (json_is_integer(seq))
        s->last = json_integer_value(seq);
    *out = event;
    return ERR_OK;
}

enum err event_stream_next(struct event_stream *s, int64_t timeout_ms, json_t **out,
                           struct error *e)
{
    int64_t deadline_ms = timeout_ms < 0 ? -1 : clock_monotonic_ms() + timeout_ms;
    *out = NULL;
    for (;;) {
        bool is_message = false;
        bool got = false;
        enum err err = parse_received(s, &is_message, e);
        if (err == ERR_OK && is_message)
            return take_message(s, out, e);
        if (err == ERR_OK)
            err = receive(s, deadline_ms, &got, e);
        if (err != ERR_OK || !got)
            return err;
    }
}

enum err event_stream_open(struct client *c, const char *path, struct event_stream **out,
                           struct error *e)
{
    AUTO(event_stream_close) struct event_stream *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory");
    enum err err = client_connect(c, &s->curl, e);
    if (err != ERR_OK)
        return err;
    if (curl_easy_getinfo(s->curl, CURLINFO_ACTIVESOCKET, &s->fd) != CURLE_OK)
        return ended(e, "no socket");
    json_t *greeting = NULL;
    err = send_request(s, c, path, e);
    if (err == ERR_OK)
        err = read_head(s, e);
    if (err == ERR_OK)
        err = event_stream_next(s, GREETING_TIMEOUT_MS, &greeting, e);
    if (err == ERR_OK && greeting == NULL)
        err = ended(e, "the manager did not greet");
    json_decref(greeting);
    if (err != ERR_OK)
        return err;
    *out = TAKE(s);
    return ERR_OK;
}

void event_stream_close(struct event_stream *s)
{
    if (s == NULL)
        return;
    curl_easy_cleanup(s->curl);
    bytes_clear(&s->in);
    bytes_clear(&s->message);
    free(s);
}

json_int_t event_stream_last(const struct event_stream *s)
{
    return s->last;
}
