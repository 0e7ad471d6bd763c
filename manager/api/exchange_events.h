/* SPDX-License-Identifier: Apache-2.0 */
/* exchange_events: GET /events as a filter and the checks of its upgrade. Thread: any. */
#ifndef EXCHANGE_EVENTS_H
#define EXCHANGE_EVENTS_H

#include "exchange.h"

/* Sets x->stream. */
MUST_CHECK enum err exchange_open_stream(struct exchange *x, struct event_streams *streams,
                                         struct error *e);

#endif
