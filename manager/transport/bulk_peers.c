/* SPDX-License-Identifier: Apache-2.0 */
/* bulk_peers: see bulk_peers.h. */
#include "bulk_peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Routing ids are consecutive numbers, so their low bits spread evenly. */
enum { BUCKETS = 1024 };

struct bulk_peers {
    struct bulk_peer *buckets[BUCKETS];
    size_t count;
    TAILQ_HEAD(, bulk_peer) line;
};

static size_t bucket_of(const struct route *route)
{
    return (route->bytes[ROUTE_SIZE - 1] | (size_t)route->bytes[ROUTE_SIZE - 2] << 8) % BUCKETS;
}

struct bulk_peers *bulk_peers_new(void)
{
    struct bulk_peers *p = calloc(1, sizeof(*p));
    if (p != NULL)
        TAILQ_INIT(&p->line);
    return p;
}

static bool remove_all(void *arg, struct bulk_peer *peer)
{
    (void)arg;
    (void)peer;
    return false;
}

void bulk_peers_free(struct bulk_peers *p)
{
    if (p == NULL)
        return;
    bulk_peers_sweep(p, remove_all, NULL);
    free(p);
}

struct bulk_peer *bulk_peers_find(const struct bulk_peers *p, const struct route *route)
{
    struct bulk_peer *peer = p->buckets[bucket_of(route)];
    while (peer != NULL && !route_equal(&peer->route, route))
        peer = peer->next;
    return peer;
}

enum err bulk_peers_add(struct bulk_peers *p, const struct connection *from, struct bulk_peer **out,
                        struct error *e)
{
    struct bulk_peer *peer = calloc(1, sizeof(*peer));
    if (peer == NULL)
        return error_set(e, ERR_NO_MEMORY, "another bulk connection");
    (void)snprintf(peer->target_id, sizeof(peer->target_id), "%s", from->target_id);
    peer->route = from->route;
    peer->link = link_of(from->fd);
    struct bulk_peer **bucket = &p->buckets[bucket_of(&from->route)];
    peer->next = *bucket;
    *bucket = peer;
    p->count++;
    *out = peer;
    return ERR_OK;
}

static void leave_line(struct bulk_peers *p, struct bulk_peer *peer)
{
    if (peer->is_in_line)
        TAILQ_REMOVE(&p->line, peer, line);
    peer->is_in_line = false;
}

static void sweep_bucket(struct bulk_peers *p, struct bulk_peer **place, bulk_peer_fn *fn,
                         void *arg)
{
    while (*place != NULL) {
        struct bulk_peer *peer = *place;
        if (fn(arg, peer)) {
            place = &peer->next;
            continue;
        }
        leave_line(p, peer);
        *place = peer->next;
        free(peer);
        p->count--;
    }
}

void bulk_peers_sweep(struct bulk_peers *p, bulk_peer_fn *fn, void *arg)
{
    for (size_t i = 0; i < BUCKETS && p->count > 0; i++)
        sweep_bucket(p, &p->buckets[i], fn, arg);
}

size_t bulk_peers_count(const struct bulk_peers *p)
{
    return p->count;
}

enum err bulk_peer_push(struct bulk_peer *peer, const struct transfer *t, struct error *e)
{
    if (peer->count == PEER_TRANSFERS)
        return error_set(e, ERR_THROTTLED, "more than %d requests under way", PEER_TRANSFERS);
    peer->transfers[(peer->first + peer->count) % PEER_TRANSFERS] = *t;
    peer->count++;
    return ERR_OK;
}

struct transfer *bulk_peer_present(struct bulk_peer *peer)
{
    return peer->count > 0 ? &peer->transfers[peer->first] : NULL;
}

void bulk_peer_pop(struct bulk_peer *peer)
{
    peer->first = (peer->first + 1) % PEER_TRANSFERS;
    peer->count--;
}

void bulk_peer_cut(struct bulk_peer *peer)
{
    link_cut(&peer->link);
    peer->count = 0;
    peer->is_gone = true;
}

void bulk_peers_line_up(struct bulk_peers *p, struct bulk_peer *peer)
{
    if (peer->is_in_line)
        return;
    TAILQ_INSERT_TAIL(&p->line, peer, line);
    peer->is_in_line = true;
}

struct bulk_peer *bulk_peers_next(struct bulk_peers *p)
{
    struct bulk_peer *peer = TAILQ_FIRST(&p->line);
    if (peer != NULL)
        leave_line(p, peer);
    return peer;
}
