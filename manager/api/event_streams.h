/* SPDX-License-Identifier: Apache-2.0 */
/* event_streams: WebSockets of /events. Thread: two of ulfius for each, one that reads what the
 * client says, one that waits at its event reader and writes what comes. A client that reads too
 * slowly loses events and is told so; one that takes nothing for some seconds, or is silent when
 * pinged, is dropped. */
#ifndef EVENT_STREAMS_H
#define EVENT_STREAMS_H

#include <ulfius.h>

#include "event_hub.h"

struct event_streams;
/* instance is borrowed, and knows no WebSockets but these. */
struct event_streams *event_streams_new(struct event_hub *hub, struct _u_instance *instance);
/* Closes the hub and waits until all streams have ended, about a second at most. */
void event_streams_stop(struct event_streams *s);
/* After ulfius has stopped, before the instance goes. NULL is fine. */
void event_streams_free(struct event_streams *s);
AUTO_DEFINE(struct event_streams *, event_streams_free)

/* A stream that waits for its upgrade. ERR_UNAVAILABLE when there are too many. */
struct event_stream;
MUST_CHECK enum err event_stream_new(struct event_streams *s, const struct event_filter *f,
                                     uint64_t since, struct event_stream **out, struct error *e);
/* Of one that was not offered; NULL is fine. */
void event_stream_free(struct event_stream *t);

/* Lives as long as the request: tells whether ulfius still has its stream. */
struct event_stream_slot {
    _Atomic(struct event_stream *) stream;
};
void event_stream_slot_init(struct event_stream_slot *slot);
/* Makes the response the upgrade to the stream, and takes it. */
MUST_CHECK enum err event_stream_offer(struct event_stream *take_stream,
                                       struct event_stream_slot *slot, struct _u_response *response,
                                       struct error *e);
/* The request is over: ends a stream whose client left before the upgrade. */
void event_streams_abandon(struct event_streams *s, struct event_stream_slot *slot);

#endif
