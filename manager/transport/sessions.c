/* SPDX-License-Identifier: Apache-2.0 */
/* sessions: see sessions.h. A hash table by target id, and an array by descriptor, which are small
 * numbers. */
#include "sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

enum { BUCKETS_MIN = 256, FDS_MIN = 256 };

struct sessions {
    struct session **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    struct session **by_fd;
    size_t fd_count;
    LIST_HEAD(, session) departed;
};

static size_t bucket_of(const char *id, size_t bucket_count)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */
    for (; *id != '\0'; id++)
        hash = (hash ^ (uint8_t)*id) * 1099511628211U;
    return (size_t)(hash ^ (hash >> 32)) & (bucket_count - 1);
}

struct sessions *sessions_new(void)
{
    struct sessions *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->bucket_count = BUCKETS_MIN;
    s->fd_count = FDS_MIN;
    s->buckets = calloc(s->bucket_count, sizeof(struct session *));
    s->by_fd = calloc(s->fd_count, sizeof(struct session *));
    if (s->buckets == NULL || s->by_fd == NULL) {
        sessions_free(s);
        return NULL;
    }
    return s;
}

static void free_all(struct sessions *s)
{
    for (size_t i = 0; i < s->bucket_count; i++) {
        for (struct session *at = s->buckets[i], *next; at != NULL; at = next) {
            next = at->next;
            free(at);
        }
    }
}

void sessions_free(struct sessions *s)
{
    if (s == NULL)
        return;
    if (s->buckets != NULL)
        free_all(s);
    free(s->buckets);
    free(s->by_fd);
    free(s);
}

static struct session *lookup(const struct sessions *s, const char *target_id)
{
    struct session *at = s->buckets[bucket_of(target_id, s->bucket_count)];
    while (at != NULL && strcmp(at->target_id, target_id) != 0)
        at = at->next;
    return at;
}

const struct session *sessions_find(const struct sessions *s, const char *target_id)
{
    const struct session *found = lookup(s, target_id);
    return found != NULL && !found->is_departed ? found : NULL;
}

bool sessions_knows(const struct sessions *s, const struct connection *c)
{
    const struct session *found = sessions_find(s, c->target_id);
    return found != NULL && route_equal(&found->route, &c->route);
}

size_t sessions_count(const struct sessions *s)
{
    return s->count;
}

/* Without memory the table stays as it is: slower, not wrong. */
static void grow_buckets(struct sessions *s)
{
    size_t bucket_count = s->bucket_count * 2;
    struct session **buckets = calloc(bucket_count, sizeof(struct session *));
    if (buckets == NULL)
        return;
    for (size_t i = 0; i < s->bucket_count; i++) {
        for (struct session *at = s->buckets[i], *next; at != NULL; at = next) {
            next = at->next;
            struct session **place = &buckets[bucket_of(at->target_id, bucket_count)];
            at->next = *place;
            *place = at;
        }
    }
    free(s->buckets);
    s->buckets = buckets;
    s->bucket_count = bucket_count;
}

static enum err room_for_fd(struct sessions *s, int fd, struct error *e)
{
    size_t count = s->fd_count;
    while (fd >= 0 && (size_t)fd >= count)
        count *= 2;
    if (count == s->fd_count)
        return ERR_OK;
    struct session **by_fd = realloc(s->by_fd, count * sizeof(struct session *));
    if (by_fd == NULL)
        return error_set(e, ERR_NO_MEMORY, "another session");
    memset(by_fd + s->fd_count, 0, (count - s->fd_count) * sizeof(struct session *));
    s->by_fd = by_fd;
    s->fd_count = count;
    return ERR_OK;
}

static struct session *add(struct sessions *s, const char *target_id)
{
    struct session *added = calloc(1, sizeof(*added));
    if (added == NULL)
        return NULL;
    if (s->count >= s->bucket_count)
        grow_buckets(s);
    (void)snprintf(added->target_id, sizeof(added->target_id), "%s", target_id);
    added->link.fd = -1;
    struct session **place = &s->buckets[bucket_of(target_id, s->bucket_count)];
    added->next = *place;
    *place = added;
    s->count++;
    return added;
}

static void forget_fd(struct sessions *s, const struct session *session)
{
    int fd = session->link.fd;
    if (fd >= 0 && s->by_fd[fd] == session)
        s->by_fd[fd] = NULL;
}

static void unlist_departed(struct session *session)
{
    if (session->is_departed)
        LIST_REMOVE(session, departed);
    session->is_departed = false;
}

enum err sessions_put(struct sessions *s, const struct connection *c, struct error *e)
{
    enum err err = room_for_fd(s, c->fd, e);
    if (err != ERR_OK)
        return err;
    struct session *session = lookup(s, c->target_id);
    if (session == NULL)
        session = add(s, c->target_id);
    if (session == NULL)
        return error_set(e, ERR_NO_MEMORY, "another session");
    if (session->link.fd >= 0 && !route_equal(&session->route, &c->route)) {
        log_info("target %s: a new connection takes the place of the old one", c->target_id);
        link_cut(&session->link);
    }
    forget_fd(s, session);
    unlist_departed(session);
    /* A descriptor has one owner: whoever had it before has lost its connection. */
    sessions_depart(s, c->fd);
    session->route = c->route;
    session->link = link_of(c->fd);
    if (session->link.fd >= 0)
        s->by_fd[session->link.fd] = session;
    return ERR_OK;
}

void sessions_remove(struct sessions *s, const char *target_id, bool cut)
{
    struct session **place = &s->buckets[bucket_of(target_id, s->bucket_count)];
    while (*place != NULL && strcmp((*place)->target_id, target_id) != 0)
        place = &(*place)->next;
    struct session *session = *place;
    if (session == NULL)
        return;
    if (cut)
        link_cut(&session->link);
    forget_fd(s, session);
    unlist_departed(session);
    *place = session->next;
    free(session);
    s->count--;
}

void sessions_depart(struct sessions *s, int fd)
{
    if (fd < 0 || (size_t)fd >= s->fd_count || s->by_fd[fd] == NULL)
        return;
    struct session *session = s->by_fd[fd];
    s->by_fd[fd] = NULL;
    session->link.fd = -1;
    session->is_departed = true;
    LIST_INSERT_HEAD(&s->departed, session, departed);
}

bool sessions_next_departed(struct sessions *s, char target_id[static ID_SIZE])
{
    const struct session *first = LIST_FIRST(&s->departed);
    if (first == NULL)
        return false;
    (void)snprintf(target_id, ID_SIZE, "%s", first->target_id);
    sessions_remove(s, target_id, false);
    return true;
}
