/* SPDX-License-Identifier: Apache-2.0 */
/* The reply of an exchange as bytes and headers. */
#include <stdio.h>
#include <string.h>

#include "exchange.h"
#include "websocket.h"

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    /* Fails only without memory; the reply is better without it than not at all. */
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        return;
}

static void add_headers(const struct exchange *x, struct MHD_Response *response)
{
    char number[24];
    add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    add_header(response, "X-Content-Type-Options", "nosniff");
    if (x->allow[0] != '\0')
        add_header(response, MHD_HTTP_HEADER_ALLOW, x->allow);
    if (x->out.location[0] != '\0')
        add_header(response, MHD_HTTP_HEADER_LOCATION, x->out.location);
    if (x->out.status == MHD_HTTP_UNAUTHORIZED)
        add_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"hivecast\"");
    if (x->out.status == MHD_HTTP_TOO_MANY_REQUESTS)
        add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "2");
    if (x->out.has_total_count) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)x->out.total_count);
        add_header(response, "X-Total-Count", number);
    }
}

/* The body; *type is NULL when there is none. */
static struct MHD_Response *make_body(struct exchange *x, const char **type)
{
    struct MHD_Response *response = NULL;
    *type = x->out.type;
    if (x->out.json != NULL) {
        char *text = json_dumps(x->out.json, JSON_COMPACT);
        *type = *type != NULL ? *type : "application/json";
        response = text == NULL
                       ? NULL
                       : MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
        if (response == NULL)
            free(text);
        return response;
    }
    if (x->out.text.size == 0)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    response =
        MHD_create_response_from_buffer(x->out.text.size, x->out.text.data, MHD_RESPMEM_MUST_FREE);
    if (response != NULL)
        x->out.text = (struct bytes){0}; /* it is the response's now */
    return response;
}

static void upgraded(void *cls, struct MHD_Connection *connection, void *con_cls, const char *extra,
                     size_t extra_size, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
    struct exchange *x = cls;
    (void)connection;
    (void)con_cls;
    event_stream_start(TAKE(x->stream), fd, handle, extra, extra_size);
}

static struct MHD_Response *make_upgrade(struct exchange *x)
{
    char accept[WEBSOCKET_ACCEPT_SIZE];
    const char *key =
        MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, "Sec-WebSocket-Key");
    if (websocket_accept(key, accept, NULL) != ERR_OK)
        return NULL;
    struct MHD_Response *response = MHD_create_response_for_upgrade(upgraded, x);
    if (response == NULL)
        return NULL;
    add_header(response, MHD_HTTP_HEADER_UPGRADE, "websocket");
    add_header(response, "Sec-WebSocket-Accept", accept);
    return response;
}

enum MHD_Result exchange_send(struct exchange *x)
{
    const char *type = NULL;
    struct MHD_Response *response = x->stream != NULL ? make_upgrade(x) : make_body(x, &type);
    if (response == NULL)
        return MHD_NO;
    if (x->stream == NULL)
        add_headers(x, response);
    if (type != NULL)
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    unsigned status = x->out.status != 0 ? (unsigned)x->out.status : MHD_HTTP_OK;
    enum MHD_Result result = MHD_queue_response(x->connection, status, response);
    MHD_destroy_response(response);
    return result;
}
