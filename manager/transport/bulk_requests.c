/* SPDX-License-Identifier: Apache-2.0 */
/* bulk_requests: see bulk_requests.h. */
#include "bulk_requests.h"

#include <string.h>

#include "bulk_methods.h"
#include "clock.h"
#include "log.h"

enum {
    BULK_FRAMES = 3, /* routing id, envelope, body */
    /* Buffers a peer may hold: enough to keep its link busy, or one when buffers are scarce. */
    PEER_BUFFERS = 4,
    /* A peer that takes nothing for so long is cut: with or without others waiting for its buffers;
     * and so is one that asks for nothing. */
    STALLED_SCARCE_MS = 5000,
    STALLED_MS = 60000,
    IDLE_MS = 60000,
};

enum err bulk_requests_init(struct bulk_requests *b, struct store *take_reader,
                            struct package_store *packages, struct error *e)
{
    b->cache = package_cache_new(take_reader, packages);
    b->peers = bulk_peers_new();
    if (b->cache == NULL || b->peers == NULL)
        return error_set(e, ERR_NO_MEMORY, "bulk server");
    return send_pool_new(&b->pool, e);
}

void bulk_requests_clear(struct bulk_requests *b)
{
    bulk_peers_free(b->peers);
    package_cache_free(b->cache);
    send_pool_free(b->pool);
    revoked_clear(&b->revoked);
}

/* A peer that does not take even an answer is cut. */
static void send_frames(struct bulk_requests *b, struct bulk_peer *peer, zmq_msg_t *frames,
                        size_t count)
{
    if (zmq_msg_init_size(&frames[0], ROUTE_SIZE) != 0) {
        for (size_t i = 1; i < count; i++)
            (void)zmq_msg_close(&frames[i]);
        bulk_peer_cut(peer);
        return;
    }
    memcpy(zmq_msg_data(&frames[0]), peer->route.bytes, ROUTE_SIZE);
    if (rpc_send(b->router, frames, count, NULL) != ERR_OK)
        bulk_peer_cut(peer);
}

static void send_failure(struct bulk_requests *b, struct bulk_peer *peer, uint32_t call_id,
                         uint32_t method, const struct error *failure)
{
    struct rpc_head head = {.call_id = call_id,
                            .kind = RPC_RESPONSE,
                            .service = RPC_MANAGER,
                            .method = method,
                            .failure = failure};
    zmq_msg_t frames[1 + 3];
    size_t count = 0;
    log_debug("target %s: %s: %s", peer->target_id, rpc_method_name(RPC_MANAGER, method),
              failure->text);
    if (rpc_pack(&head, NULL, NULL, frames + 1, &count, NULL) == ERR_OK)
        send_frames(b, peer, frames, 1 + count);
}

/* Stands in line while it has work and holds fewer buffers than it may. */
static void line_up(struct bulk_requests *b, struct bulk_peer *peer)
{
    size_t allowed = send_pool_left(b->pool) > SEND_BUFFERS / 2 ? PEER_BUFFERS : 1;
    if (!peer->is_gone && peer->count > 0 && peer->under_way < allowed)
        bulk_peers_line_up(b->peers, peer);
}

static enum err enqueue(struct bulk_requests *b, struct bulk_peer *peer,
                        const struct rpc_message *m, struct error *e)
{
    const struct bulk_method *method =
        m->service == RPC_MANAGER ? bulk_method_find(m->method) : NULL;
    if (method == NULL || m->kind != RPC_REQUEST)
        return error_set(e, ERR_UNSUPPORTED, "%s is not served by the bulk endpoint",
                         rpc_method_name(m->service, m->method));
    struct transfer t = {.call_id = m->call_id, .method = m->method};
    ProtobufCMessage *body = NULL;
    enum err err = rpc_body(m, &body, e);
    if (err != ERR_OK)
        return err;
    err = method->read(body, &t, e);
    protobuf_c_message_free_unpacked(body, NULL);
    if (err == ERR_OK)
        err = package_cache_entitled(b->cache, t.task_id, peer->target_id, e);
    if (err == ERR_OK)
        err = bulk_peer_push(peer, &t, e);
    if (err == ERR_OK)
        line_up(b, peer);
    return err;
}

static void handle_frames(struct bulk_requests *b, struct bulk_peer *peer, zmq_msg_t *frames,
                          size_t count)
{
    struct rpc_message m;
    struct error e;
    enum err parsed = rpc_parse(frames, count, &m, &e);
    if (parsed != ERR_OK && parsed != ERR_UNSUPPORTED) {
        log_debug("target %s: bulk: %s", peer->target_id, e.text);
        return;
    }
    enum err err = parsed == ERR_OK ? enqueue(b, peer, &m, &e) : parsed;
    if (err != ERR_OK && m.kind == RPC_REQUEST)
        send_failure(b, peer, m.call_id, m.method, &e);
    if (parsed == ERR_OK)
        rpc_message_clear(&m);
}

