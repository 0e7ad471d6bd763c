/* SPDX-License-Identifier: Apache-2.0 */
/* rpc: see rpc.h. Everything received is hostile until rpc_parse has returned ERR_OK. */
#include "rpc.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <hivecast/v1/agent.pb-c.h>
#include <hivecast/v1/envelope.pb-c.h>
#include <hivecast/v1/manager.pb-c.h>

#include "names.h"

enum { FRAMES_MIN = 2, FRAMES_MAX = 3, ENVELOPE_MAX = 1024 };

static const ProtobufCServiceDescriptor *descriptor(enum rpc_service service)
{
    switch (service) {
    case RPC_MANAGER:
        return &hivecast__v1__manager__descriptor;
    case RPC_AGENT:
        return &hivecast__v1__agent__descriptor;
    }
    return NULL;
}

static const ProtobufCMethodDescriptor *find_method(enum rpc_service service, uint32_t method)
{
    const ProtobufCServiceDescriptor *d = descriptor(service);
    return d != NULL && method >= 1 && method <= d->n_methods ? &d->methods[method - 1] : NULL;
}

uint32_t rpc_method(enum rpc_service service, const char *name)
{
    const ProtobufCServiceDescriptor *d = descriptor(service);
    for (uint32_t i = 0; d != NULL && i < d->n_methods; i++) {
        if (strcmp(d->methods[i].name, name) == 0)
            return i + 1;
    }
    assert(!"a method that no .proto declares");
    return 0;
}

const char *rpc_method_name(enum rpc_service service, uint32_t method)
{
    const ProtobufCMethodDescriptor *m = find_method(service, method);
    return m != NULL ? m->name : "?";
}

const ProtobufCMessageDescriptor *rpc_input(enum rpc_service service, uint32_t method)
{
    const ProtobufCMethodDescriptor *m = find_method(service, method);
    return m != NULL ? m->input : NULL;
}

const ProtobufCMessageDescriptor *rpc_output(enum rpc_service service, uint32_t method)
{
    const ProtobufCMethodDescriptor *m = find_method(service, method);
    return m != NULL ? m->output : NULL;
}

static void read_failure(const Hivecast__V1__Failure *failure, struct error *out)
{
    enum err code = (enum err)failure->code;
    /* A code of a later version is an error all the same. */
    if (code == ERR_OK || strcmp(err_name(code), "unknown") == 0)
        code = ERR_INTERNAL;
    out->code = code;
    names_printable(failure->message, out->text, sizeof(out->text));
}

/* Checks and copies the envelope; names the field at fault. */
static enum err read_envelope(const Hivecast__V1__Envelope *envelope, struct rpc_message *out,
                              struct error *e)
{
    if (envelope->kind < HIVECAST__V1__KIND__KIND_REQUEST ||
        envelope->kind > HIVECAST__V1__KIND__KIND_NOTICE)
        return error_set(e, ERR_INVALID, "envelope: unknown kind %d", (int)envelope->kind);
    out->call_id = envelope->call_id;
    out->kind = (enum rpc_kind)envelope->kind;
    out->service = (enum rpc_service)envelope->service;
    out->method = envelope->method;
    if (descriptor(out->service) == NULL)
        return error_set(e, ERR_INVALID, "envelope: unknown service %d", (int)envelope->service);
    if (find_method(out->service, out->method) == NULL)
        return error_set(e, ERR_UNSUPPORTED, "envelope: unknown method %u of service %d",
                         envelope->method, (int)envelope->service);
    if (envelope->failure == NULL)
        return ERR_OK;
    if (out->kind != RPC_RESPONSE)
        return error_set(e, ERR_INVALID, "envelope: a failure that is no response");
    read_failure(envelope->failure, &out->failure);
    return ERR_OK;
}

enum err rpc_parse(zmq_msg_t *frames, size_t count, struct rpc_message *out, struct error *e)
{
    if (count < FRAMES_MIN || count > FRAMES_MAX)
        return error_set(e, ERR_INVALID, "a message of %zu frames", count);
    size_t size = zmq_msg_size(&frames[0]);
    if (size > ENVELOPE_MAX)
        return error_set(e, ERR_INVALID, "an envelope of %zu bytes", size);
    Hivecast__V1__Envelope *envelope =
        hivecast__v1__envelope__unpack(NULL, size, zmq_msg_data(&frames[0]));
    if (envelope == NULL)
        return error_set(e, ERR_INVALID, "the envelope does not parse");
    struct rpc_message parsed = {0};
    enum err err = read_envelope(envelope, &parsed, e);
    hivecast__v1__envelope__free_unpacked(envelope, NULL);
    if (err == ERR_UNSUPPORTED) {
        out->call_id = parsed.call_id;
        out->kind = parsed.kind;
        out->service = parsed.service;
        out->method = parsed.method;
    }
    if (err != ERR_OK)
        return err;
    zmq_msg_init(&parsed.body);
    zmq_msg_init(&parsed.raw);
    zmq_msg_close(&frames[0]);
    zmq_msg_init(&frames[0]);
    zmq_msg_move(&parsed.body, &frames[1]);
    if (count == FRAMES_MAX)
        zmq_msg_move(&parsed.raw, &frames[2]);
    *out = parsed;
    return ERR_OK;
}

void rpc_message_clear(struct rpc_message *m)
{
    zmq_msg_close(&m->body);
    zmq_msg_close(&m->raw);
    /* An empty message may be cleared again. */
    zmq_msg_init(&m->body);
    zmq_msg_init(&m->raw);
}

