/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"

/* Sockets that are open: a test that fails leaves without closing them, and zmq_ctx_term would
 * wait. */
enum { OPEN_MAX = 256 };
static void *open_sockets[OPEN_MAX];

static void *remember(void *socket)
{
    size_t place = 0;
    while (place < OPEN_MAX && open_sockets[place] != NULL)
        place++;
    assert_true(place < OPEN_MAX);
    open_sockets[place] = socket;
    return socket;
}

static void forget(void *socket)
{
    for (size_t i = 0; socket != NULL && i < OPEN_MAX; i++) {
        if (open_sockets[i] != socket)
            continue;
        open_sockets[i] = NULL;
        assert_int_equal(zmq_close(socket), 0);
    }
}

void wire_client_close_all(void)
{
    for (size_t i = 0; i < OPEN_MAX; i++)
        forget(open_sockets[i]);
}

static void watch(struct wire_client *c, void *context)
{
    char endpoint[64];
    int zero = 0;
    (void)snprintf(endpoint, sizeof(endpoint), "inproc://watch-%p", c->socket);
    assert_int_equal(zmq_socket_monitor(c->socket, endpoint, ZMQ_EVENT_ALL), 0);
    c->monitor = remember(zmq_socket(context, ZMQ_PAIR));
    assert_non_null(c->monitor);
    assert_int_equal(zmq_setsockopt(c->monitor, ZMQ_LINGER, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_setsockopt(c->monitor, ZMQ_RCVHWM, &zero, sizeof(zero)), 0);
    assert_int_equal(zmq_connect(c->monitor, endpoint), 0);
}

void wire_client_open(struct wire_client *c, void *context, const char *endpoint,
                      const struct key_pair *keys, const uint8_t server_key[KEY_BYTES])
{
    int zero = 0;
    memset(c, 0, sizeof(*c));
    c->socket = remember(zmq_socket(context, ZMQ_DEALER));
    assert_non_null(c->socket);
    assert_int_equal(zmq_setsockopt(c->socket, ZMQ_LINGER, &zero, sizeof(zero)), 0);
    if (keys != NULL) {
        assert_int_equal(zmq_setsockopt(c->socket, ZMQ_CURVE_SERVERKEY, server_key, KEY_BYTES), 0);
        assert_int_equal(
            zmq_setsockopt(c->socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, KEY_BYTES), 0);
        assert_int_equal(
            zmq_setsockopt(c->socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, KEY_BYTES), 0);
    }
    watch(c, context);
    assert_int_equal(zmq_connect(c->socket, endpoint), 0);
}

void wire_client_close(struct wire_client *c)
{
    forget(c->socket);
    forget(c->monitor);
    c->socket = NULL;
    c->monitor = NULL;
}

void wire_client_send_head(struct wire_client *c, const struct rpc_head *head,
                           const ProtobufCMessage *body)
{
    zmq_msg_t frames[3];
    size_t count = 0;
    assert_int_equal(rpc_pack(head, body, NULL, frames, &count, NULL), ERR_OK);
    assert_int_equal(rpc_send(c->socket, frames, count, NULL), ERR_OK);
}

uint32_t wire_client_send(struct wire_client *c, const char *method, const ProtobufCMessage *body)
{
    struct rpc_head head = {.call_id = ++c->last_call_id,
                            .kind = RPC_REQUEST,
                            .service = RPC_MANAGER,
                            .method = rpc_method(RPC_MANAGER, method)};
    wire_client_send_head(c, &head, body);
    return head.call_id;
}

void wire_client_send_bytes(struct wire_client *c, const void *first, size_t first_size,
                            const void *second, size_t second_size)
{
    assert_int_equal(zmq_send(c->socket, first, first_size, ZMQ_SNDMORE), (int)first_size);
    assert_int_equal(zmq_send(c->socket, second, second_size, 0), (int)second_size);
}

bool wire_client_receive(struct wire_client *c, struct rpc_message *out, int wait_ms)
{
    zmq_pollitem_t item = {.socket = c->socket, .events = ZMQ_POLLIN};
    if (zmq_poll(&item, 1, wait_ms) <= 0)
        return false;
    zmq_msg_t frames[3];
    size_t count = 0;
    assert_int_equal(rpc_receive(c->socket, frames, 3, CONTROL_MESSAGE_MAX, &count, NULL), ERR_OK);
    assert_int_equal(rpc_parse(frames, count, out, NULL), ERR_OK);
    for (size_t i = 0; i < count; i++)
        (void)zmq_msg_close(&frames[i]);
    return true;
}

enum err wire_client_call(struct wire_client *c, const char *method, const ProtobufCMessage *body,
                          ProtobufCMessage **response)
{
    uint32_t call_id = wire_client_send(c, method, body);
    for (;;) {
        struct rpc_message m;
        assert_true(wire_client_receive(c, &m, WIRE_WAIT_MS));
        bool is_it = m.kind == RPC_RESPONSE && m.call_id == call_id;
        enum err err = m.failure.code;
        if (is_it && err == ERR_OK && response != NULL)
            assert_int_equal(rpc_body(&m, response, NULL), ERR_OK);
        rpc_message_clear(&m);
        if (is_it)
            return err;
    }
}

bool wire_client_expect(struct wire_client *c, const char *method, ProtobufCMessage **body,
                        int wait_ms)
{
    int64_t end_ms = clock_monotonic_ms() + wait_ms;
    for (;;) {
        struct rpc_message m;
        int64_t left_ms = end_ms - clock_monotonic_ms();
        if (!wire_client_receive(c, &m, left_ms < 0 ? 0 : (int)left_ms))
            return false;
        bool is_it = m.service == RPC_AGENT && m.kind != RPC_RESPONSE &&
                     m.method == rpc_method(RPC_AGENT, method);
        if (is_it && body != NULL)
            assert_int_equal(rpc_body(&m, body, NULL), ERR_OK);
        rpc_message_clear(&m);
        if (is_it)
            return true;
    }
}

bool wire_client_wait_event(struct wire_client *c, int events, int wait_ms)
{
    int64_t end_ms = clock_monotonic_ms() + wait_ms;
    for (;;) {
        int64_t left_ms = end_ms - clock_monotonic_ms();
        zmq_pollitem_t item = {.socket = c->monitor, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, left_ms < 0 ? 0 : (long)left_ms) <= 0)
            return false;
        zmq_msg_t frames[2];
        size_t count = 0;
        uint16_t event = 0;
        assert_int_equal(rpc_receive(c->monitor, frames, 2, 1024, &count, NULL), ERR_OK);
        memcpy(&event, zmq_msg_data(&frames[0]), sizeof(event));
        for (size_t i = 0; i < count; i++)
            (void)zmq_msg_close(&frames[i]);
        if ((event & events) != 0)
            return true;
    }
}
