/* SPDX-License-Identifier: Apache-2.0 */
/* disconnects: see disconnects.h. */
#include "disconnects.h"

#include <stdint.h>
#include <string.h>
#include <zmq.h>

/* A monitor message: 16 bits event, 32 bits value; then a frame with the address. */
enum { EVENT_FRAME_SIZE = 6 };

enum err disconnects_open(void *context, void *socket, const char *endpoint, void **out,
                          struct error *e)
{
    /* Without a limit: libzmq's thread must never wait for us here. */
    int zero = 0;
    if (zmq_socket_monitor(socket, endpoint, ZMQ_EVENT_DISCONNECTED) != 0)
        return error_set(e, ERR_INTERNAL, "watch connections: %s", zmq_strerror(zmq_errno()));
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    if (monitor == NULL || zmq_setsockopt(monitor, ZMQ_RCVHWM, &zero, sizeof(zero)) != 0 ||
        zmq_setsockopt(monitor, ZMQ_LINGER, &zero, sizeof(zero)) != 0 ||
        zmq_connect(monitor, endpoint) != 0) {
        enum err err =
            error_set(e, ERR_INTERNAL, "watch connections: %s", zmq_strerror(zmq_errno()));
        if (monitor != NULL)
            (void)zmq_close(monitor);
        return err;
    }
    *out = monitor;
    return ERR_OK;
}

static bool receive(void *monitor, int *fd)
{
    uint8_t frame[EVENT_FRAME_SIZE];
    if (zmq_recv(monitor, frame, sizeof(frame), ZMQ_DONTWAIT) != EVENT_FRAME_SIZE)
        return false;
    uint32_t value = 0;
    memcpy(&value, frame + 2, sizeof(value));
    *fd = (int)value;
    return true;
}

static void skip_rest(void *monitor)
{
    int more = 1;
    size_t size = sizeof(more);
    char address[256];
    while (zmq_getsockopt(monitor, ZMQ_RCVMORE, &more, &size) == 0 && more != 0) {
        if (zmq_recv(monitor, address, sizeof(address), ZMQ_DONTWAIT) < 0)
            return;
    }
}

bool disconnects_next(void *monitor, int *fd)
{
    bool received = receive(monitor, fd);
    if (received)
        skip_rest(monitor);
    return received;
}
