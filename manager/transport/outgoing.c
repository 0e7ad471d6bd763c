/* SPDX-License-Identifier: Apache-2.0 */
/* outgoing: see outgoing.h. */
#include "outgoing.h"

#include <stdlib.h>
#include <string.h>

/* Kept between turns; a burst beyond it is given back. */
enum { ITEMS_KEPT = 512, FRAMES = 3 };

struct parcel {
    size_t references;
    size_t count;
    zmq_msg_t frames[FRAMES];
};

struct outgoing_item {
    struct route route;
    bool is_reply;
    uint32_t call_id;
    uint32_t method;
    struct parcel *parcel; /* NULL: a reserved place that was not filled */
};

enum err parcel_new(const struct rpc_head *head, const ProtobufCMessage *body, struct parcel **out,
                    struct error *e)
{
    struct parcel *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return error_set(e, ERR_NO_MEMORY, "pack a message");
    enum err err = rpc_pack(head, body, NULL, p->frames, &p->count, e);
    if (err != ERR_OK) {
        free(p);
        return err;
    }
    p->references = 1;
    *out = p;
    return ERR_OK;
}

void parcel_release(struct parcel *p)
{
    if (p == NULL || --p->references > 0)
        return;
    for (size_t i = 0; i < p->count; i++)
        (void)zmq_msg_close(&p->frames[i]);
    free(p);
}

static void empty(struct outgoing *o)
{
    for (size_t i = 0; i < o->count; i++)
        parcel_release(o->items[i].parcel);
    o->count = 0;
    if (o->capacity > ITEMS_KEPT)
        outgoing_clear(o);
}

void outgoing_clear(struct outgoing *o)
{
    for (size_t i = 0; i < o->count; i++)
        parcel_release(o->items[i].parcel);
    free(o->items);
    memset(o, 0, sizeof(*o));
}

static enum err append(struct outgoing *o, const struct outgoing_item *item, struct error *e)
{
    if (o->count == o->capacity) {
        size_t capacity = o->capacity == 0 ? ITEMS_KEPT : 2 * o->capacity;
        struct outgoing_item *items = realloc(o->items, capacity * sizeof(*items));
        if (items == NULL)
            return error_set(e, ERR_NO_MEMORY, "queue a message");
        o->items = items;
        o->capacity = capacity;
    }
    o->items[o->count++] = *item;
    return ERR_OK;
}

enum err outgoing_add(struct outgoing *o, const struct route *route, struct parcel *parcel,
                      struct error *e)
{
    struct outgoing_item item = {.route = *route, .parcel = parcel};
    enum err err = append(o, &item, e);
    if (err == ERR_OK)
        parcel->references++;
    return err;
}

enum err outgoing_reserve(struct outgoing *o, const struct route *route,
                          const struct rpc_head *head, size_t *place, struct error *e)
{
    struct outgoing_item item = {
        .route = *route, .is_reply = true, .call_id = head->call_id, .method = head->method};
    enum err err = append(o, &item, e);
    if (err == ERR_OK)
        *place = o->count - 1;
    return err;
}

void outgoing_fill(struct outgoing *o, size_t place, struct parcel *take_parcel)
{
    parcel_release(o->items[place].parcel);
    o->items[place].parcel = take_parcel;
}

static enum err address(zmq_msg_t *frame, const struct route *route, struct error *e)
{
    if (zmq_msg_init_size(frame, ROUTE_SIZE) != 0)
        return error_set(e, ERR_NO_MEMORY, "address a message");
    memcpy(zmq_msg_data(frame), route->bytes, ROUTE_SIZE);
    return ERR_OK;
}

static void send_item(const struct outgoing_item *item, void *socket)
{
    zmq_msg_t frames[1 + FRAMES];
    if (item->parcel == NULL || address(&frames[0], &item->route, NULL) != ERR_OK)
        return;
    size_t count = 1;
    for (size_t i = 0; i < item->parcel->count; i++, count++) {
        (void)zmq_msg_init(&frames[count]);
        (void)zmq_msg_copy(&frames[count], &item->parcel->frames[i]);
    }
    enum err ignored = rpc_send(socket, frames, count, NULL);
    (void)ignored;
}

void outgoing_send(struct outgoing *o, void *socket)
{
    for (size_t i = 0; i < o->count; i++)
        send_item(&o->items[i], socket);
    empty(o);
}

static void fail_item(struct outgoing_item *item, const struct error *why)
{
    struct rpc_head head = {.call_id = item->call_id,
                            .kind = RPC_RESPONSE,
                            .service = RPC_MANAGER,
                            .method = item->method,
                            .failure = why};
    struct parcel *failure = NULL;
    enum err err = item->is_reply ? parcel_new(&head, NULL, &failure, NULL) : ERR_OK;
    parcel_release(item->parcel);
    item->parcel = err == ERR_OK ? failure : NULL;
}

void outgoing_fail(struct outgoing *o, void *socket, const struct error *why)
{
    for (size_t i = 0; i < o->count; i++)
        fail_item(&o->items[i], why);
    outgoing_send(o, socket);
}
