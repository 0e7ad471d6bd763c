/* SPDX-License-Identifier: Apache-2.0 */
/* http_request: what we keep with each request of ulfius, from its first line until it is over.
 * Thread: the pool thread of its connection. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <ulfius.h>

#include "event_streams.h"
#include "exchange.h"

struct http_request {
    struct _u_request base; /* first: ulfius hands out this one */
    struct exchange *exchange;
    struct event_stream_slot stream; /* after the answer that upgrades */
    char address[ADDRESS_SIZE];      /* of the client, without port */
};

/* For MHD_OPTION_URI_LOG_CALLBACK: ulfius's own, and room for ours. */
void *http_request_begin(void *cls, const char *uri, struct MHD_Connection *connection);
/* For MHD_OPTION_NOTIFY_COMPLETED; cls: event_streams. */
void http_request_end(void *cls, struct MHD_Connection *connection, void **con_cls,
                      enum MHD_RequestTerminationCode code);
/* request must be what ulfius passes to a callback of the server, not a copy. */
struct http_request *http_request_of(const struct _u_request *request);

#endif
