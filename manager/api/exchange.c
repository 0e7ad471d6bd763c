/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "body_json.h"
#include "exchange_upload.h"
#include "log.h"
#include "problem.h"
#include "uploads.h"
#include "websocket.h"

/* A refused body up to this size is read to its end. */
static const uint64_t drain_max = 1024ULL * 1024 * 1024;

static const char *header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
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
    const char *text = header(x, MHD_HTTP_HEADER_AUTHORIZATION);
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
    const char *text = header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    *out = header(x, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ? UINT64_MAX : 0;
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
    const char *text = header(x, MHD_HTTP_HEADER_CONTENT_TYPE);
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
        return exchange_upload_begin(x, size, e);
    if (size == 0 && (flags & ROUTE_BODY) != 0)
        return error_set(e, ERR_INVALID, "body: missing");
    if (size == 0)
        return ERR_OK;
    if (size != UINT64_MAX && size > x->api->config.body_max_bytes)
        return too_large(x, e);
    return (flags & (ROUTE_BODY | ROUTE_BODY_OPTIONAL)) != 0 ? check_type(x, e) : ERR_OK;
}

struct query_walk {
    struct params *query;
    enum err err;
    struct error *e;
};

static enum MHD_Result add_parameter(void *cls, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct query_walk *walk = cls;
    (void)kind;
    walk->err = params_add(walk->query, name, value != NULL ? value : "", walk->e);
    return walk->err == ERR_OK ? MHD_YES : MHD_NO;
}

static enum err take_query(struct exchange *x, struct error *e)
{
    struct query_walk walk = {.query = &x->in.query, .err = ERR_OK, .e = e};
    MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, add_parameter, &walk);
    if (walk.err == ERR_OK && (x->route->flags & ROUTE_QUERY) == 0)
        return params_end(&x->in.query, e);
    return walk.err;
}

static enum err check(struct exchange *x, const char *method, const char *path, struct error *e)
{
    enum err err = route_find(method, path, &x->route, x->in.id, x->allow, e);
    if (err == ERR_OK)
        err = check_auth(x, e);
    if (err == ERR_OK)
        err = take_query(x, e);
    return err == ERR_OK ? check_body(x, e) : err;
}

static void take_address(struct exchange *x)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
    if (address == NULL)
        return;
    socklen_t size =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getnameinfo(address, size, x->in.address, sizeof(x->in.address), NULL, 0, NI_NUMERICHOST) !=
        0)
        x->in.address[0] = '\0';
}

struct exchange *exchange_new(struct api *api, struct event_streams *streams,
                              struct MHD_Connection *connection, const char *method,
                              const char *path)
{
    struct exchange *x = calloc(1, sizeof(*x));
    struct error e = {0};
    if (x == NULL)
        return NULL;
    x->api = api;
    x->streams = streams;
    x->connection = connection;
    enum err err = check(x, method, path, &e);
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
    if (x->post != NULL)
        MHD_destroy_post_processor(x->post);
    upload_free(x->in.upload);
    event_stream_free(x->stream);
    params_clear(&x->in.query);
    json_decref(x->in.body);
    json_decref(x->out.json);
    bytes_clear(&x->out.text);
    bytes_clear(&x->body);
    free(x);
}

bool exchange_can_answer_early(const struct exchange *x)
{
    uint64_t size = 0;
    if (!x->is_refused)
        return false;
    return body_size(x, &size, NULL) != ERR_OK || (size != UINT64_MAX && size > drain_max) ||
           (size > 0 && header(x, MHD_HTTP_HEADER_EXPECT) != NULL);
}

bool exchange_take(struct exchange *x, const char *data, size_t size)
{
    struct error e = {0};
    x->received += size;
    if (x->is_refused || x->upload_err != ERR_OK)
        return x->received <= drain_max;
    if (x->post != NULL) {
        exchange_upload_take(x, data, size);
        return true;
    }
    bool is_too_large = x->received > x->api->config.body_max_bytes;
    enum err err = is_too_large ? too_large(x, &e) : bytes_append(&x->body, data, size, &e);
    if (err != ERR_OK) {
        bytes_clear(&x->body);
        refuse(x, err, 0, e.text);
    }
    return true;
}

