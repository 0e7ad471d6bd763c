/* SPDX-License-Identifier: Apache-2.0 */
/* event_streams: WebSockets of /events: one thread each, which waits at its event reader, writes
 * what comes and looks for signs of life. A client that reads too slowly loses events and is told
 * so; one that takes nothing for some seconds, or is silent when pinged, is dropped. */
#ifndef EVENT_STREAMS_H
#define EVENT_STREAMS_H

#include <microhttpd.h>

#include "event_hub.h"

struct event_streams;
struct event_streams *event_streams_new(struct event_hub *hub);
/* Closes the hub and waits until all streams have ended, about a second at most. */
void event_streams_stop(struct event_streams *s);
/* Stopped. NULL is fine. */
void event_streams_free(struct event_streams *s);
AUTO_DEFINE(struct event_streams *, event_streams_free)

/* A stream that waits for its upgrade. ERR_UNAVAILABLE when there are too many. */
struct event_stream;
MUST_CHECK enum err event_stream_new(struct event_streams *s, const struct event_filter *f,
                                     uint64_t since, struct event_stream **out, struct error *e);
/* Of one that was not started. */
void event_stream_free(struct event_stream *t);
/* Takes the stream and the socket; extra is what the client has sent already. */
void event_stream_start(struct event_stream *take_stream, int fd,
                        struct MHD_UpgradeResponseHandle *handle, const void *extra, size_t size);

#endif
