/* SPDX-License-Identifier: Apache-2.0 */
#include "connections.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "clock.h"

/* Who asked a moment ago may be about to ask again. */
enum { IDLE_MS = 1000 };

struct connection {
    struct connection *next;
    pthread_t thread;
    int fd;
    int64_t idle_since_ms; /* monotonic; 0: new or busy; only its thread looks */
};

struct connections {
    pthread_mutex_t lock;
    struct connection *first; /* under the lock */
};

struct connections *connections_new(void)
{
    struct connections *s = calloc(1, sizeof(*s));
    if (s != NULL)
        pthread_mutex_init(&s->lock, NULL);
    return s;
}

void connections_free(struct connections *s)
{
    if (s == NULL)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* Without memory the connection is served all the same, but never let go. */
static void add(struct connections *s, struct MHD_Connection *connection, void **socket_context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *c = calloc(1, sizeof(*c));
    *socket_context = c;
    if (c == NULL)
        return;
    c->thread = pthread_self();
    c->fd = info != NULL ? info->connect_fd : -1;
    pthread_mutex_lock(&s->lock);
    c->next = s->first;
    s->first = c;
    pthread_mutex_unlock(&s->lock);
}

static void forget(struct connections *s, struct connection *c)
{
    struct connection **place = &s->first;
    if (c == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    while (*place != c)
        place = &(*place)->next;
    *place = c->next;
    pthread_mutex_unlock(&s->lock);
    free(c);
}

void connections_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        add(cls, connection, socket_context);
    else
        forget(cls, *socket_context);
}

void connections_mark(struct MHD_Connection *connection, bool is_busy)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *c = info != NULL ? info->socket_context : NULL;
    if (c != NULL)
        c->idle_since_ms = is_busy ? 0 : clock_monotonic_ms();
}

/* What has sent something already keeps its place: its request would be lost. */
static bool is_silent(int fd)
{
    char byte = 0;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void connections_let_go(struct connections *s)
{
    int64_t idle_since_ms = clock_monotonic_ms() - IDLE_MS;
    pthread_mutex_lock(&s->lock);
    for (struct connection *c = s->first; c != NULL; c = c->next) {
        if (pthread_equal(c->thread, pthread_self()) && c->idle_since_ms > 0 &&
            c->idle_since_ms <= idle_since_ms && is_silent(c->fd))
            shutdown(c->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&s->lock);
}