static enum err parse_body(struct exchange *x, struct error *e)
{
    const char *text = (const char *)x->body.data;
    unsigned flags = x->route->flags;
    if ((flags & (ROUTE_BODY | ROUTE_BODY_OPTIONAL)) == 0)
        return ERR_OK;
    if (x->body.size == 0)
        return (flags & ROUTE_BODY) != 0 ? error_set(e, ERR_INVALID, "body: missing") : ERR_OK;
    enum err err = x->is_yaml ? body_yaml_parse(text, x->body.size, &x->in.body, e)
                              : body_json_parse(text, x->body.size, &x->in.body, e);
    bytes_clear(&x->body);
    return err;
}

static enum err decode_topics(struct params *q, unsigned *out, struct error *e)
{
    const char *text = params_text(q, "topics");
    *out = text != NULL ? 0 : EVENT_ALL;
    while (text != NULL && *text != '\0') {
        char name[32];
        size_t length = strcspn(text, ",");
        snprintf(name, sizeof(name), "%.*s", (int)length, text);
        unsigned topic = length < sizeof(name) ? event_topic_from_name(name) : 0;
        if (topic == 0)
            return error_set(e, ERR_INVALID, "topics: there is no topic %s", name);
        *out |= topic;
        text += length + (text[length] == ',');
    }
    return *out != 0 ? ERR_OK : error_set(e, ERR_INVALID, "topics is empty");
}

static enum err check_upgrade(const struct exchange *x, struct error *e)
{
    const char *upgrade = header(x, MHD_HTTP_HEADER_UPGRADE);
    const char *version = header(x, "Sec-WebSocket-Version");
    const char *connection = header(x, MHD_HTTP_HEADER_CONNECTION);
    if (upgrade == NULL || strcasecmp(upgrade, "websocket") != 0 || connection == NULL ||
        strcasestr(connection, "upgrade") == NULL || header(x, "Sec-WebSocket-Key") == NULL)
        return error_set(e, ERR_INVALID, "Upgrade: this resource is a WebSocket");
    if (version == NULL || strcmp(version, "13") != 0)
        return error_set(e, ERR_INVALID, "Sec-WebSocket-Version: must be 13");
    return ERR_OK;
}

static enum err open_stream(struct exchange *x, struct error *e)
{
    struct event_filter filter = {0};
    const char *target = "";
    const char *task = "";
    char accept[WEBSOCKET_ACCEPT_SIZE];
    uint64_t since = UINT64_MAX;
    enum err err = decode_topics(&x->in.query, &filter.topics, e);
    if (err == ERR_OK)
        err = params_id(&x->in.query, "target", &target, e);
    if (err == ERR_OK)
        err = params_id(&x->in.query, "task", &task, e);
    if (err == ERR_OK)
        err = params_integer(&x->in.query, "since", 0, INT64_MAX, &since, e);
    if (err == ERR_OK)
        err = params_end(&x->in.query, e);
    if (err == ERR_OK)
        err = check_upgrade(x, e);
    if (err == ERR_OK)
        err = websocket_accept(header(x, "Sec-WebSocket-Key"), accept, e);
    if (err != ERR_OK)
        return err;
    snprintf(filter.target_id, sizeof(filter.target_id), "%s", target);
    snprintf(filter.task_id, sizeof(filter.task_id), "%.*s", TASK_ID_SIZE - 1, task);
    x->out.status = MHD_HTTP_SWITCHING_PROTOCOLS;
    return event_stream_new(x->streams, &filter, since, &x->stream, e);
}

static enum err run(struct exchange *x, struct error *e)
{
    enum err err = parse_body(x, e);
    if (err != ERR_OK)
        return err;
    if ((x->route->flags & ROUTE_EVENTS) != 0)
        return open_stream(x, e);
    take_address(x);
    x->in.auth_token = header(x, "X-Auth-Token");
    x->in.accept = header(x, MHD_HTTP_HEADER_ACCEPT);
    x->in.host = header(x, MHD_HTTP_HEADER_HOST);
    return x->route->handler(x->api, &x->in, &x->out, e);
}

void exchange_run(struct exchange *x)
{
    struct error e = {0};
    enum err err = x->upload_err;
    if (err != ERR_OK)
        e = x->upload_error;
    else
        err = run(x, &e);
    if (err == ERR_OK)
        return;
    problem_reply(&x->out, err, 0, e.text);
    if (x->out.status >= MHD_HTTP_INTERNAL_SERVER_ERROR && err != ERR_UNAVAILABLE)
        log_error("%s %s: %s", x->route->method, x->route->path, e.text);
}
