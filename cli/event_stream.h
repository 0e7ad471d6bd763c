/* SPDX-License-Identifier: Apache-2.0 */
/* event_stream: the manager's events (GET /events) over a WebSocket. libcurl makes the connection,
 * TLS included; nothing here waits without looking at Ctrl-C. Thread: the only one. */
#ifndef EVENT_STREAM_H
#define EVENT_STREAM_H

#include <jansson.h>
#include <stdint.h>

#include "client.h"
#include "err.h"

struct event_stream;
/* path is "/events?..."; returns when the manager has greeted. */
MUST_CHECK enum err event_stream_open(struct client *c, const char *path, struct event_stream **out,
                                      struct error *e);
void event_stream_close(struct event_stream *s);
AUTO_DEFINE(struct event_stream *, event_stream_close)
/* Number of the last event before the greeting, then of the last one returned. */
json_int_t event_stream_last(const struct event_stream *s);
/* The next event (caller releases); NULL after timeout_ms (-1: wait for ever). ERR_UNAVAILABLE when
 * the connection ended, ERR_STOPPED after Ctrl-C. */
MUST_CHECK enum err event_stream_next(struct event_stream *s, int64_t timeout_ms, json_t **out,
                                      struct error *e);

#endif
