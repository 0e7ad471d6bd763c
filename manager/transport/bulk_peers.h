/* SPDX-License-Identifier: Apache-2.0 */
/* bulk_peers: the connections of the bulk socket and what each still has to be sent. A peer with
 * work that may be sent now stands in line. Thread: bulk. */
#ifndef BULK_PEERS_H
#define BULK_PEERS_H

#include <sys/queue.h>

#include "connection.h"
#include "model.h"

enum { PEER_TRANSFERS = BULK_REQUESTS_MAX };

/* What one request asked for and is not sent yet. */
struct transfer {
    uint32_t call_id;
    uint32_t method;
    char task_id[TASK_ID_SIZE];
    uint64_t at;   /* next chunk, or offset in the manifest */
    uint32_t left; /* chunks, or 1 */
};

struct bulk_peer {
    char target_id[ID_SIZE];
    struct route route;
    struct tcp_link link;
    struct transfer transfers[PEER_TRANSFERS]; /* a ring */
    size_t first;
    size_t count;
    size_t under_way;    /* buffers it holds */
    int64_t progress_ms; /* monotonic: last request, or buffer that came back */
    bool is_gone;        /* remains only until its buffers are back */
    bool is_in_line;
    struct bulk_peer *next; /* in its bucket */
    TAILQ_ENTRY(bulk_peer) line;
};

struct bulk_peers;
struct bulk_peers *bulk_peers_new(void); /* NULL: no memory */
void bulk_peers_free(struct bulk_peers *p);
AUTO_DEFINE(struct bulk_peers *, bulk_peers_free)

/* NULL when unknown. */
struct bulk_peer *bulk_peers_find(const struct bulk_peers *p, const struct route *route);
MUST_CHECK enum err bulk_peers_add(struct bulk_peers *p, const struct connection *from,
                                   struct bulk_peer **out, struct error *e);
/* Calls fn for each peer; those for which it returns false are removed. */
typedef bool bulk_peer_fn(void *arg, struct bulk_peer *peer);
void bulk_peers_sweep(struct bulk_peers *p, bulk_peer_fn *fn, void *arg);
size_t bulk_peers_count(const struct bulk_peers *p);

/* ERR_THROTTLED when it has too much to be sent already. */
MUST_CHECK enum err bulk_peer_push(struct bulk_peer *peer, const struct transfer *t,
                                   struct error *e);
/* The transfer that is being sent; NULL: none. */
struct transfer *bulk_peer_present(struct bulk_peer *peer);
void bulk_peer_pop(struct bulk_peer *peer);
/* Ends its connection and forgets its work. */
void bulk_peer_cut(struct bulk_peer *peer);

/* Stand in line at the end; nothing when it stands there already. */
void bulk_peers_line_up(struct bulk_peers *p, struct bulk_peer *peer);
/* Takes the first out of the line; NULL when it is empty. */
struct bulk_peer *bulk_peers_next(struct bulk_peers *p);

#endif
