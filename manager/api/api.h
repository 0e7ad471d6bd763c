/* SPDX-License-Identifier: Apache-2.0 */
/* api: what a handler sees of a request, and what it leaves as the reply. Handlers decode, call
 * core through the mailbox (or read through a store reader), and encode; they know nothing of
 * sockets. Thread: any HTTP thread, several at once; struct api never changes while the server
 * runs. */
#ifndef API_H
#define API_H

#include <jansson.h>
#include <stdatomic.h>

#include "http_server.h"
#include "params.h"
#include "reader_pool.h"

struct connections;
struct ingest_gate;
struct upload_store;
struct upload;

struct api {
    struct http_config config; /* limits have their defaults */
    struct mailbox *mailbox;
    struct reader_pool *readers;
    struct upload_store *uploads;
    struct ingest_gate *ingests;
    struct connections *connections;
    const atomic_bool *is_stopping;
};

struct api_request {
    char id[ID_SIZE]; /* the variable of the path, checked; "" when it has none */
    struct query_params query;
    json_t *body;               /* NULL: none was sent */
    struct upload *upload;      /* of POST /uploads */
    const char *auth_token;     /* X-Auth-Token; NULL: none */
    const char *accept;         /* NULL: none */
    const char *host;           /* NULL: none */
    char address[ADDRESS_SIZE]; /* of the client, without port */
};

struct api_reply {
    int status;           /* 0 becomes 200, or 204 without content */
    json_t *json;         /* owned */
    struct bytes text;    /* instead of json */
    const char *type;     /* of text */
    bool has_total_count; /* X-Total-Count, where text is a list */
    uint64_t total_count;
    char location[128]; /* path of what was made; "": none */
};

typedef enum err api_handler_fn(struct api *api, struct api_request *in, struct api_reply *out,
                                struct error *e);

AUTO_DEFINE(json_t *, json_decref)

/* out takes json (NULL: ERR_NO_MEMORY). */
MUST_CHECK enum err api_reply_json(struct api_reply *out, int status, json_t *take_json,
                                   struct error *e);

#endif