static enum err find_peer(struct bulk_requests *b, const struct connection *from,
                          struct bulk_peer **out, struct error *e)
{
    *out = bulk_peers_find(b->peers, &from->route);
    if (*out != NULL)
        return (*out)->is_gone ? ERR_UNAVAILABLE : ERR_OK;
    if (revoked_has(&b->revoked, from->target_id, from->serial))
        return error_set(e, ERR_FORBIDDEN, "target %s was removed", from->target_id);
    return bulk_peers_add(b->peers, from, out, e);
}

static void handle_message(struct bulk_requests *b, zmq_msg_t *frames, size_t count)
{
    struct connection from;
    struct bulk_peer *peer = NULL;
    enum err err = connection_read(frames, count, &from, NULL);
    if (err == ERR_OK)
        err = find_peer(b, &from, &peer, NULL);
    if (err == ERR_OK) {
        peer->progress_ms = clock_monotonic_ms();
        handle_frames(b, peer, frames + 1, count - 1);
    } else {
        struct tcp_link link = link_of(from.fd);
        link_cut(&link);
    }
    for (size_t i = 0; i < count; i++)
        (void)zmq_msg_close(&frames[i]);
}

void bulk_requests_receive(struct bulk_requests *b, size_t max)
{
    for (size_t i = 0; i < max; i++) {
        zmq_msg_t frames[BULK_FRAMES];
        size_t count = 0;
        enum err err = rpc_receive(b->router, frames, BULK_FRAMES, BULK_REQUEST_MAX + ROUTE_SIZE,
                                   &count, NULL);
        if (err == ERR_UNAVAILABLE)
            return;
        if (err == ERR_OK)
            handle_message(b, frames, count);
    }
}

static void send_next(struct bulk_requests *b, struct bulk_peer *peer, struct send_buffer *buffer)
{
    struct transfer *t = bulk_peer_present(peer);
    zmq_msg_t frames[1 + 3];
    size_t count = 0;
    struct error e;
    peer->under_way++;
    enum err err = bulk_method_find(t->method)->pack(b->cache, t, buffer, frames + 1, &count, &e);
    if (err == ERR_OK) {
        t->at++;
        if (--t->left == 0)
            bulk_peer_pop(peer);
        send_frames(b, peer, frames, 1 + count);
        return;
    }
    send_pool_release(buffer->data, buffer);
    uint32_t call_id = t->call_id;
    uint32_t method = t->method;
    bulk_peer_pop(peer);
    send_failure(b, peer, call_id, method, &e);
}

void bulk_requests_send(struct bulk_requests *b)
{
    while (send_pool_left(b->pool) > 0) {
        struct bulk_peer *peer = bulk_peers_next(b->peers);
        if (peer == NULL)
            return;
        if (peer->is_gone || peer->count == 0)
            continue;
        struct send_buffer *buffer = send_pool_take(b->pool, peer);
        if (buffer == NULL) {
            bulk_peers_line_up(b->peers, peer);
            return; /* no memory: another try when a buffer comes back, or at the next sweep */
        }
        send_next(b, peer, buffer);
        line_up(b, peer);
    }
}

static void take_back(void *arg, void *owner)
{
    struct bulk_requests *b = arg;
    struct bulk_peer *peer = owner;
    peer->under_way--;
    peer->progress_ms = clock_monotonic_ms();
    line_up(b, peer);
}

void bulk_requests_collect(struct bulk_requests *b)
{
    send_pool_collect(b->pool, take_back, b);
}

/* Whether the peer stays known. */
static bool judge(void *arg, struct bulk_peer *peer)
{
    struct bulk_requests *b = arg;
    int64_t still_ms = clock_monotonic_ms() - peer->progress_ms;
    int64_t stalled_ms = send_pool_left(b->pool) == 0 ? STALLED_SCARCE_MS : STALLED_MS;
    if (!peer->is_gone && peer->under_way > 0 && still_ms > stalled_ms) {
        log_info("target %s: took nothing for %lld ms, bulk connection ended", peer->target_id,
                 (long long)still_ms);
        bulk_peer_cut(peer);
    }
    if (!peer->is_gone && peer->under_way == 0 && peer->count == 0 && still_ms > IDLE_MS)
        bulk_peer_cut(peer);
    return !peer->is_gone || peer->under_way > 0;
}

void bulk_requests_sweep(struct bulk_requests *b)
{
    bulk_peers_sweep(b->peers, judge, b);
}

struct removal {
    const char *target_id;
};

static bool cut_target(void *arg, struct bulk_peer *peer)
{
    const struct removal *removal = arg;
    if (strcmp(peer->target_id, removal->target_id) == 0)
        bulk_peer_cut(peer);
    return !peer->is_gone || peer->under_way > 0;
}

void bulk_requests_cut(struct bulk_requests *b, const char *target_id, uint64_t serial)
{
    struct removal removal = {.target_id = target_id};
    struct error e;
    if (revoked_add(&b->revoked, target_id, serial, &e) != ERR_OK)
        log_error("%s", e.text);
    bulk_peers_sweep(b->peers, cut_target, &removal);
}