enum err rpc_body(const struct rpc_message *m, ProtobufCMessage **out, struct error *e)
{
    const ProtobufCMessageDescriptor *type = m->kind == RPC_RESPONSE
                                                 ? rpc_output(m->service, m->method)
                                                 : rpc_input(m->service, m->method);
    if (type == NULL)
        return error_set(e, ERR_UNSUPPORTED, "unknown method %u", m->method);
    /* zmq_msg_data takes a pointer to non-const but does not write. */
    zmq_msg_t *body = (zmq_msg_t *)(uintptr_t)&m->body;
    ProtobufCMessage *message =
        protobuf_c_message_unpack(type, NULL, zmq_msg_size(body), zmq_msg_data(body));
    if (message == NULL)
        return error_set(e, ERR_INVALID, "the body is no %s", type->short_name);
    *out = message;
    return ERR_OK;
}

/* A frame that holds message. */
static enum err pack_frame(const ProtobufCMessage *message, zmq_msg_t *frame, struct error *e)
{
    size_t size = message != NULL ? protobuf_c_message_get_packed_size(message) : 0;
    if (zmq_msg_init_size(frame, size) != 0)
        return error_set(e, ERR_NO_MEMORY, "no memory for a message of %zu bytes", size);
    if (size > 0)
        protobuf_c_message_pack(message, zmq_msg_data(frame));
    return ERR_OK;
}

static enum err pack_envelope(const struct rpc_head *head, zmq_msg_t *frame, struct error *e)
{
    Hivecast__V1__Envelope envelope = HIVECAST__V1__ENVELOPE__INIT;
    Hivecast__V1__Failure failure = HIVECAST__V1__FAILURE__INIT;
    char text[ERROR_TEXT_SIZE];
    envelope.call_id = head->call_id;
    envelope.kind = (Hivecast__V1__Kind)head->kind;
    envelope.service = (Hivecast__V1__Service)head->service;
    envelope.method = head->method;
    if (head->failure != NULL) {
        /* Strings of protobuf are UTF-8; a cut or foreign one would not be. */
        names_printable(head->failure->text, text, sizeof(text));
        failure.code = (Hivecast__V1__ErrorCode)head->failure->code;
        failure.message = text;
        envelope.failure = &failure;
    }
    return pack_frame(&envelope.base, frame, e);
}

enum err rpc_pack(const struct rpc_head *head, const ProtobufCMessage *body, zmq_msg_t *take_raw,
                  zmq_msg_t frames[static 3], size_t *count, struct error *e)
{
    enum err err = pack_envelope(head, &frames[0], e);
    if (err != ERR_OK)
        return err;
    err = pack_frame(body, &frames[1], e);
    if (err != ERR_OK) {
        zmq_msg_close(&frames[0]);
        return err;
    }
    *count = FRAMES_MIN;
    if (take_raw == NULL)
        return ERR_OK;
    zmq_msg_init(&frames[2]);
    zmq_msg_move(&frames[2], take_raw);
    *count = FRAMES_MAX;
    return ERR_OK;
}

static void close_frames(zmq_msg_t *frames, size_t count)
{
    for (size_t i = 0; i < count; i++)
        zmq_msg_close(&frames[i]);
}

/* The rest of a message that is refused; its frames are all there already. */
static void drain(void *socket)
{
    zmq_msg_t frame;
    bool more = true;
    while (more) {
        zmq_msg_init(&frame);
        more = zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&frame);
        zmq_msg_close(&frame);
    }
}

static enum err receive_error(struct error *e)
{
    if (errno == EAGAIN || errno == EINTR)
        return error_set(e, ERR_UNAVAILABLE, "no message is waiting");
    return error_set(e, ERR_IO, "receive: %s", zmq_strerror(errno));
}

enum err rpc_receive(void *socket, zmq_msg_t *frames, size_t max_frames, size_t max_bytes,
                     size_t *count, struct error *e)
{
    size_t got = 0;
    size_t bytes = 0;
    for (bool more = true; more; got++) {
        if (got == max_frames || bytes > max_bytes) {
            drain(socket);
            close_frames(frames, got);
            return error_set(e, ERR_INVALID, "a message of more than %zu frames or %zu bytes",
                             max_frames, max_bytes);
        }
        zmq_msg_init(&frames[got]);
        if (zmq_msg_recv(&frames[got], socket, ZMQ_DONTWAIT) < 0) {
            enum err err = receive_error(e);
            close_frames(frames, got + 1);
            return err;
        }
        bytes += zmq_msg_size(&frames[got]);
        more = zmq_msg_more(&frames[got]);
    }
    if (bytes > max_bytes) {
        close_frames(frames, got);
        return error_set(e, ERR_INVALID, "a message of %zu bytes", bytes);
    }
    *count = got;
    return ERR_OK;
}

enum err rpc_send(void *socket, zmq_msg_t *frames, size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        int rc = zmq_msg_send(&frames[i], socket, flags);
        while (rc < 0 && errno == EINTR)
            rc = zmq_msg_send(&frames[i], socket, flags);
        if (rc >= 0)
            continue;
        int number = errno;
        close_frames(frames + i, count - i);
        if (number == EAGAIN || number == EHOSTUNREACH)
            return error_set(e, ERR_UNAVAILABLE, "the peer is not there or does not read");
        return error_set(e, ERR_IO, "send: %s", zmq_strerror(number));
    }
    return ERR_OK;
}
