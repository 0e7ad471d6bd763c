/* SPDX-License-Identifier: Apache-2.0 */
/* sessions: the targets that have said Hello, and the connection each was last heard on.
 * Thread: core. */
#ifndef SESSIONS_H
#define SESSIONS_H

#include <sys/queue.h>

#include "connection.h"

struct session {
    char target_id[ID_SIZE];
    struct route route;
    struct tcp_link link;
    bool is_departed;     /* its connection ended; waits for sessions_next_departed */
    struct session *next; /* in its bucket */
    LIST_ENTRY(session) departed;
};

struct sessions;
struct sessions *sessions_new(void); /* NULL: no memory */
void sessions_free(struct sessions *s);
AUTO_DEFINE(struct sessions *, sessions_free)

/* The target is reached through this connection from now on; an older one of it is cut. */
MUST_CHECK enum err sessions_put(struct sessions *s, const struct connection *c, struct error *e);
/* NULL when it is not connected. */
const struct session *sessions_find(const struct sessions *s, const char *target_id);
/* Whether the target said Hello on this very connection. */
bool sessions_knows(const struct sessions *s, const struct connection *c);
/* Forgets the target; cut ends its connection too. */
void sessions_remove(struct sessions *s, const char *target_id, bool cut);
/* The connection with this descriptor ended. */
void sessions_depart(struct sessions *s, int fd);
/* Takes one departed target that has not come back: copies its id and forgets it; false when there
 * is none. */
bool sessions_next_departed(struct sessions *s, char target_id[static ID_SIZE]);
size_t sessions_count(const struct sessions *s);

#endif
