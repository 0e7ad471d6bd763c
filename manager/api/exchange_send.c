/* SPDX-License-Identifier: Apache-2.0 */
/* The reply of an exchange as bytes and headers. */
#include <stdio.h>
#include <string.h>

#include "exchange.h"

/* Short: what is busy is busy for seconds. */
static const char retry_after_s[] = "2";

static void add_header(struct _u_response *response, const char *name, const char *value)
{
    /* Fails only without memory; the reply is better without it than not at all. */
    if (u_map_put(response->map_header, name, value) != U_OK)
        return;
}

static void add_headers(const struct exchange *x, struct _u_response *response)
{
    char number[24];
    int status = x->out.status;
    add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    add_header(response, "X-Content-Type-Options", "nosniff");
    if (x->allow[0] != '\0')
        add_header(response, MHD_HTTP_HEADER_ALLOW, x->allow);
    if (x->out.location[0] != '\0')
        add_header(response, MHD_HTTP_HEADER_LOCATION, x->out.location);
    if (status == MHD_HTTP_UNAUTHORIZED)
        add_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"hivecast\"");
    if (status == MHD_HTTP_TOO_MANY_REQUESTS || status == MHD_HTTP_SERVICE_UNAVAILABLE)
        add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, retry_after_s);
    if (x->out.has_total_count) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)x->out.total_count);
        add_header(response, "X-Total-Count", number);
    }
}

/* Gives the body to the response, which frees it; the type is NULL when there is none. */
static const char *move_body(struct exchange *x, struct _u_response *response)
{
    const char *type = x->out.type;
    if (x->out.json != NULL) {
        char *text = json_dumps(x->out.json, JSON_COMPACT);
        response->binary_body = text;
        response->binary_body_length = text != NULL ? strlen(text) : 0;
        return type != NULL ? type : "application/json";
    }
    response->binary_body = x->out.text.data;
    response->binary_body_length = x->out.text.size;
    x->out.text = (struct bytes){0};
    return type;
}

void exchange_send(struct exchange *x, struct _u_response *response)
{
    const char *type = move_body(x, response);
    add_headers(x, response);
    if (type != NULL)
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    response->status = x->out.status != 0 ? x->out.status : MHD_HTTP_OK;
}
