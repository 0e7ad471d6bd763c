/* SPDX-License-Identifier: Apache-2.0 */
/* server_socket: see server_socket.h. */
#include "server_socket.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "zap.h"

/* Ten thousand agents may come at once and all need their turn; one that only holds a connection
 * open without shaking hands is gone after this time. */
enum { HANDSHAKE_MS = 30000, BACKLOG = 4096 };

/* The kernel finds dead peers within a minute and costs us nothing; heartbeats of ZeroMQ would keep
 * ten thousand timers in a list that libzmq searches from the start. */
enum {
    KEEPALIVE_IDLE_S = 30,
    KEEPALIVE_INTERVAL_S = 10,
    KEEPALIVE_COUNT = 3,
    UNANSWERED_MS = 60000,
};

/* An IPv4 address on an IPv6 socket would be told as [::ffff:...], of no use to IPv4 agents. */
static bool is_for_ipv6(const char *endpoint)
{
    return strchr(endpoint, '[') != NULL || strstr(endpoint, "//*:") != NULL;
}

static enum err set_numbers(void *socket, const struct server_socket_config *c, struct error *e)
{
    const struct {
        int option;
        int value;
    } numbers[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_IPV6, is_for_ipv6(c->endpoint)},
        {ZMQ_BACKLOG, BACKLOG},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_RCVHWM, c->receive_queue},
        {ZMQ_SNDHWM, c->send_queue},
        {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S},
        {ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_S},
        {ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_COUNT},
        {ZMQ_TCP_MAXRT, UNANSWERED_MS},
        {ZMQ_CURVE_SERVER, 1},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (zmq_setsockopt(socket, numbers[i].option, &numbers[i].value, sizeof(int)) != 0)
            return error_set(e, ERR_INTERNAL, "%s socket: option %d: %s", c->what,
                             numbers[i].option, zmq_strerror(zmq_errno()));
    }
    return ERR_OK;
}

static enum err set_up(void *socket, const struct server_socket_config *c, struct error *e)
{
    enum err err = set_numbers(socket, c, e);
    if (err != ERR_OK)
        return err;
    int64_t frame_max = c->frame_max;
    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max)) != 0 ||
        zmq_setsockopt(socket, ZMQ_AFFINITY, &c->io_threads, sizeof(c->io_threads)) != 0 ||
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, c->keys->secret_key, KEY_BYTES) != 0)
        return error_set(e, ERR_INTERNAL, "%s socket: %s", c->what, zmq_strerror(zmq_errno()));
    if (zmq_bind(socket, c->endpoint) != 0)
        return error_set(e, ERR_UNAVAILABLE, "%s socket: bind %s: %s", c->what, c->endpoint,
                         zmq_strerror(zmq_errno()));
    return ERR_OK;
}

enum err server_socket_open(void *context, const struct server_socket_config *c, void **out,
                            char bound[static ENDPOINT_SIZE], struct error *e)
{
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    if (socket == NULL)
        return error_set(e, ERR_IO, "%s socket: %s", c->what, zmq_strerror(zmq_errno()));
    enum err err = set_up(socket, c, e);
    size_t size = ENDPOINT_SIZE;
    if (err == ERR_OK && zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size) != 0)
        err = error_set(e, ERR_INTERNAL, "%s socket: %s", c->what, zmq_strerror(zmq_errno()));
    if (err != ERR_OK) {
        (void)zmq_close(socket);
        return err;
    }
    *out = socket;
    return ERR_OK;
}

static bool is_any_address(const char *bound)
{
    static const char *const any[] = {"tcp://0.0.0.0:", "tcp://[::]:", "tcp://*:"};
    for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
        if (strncmp(bound, any[i], strlen(any[i])) == 0)
            return true;
    }
    return false;
}

void endpoint_to_reach(const char *bound, const char *host, char out[static ENDPOINT_SIZE])
{
    const char *port = strrchr(bound, ':');
    if (host == NULL && is_any_address(bound))
        host = "127.0.0.1";
    (void)snprintf(out, ENDPOINT_SIZE, "%s", bound);
    if (host == NULL || port == NULL)
        return;
    bool is_bare_ipv6 = strchr(host, ':') != NULL && host[0] != '[';
    (void)snprintf(out, ENDPOINT_SIZE, "tcp://%s%s%s%s", is_bare_ipv6 ? "[" : "", host,
                   is_bare_ipv6 ? "]" : "", port);
}
