/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "body_json.h"
#include "exchange_events.h"
#include "exchange_upload.h"
#include "log.h"
#include "problem.h"
#include "uploads.h"

const char *exchange_header(const struct exchange *x, const char *name)
{
    return u_map_get_case(x->request->map_header, name);
}

static void refuse(struct exchange *x, enum err code, int status, const char *detail)
{
    problem_reply(&x->out, code, status, detail);
    x->is_refused = true;
}

static enum err check_auth(const struct exchange *x, struct error *e)
{
    if (x->route->auth != AUTH_ADMIN)
        return ERR_OK;
    const char *text = exchange_header(x, MHD_HTTP_HEADER_AUTHORIZATION);
    if (text == NULL || strncasecmp(text, "Bearer ", 7) != 0)
        return error_set(e, ERR_UNAUTHENTICATED, "Authorization: Bearer TOKEN is missing");
    text += strspn(text + 6, " ") + 6;
    if (!certificate_manager_is_admin(x->api->config.certificates, text))
        return error_set(e, ERR_UNAUTHENTICATED, "this token is not valid");
    return ERR_OK;
}

/* Content-Length, 0 when there is none; UINT64_MAX for a chunked body. */
static enum err body_size(const struct exchange *x, uint64_t *out, struct error *e)
{
    const char *text = exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    *out = exchange_header(x, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ? UINT64_MAX : 0;
    if (text == NULL)
        return ERR_OK;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return error_set(e, ERR_INVALID, "Content-Length: not a size");
    *out = strtoull(text, NULL, 10);
    return ERR_OK;
}

static enum err too_large(const struct exchange *x, struct error *e)
{
    return error_set(e, ERR_TOO_LARGE,
                     "the body may have %" PRIu64 " bytes; larger archives go to POST /uploads",
                     x->api->config.body_max_bytes);
}

static bool has_type(const char *text, const char *type)
{
    size_t length = strlen(type);
    return strncasecmp(text, type, length) == 0 && strchr("; \t", text[length]) != NULL;
}

static enum err check_type(struct exchange *x, struct error *e)
{
    static const char *const yaml[] = {"application/yaml", "application/x-yaml", "text/yaml",
                                       "text/x-yaml", "text/vnd.yaml"};
    const char *text = exchange_header(x, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (text == NULL || has_type(text, "application/json"))
        return ERR_OK;
    if ((x->route->flags & ROUTE_YAML) == 0)
        return error_set(e, ERR_UNSUPPORTED, "Content-Type must be application/json");
    for (size_t i = 0; i < sizeof(yaml) / sizeof(yaml[0]); i++)
        x->is_yaml = x->is_yaml || has_type(text, yaml[i]);
    if (!x->is_yaml)
        return error_set(e, ERR_UNSUPPORTED,
                         "Content-Type must be application/json or application/yaml");
    return ERR_OK;
}

static enum err check_body(struct exchange *x, struct error *e)
{
    uint64_t size = 0;
    unsigned flags = x->route->flags;
    enum err err = body_size(x, &size, e);
    if (err != ERR_OK)
        return err;
    if ((flags & ROUTE_UPLOAD) != 0)
        return exchange_upload_check(x, size, e);
    if (size == 0 && (flags & ROUTE_BODY) != 0)
        return error_set(e, ERR_INVALID, "body: missing");
    if (size == 0)
        return ERR_OK;
    if (size != UINT64_MAX && size > x->api->config.body_max_bytes)
        return too_large(x, e);
    return (flags & (ROUTE_BODY | ROUTE_BODY_OPTIONAL)) != 0 ? check_type(x, e) : ERR_OK;
}

/* From the raw line: escapes are decoded, and bad ones refused, by params_add. */
static enum err take_query(struct exchange *x, struct error *e)
{
    const char *mark = strchr(x->request->http_url, '?');
    AUTO_FREE char *text = strdup(mark != NULL ? mark + 1 : "");
    if (text == NULL)
        return error_set(e, ERR_NO_MEMORY, "no memory for the query");
    for (char *c = strchr(text, '+'); c != NULL; c = strchr(c, '+'))
        *c = ' ';
    char *rest = text;
    enum err err = ERR_OK;
    while (err == ERR_OK && rest != NULL) {
        char *value = strsep(&rest, "&");
        const char *name = strsep(&value, "=");
        if (*name != '\0' || value != NULL)
            err = params_add(&x->in.query, name, value != NULL ? value : "", e);
    }
    if (err == ERR_OK && (x->route->flags & ROUTE_QUERY) == 0)
        return params_end(&x->in.query, e);
    return err;
}

static enum err check(struct exchange *x, struct error *e)
{
    enum err err =
        route_find(x->request->http_verb, x->request->url_path, &x->route, x->in.id, x->allow, e);
    if (err == ERR_OK)
        err = check_auth(x, e);
    if (err == ERR_OK)
        err = take_query(x, e);
    return err == ERR_OK ? check_body(x, e) : err;
}

struct exchange *exchange_new(struct api *api, const struct _u_request *request,
                              const char *address)
{
    struct exchange *x = calloc(1, sizeof(*x));
    struct error e = {0};
    if (x == NULL)
        return NULL;
    x->api = api;
    x->request = request;
    snprintf(x->in.address, sizeof(x->in.address), "%s", address);
    enum err err = check(x, &e);
    bool is_other_method = err == ERR_UNSUPPORTED && x->route == NULL;
    if (err != ERR_OK)
        refuse(x, err, is_other_method ? MHD_HTTP_METHOD_NOT_ALLOWED : 0, e.text);
    if (!is_other_method)
        x->allow[0] = '\0';
    return x;
}

void exchange_free(struct exchange *x)
{
    if (x == NULL)
        return;
    upload_free(x->in.upload);
    event_stream_free(x->stream);
    params_clear(&x->in.query);
    json_decref(x->in.body);
    json_decref(x->out.json);
    bytes_clear(&x->out.text);
    free(x);
}

static enum err parse_body(struct exchange *x, struct error *e)
{
    const char *text = x->request->binary_body;
    size_t size = x->request->binary_body_length;
    unsigned flags = x->route->flags;
    if ((flags & ROUTE_UPLOAD) != 0)
        return ERR_OK;
    if (size > x->api->config.body_max_bytes)
        return too_large(x, e);
    if ((flags & (ROUTE_BODY | ROUTE_BODY_OPTIONAL)) == 0)
        return ERR_OK;
    if (size == 0)
        return (flags & ROUTE_BODY) != 0 ? error_set(e, ERR_INVALID, "body: missing") : ERR_OK;
    return x->is_yaml ? body_yaml_parse(text, size, &x->in.body, e)
                      : body_json_parse(text, size, &x->in.body, e);
}

static enum err run(struct exchange *x, struct event_streams *streams, struct error *e)
{
    enum err err = parse_body(x, e);
    if (err != ERR_OK)
        return err;
    if ((x->route->flags & ROUTE_EVENTS) != 0)
        return exchange_open_stream(x, streams, e);
    x->in.auth_token = exchange_header(x, "X-Auth-Token");
    x->in.accept = exchange_header(x, MHD_HTTP_HEADER_ACCEPT);
    x->in.host = exchange_header(x, MHD_HTTP_HEADER_HOST);
    return x->route->handler(x->api, &x->in, &x->out, e);
}

void exchange_run(struct exchange *x, struct event_streams *streams)
{
    if (x->is_refused)
        return;
    struct error e = {0};
    enum err err = x->upload_err;
    if (err != ERR_OK)
        e = x->upload_error;
    else
        err = run(x, streams, &e);
    if (err == ERR_OK)
        return;
    problem_reply(&x->out, err, 0, e.text);
    if (x->out.status >= MHD_HTTP_INTERNAL_SERVER_ERROR && err != ERR_UNAVAILABLE)
        log_error("%s %s: %s", x->route->method, x->route->path, e.text);
}
