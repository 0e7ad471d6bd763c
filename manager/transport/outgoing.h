/* SPDX-License-Identifier: Apache-2.0 */
/* outgoing: what leaves at the end of a turn, in order, after the commit. Replies whose turn failed
 * to commit leave as failures; everything else of such a turn is dropped.
 * Thread: core. */
#ifndef OUTGOING_H
#define OUTGOING_H

#include "connection.h"
#include "rpc.h"

/* A packed message that may go to many; counted references. */
struct parcel;
MUST_CHECK enum err parcel_new(const struct rpc_head *head, const ProtobufCMessage *body,
                               struct parcel **out, struct error *e);
void parcel_release(struct parcel *p);
AUTO_DEFINE(struct parcel *, parcel_release)

/* Zero-initialised is empty. */
struct outgoing {
    struct outgoing_item *items;
    size_t count;
    size_t capacity;
};
void outgoing_clear(struct outgoing *o);

/* A message of our own; takes another reference of parcel. */
MUST_CHECK enum err outgoing_add(struct outgoing *o, const struct route *route,
                                 struct parcel *parcel, struct error *e);
/* Keeps the place of a reply, so that it leaves before what the request makes us say. */
MUST_CHECK enum err outgoing_reserve(struct outgoing *o, const struct route *route,
                                     const struct rpc_head *head, size_t *place, struct error *e);
/* Takes parcel. */
void outgoing_fill(struct outgoing *o, size_t place, struct parcel *take_parcel);

/* Sends and empties. Who is gone or does not read is passed over: replies are asked for again, and
 * the rest are hints. */
void outgoing_send(struct outgoing *o, void *socket);
/* The commit failed: sends why to those who wait for replies, and empties. */
void outgoing_fail(struct outgoing *o, void *socket, const struct error *why);

#endif
