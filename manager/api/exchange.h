/* SPDX-License-Identifier: Apache-2.0 */
/* exchange: one HTTP request from its first line to its reply. What can be refused is refused
 * before the body is read: unknown path, method, missing token, type and size. A refused body is
 * thrown away as it comes, so that clients which send first and read later see the reply. Thread:
 * the HTTP thread of its connection; exchange_run of a ROUTE_LONG one of its own. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <microhttpd.h>

#include "event_streams.h"
#include "routes.h"

struct exchange {
    struct api *api;
    struct event_streams *streams;
    struct MHD_Connection *connection;
    const struct route *route; /* NULL: none fits */
    struct api_request in;
    struct api_reply out;
    struct bytes body;
    bool is_yaml;
    bool is_refused; /* out is made */
    uint64_t received;
    char allow[ALLOW_SIZE];
    struct MHD_PostProcessor *post; /* of an upload */
    enum err upload_err;
    struct error upload_error;
    struct event_stream *stream; /* until the upgrade */
    atomic_bool is_done;         /* out is made by a thread of its own */
};

/* After the header: checks it. NULL: no memory. */
struct exchange *exchange_new(struct api *api, struct event_streams *streams,
                              struct MHD_Connection *connection, const char *method,
                              const char *path);
void exchange_free(struct exchange *x);
/* A piece of the body; false: the connection is to be closed. */
bool exchange_take(struct exchange *x, const char *data, size_t size);
/* After the body, unless refused: parses it and calls the handler. */
void exchange_run(struct exchange *x);
enum MHD_Result exchange_send(struct exchange *x);
/* Refused, and the body is better not waited for: the client asks before it sends it, or it is
 * enormous. The connection is closed then. */
bool exchange_can_answer_early(const struct exchange *x);

#endif
