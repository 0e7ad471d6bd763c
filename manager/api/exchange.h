/* SPDX-License-Identifier: Apache-2.0 */
/* exchange: one HTTP request from its header to its reply. ulfius calls us when the body is there,
 * except for uploads, which come in pieces. Thread: the pool thread of its connection. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <ulfius.h>

#include "event_streams.h"
#include "routes.h"

struct exchange {
    struct api *api;
    const struct _u_request *request;
    const struct route *route; /* NULL: none fits */
    struct api_request in;
    struct api_reply out;
    bool is_yaml;
    bool is_refused; /* out is made */
    char allow[ALLOW_SIZE];
    enum err upload_err;
    struct error upload_error;
    struct event_stream *stream; /* the reply is the upgrade to it */
};

/* Checks path, method, token, query, type and size, in this order. NULL: no memory. */
struct exchange *exchange_new(struct api *api, const struct _u_request *request,
                              const char *address);
void exchange_free(struct exchange *x);
AUTO_DEFINE(struct exchange *, exchange_free)
/* After the body, unless refused: parses it and calls the handler, or makes a stream. */
void exchange_run(struct exchange *x, struct event_streams *streams);
/* Not for a stream, see event_stream_offer. */
void exchange_send(struct exchange *x, struct _u_response *response);
/* The value of a header, NULL when there is none. */
const char *exchange_header(const struct exchange *x, const char *name);

#endif
