/* SPDX-License-Identifier: Apache-2.0 */
/* connection: see connection.h. */
#include "connection.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

bool route_equal(const struct route *a, const struct route *b)
{
    return memcmp(a->bytes, b->bytes, ROUTE_SIZE) == 0;
}

void connection_user_id(const char *target_id, uint64_t serial, char out[static USER_ID_SIZE])
{
    (void)snprintf(out, USER_ID_SIZE, "%s/%" PRIu64, target_id, serial);
}

static enum err read_user_id(zmq_msg_t *frame, struct connection *out, struct error *e)
{
    const char *user = zmq_msg_gets(frame, "User-Id");
    const char *slash = user != NULL ? strrchr(user, '/') : NULL;
    if (slash == NULL || slash == user || slash - user > ID_MAX)
        return error_set(e, ERR_INVALID, "a message without a sender");
    memcpy(out->target_id, user, (size_t)(slash - user));
    out->target_id[slash - user] = '\0';
    out->serial = strtoull(slash + 1, NULL, 10);
    return ERR_OK;
}

enum err connection_read(zmq_msg_t *frames, size_t count, struct connection *out, struct error *e)
{
    memset(out, 0, sizeof(*out));
    out->fd = -1;
    if (count < 2)
        return error_set(e, ERR_INVALID, "a message without frames");
    out->fd = zmq_msg_get(&frames[1], ZMQ_SRCFD);
    const uint8_t *id = zmq_msg_data(&frames[0]);
    if (zmq_msg_size(&frames[0]) != ROUTE_SIZE || id[0] != 0)
        return error_set(e, ERR_INVALID, "a peer that chose a routing id");
    memcpy(out->route.bytes, id, ROUTE_SIZE);
    return read_user_id(&frames[1], out, e);
}

struct tcp_link link_of(int fd)
{
    struct tcp_link link = {.fd = fd};
    socklen_t size = sizeof(link.cookie);
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_COOKIE, &link.cookie, &size) != 0)
        link.cookie = 0;
    return link;
}

void link_cut(const struct tcp_link *link)
{
    if (link->cookie != 0 && link_of(link->fd).cookie == link->cookie)
        (void)shutdown(link->fd, SHUT_RDWR); /* fails only when the peer was faster */
}
